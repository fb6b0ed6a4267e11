//! Rows of gray that are made as they are asked for, so that a chain of small windows is one pass over the image.

use super::lines::{Lines, reflect};
use super::scratch::Scratch;
use crate::image::{Channels, Image};
use lanes::Level;

/// A gray picture whose rows are made one after the other.
pub(crate) trait Rows {
    /// Pixels in a row and rows, both at least 1.
    fn size(&self) -> (usize, usize);

    /// Writes row `y`. Rows are asked for once each, from top to bottom.
    fn make(&mut self, y: usize, row: &mut [u8]);
}

/// An image as gray: luminance of colours, or the samples themselves.
#[derive(Debug)]
pub(crate) struct GrayRows<'a> {
    image: &'a Image,
    level: Level,
    /// Luminance of [`BATCH`] rows from the last multiple of it on.
    batch: Vec<u8>,
}

/// Rows of colour that are read together: long runs through memory are fetched ahead, single rows less so.
const BATCH: usize = 8;

impl<'a> GrayRows<'a> {
    pub(crate) fn new(image: &'a Image, level: Level) -> GrayRows<'a> {
        let rows = if image.channels == Channels::Gray { 0 } else { BATCH.min(image.height) };
        GrayRows { image, level, batch: vec![0; rows * image.width] }
    }
}

impl Rows for GrayRows<'_> {
    fn size(&self) -> (usize, usize) {
        (self.image.width, self.image.height)
    }

    fn make(&mut self, y: usize, row: &mut [u8]) {
        let (width, count) = (self.image.width, self.image.channels.count());
        let place = match self.image.channels {
            Channels::Gray => return row.copy_from_slice(&self.image.samples[y * width..][..width]),
            Channels::Rgb => y % BATCH,
        };
        if place == 0 {
            let rows = BATCH.min(self.image.height - y);
            let source = &self.image.samples[y * width * count..][..rows * width * count];
            lanes::gray::gray(self.level, source, &mut self.batch[..rows * width]);
        }
        row.copy_from_slice(&self.batch[place * width..][..width]);
    }
}

/// The luminance of an image, in other memory.
pub(crate) fn luminance(image: &Image, scratch: &mut Scratch) -> Image {
    let mut samples = scratch.samples(image.width * image.height);
    match image.channels {
        Channels::Gray => samples.copy_from_slice(&image.samples),
        Channels::Rgb => lanes::gray::gray(scratch.level(), &image.samples, &mut samples),
    }
    Image { width: image.width, height: image.height, channels: Channels::Gray, samples }
}

/// The 3×3 box mean of a gray picture, rounded and mirrored at the border as OpenCV's `blur` does.
#[derive(Debug)]
pub(crate) struct BoxBlurred<R> {
    inner: R,
    level: Level,
    last: Lines<u8>,
    made: usize,
    sums: Vec<u16>,
}

impl<R: Rows> BoxBlurred<R> {
    pub(crate) fn new(inner: R, level: Level) -> BoxBlurred<R> {
        let (width, _) = inner.size();
        BoxBlurred { inner, level, last: Lines::new(3, width), made: 0, sums: vec![0; width + 2] }
    }
}

impl<R: Rows> Rows for BoxBlurred<R> {
    fn size(&self) -> (usize, usize) {
        self.inner.size()
    }

    fn make(&mut self, y: usize, row: &mut [u8]) {
        let (width, height) = self.inner.size();
        while self.made < height.min(y + 2) {
            self.inner.make(self.made, self.last.line_mut(self.made));
            self.made += 1;
        }
        let [above, here, below] = [-1, 0, 1].map(|k| self.last.line(reflect(y as isize + k, height)));
        lanes::window::sum3(self.level, above, here, below, &mut self.sums[1..=width]);
        self.sums[0] = self.sums[1 + reflect(-1, width)];
        self.sums[width + 1] = self.sums[1 + reflect(width as isize, width)];
        lanes::window::box3(self.level, &self.sums, row);
    }
}
