//! Kernels that work on many pixels at once, for processors that can, with the same result on those that cannot.
//!
//! Every kernel is a safe function that takes a [`Level`] (what the processor offers, asked once), checks its slices and
//! then runs the widest version that the level allows. The scalar version of each is ordinary safe Rust; property tests
//! prove that every version gives the same bytes. No other crate of the workspace may say `unsafe`.

#[macro_use]
mod dispatch;
#[cfg(target_arch = "x86_64")]
mod half_vector;
#[cfg(target_arch = "x86_64")]
mod sse2;
#[cfg(target_arch = "x86_64")]
mod vector;

mod block;
pub mod corner;
pub mod flood;
pub mod gauss;
pub mod gradient;
pub mod gray;
pub mod hough;
pub mod hsv;
pub mod jpeg_block;
pub mod jpeg_color;
pub mod jpeg_entropy_decode;
pub mod jpeg_entropy_encode;
pub mod jpeg_entropy_skip;
pub mod jpeg_fdct;
pub mod jpeg_idct;
pub mod jpeg_stuffing;
pub mod jpeg_upsample;
pub mod level;
pub mod maxima;
pub mod median;
pub mod median3;
pub mod noise;
pub mod order;
pub mod overlay;
pub mod png_deflate;
pub mod png_filter;
pub mod pointwise;
pub mod resize;
pub mod window;

pub use level::Level;
