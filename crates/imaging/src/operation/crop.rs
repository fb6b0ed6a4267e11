//! `crop`: a rectangle at a place drawn from a seed, smoothed by a Gaussian and a median.
//!
//! The rectangle is exact; the passes after it are exactly OpenCV's `GaussianBlur` and `medianBlur` on the cut-out
//! rectangle, whose own border they mirror and replicate. The original first doubles the picture only "to increase the
//! processing time"; that is left out. The place depends on the seed and the picture's size alone.

use super::{Entry, Parameter, Transform};
use crate::image::Image;
use crate::kernel::gauss::Gaussian;
use crate::kernel::median::median;
use crate::kernel::scratch::Scratch;
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
    /// Where the rectangle begins along one side of the picture, and its length.
    fn stretch(&self, side: u64, length: usize) -> (usize, usize) {
        let kept = ((length as f64 * self.part).round() as usize).clamp(1, length);
        // A derived seed is 64 well-mixed bits; the high half of a product draws evenly from the places there are.
        let luck = u128::from(self.seed.derive(side).0);
        let first = (luck * (length - kept + 1) as u128) >> 64;
        (first as usize, kept)
    }
}

impl Transform for Crop {
    fn apply(&self, image: Image, scratch: &mut Scratch) -> Image {
        let channels = image.channels.count();
        let ((x, width), (y, height)) = (self.stretch(0, image.width), self.stretch(1, image.height));
        let Image { width: whole, mut samples, channels: kind, .. } = image;
        for row in 0..height {
            let from = ((y + row) * whole + x) * channels;
            samples.copy_within(from..from + width * channels, row * width * channels);
        }
        samples.truncate(width * height * channels);
        let image = self.kernel.apply(Image { width, height, channels: kind, samples }, scratch);
        median(image, self.median, scratch)
    }
}
