//! `equalize`: luminance with its histogram equalised, then opened and closed by a square; exactly OpenCV's
//! `equalizeHist` and `morphologyEx` with a rectangle.
//!
//! The original makes the picture two-valued by an undocumented adaptive threshold in between; here that is left out,
//! `threshold` is an operation of its own.

use super::{Entry, Parameter, Transform};
use crate::image::Image;
use crate::kernel::histogram::{equalizing_table, histogram};
use crate::kernel::morphology::{Extreme, extreme};
use crate::kernel::scratch::Scratch;
use crate::kernel::{area, color};
use crate::segment::{Partial, SegmentError, Stage, Summary, View};

pub(super) const ENTRY: Entry = Entry {
    name: "equalize",
    help: "luminance, histogram equalised, then opened and closed",
    parameters: &[
        Parameter::odd("open", "side of the opening square in pixels, 1 for none", (1, 31), 3),
        Parameter::odd("close", "side of the closing square in pixels, 1 for none", (1, 31), 3),
    ],
    bind: |arguments| Box::new(Equalize { open: arguments.size("open"), close: arguments.size("close") }),
};

#[derive(Clone, Copy, Debug)]
struct Equalize {
    open: usize,
    close: usize,
}

impl Equalize {
    /// Opening and closing.
    fn morph(&self, image: Image, scratch: &mut Scratch) -> Image {
        let image = extreme(image, self.open, Extreme::Smallest, scratch);
        // Opening ends and closing begins with a dilation, but one square after the other is not always one square.
        let image = extreme(image, self.open, Extreme::Largest, scratch);
        let image = extreme(image, self.close, Extreme::Largest, scratch);
        extreme(image, self.close, Extreme::Smallest, scratch)
    }
}

impl Transform for Equalize {
    fn apply(&self, image: Image, scratch: &mut Scratch) -> Image {
        let mut image = color::to_gray(image, scratch);
        let table = equalizing_table(&histogram([&image.samples[..]]));
        lanes::pointwise::look_up(scratch.level(), &mut image.samples, &table);
        self.morph(image, scratch)
    }

    fn sees_luminance_only(&self) -> bool {
        true
    }

    fn halo(&self) -> usize {
        (self.open - 1) + (self.close - 1)
    }

    fn counts(&self) -> bool {
        true
    }

    fn part(&self, image: Image, view: View, scratch: &mut Scratch) -> Result<Stage, SegmentError> {
        let mut image = color::to_gray(image, scratch);
        let counts = histogram(area::rows(&image, view.counted()));
        let this = *self;
        Ok(Stage::wait(Partial::Histogram(Box::new(counts)), move |summary, scratch| {
            let Summary::Histogram(counts) = summary else { return Err(SegmentError::WrongSummary) };
            lanes::pointwise::look_up(scratch.level(), &mut image.samples, &equalizing_table(counts));
            Ok(Stage::Done(view.trim(this.morph(image, scratch))))
        }))
    }
}
