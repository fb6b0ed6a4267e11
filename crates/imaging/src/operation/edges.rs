//! `edges`: the picture at half brightness with its edges in pure green.
//!
//! The edges are exactly OpenCV's: `cvtColor`, `blur` 3×3, `Canny` 10, 30 with aperture 5 (in OpenCV's own code, which
//! runs with two threads or more; with one thread the x86 packages use another library that flips near-ties). Every
//! sample is halved rounding down, as `uint8(picture / 2.)` does, then edges are painted (0, 255, 0).

use super::{Entry, Parameter, Transform};
use crate::image::Image;
use crate::kernel::canny::{self, Detector};
use crate::kernel::color;
use crate::kernel::rows::{BoxBlurred, GrayRows};
use crate::kernel::scratch::Scratch;

pub(super) const ENTRY: Entry = Entry {
    name: "edges",
    help: "the picture at half brightness with its Canny edges in green",
    parameters: &[
        Parameter::integer("low", "gradient magnitude that continues an edge", (0, 32766), 10),
        Parameter::integer("high", "gradient magnitude that begins an edge", (0, 32766), 30),
        Parameter::odd("aperture", "size of the Sobel window in pixels", (3, 5), 5),
    ],
    bind: |arguments| {
        let thresholds = [arguments.integer("low"), arguments.integer("high")];
        Box::new(Edges { detector: Detector::new(thresholds, arguments.size("aperture")) })
    },
};

#[derive(Debug)]
struct Edges {
    detector: Detector,
}

impl Transform for Edges {
    fn apply(&self, image: Image, scratch: &mut Scratch) -> Image {
        let mut rows = BoxBlurred::new(GrayRows::new(&image, scratch.level()), scratch.level());
        let mut maps = canny::maxima(&mut rows, self.detector, scratch);
        maps.flood();
        let mut image = color::to_rgb(image, scratch);
        let row_samples = 3 * image.width;
        for (row, bits) in image.samples.chunks_exact_mut(row_samples).zip(maps.strong_rows()) {
            lanes::overlay::halve_and_mark(scratch.level(), row, bits);
        }
        scratch.put_back_maps(maps);
        image
    }
}
