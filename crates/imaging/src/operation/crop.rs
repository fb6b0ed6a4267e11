//! `crop`: a rectangle at a place drawn from a seed, smoothed by a Gaussian and a median.
//!
//! The rectangle is exact; the passes after it are exactly OpenCV's `GaussianBlur` and `medianBlur` on the cut-out
//! rectangle, whose own border they mirror and replicate. The original first doubles the picture only "to increase the
//! processing time"; that is left out. The place depends on the seed and the picture's size alone.

use super::{Entry, Parameter, Transform};
use crate::image::Image;
use crate::kernel::area::{self, Area, Size};
use crate::kernel::gauss::Gaussian;
use crate::kernel::median::median;
use crate::kernel::scratch::Scratch;
use crate::segment::{SegmentError, Stage, View};
use luck::Seed;

pub(super) const ENTRY: Entry = Entry {
    name: "crop",
    help: "a rectangle at a random place, then a Gaussian and a median",
    parameters: &[
        Parameter::real("part", "share of the width and of the height that is kept", (0.001, 1.0), 0.5),
        Parameter::odd("blur", "size of the Gaussian in pixels, 1 for none", (1, 255), 5),
        Parameter::odd("median", "size of the median in pixels, 1 for none", (1, 5), 5),
        Parameter::seed(),
    ],
    bind: |arguments| {
        Box::new(Crop {
            part: arguments.real("part"),
            kernel: Gaussian::new(arguments.size("blur"), 0.0),
            median: arguments.size("median"),
            seed: Seed(arguments.integer("seed").unsigned_abs()),
        })
    },
};

#[derive(Debug)]
struct Crop {
    part: f64,
    kernel: Gaussian,
    median: usize,
    seed: Seed,
}

impl Crop {
    /// The rectangle.
    fn place(&self, picture: Size) -> Area {
        let (x, width) = self.stretch(0, picture.width);
        let (y, height) = self.stretch(1, picture.height);
        Area { x, y, width, height }
    }

    /// Where the rectangle begins along one side of the picture, and its length.
    fn stretch(&self, side: u64, length: usize) -> (usize, usize) {
        let kept = ((length as f64 * self.part).round() as usize).clamp(1, length);
        // A derived seed is 64 well-mixed bits; the high half of a product draws evenly from the places there are.
        let luck = u128::from(self.seed.derive(side).0);
        let first = (luck * (length - kept + 1) as u128) >> 64;
        (first as usize, kept)
    }

    /// The passes over the rectangle or a part of it.
    fn smooth(&self, piece: Image, scratch: &mut Scratch) -> Image {
        median(self.kernel.apply(piece, scratch), self.median, scratch)
    }

    /// The part of the rectangle that an area of the result depends on.
    fn reach(&self, want: Area, place: Area) -> Area {
        want.grown(self.kernel.radius() + self.median / 2, place.size())
    }
}

impl Transform for Crop {
    fn apply(&self, image: Image, scratch: &mut Scratch) -> Image {
        let place = self.place(Size::of(&image));
        self.smooth(area::cut(image, place), scratch)
    }

    fn output(&self, input: Size) -> Size {
        self.place(input).size()
    }

    fn need(&self, want: Area, _census: Area, input: Size) -> Area {
        let place = self.place(input);
        let reach = self.reach(want, place);
        Area { x: place.x + reach.x, y: place.y + reach.y, ..reach }
    }

    fn part(&self, image: Image, view: View, scratch: &mut Scratch) -> Result<Stage, SegmentError> {
        let reach = self.reach(view.own.want, self.place(view.input));
        let smooth = self.smooth(image, scratch);
        Ok(Stage::Done(area::cut(smooth, view.own.want.from(reach))))
    }
}
