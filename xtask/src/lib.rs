//! The rules of this workspace, as tests: what ARCHITECTURE.md promises is checked by `cargo test -p xtask`.
//!
//! There is nothing to call here. The rules are in `tests/it/`, one a file; the examples of CONTRIBUTING.md are
//! compiled and run as this crate's documentation tests.

#[cfg(doctest)]
#[doc = include_str!("../../CONTRIBUTING.md")]
mod contributing {}
