//! A message on its way out: gathered in memory and written at once, its frame's length included.
//!
//! Two small writes would be two packets and two wake-ups of the peer.

use super::dialect::{Dialect, EncodingName};
use crate::channel::Channel;
use std::io;
use thrift::protocol::{TBinaryOutputProtocol, TCompactOutputProtocol, TOutputProtocol};

/// Room above this is given back after a message.
const KEPT_BYTES: usize = 64 * 1024;

/// The bytes of one message.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    bytes: Vec<u8>,
}

impl Outgoing {
    /// Begins a message anew and lets `write` fill it.
    pub(crate) fn compose<T>(
        &mut self,
        dialect: Dialect,
        write: impl FnOnce(&mut dyn TOutputProtocol) -> T,
    ) -> T {
        self.bytes.clear();
        if dialect.framed {
            self.bytes.extend_from_slice(&[0; 4]);
        }
        let written = match dialect.encoding {
            EncodingName::Binary => write(&mut TBinaryOutputProtocol::new(&mut self.bytes, true)),
            EncodingName::Compact => write(&mut TCompactOutputProtocol::new(&mut self.bytes)),
        };
        if dialect.framed {
            let length = u32::try_from(self.bytes.len() - 4).unwrap_or(u32::MAX);
            self.bytes[..4].copy_from_slice(&length.to_be_bytes());
        }
        written
    }

    /// Sends the message and forgets it.
    pub(crate) fn send(&mut self, channel: &mut Channel) -> io::Result<()> {
        self.write_to(channel)?;
        self.clear();
        Ok(())
    }

    /// Sends the message, by one system call if the socket has room for it.
    pub(crate) fn write_to(&self, channel: &mut Channel) -> io::Result<()> {
        channel.write_all(&self.bytes)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Adds to the message.
    pub(crate) fn append(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Forgets the message.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        if self.bytes.capacity() > KEPT_BYTES {
            self.bytes = Vec::new();
        }
    }
}
