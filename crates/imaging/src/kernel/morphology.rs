//! Erosion and dilation by a square; pixels beyond the border do not count, as in OpenCV's default.

use super::scratch::Scratch;
use crate::image::Image;
use lanes::order;

/// Whether the smallest or the largest of the square is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extreme {
    /// Erosion.
    Smallest,
    /// Dilation.
    Largest,
}

/// Erosion or dilation of a gray image by a square of `size` pixels (odd), in place.
pub(crate) fn extreme(mut image: Image, size: usize, which: Extreme, scratch: &mut Scratch) -> Image {
    let radius = size / 2;
    if radius == 0 {
        return image;
    }
    let (width, height, level) = (image.width, image.height, scratch.level());
    let take = if which == Extreme::Smallest { order::lower } else { order::raise };
    // The smallest or largest along each row first, in a copy; then down the columns, back into the image.
    let mut along = scratch.samples(width * height);
    for (out, row) in along.chunks_exact_mut(width).zip(image.samples.chunks_exact(width)) {
        out.copy_from_slice(row);
        for k in 1..=radius.min(width - 1) {
            take(level, &mut out[k..], &row[..width - k]);
            take(level, &mut out[..width - k], &row[k..]);
        }
    }
    for (y, out) in image.samples.chunks_exact_mut(width).enumerate() {
        out.copy_from_slice(&along[y * width..][..width]);
        for k in (y.saturating_sub(radius)..(y + radius + 1).min(height)).filter(|k| *k != y) {
            take(level, out, &along[k * width..][..width]);
        }
    }
    scratch.put_back(along);
    image
}
