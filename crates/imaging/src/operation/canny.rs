//! `canny`: edges of the luminance, white on black.
//!
//! Exactly OpenCV's own code (two threads or more, see [`edges`](super::edges)) with L1 magnitude. `mean=3` smooths by
//! the 3×3 box mean first, in the same pass.

use super::{Entry, Parameter, Transform};
use crate::image::{Channels, Image};
use crate::kernel::canny::{self, Detector};
use crate::kernel::rows::{BoxBlurred, GrayRows};
use crate::kernel::scratch::Scratch;

pub(super) const ENTRY: Entry = Entry {
    name: "canny",
    help: "Canny edges of the luminance, white on black",
    parameters: &[
        Parameter::integer("low", "gradient magnitude that continues an edge", (0, 32766), 100),
        Parameter::integer("high", "gradient magnitude that begins an edge", (0, 32766), 200),
        Parameter::odd("aperture", "size of the Sobel window in pixels", (3, 5), 3),
        Parameter::odd("mean", "size in pixels of the box mean before, 1 for none", (1, 3), 1),
    ],
    bind: |arguments| {
        let thresholds = [arguments.integer("low"), arguments.integer("high")];
        Box::new(Canny {
            detector: Detector::new(thresholds, arguments.size("aperture")),
            smooth: arguments.size("mean") == 3,
        })
    },
};

#[derive(Debug)]
struct Canny {
    detector: Detector,
    smooth: bool,
}

impl Transform for Canny {
    fn apply(&self, image: Image, scratch: &mut Scratch) -> Image {
        let gray = GrayRows::new(&image, scratch.level());
        let mut maps = if self.smooth {
            canny::maxima(&mut BoxBlurred::new(gray, scratch.level()), self.detector, scratch)
        } else {
            canny::maxima(&mut { gray }, self.detector, scratch)
        };
        maps.flood();
        let Image { width, height, .. } = image;
        // The gray picture of an image in colour fits its buffer.
        let mut samples = image.samples;
        samples.truncate(width * height);
        for (row, bits) in samples.chunks_exact_mut(width).zip(maps.strong_rows()) {
            lanes::pointwise::bits_to_bytes(scratch.level(), bits, row);
        }
        scratch.put_back_maps(maps);
        Image { width, height, channels: Channels::Gray, samples }
    }
}
