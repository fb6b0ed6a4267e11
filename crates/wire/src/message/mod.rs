//! One message on a connection: told apart, bounded, whole, and of the types that it claims.
//!
//! Generated code reads from memory only, after the [`walk`] has found the message whole and within its bounds. A
//! message that cannot be decoded is so known to its end, and the connection stays usable.

pub(crate) mod arrival;
mod binary;
pub(crate) mod budget;
pub(crate) mod checked;
mod compact;
pub(crate) mod dialect;
mod intake;
pub(crate) mod limits;
pub(crate) mod outgoing;
pub(crate) mod walk;

#[cfg(test)]
mod walk_tests;
