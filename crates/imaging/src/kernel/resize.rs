//! Resizing of a picture or of a part of one, in OpenCV's bit-exact arithmetic.

use super::area::{Area, Size};
use super::scratch::Scratch;
use crate::image::Image;
use lanes::resize;

/// How pixels between pixels are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Weighted mean of the four around (`INTER_LINEAR_EXACT`).
    Linear,
    /// The nearest (`INTER_NEAREST_EXACT`).
    Nearest,
}

/// For each pixel along one side of the result: the pixel of the source before it and how many 256ths of the way to the
/// next it lies.
fn places(kind: Kind, from: usize, to: usize) -> Vec<(u32, u16)> {
    match kind {
        Kind::Linear => (0..to).map(|k| linear(k, from, to)).collect(),
        Kind::Nearest => (0..to).map(|k| (nearest(k, from, to), 0)).collect(),
    }
}

fn linear(k: usize, from: usize, to: usize) -> (u32, u16) {
    let scale = 1.0 / (to as f64 / from as f64);
    let place = scale * (k as f64 + 0.5) - 0.5;
    let before = place.floor();
    if before < 0.0 || from == 1 {
        return (0, 0);
    }
    if before >= (from - 1) as f64 {
        return (from as u32 - 1, 0);
    }
    (before as u32, ((place - before) * 256.0).round_ties_even() as u16)
}

/// The pixel whose middle is nearest, by OpenCV's 16 fractional bits.
fn nearest(k: usize, from: usize, to: usize) -> u32 {
    let step = ((from << 16) + to / 2) / to;
    let first = (step / 2).saturating_sub(from % 2);
    ((step * k + first) >> 16).min(from - 1) as u32
}

/// The pixels of the source on which an area of the result depends.
pub(crate) fn need(kind: Kind, want: Area, from: Size, to: Size) -> Area {
    let along = |first: usize, count: usize, from: usize, to: usize| {
        let place = |k| match kind {
            Kind::Linear => linear(k, from, to).0 as usize,
            Kind::Nearest => nearest(k, from, to) as usize,
        };
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
    kind: Kind,
    scratch: &mut Scratch,
) -> Image {
    let channels = image.channels.count();
    let length = image.width * channels;
    let across: Vec<(u32, u16)> = places(kind, from.width, to.width)[want.x..want.right()].to_vec();
    let (at, weights): (Vec<u32>, Vec<u16>) = across.into_iter().map(|(k, w)| (k - have.x as u32, w)).unzip();
    let down = &places(kind, from.height, to.height)[want.y..want.bottom()];
    let mut samples = scratch.samples(want.width * want.height * channels);
    // One pixel more than the row: the last pixel's neighbour, of weight 0.
    let mut blend = vec![0; length + channels];
    let row = |y: usize| &image.samples[y.min(image.height - 1) * length..][..length];
    for ((y, weight), out) in down.iter().zip(samples.chunks_exact_mut(want.width * channels)) {
        let y = *y as usize - have.y;
        if kind == Kind::Nearest {
            pick_nearest(row(y), channels, &at, out);
        } else {
            resize::blend(scratch.level(), row(y), row(y + 1), *weight, &mut blend[..length]);
            resize::pick(scratch.level(), channels, &blend, &at, &weights, out);
        }
    }
    scratch.put_back(image.samples);
    Image { width: want.width, height: want.height, channels: image.channels, samples }
}

fn pick_nearest(row: &[u8], channels: usize, at: &[u32], out: &mut [u8]) {
    for (pixel, at) in out.chunks_exact_mut(channels).zip(at) {
        pixel.copy_from_slice(&row[*at as usize * channels..][..channels]);
    }
}
