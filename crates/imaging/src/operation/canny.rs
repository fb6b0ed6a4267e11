//! `canny`: edges of the luminance, white on black.
//!
//! Exactly OpenCV's own code (two threads or more, see [`edges`](super::edges)) with L1 magnitude. `mean=3` smooths by
//! the 3×3 box mean first, in the same pass.

use super::{Entry, Parameter, Transform};
use crate::image::Image;
use crate::kernel::area::{Area, Size};
use crate::kernel::bitmaps::Bitmaps;
use crate::kernel::canny::Detector;
use crate::kernel::hysteresis::{self, Canny};
use crate::kernel::scratch::Scratch;
use crate::segment::{SegmentError, Stage, View};

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
        let detector = Detector::new(thresholds, arguments.size("aperture"));
        Box::new(EdgeMask { canny: Canny { detector, smooth: arguments.size("mean") == 3 } })
    },
};

#[derive(Debug)]
struct EdgeMask {
    canny: Canny,
}

impl Transform for EdgeMask {
    fn apply(&self, image: Image, scratch: &mut Scratch) -> Image {
        let maps = self.canny.edges(&image, scratch);
        let mask = hysteresis::picture(image, &maps, scratch);
        scratch.put_back_maps(maps);
        mask
    }

    fn sees_luminance_only(&self) -> bool {
        true
    }

    fn counts(&self) -> bool {
        true
    }

    fn need(&self, want: Area, census: Area, input: Size) -> Area {
        self.canny.need(want, census, input)
    }

    fn part(&self, image: Image, view: View, scratch: &mut Scratch) -> Result<Stage, SegmentError> {
        let finish = |image, maps: &Bitmaps, view: &View, scratch: &mut Scratch| {
            Ok(Stage::Done(view.trim(hysteresis::picture(image, maps, scratch))))
        };
        Ok(self.canny.part(image, view, scratch, Box::new(finish)))
    }
}
