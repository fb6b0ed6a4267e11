//! `edges`: the picture at half brightness with its edges in pure green.
//!
//! The edges are exactly OpenCV's: `cvtColor`, `blur` 3×3, `Canny` 10, 30 with aperture 5 (in OpenCV's own code, which
//! runs with two threads or more; with one thread the x86 packages use another library that flips near-ties). Every
//! sample is halved rounding down, as `uint8(picture / 2.)` does, then edges are painted (0, 255, 0).

use super::{Arguments, Domain, Entry, Parameter, Transform, Value};
use crate::image::Image;
use crate::kernel::canny::{self, Detector};
use crate::kernel::color;
use crate::kernel::rows::{BoxBlurred, GrayRows};
use crate::kernel::scratch::Scratch;

pub(super) const ENTRY: Entry = Entry {
    name: "edges",
    help: "the picture at half brightness with its Canny edges in green",
    parameters: &[
        Parameter {
            name: "low",
            help: "gradient magnitude that continues an edge",
            domain: Domain::Integer(0, 32766),
            default: Value::Integer(10),
        },
        Parameter {
            name: "high",
            help: "gradient magnitude that begins an edge",
            domain: Domain::Integer(0, 32766),
            default: Value::Integer(30),
        },
        Parameter {
            name: "aperture",
            help: "size of the Sobel window in pixels",
            domain: Domain::Odd(3, 5),
            default: Value::Integer(5),
        },
    ],
    bind: |arguments| Box::new(Edges { detector: Detector::from_arguments(arguments) }),
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

impl Detector {
    /// From the parameters `low`, `high` and `aperture`; like OpenCV, thresholds in the wrong order are swapped.
    pub(super) fn from_arguments(arguments: &Arguments<'_>) -> Detector {
        let [low, high] = ["low", "high"].map(|name| arguments.integer(name) as i16);
        Detector { aperture: arguments.size("aperture"), low: low.min(high), high: low.max(high) }
    }
}
