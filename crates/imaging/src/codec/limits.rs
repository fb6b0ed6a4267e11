//! How much an image may be: bytes before anything is read, pixels from the header before anything is decoded.

use crate::error::{DecodeError, Measure};

/// Upper bounds of what is decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a file.
    pub max_bytes: u64,
    /// Width times height.
    pub max_pixels: u64,
}

impl Default for Limits {
    /// 256 MiB and 40 million pixels; an 8K image has 33 million.
    fn default() -> Self {
        Limits { max_bytes: 256 << 20, max_pixels: 40_000_000 }
    }
}

impl Limits {
    pub(crate) fn check_bytes(&self, bytes: usize) -> Result<(), DecodeError> {
        check(Measure::Bytes, bytes as u64, self.max_bytes)
    }

    /// Sides as the header names them, before memory is asked for.
    pub(crate) fn check_pixels(&self, width: u64, height: u64) -> Result<(), DecodeError> {
        check(Measure::Pixels, width.saturating_mul(height), self.max_pixels)
    }
}

fn check(what: Measure, actual: u64, limit: u64) -> Result<(), DecodeError> {
    if actual > limit { Err(DecodeError::TooLarge { what, actual, limit }) } else { Ok(()) }
}
