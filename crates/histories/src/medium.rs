//! The medium of a journal in memory: it tears, fills up, fails to confirm, and forgets what it did not confirm.

use crate::chance::Chance;
use journal::log::Medium;

/// What becomes of the next operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Fine,
    /// The process ends in the middle of the next write.
    EndsAfter(usize),
    /// No room.
    Full,
    /// The next confirmation fails, and the bytes are gone at the next power cut.
    NoConfirmation,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Failed;

#[derive(Clone, Debug)]
pub(crate) struct MemoryMedium {
    pub(crate) bytes: Vec<u8>,
    /// Bytes that survive a power cut.
    confirmed: usize,
    /// Bytes whose confirmation failed: a later one does not bring them back.
    lost_from: Option<usize>,
    next: Vec<u8>,
    pub(crate) fate: Fate,
    dead: bool,
    /// The planted mistake: a second confirmation is asked for, and believed.
    pub(crate) forgiving: bool,
}

impl MemoryMedium {
    pub(crate) fn new() -> MemoryMedium {
        MemoryMedium {
            bytes: Vec::new(),
            confirmed: 0,
            lost_from: None,
            next: Vec::new(),
            fate: Fate::Fine,
            dead: false,
            forgiving: false,
        }
    }

    /// The medium as the next process finds it.
    pub(crate) fn reborn(&self) -> MemoryMedium {
        MemoryMedium { dead: false, fate: Fate::Fine, next: Vec::new(), ..self.clone() }
    }

    pub(crate) fn cut_power(&mut self, chance: &mut Chance) {
        let kept = match self.lost_from.take() {
            Some(lost) => lost.min(self.bytes.len()),
            None => {
                let confirmed = self.confirmed.min(self.bytes.len());
                confirmed + chance.below(self.bytes.len() - confirmed + 1)
            }
        };
        let length = self.bytes.len();
        self.bytes.truncate(kept);
        if chance.happens(0.3) {
            // The length was written, and not the bytes.
            self.bytes.resize(length, 0);
        }
        self.confirmed = self.bytes.len();
    }
}

impl Medium for MemoryMedium {
    type Error = Failed;

    fn append(&mut self, bytes: &[u8]) -> Result<(), Failed> {
        match self.fate {
            _ if self.dead => return Err(Failed),
            Fate::EndsAfter(count) => {
                self.bytes.extend(&bytes[..count.min(bytes.len())]);
                self.dead = true;
                return Err(Failed);
            }
            Fate::Full => {
                self.bytes.extend(&bytes[..bytes.len() / 2]);
                return Err(Failed);
            }
            Fate::Fine | Fate::NoConfirmation => {}
        }
        self.bytes.extend(bytes);
        Ok(())
    }

    fn sync(&mut self) -> Result<(), Failed> {
        if self.dead {
            return Err(Failed);
        }
        if self.fate == Fate::NoConfirmation {
            self.fate = Fate::Fine;
            self.lost_from = Some(self.lost_from.unwrap_or(self.confirmed));
            return if self.forgiving { Ok(()) } else { Err(Failed) };
        }
        if self.lost_from.is_none() {
            self.confirmed = self.bytes.len();
        }
        Ok(())
    }

    fn truncate(&mut self, length: u64) -> Result<(), Failed> {
        if self.dead {
            return Err(Failed);
        }
        self.bytes.truncate(length as usize);
        self.confirmed = self.confirmed.min(self.bytes.len());
        Ok(())
    }

    fn prepare(&mut self, bytes: &[u8]) -> Result<(), Failed> {
        match self.fate {
            _ if self.dead => return Err(Failed),
            Fate::EndsAfter(_) => {
                self.dead = true;
                return Err(Failed);
            }
            Fate::Full => return Err(Failed),
            Fate::Fine | Fate::NoConfirmation => {}
        }
        self.next = bytes.to_vec();
        Ok(())
    }

    fn swap(&mut self) -> Result<(), Failed> {
        if self.dead {
            return Err(Failed);
        }
        self.bytes = std::mem::take(&mut self.next);
        self.confirmed = self.bytes.len();
        self.lost_from = None;
        Ok(())
    }
}
