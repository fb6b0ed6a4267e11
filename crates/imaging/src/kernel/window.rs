//! Passes of a window over an image, row by row, with the border that OpenCV gives each.

use super::lines::{Lines, clamp, reflect};
use super::scratch::Scratch;
use crate::image::Image;

/// What stands for the pixels beyond the border.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Border {
    /// Mirrored without repeating the border itself (`BORDER_REFLECT_101`).
    Reflect,
    /// The nearest pixel of the image (`BORDER_REPLICATE`).
    Replicate,
}

impl Border {
    /// The index that stands for `position` among `length`.
    pub(crate) fn index(self, position: isize, length: usize) -> usize {
        match self {
            Border::Reflect => reflect(position, length),
            Border::Replicate => clamp(position, length),
        }
    }
}

/// Fills the `margin` pixels on each side of a row that lies in the middle of `cells`.
pub(crate) fn pad<T: Copy>(cells: &mut [T], channels: usize, margin: usize, border: Border) {
    let width = cells.len() / channels - 2 * margin;
    for k in 1..=margin {
        let left = margin + border.index(-(k as isize), width);
        let right = margin + border.index((width - 1 + k) as isize, width);
        cells.copy_within(left * channels..(left + 1) * channels, (margin - k) * channels);
        cells.copy_within(right * channels..(right + 1) * channels, (margin + width - 1 + k) * channels);
    }
}

/// Rows of samples that a window reads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Picture<'a> {
    samples: &'a [u8],
    height: usize,
    border: Border,
}

impl<'a> Picture<'a> {
    pub(crate) fn new(image: &'a Image, border: Border) -> Picture<'a> {
        Picture { samples: &image.samples, height: image.height, border }
    }

    /// Row `y` or what stands for it.
    pub(crate) fn row(&self, y: isize) -> &'a [u8] {
        let length = self.samples.len() / self.height;
        &self.samples[self.border.index(y, self.height) * length..][..length]
    }
}

/// Makes an image of the same shape row by row; `make` is given the number of the row and the row to fill.
pub(crate) fn rewrite(
    image: Image,
    border: Border,
    scratch: &mut Scratch,
    mut make: impl FnMut(Picture<'_>, usize, &mut [u8]),
) -> Image {
    let mut samples = scratch.samples(image.samples.len());
    let length = image.samples.len() / image.height;
    for (y, row) in samples.chunks_exact_mut(length).enumerate() {
        make(Picture::new(&image, border), y, row);
    }
    scratch.put_back(image.samples);
    Image { samples, ..image }
}

/// The last rows of a pass, made as another pass asks for them.
#[derive(Debug)]
pub(crate) struct Last {
    lines: Lines<u8>,
    made: usize,
    height: usize,
}

impl Last {
    /// Keeps `count` rows of an image with rows of `length` samples.
    pub(crate) fn new(count: usize, length: usize, height: usize) -> Last {
        Last { lines: Lines::new(count, length), made: 0, height }
    }

    /// Makes all rows up to `y` that are missing.
    pub(crate) fn reach(&mut self, y: usize, mut make: impl FnMut(usize, &mut [u8])) {
        while self.made < self.height.min(y + 1) {
            make(self.made, self.lines.line_mut(self.made));
            self.made += 1;
        }
    }

    /// Row `y`, which is among the last.
    pub(crate) fn line(&self, y: usize) -> &[u8] {
        self.lines.line(y)
    }

    /// Row `y` or what stands for it beyond the border.
    pub(crate) fn row(&self, y: isize, border: Border) -> &[u8] {
        self.lines.line(border.index(y, self.height))
    }
}
