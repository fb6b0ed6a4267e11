//! The one pixel container of the crate.

/// How many samples a pixel has and what they mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channels {
    /// One sample: luminance.
    Gray,
    /// Three samples in the order red, green, blue.
    Rgb,
}

impl Channels {
    /// Samples a pixel: 1 or 3.
    pub const fn count(self) -> usize {
        match self {
            Channels::Gray => 1,
            Channels::Rgb => 3,
        }
    }
}

/// An 8-bit image: rows from top to bottom without padding, samples of a pixel side by side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Pixels in a row, at least 1.
    pub width: usize,
    /// Rows, at least 1.
    pub height: usize,
    /// Meaning of the samples.
    pub channels: Channels,
    /// `width * height * channels.count()` samples.
    pub samples: Vec<u8>,
}
