//! The crate from outside.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod codec_golden;
mod codec_hostile;
mod codec_opencv;
mod codec_strips;
mod operation;
mod operation_opencv;
mod parity;
mod segments;
