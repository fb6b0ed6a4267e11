//! The bytes that have come from a peer and were not consumed yet.
//!
//! The buffer grows with what arrives, never with what a peer claims will arrive.

use std::io::{self, Read};

/// Room that an intake begins with and keeps between messages.
const INITIAL_BYTES: usize = 4 * 1024;
/// Most room that one read adds, unless as much has arrived already.
const CHUNK_BYTES: usize = 64 * 1024;
/// Room above this is given back once it is empty.
const KEPT_BYTES: usize = 64 * 1024;

/// Bytes read from a peer: consumed, waiting, and room for more.
#[derive(Debug, Default)]
pub(crate) struct Intake {
    room: Vec<u8>,
    /// First byte that was not consumed.
    start: usize,
    /// End of what has been read.
    end: usize,
}

impl Intake {
    /// What has come and was not consumed.
    pub(crate) fn waiting(&self) -> &[u8] {
        &self.room[self.start..self.end]
    }

    /// One read, where `wanted` more bytes are known to belong to the message. Answers the number of bytes, 0 at the
    /// end of the stream.
    pub(crate) fn read_from(&mut self, source: &mut impl Read, wanted: usize) -> io::Result<usize> {
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
        }
        let arrived = self.end - self.start;
        let more = wanted.min(CHUNK_BYTES.max(arrived));
        if self.room.len() - self.end < more || self.end == self.room.len() {
            self.room.copy_within(self.start..self.end, 0);
            self.start = 0;
            self.end = arrived;
            let needed = (arrived + more).max(INITIAL_BYTES);
            if self.room.len() < needed {
                self.room.resize(needed, 0);
            }
        }
        let read = source.read(&mut self.room[self.end..])?;
        self.end += read;
        Ok(read)
    }

    /// Marks the first `bytes` of what waits as done with.
    pub(crate) fn consume(&mut self, bytes: usize) {
        self.start = (self.start + bytes).min(self.end);
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
            if self.room.len() > KEPT_BYTES {
                self.room = Vec::new();
            }
        }
    }

    /// Forgets everything, as for a new connection.
    pub(crate) fn clear(&mut self) {
        self.consume(usize::MAX - self.start);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_waits_until_consumed() {
        let mut intake = Intake::default();
        let mut source = &b"hello world"[..];
        assert_eq!(intake.read_from(&mut source, 1).unwrap(), 11);
        intake.consume(6);
        assert_eq!(intake.waiting(), b"world");
        assert_eq!(intake.read_from(&mut source, 1).unwrap(), 0, "the end");
        assert_eq!(intake.waiting(), b"world");
        intake.clear();
        assert_eq!(intake.waiting(), b"");
    }

    #[test]
    fn a_claim_reserves_little() {
        let mut intake = Intake::default();
        intake.read_from(&mut &b"x"[..], 1 << 30).unwrap();
        assert!(intake.room.len() <= CHUNK_BYTES, "{}", intake.room.len());
    }

    #[test]
    fn room_grows_with_what_arrives_and_goes_afterwards() {
        let mut intake = Intake::default();
        let message: Vec<u8> = (0..1_000_000_u32).map(|n| n as u8).collect();
        let mut source = &message[..];
        while intake.waiting().len() < message.len() {
            let missing = message.len() - intake.waiting().len();
            assert_ne!(intake.read_from(&mut source, missing).unwrap(), 0);
            assert!(intake.room.len() <= (2 * intake.waiting().len()).max(CHUNK_BYTES));
        }
        assert_eq!(intake.waiting(), message);
        intake.consume(message.len());
        assert!(intake.room.len() <= KEPT_BYTES);
    }
}
