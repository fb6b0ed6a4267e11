//! Resizing of a picture or of a part of one, in OpenCV's bit-exact arithmetic.

use super::area::{Area, Size};
use super::scratch::Scratch;
use crate::image::Image;
use lanes::resize;

/// For a pixel along one side of the result: the pixel of the source before it and how many 256ths of the way to the
/// next it lies (`INTER_LINEAR_EXACT`).
fn place(k: usize, from: usize, to: usize) -> (u32, u16) {
    let scale = 1.0 / (to as f64 / from as f64);
    let exact = scale * (k as f64 + 0.5) - 0.5;
    let before = exact.floor();
    if before < 0.0 || from == 1 {
        return (0, 0);
    }
    if before >= (from - 1) as f64 {
        return (from as u32 - 1, 0);
    }
    (before as u32, ((exact - before) * 256.0).round_ties_even() as u16)
}

/// The pixels of the source on which an area of the result depends.
pub(crate) fn need(want: Area, from: Size, to: Size) -> Area {
    let along = |first: usize, count: usize, from: usize, to: usize| {
        let place = |k| place(k, from, to).0 as usize;
        let start = place(first);
        (start, (place(first + count - 1) + 2).min(from) - start)
    };
    let (x, width) = along(want.x, want.width, from.width, to.width);
    let (y, height) = along(want.y, want.height, from.height, to.height);
    Area { x, y, width, height }
}

/// An area of the result, from the pixels that it needs: the area `have` of a picture of size `from`.
pub(crate) fn resize(
    image: Image,
    have: Area,
    from: Size,
    to: Size,
    want: Area,
    scratch: &mut Scratch,
) -> Image {
    let channels = image.channels.count();
    let length = image.width * channels;
    let across = (want.x..want.right()).map(|k| place(k, from.width, to.width));
    let (at, weights): (Vec<u32>, Vec<u16>) = across.map(|(k, w)| (k - have.x as u32, w)).unzip();
    let mut samples = scratch.samples(want.width * want.height * channels);
    // One pixel more than the row: the last pixel's neighbour, of weight 0.
    let mut blend = vec![0; length + channels];
    let row = |y: usize| &image.samples[y.min(image.height - 1) * length..][..length];
    // Exactly half: every pixel is the mean of four.
    let half = from.width == 2 * to.width && from.height == 2 * to.height;
    for (y, out) in (want.y..).zip(samples.chunks_exact_mut(want.width * channels)) {
        let (y, weight) = place(y, from.height, to.height);
        let y = y as usize - have.y;
        if half {
            let rows = [row(y), row(y + 1)].map(|row| &row[..2 * out.len()]);
            resize::halve(scratch.level(), channels, rows[0], rows[1], out);
            continue;
        }
        resize::blend(scratch.level(), row(y), row(y + 1), weight, &mut blend[..length]);
        resize::pick(scratch.level(), channels, &blend, &at, &weights, out);
    }
    scratch.put_back(image.samples);
    Image { width: want.width, height: want.height, channels: image.channels, samples }
}
