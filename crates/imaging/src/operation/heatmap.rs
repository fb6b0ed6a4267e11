//! `heatmap`: luminance in the colours of JET, from blue over green to red; exactly OpenCV's `applyColorMap`.

use super::{Entry, Transform};
use crate::image::{Channels, Image};
use crate::kernel::color;
use crate::kernel::scratch::Scratch;

pub(super) const ENTRY: Entry = Entry {
    name: "heatmap",
    help: "luminance in colours from blue over green to red (JET)",
    parameters: &[],
    bind: |_| Box::new(Heatmap),
};

#[derive(Debug)]
struct Heatmap;

/// Red, green and blue of JET.
static JET: [[u8; 256]; 3] = {
    let (red, green, mut blue) = (trapezoid(3), trapezoid(2), trapezoid(1));
    // The one entry in which OpenCV's table is not the rounded trapezoid.
    blue[159] = 1;
    [red, green, blue]
};

/// Twice the value of the trapezoid is `765 - |8 v - 510 centre|`, cut to 0..=510; halves round to even.
const fn trapezoid(centre: i32) -> [u8; 256] {
    let mut table = [0; 256];
    let mut v = 0;
    while v < 256 {
        let twice = 765 - (8 * v - 510 * centre).abs();
        let rounded = twice / 2 + (twice % 2) * (twice / 2 % 2);
        table[v as usize] = if twice < 0 {
            0
        } else if rounded > 255 {
            255
        } else {
            rounded as u8
        };
        v += 1;
    }
    table
}

impl Transform for Heatmap {
    fn apply(&self, image: Image, scratch: &mut Scratch) -> Image {
        let gray = color::to_gray(image, scratch);
        let mut samples = scratch.samples(3 * gray.samples.len());
        lanes::pointwise::look_up_colors(scratch.level(), &gray.samples, &JET, &mut samples);
        scratch.put_back(gray.samples);
        Image { samples, channels: Channels::Rgb, ..gray }
    }

    fn sees_luminance_only(&self) -> bool {
        true
    }
}
