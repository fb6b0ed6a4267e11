//! `noise`: several layers of signed Gaussian noise, then salt and pepper, all from a seed.
//!
//! The original casts negative noise to 8 bits, so that it wraps and turns a dark picture almost white; here noise is
//! signed and cut at black and white. A pixel's noise depends on the seed and its place only, so any part of a picture
//! gets the noise that it has in the whole. OpenCV has no counterpart to compare with: its generator cannot be sought.

use super::{Entry, Parameter, Transform};
use crate::image::Image;
use crate::kernel::scratch::Scratch;
use crate::segment::{SegmentError, Stage, View};
use luck::Seed;

pub(super) const ENTRY: Entry = Entry {
    name: "noise",
    help: "layers of signed Gaussian noise, then salt and pepper",
    parameters: &[
        Parameter::real("sigma", "standard deviation of a layer, in steps of brightness", (0.0, 200.0), 25.0),
        Parameter::integer("layers", "of Gaussian noise", (0, 16), 3),
        Parameter::real("salt", "share of pixels made white", (0.0, 0.5), 0.01),
        Parameter::real("pepper", "share of pixels made black", (0.0, 0.5), 0.01),
        Parameter::seed(),
    ],
    bind: |arguments| {
        Box::new(Noise {
            scale: (arguments.real("sigma") / lanes::noise::DEVIATION * 65536.0).round() as i32,
            layers: arguments.integer("layers") as u64,
            white: share(arguments.real("salt")),
            black: share(arguments.real("salt") + arguments.real("pepper")),
            seed: Seed(arguments.integer("seed").unsigned_abs()),
        })
    },
};

/// A share as the limit that so many of the numbers of 32 bits are below.
fn share(share: f64) -> u32 {
    (share * 4_294_967_296.0) as u32
}

#[derive(Debug)]
struct Noise {
    /// Deviation of a layer over that of the raw luck, in 1/65536.
    scale: i32,
    layers: u64,
    white: u32,
    black: u32,
    seed: Seed,
}

impl Noise {
    /// The key of a row's luck for a layer; salt and pepper are layer 0.
    fn key(&self, layer: u64, row: usize) -> u32 {
        (self.seed.derive(layer).derive(row as u64).0 >> 32) as u32
    }

    /// Adds noise to a row of which the first pixel is number `x` of row `y` of the whole picture.
    fn spoil(&self, row: &mut [u8], channels: usize, x: usize, y: usize, scratch: &Scratch) {
        let level = scratch.level();
        for layer in 1..=self.layers {
            lanes::noise::add(level, row, self.key(layer, y), (x * channels) as u32, self.scale);
        }
        if self.black > 0 {
            let key = self.key(0, y);
            lanes::noise::salt_and_pepper(level, row, channels, key, x as u32, self.white, self.black);
        }
    }
}

impl Transform for Noise {
    fn apply(&self, mut image: Image, scratch: &mut Scratch) -> Image {
        let channels = image.channels.count();
        for (y, row) in image.samples.chunks_exact_mut(image.width * channels).enumerate() {
            self.spoil(row, channels, 0, y, scratch);
        }
        image
    }

    fn part(&self, mut image: Image, view: View, scratch: &mut Scratch) -> Result<Stage, SegmentError> {
        let (channels, first) = (image.channels.count(), view.own.have);
        for (y, row) in image.samples.chunks_exact_mut(image.width * channels).enumerate() {
            self.spoil(row, channels, first.x, first.y + y, scratch);
        }
        Ok(Stage::Done(view.trim(image)))
    }
}
