//! Kernels that work on many pixels at once, for processors that can, with the same result on those that cannot.
//!
//! Every kernel is a safe function that takes a [`Level`] (what the processor offers, asked once), checks its slices and
//! then runs the widest version that the level allows. The scalar version of each is ordinary safe Rust; property tests
//! prove that every version gives the same bytes. No other crate of the workspace may say `unsafe`.

#[macro_use]
mod dispatch;
#[cfg(target_arch = "x86_64")]
mod vector;

pub mod gradient;
pub mod gray;
pub mod level;
pub mod overlay;
pub mod window;

pub use level::Level;
