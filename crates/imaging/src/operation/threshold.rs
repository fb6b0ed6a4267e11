//! `threshold`: luminance cut in two at a value; exactly OpenCV's `threshold`, Otsu's choice of the value included.

use super::{Entry, Parameter, Transform};
use crate::image::Image;
use crate::kernel::histogram::{histogram, otsu};
use crate::kernel::scratch::Scratch;
use crate::kernel::{area, color};
use crate::segment::{Partial, SegmentError, Stage, Summary, View};

pub(super) const ENTRY: Entry = Entry {
    name: "threshold",
    help: "luminance cut in two at a value",
    parameters: &[
        Parameter::integer("value", "the last that counts as dark, unless kind is otsu", (0, 255), 127),
        Parameter::integer("maximum", "what light pixels become", (0, 255), 255),
        Parameter::word(
            "kind",
            "dark pixels black, light ones black, or a value by Otsu",
            &["binary", "inverse", "otsu"],
        ),
    ],
    bind: |arguments| {
        Box::new(Threshold {
            value: arguments.integer("value") as u8,
            maximum: arguments.integer("maximum") as u8,
            kind: arguments.word("kind"),
        })
    },
};

#[derive(Clone, Copy, Debug)]
struct Threshold {
    value: u8,
    maximum: u8,
    kind: &'static str,
}

impl Threshold {
    fn cut(&self, mut gray: Image, value: u8, scratch: &Scratch) -> Image {
        let inverse = self.kind == "inverse";
        lanes::pointwise::threshold(scratch.level(), &mut gray.samples, value, self.maximum, inverse);
        gray
    }
}

impl Transform for Threshold {
    fn apply(&self, image: Image, scratch: &mut Scratch) -> Image {
        let gray = color::to_gray(image, scratch);
        let value = if self.kind == "otsu" { otsu(&histogram([&gray.samples[..]])) } else { self.value };
        self.cut(gray, value, scratch)
    }

    fn sees_luminance_only(&self) -> bool {
        true
    }

    fn counts(&self) -> bool {
        self.kind == "otsu"
    }

    fn part(&self, image: Image, view: View, scratch: &mut Scratch) -> Result<Stage, SegmentError> {
        if !self.counts() {
            return Ok(Stage::Done(view.trim(self.apply(image, scratch))));
        }
        let gray = color::to_gray(image, scratch);
        let counts = histogram(area::rows(&gray, view.counted()));
        let this = *self;
        Ok(Stage::wait(Partial::Histogram(Box::new(counts)), move |summary, scratch| {
            let Summary::Histogram(counts) = summary else { return Err(SegmentError::WrongSummary) };
            Ok(Stage::Done(view.trim(this.cut(gray, otsu(counts), scratch))))
        }))
    }
}
