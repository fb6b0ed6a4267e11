//! What several operations share: rows that are made on the fly, Canny in its two halves, memory that is reused.

pub(crate) mod area;
pub(crate) mod bitmaps;
pub(crate) mod blob;
pub(crate) mod canny;
pub(crate) mod color;
pub(crate) mod corner;
pub(crate) mod gauss;
pub(crate) mod histogram;
pub(crate) mod hough;
pub(crate) mod hysteresis;
pub(crate) mod joints;
pub(crate) mod lines;
pub(crate) mod median;
pub(crate) mod morphology;
pub(crate) mod resize;
pub(crate) mod rows;
pub(crate) mod scratch;
pub(crate) mod window;
