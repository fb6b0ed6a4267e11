//! `corners`: the picture with its FAST corners marked by red crosses.
//!
//! The corners are exactly those of OpenCV's `FastFeatureDetector` (nine of sixteen, non-maximum suppression) on the
//! luminance; each is marked by a cross of five pixels each way.

use super::{Entry, Parameter, Transform};
use crate::image::Image;
use crate::kernel::color;
use crate::kernel::corner;
use crate::kernel::rows;
use crate::kernel::scratch::Scratch;

pub(super) const ENTRY: Entry = Entry {
    name: "corners",
    help: "the picture with its FAST corners marked in red",
    parameters: &[Parameter::integer(
        "threshold",
        "difference in brightness that makes a corner",
        (1, 254),
        20,
    )],
    bind: |arguments| Box::new(Corners { threshold: arguments.integer("threshold") as u8 }),
};

#[derive(Debug)]
struct Corners {
    threshold: u8,
}

/// Pixels that a mark reaches from its corner.
const ARM: usize = 2;

impl Transform for Corners {
    fn apply(&self, image: Image, scratch: &mut Scratch) -> Image {
        let gray = rows::luminance(&image, scratch);
        let found = corner::corners(&gray, self.threshold, scratch);
        scratch.put_back(gray.samples);
        let mut image = color::to_rgb(image, scratch);
        let (width, height) = (image.width, image.height);
        let mut paint =
            |x: usize, y: usize| image.samples[3 * (y * width + x)..][..3].copy_from_slice(&[255, 0, 0]);
        for (x, y) in found {
            (x.saturating_sub(ARM)..(x + ARM + 1).min(width)).for_each(|u| paint(u, y));
            (y.saturating_sub(ARM)..(y + ARM + 1).min(height)).for_each(|v| paint(x, v));
        }
        image
    }

    fn halo(&self) -> usize {
        // The circle, the neighbour's score, the mark.
        3 + 1 + ARM
    }
}
