//! `blobs`: the picture with its blobs framed in red: spots of about `size` pixels that are brighter or darker than what is
//! round them.
//!
//! A blob is a peak of the difference between two of OpenCV's `GaussianBlur` of the luminance, one of `size` pixels and one
//! of `2 size + 1`: above the neighbours before it in reading order and not below those after it. That is exact in integers
//! and looks at neighbours alone, unlike `SimpleBlobDetector`, which follows contours through whole pictures.

use super::{Entry, Parameter, Transform};
use crate::image::Image;
use crate::kernel::gauss::Gaussian;
use crate::kernel::scratch::Scratch;
use crate::kernel::{blob, color, rows};

pub(super) const ENTRY: Entry = Entry {
    name: "blobs",
    help: "the picture with its bright and dark spots framed in red",
    parameters: &[
        Parameter::odd("size", "of a spot in pixels", (3, 127), 9),
        Parameter::integer("threshold", "difference in brightness to what is round it", (1, 254), 12),
    ],
    bind: |arguments| {
        let size = arguments.size("size");
        Box::new(Blobs {
            narrow: Gaussian::new(size, 0.0),
            wide: Gaussian::new(2 * size + 1, 0.0),
            threshold: arguments.integer("threshold") as i16,
            reach: size / 2 + 1,
        })
    },
};

#[derive(Debug)]
struct Blobs {
    narrow: Gaussian,
    wide: Gaussian,
    threshold: i16,
    /// From a blob to its frame, in pixels.
    reach: usize,
}

impl Transform for Blobs {
    fn apply(&self, image: Image, scratch: &mut Scratch) -> Image {
        let gray = rows::luminance(&image, scratch);
        let mut samples = scratch.samples(gray.samples.len());
        samples.copy_from_slice(&gray.samples);
        let narrow = self.narrow.apply(Image { samples, ..gray }, scratch);
        let wide = self.wide.apply(gray, scratch);
        let found = blob::blobs(&narrow, &wide, self.threshold);
        scratch.put_back(narrow.samples);
        scratch.put_back(wide.samples);
        let mut image = color::to_rgb(image, scratch);
        found.into_iter().for_each(|place| frame(&mut image, place, self.reach));
        image
    }

    fn halo(&self) -> usize {
        // The wider mean, the neighbour, the frame.
        self.narrow.radius().max(self.wide.radius()) + 1 + self.reach
    }
}

/// Paints the part of a square's outline that lies in the picture.
fn frame(image: &mut Image, (x, y): (usize, usize), reach: usize) {
    let Image { width, height, .. } = *image;
    let mut paint = |x: Option<usize>, y: Option<usize>| {
        if let (Some(x), Some(y)) = (x.filter(|x| *x < width), y.filter(|y| *y < height)) {
            image.samples[3 * (y * width + x)..][..3].copy_from_slice(&[255, 0, 0]);
        }
    };
    let sides = |middle: usize| [middle.checked_sub(reach), Some(middle + reach)];
    let along = |middle: usize| (0..=2 * reach).map(move |k| (middle + k).checked_sub(reach));
    for side in sides(y) {
        along(x).for_each(|x| paint(x, side));
    }
    for side in sides(x) {
        along(y).for_each(|y| paint(side, y));
    }
}
