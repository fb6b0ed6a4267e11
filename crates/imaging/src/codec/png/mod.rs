//! PNG in through the `png` crate, and out through codes of our own.

mod decode;
mod encode;

pub(super) use decode::{decode, drop_alpha, header};
pub(super) use encode::encode;
