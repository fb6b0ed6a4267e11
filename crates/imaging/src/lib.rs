//! Pixels in, pixels out: codecs from bytes to bytes, operations with OpenCV's results, no file, clock or thread.
//!
//! Reading order: [`image`] (the one pixel container), [`codec`] (bytes to pixels and back, with limits),
//! [`operation`] (the table of operations, each in a file of its own), [`segment`] (one image in parts that merge to the
//! same bytes), [`statistics`] (of images and data sets), [`error`].

pub mod codec;
pub mod error;
pub mod image;
mod kernel;
pub mod operation;
pub mod segment;
pub mod statistics;
