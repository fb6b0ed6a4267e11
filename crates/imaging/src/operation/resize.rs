//! `resize`: another width and height; exactly OpenCV's `resize` with `INTER_LINEAR_EXACT`.
//!
//! OpenCV's plain `INTER_LINEAR` is another arithmetic, which it does not promise to keep; the exact one it does.

use super::{Entry, Parameter, Transform};
use crate::image::Image;
use crate::kernel::area::{Area, Size};
use crate::kernel::resize;
use crate::kernel::scratch::Scratch;
use crate::segment::{SegmentError, Stage, View};

/// Longest side of a result.
const LONGEST: i64 = 65535;
/// Pixels of a result at most, as many as an 8K picture has eight times.
const LARGEST: usize = 1 << 28;

pub(super) const ENTRY: Entry = Entry {
    name: "resize",
    help: "another size, by bilinear interpolation",
    parameters: &[
        Parameter::integer(
            "width",
            "of the result in pixels, 0 for percent of the picture's",
            (0, LONGEST),
            0,
        ),
        Parameter::integer(
            "height",
            "of the result in pixels, 0 for percent of the picture's",
            (0, LONGEST),
            0,
        ),
        Parameter::real("percent", "of the picture's width and height", (0.01, 10_000.0), 50.0),
        Parameter::word(
            "kind",
            "of interpolation: of the four around, or the nearest",
            &["linear", "nearest"],
        ),
    ],
    bind: |arguments| {
        Box::new(Resize {
            width: arguments.size("width"),
            height: arguments.size("height"),
            percent: arguments.real("percent"),
        })
    },
};

#[derive(Debug)]
struct Resize {
    width: usize,
    height: usize,
    percent: f64,
}

impl Resize {
    fn length(&self, asked: usize, length: usize) -> usize {
        let by_percent = (length as f64 * self.percent / 100.0).round_ties_even();
        if asked > 0 { asked } else { by_percent.clamp(1.0, LONGEST as f64) as usize }
    }
}

impl Transform for Resize {
    fn apply(&self, image: Image, scratch: &mut Scratch) -> Image {
        let from = Size::of(&image);
        let to = self.output(from);
        resize::resize(image, from.area(), from, to, to.area(), scratch)
    }

    fn refusal(&self, input: Size) -> Option<String> {
        let Size { width, height } = self.output(input);
        let large = width * height > LARGEST;
        large.then(|| {
            format!("the result would be {width}×{height}, more than {LARGEST} pixels; ask for less")
        })
    }

    fn output(&self, input: Size) -> Size {
        Size { width: self.length(self.width, input.width), height: self.length(self.height, input.height) }
    }

    fn need(&self, want: Area, _census: Area, input: Size) -> Area {
        resize::need(want, input, self.output(input))
    }

    fn part(&self, image: Image, view: View, scratch: &mut Scratch) -> Result<Stage, SegmentError> {
        let to = self.output(view.input);
        let share = view.own;
        Ok(Stage::Done(resize::resize(image, share.have, view.input, to, share.want, scratch)))
    }
}
