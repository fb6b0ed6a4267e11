//! `edges`: the picture at half brightness with its edges in pure green.
//!
//! The edges are exactly OpenCV's: `cvtColor`, `blur` 3×3, `Canny` 10, 30 with aperture 5 (in OpenCV's own code, which
//! runs with two threads or more; with one thread the x86 packages use another library that flips near-ties). Every
//! sample is halved rounding down, as `uint8(picture / 2.)` does, then edges are painted (0, 255, 0).

use super::{Entry, Parameter, Transform};
use crate::image::Image;
use crate::kernel::area::{Area, Size};
use crate::kernel::bitmaps::Bitmaps;
use crate::kernel::canny::Detector;
use crate::kernel::color;
use crate::kernel::hysteresis::Canny;
use crate::kernel::scratch::Scratch;
use crate::segment::{SegmentError, Stage, View};

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
        let detector = Detector::new(thresholds, arguments.size("aperture"));
        Box::new(Edges { canny: Canny { detector, smooth: true } })
    },
};

#[derive(Debug)]
struct Edges {
    canny: Canny,
}

/// Halves an image and paints the strong pixels of bitmaps of the same size.
fn overlay(image: Image, maps: &Bitmaps, scratch: &mut Scratch) -> Image {
    let mut image = color::to_rgb(image, scratch);
    let length = 3 * image.width;
    for (row, bits) in image.samples.chunks_exact_mut(length).zip(maps.strong_rows()) {
        lanes::overlay::halve_and_mark(scratch.level(), row, bits);
    }
    image
}

impl Transform for Edges {
    fn apply(&self, image: Image, scratch: &mut Scratch) -> Image {
        let maps = self.canny.edges(&image, scratch);
        let image = overlay(image, &maps, scratch);
        scratch.put_back_maps(maps);
        image
    }

    fn counts(&self) -> bool {
        true
    }

    fn need(&self, want: Area, census: Area, input: Size) -> Area {
        self.canny.need(want, census, input)
    }

    fn part(&self, image: Image, view: View, scratch: &mut Scratch) -> Result<Stage, SegmentError> {
        let finish = |image, maps: &Bitmaps, view: &View, scratch: &mut Scratch| {
            Ok(Stage::Done(view.trim(overlay(image, maps, scratch))))
        };
        Ok(self.canny.part(image, view, scratch, Box::new(finish)))
    }
}
