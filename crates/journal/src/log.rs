//! How entries get onto a medium, and what is true when that fails.
//!
//! A write that fails is undone by cutting the medium back, and may be tried again (a full disk gets room). A confirmation
//! that fails is never tried again: the system may have thrown the bytes away and say "confirmed" the next time. The log
//! is broken then for good, and whoever runs it must stop.

use crate::frame;

/// Where the journal's bytes lie.
pub trait Medium: std::fmt::Debug {
    /// What goes wrong with it.
    type Error;

    /// Writes behind everything that was written.
    ///
    /// # Errors
    /// If not all was written; some of it may have been.
    fn append(&mut self, bytes: &[u8]) -> Result<(), Self::Error>;

    /// Returns when everything that was written survives a power cut.
    ///
    /// # Errors
    /// If that is not certain.
    fn sync(&mut self) -> Result<(), Self::Error>;

    /// Cuts everything behind the first `length` bytes.
    ///
    /// # Errors
    /// If it may still be there.
    fn truncate(&mut self, length: u64) -> Result<(), Self::Error>;

    /// Writes `bytes` beside everything and returns when they survive a power cut.
    ///
    /// # Errors
    /// If that failed; what was written before is untouched.
    fn prepare(&mut self, bytes: &[u8]) -> Result<(), Self::Error>;

    /// Puts what was prepared in the place of everything, in one step that survives a power cut.
    ///
    /// # Errors
    /// If it is not certain which of both is there.
    fn swap(&mut self) -> Result<(), Self::Error>;
}

impl<M: Medium + ?Sized> Medium for Box<M> {
    type Error = M::Error;

    fn append(&mut self, bytes: &[u8]) -> Result<(), M::Error> {
        (**self).append(bytes)
    }

    fn sync(&mut self) -> Result<(), M::Error> {
        (**self).sync()
    }

    fn truncate(&mut self, length: u64) -> Result<(), M::Error> {
        (**self).truncate(length)
    }

    fn prepare(&mut self, bytes: &[u8]) -> Result<(), M::Error> {
        (**self).prepare(bytes)
    }

    fn swap(&mut self) -> Result<(), M::Error> {
        (**self).swap()
    }
}

/// How sure an entry must be before it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirm {
    /// It survives the end of the process.
    Written,
    /// It survives the end of the machine's power.
    Synced,
}

/// Why entries were not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogError<E> {
    /// Nothing was written; it may be tried again.
    #[error("{0}")]
    Refused(E),
    /// What is on the medium is not certain: stop.
    #[error("{0}")]
    Broken(E),
    /// It broke before.
    #[error("the journal broke earlier")]
    BrokenBefore,
}

/// A journal that is being written.
#[derive(Debug)]
pub struct Log<M> {
    medium: M,
    /// Bytes that are known to be whole frames.
    length: u64,
    /// The last frame's number.
    last: u64,
    /// The last frame that the medium has confirmed.
    confirmed: u64,
    broken: bool,
}

impl<M: Medium> Log<M> {
    /// Goes on with a journal that was replayed: cuts its torn tail, or begins a new one.
    ///
    /// # Errors
    /// If the medium fails.
    pub fn resume(mut medium: M, replayed: &frame::Replay<'_>, length: u64) -> Result<Log<M>, M::Error> {
        let mut end = replayed.end as u64;
        if end < length {
            medium.truncate(end)?;
        }
        if end == 0 {
            medium.append(&frame::HEADER)?;
            end = frame::HEADER.len() as u64;
        }
        medium.sync()?;
        let last = replayed.frames.last().map_or(0, |frame| frame.number);
        Ok(Log { medium, length: end, last, confirmed: last, broken: false })
    }

    /// Bytes on the medium.
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// The medium.
    pub const fn medium(&self) -> &M {
        &self.medium
    }

    /// The medium, for whoever has it fail.
    pub const fn medium_mut(&mut self) -> &mut M {
        &mut self.medium
    }

    /// Writes one frame.
    ///
    /// # Errors
    /// [`LogError::Refused`] if the frame is not there and the journal as it was; otherwise it is broken.
    pub fn write(&mut self, payload: &[u8], confirm: Confirm) -> Result<(), LogError<M::Error>> {
        if self.broken {
            return Err(LogError::BrokenBefore);
        }
        let mut bytes = Vec::with_capacity(frame::FRAME_HEAD_BYTES + payload.len());
        frame::put(&mut bytes, self.last + 1, self.confirmed, payload);
        if let Err(error) = self.medium.append(&bytes) {
            // A frame that is there in half would hide every frame behind it.
            return Err(match self.medium.truncate(self.length) {
                Ok(()) => LogError::Refused(error),
                Err(_) => self.broken(error),
            });
        }
        self.length += bytes.len() as u64;
        self.last += 1;
        if confirm == Confirm::Synced {
            self.medium.sync().map_err(|error| self.broken(error))?;
            self.confirmed = self.last;
        }
        Ok(())
    }

    /// Begins the journal anew with one frame that tells everything.
    ///
    /// # Errors
    /// [`LogError::Refused`] if the journal is as it was; otherwise it is broken.
    pub fn compact(&mut self, snapshot: &[u8]) -> Result<(), LogError<M::Error>> {
        if self.broken {
            return Err(LogError::BrokenBefore);
        }
        let mut bytes = frame::HEADER.to_vec();
        frame::put(&mut bytes, self.last + 1, self.last, snapshot);
        self.medium.prepare(&bytes).map_err(LogError::Refused)?;
        self.medium.swap().map_err(|error| self.broken(error))?;
        self.length = bytes.len() as u64;
        self.last += 1;
        self.confirmed = self.last;
        Ok(())
    }

    fn broken(&mut self, error: M::Error) -> LogError<M::Error> {
        self.broken = true;
        LogError::Broken(error)
    }
}
