//! Numbers that nobody can foresee, for identities and for seeds that nobody gave.

use std::hash::{BuildHasher as _, RandomState};

/// A number from the standard library's own source of randomness, which is the system's. It fits the wire's signed 64
/// bits. What is drawn for a seed must be reported.
pub fn draw() -> u64 {
    RandomState::new().hash_one(std::process::id()) >> 1
}
