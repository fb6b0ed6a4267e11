//! `brightness`: contrast and brightness, `|contrast · v + offset|` cut to 255; exactly OpenCV's `convertScaleAbs`.
//!
//! OpenCV computes in single precision with a fused multiply-add (on every processor that has it) and rounds halves to
//! even. The absolute value is kept: a negative offset folds dark samples back up instead of leaving them black.

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
        Box::new(Brightness {
            contrast: arguments.real("contrast") as f32,
            offset: arguments.real("offset") as f32,
        })
    },
};

#[derive(Debug)]
struct Brightness {
    contrast: f32,
    offset: f32,
}

impl Transform for Brightness {
    fn apply(&self, mut image: Image, scratch: &mut Scratch) -> Image {
        lanes::pointwise::scale(scratch.level(), &mut image.samples, self.contrast, self.offset);
        image
    }
}
