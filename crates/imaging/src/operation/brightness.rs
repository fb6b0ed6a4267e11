//! `brightness`: contrast and brightness, `|contrast · v + offset|` cut to 255; exactly OpenCV's `convertScaleAbs`.
//!
//! OpenCV computes in single precision with a fused multiply-add (on every processor that has it) and rounds halves to
//! even; 256 values make a table of it. The absolute value
//! is kept: a negative offset folds dark samples back up instead of leaving them black.

use super::{Entry, Parameter, Transform};
use crate::image::Image;
use crate::kernel::scratch::Scratch;

pub(super) const ENTRY: Entry = Entry {
    name: "brightness",
    help: "contrast and brightness: |contrast * v + offset|, at most 255",
    parameters: &[
        Parameter::real("contrast", "factor of every sample", (-255.0, 255.0), 1.5),
        Parameter::real(
            "offset",
            "added after the factor, in steps of brightness",
            (-65536.0, 65536.0),
            40.0,
        ),
    ],
    bind: |arguments| {
        let (contrast, offset) = (arguments.real("contrast") as f32, arguments.real("offset") as f32);
        let value = |v: usize| contrast.mul_add(v as f32, offset).abs().round_ties_even() as u8;
        Box::new(Brightness { table: std::array::from_fn(value) })
    },
};

#[derive(Debug)]
struct Brightness {
    table: [u8; 256],
}

impl Transform for Brightness {
    fn apply(&self, mut image: Image, scratch: &mut Scratch) -> Image {
        lanes::pointwise::look_up(scratch.level(), &mut image.samples, &self.table);
        image
    }
}
