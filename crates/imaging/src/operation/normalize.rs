//! `normalize`: min-max scaling of the samples; exactly OpenCV's `normalize(NORM_MINMAX)` to 8 bits.
//!
//! The smallest sample of the image (all channels together) becomes `low`, the largest `high`, in single precision
//! with halves rounded to even. An image of one value becomes `low`. For a whole data set, find its extremes first
//! ([`Statistics`](crate::statistics::Statistics)) and give them as `smallest` and `largest` to each image.

use super::{Entry, Parameter, Transform};
use crate::image::Image;
use crate::kernel::area;
use crate::kernel::scratch::Scratch;
use crate::segment::{Partial, SegmentError, Stage, Summary, View};

pub(super) const ENTRY: Entry = Entry {
    name: "normalize",
    help: "stretches the samples so that the smallest becomes low and the largest high",
    parameters: &[
        Parameter::integer("low", "what the smallest sample becomes", (0, 255), 0),
        Parameter::integer("high", "what the largest sample becomes", (0, 255), 255),
        Parameter::integer(
            "smallest",
            "sample taken for the smallest, -1 for the picture's own",
            (-1, 255),
            -1,
        ),
        Parameter::integer(
            "largest",
            "sample taken for the largest, -1 for the picture's own",
            (-1, 255),
            -1,
        ),
    ],
    bind: |arguments| {
        let [a, b] = ["low", "high"].map(|name| arguments.integer(name) as u8);
        let [smallest, largest] =
            ["smallest", "largest"].map(|name| u8::try_from(arguments.integer(name)).ok());
        // OpenCV takes the two in either order.
        Box::new(Normalize { low: a.min(b), high: a.max(b), smallest, largest })
    },
};

#[derive(Clone, Copy, Debug)]
struct Normalize {
    low: u8,
    high: u8,
    smallest: Option<u8>,
    largest: Option<u8>,
}

impl Normalize {
    /// What each sample becomes when the image's go from one to the other, unless parameters say otherwise.
    fn stretch(&self, (smallest, largest): (u8, u8)) -> Stretch {
        // Samples below the picture's own smallest do not occur.
        let first = if self.smallest.is_some() { 0 } else { smallest };
        let (smallest, largest) = (self.smallest.unwrap_or(smallest), self.largest.unwrap_or(largest));
        let (low, high) = (f64::from(self.low), f64::from(self.high));
        let range = f64::from(largest) - f64::from(smallest);
        let scale = if range > 0.0 { (high - low) * (1.0 / range) } else { 0.0 };
        let shift = low - f64::from(smallest) * scale;
        let (scale, shift) = (scale as f32, shift as f32);
        let table: [u8; 256] =
            std::array::from_fn(|v| scale.mul_add(v as f32, shift).round_ties_even() as u8);
        let is_line = (first..=255).all(|v| {
            let scaled = scale.mul_add(f32::from(v), shift).abs().round_ties_even() as u8;
            scaled == table[usize::from(v)]
        });
        Stretch { table, line: is_line.then_some((scale, shift)) }
    }
}

/// What each sample becomes.
struct Stretch {
    table: [u8; 256],
    /// Factor and offset of [`lanes::pointwise::scale`], which is quicker, where it gives the same.
    line: Option<(f32, f32)>,
}

impl Stretch {
    /// Stretches an image, unless that changes nothing: most pictures use the whole range already.
    fn apply(&self, image: &mut Image, scratch: &Scratch) {
        if self.table.iter().enumerate().all(|(v, becomes)| v == usize::from(*becomes)) {
            return;
        }
        match self.line {
            Some((factor, offset)) => {
                lanes::pointwise::scale(scratch.level(), &mut image.samples, factor, offset)
            }
            None => lanes::pointwise::look_up(scratch.level(), &mut image.samples, &self.table),
        }
    }
}

impl Transform for Normalize {
    fn apply(&self, mut image: Image, scratch: &mut Scratch) -> Image {
        let range = match self.counts() {
            true => lanes::pointwise::extremes(scratch.level(), &image.samples),
            false => (0, 255),
        };
        self.stretch(range).apply(&mut image, scratch);
        image
    }

    fn contradiction(&self) -> Option<&'static str> {
        let (smallest, largest) = (self.smallest?, self.largest?);
        (smallest > largest).then_some("smallest exceeds largest; give them the other way round")
    }

    fn counts(&self) -> bool {
        self.smallest.is_none() || self.largest.is_none()
    }

    fn part(&self, mut image: Image, view: View, scratch: &mut Scratch) -> Result<Stage, SegmentError> {
        if !self.counts() {
            return Ok(Stage::Done(view.trim(self.apply(image, scratch))));
        }
        let (low, high) = area::rows(&image, view.counted()).fold((255, 0), |(low, high): (u8, u8), row| {
            let (a, b) = lanes::pointwise::extremes(scratch.level(), row);
            (low.min(a), high.max(b))
        });
        let this = *self;
        Ok(Stage::wait(Partial::Extremes(low, high), move |summary, scratch| {
            let Summary::Extremes(low, high) = summary else { return Err(SegmentError::WrongSummary) };
            this.stretch((*low, *high)).apply(&mut image, scratch);
            Ok(Stage::Done(view.trim(image)))
        }))
    }
}
