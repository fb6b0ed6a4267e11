//! Between gray and colour.

use super::scratch::Scratch;
use crate::image::{Channels, Image};

/// The image as gray; a gray one is handed back as it is.
pub(crate) fn to_gray(image: Image, scratch: &mut Scratch) -> Image {
    if image.channels == Channels::Gray {
        return image;
    }
    let mut samples = scratch.samples(image.width * image.height);
    lanes::gray::gray(scratch.level(), &image.samples, &mut samples);
    scratch.put_back(image.samples);
    Image { samples, channels: Channels::Gray, ..image }
}

/// The image in colour; a gray one becomes one with three equal samples a pixel.
pub(crate) fn to_rgb(image: Image, scratch: &mut Scratch) -> Image {
    if image.channels == Channels::Rgb {
        return image;
    }
    let mut samples = scratch.samples(3 * image.samples.len());
    lanes::pointwise::spread(scratch.level(), &image.samples, &mut samples);
    scratch.put_back(image.samples);
    Image { samples, channels: Channels::Rgb, ..image }
}

/// The image in colour with one channel kept and the others zero.
pub(crate) fn keep_channel(image: Image, kept: usize, scratch: &mut Scratch) -> Image {
    let mut image = to_rgb(image, scratch);
    lanes::pointwise::keep_channel(scratch.level(), &mut image.samples, kept);
    image
}
