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

impl Image {
    /// The same image in three channels; a gray one gets three equal ones, as OpenCV's `IMREAD_COLOR` makes them.
    #[must_use]
    pub fn into_rgb(self) -> Image {
        match self.channels {
            Channels::Rgb => self,
            Channels::Gray => Image {
                channels: Channels::Rgb,
                samples: self.samples.iter().flat_map(|v| [*v; 3]).collect(),
                ..self
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gray_becomes_three_equal_channels() {
        let gray = Image { width: 2, height: 1, channels: Channels::Gray, samples: vec![7, 9] };
        assert_eq!(gray.into_rgb().samples, [7, 7, 7, 9, 9, 9]);
    }
}
