//! `lines`: the picture with the strongest straight lines of its edges painted red.
//!
//! The lines are exactly those of OpenCV's `Canny` and `HoughLines` (one pixel, one degree). A line is painted where a
//! pixel would have voted for it, which is about one pixel wide and the same however the picture is cut.

use super::{Entry, Parameter, Transform};
use crate::image::Image;
use crate::kernel::area::{self, Area, Size};
use crate::kernel::canny::Detector;
use crate::kernel::color;
use crate::kernel::hough::{self, Votes};
use crate::kernel::hysteresis::Canny;
use crate::kernel::scratch::Scratch;
use crate::segment::{Partial, SegmentError, Stage, Summary, View};

pub(super) const ENTRY: Entry = Entry {
    name: "lines",
    help: "the picture with the strongest straight lines of its edges in red",
    parameters: &[
        Parameter::integer("low", "gradient magnitude that continues an edge", (0, 32766), 100),
        Parameter::integer("high", "gradient magnitude that begins an edge", (0, 32766), 200),
        Parameter::odd("aperture", "size of the Sobel window in pixels", (3, 5), 3),
        Parameter::integer("votes", "edge pixels that a line must exceed", (1, 1_000_000), 150),
        Parameter::integer("count", "of lines at most", (1, 10_000), 50),
    ],
    bind: |arguments| {
        let thresholds = [arguments.integer("low"), arguments.integer("high")];
        let detector = Detector::new(thresholds, arguments.size("aperture"));
        Box::new(Lines {
            canny: Canny { detector, smooth: false },
            least: arguments.size("votes") as u32,
            count: arguments.size("count") as u32,
        })
    },
};

const RED: [u8; 3] = [255, 0, 0];

#[derive(Clone, Copy, Debug)]
struct Lines {
    canny: Canny,
    least: u32,
    count: u32,
}

impl Transform for Lines {
    fn apply(&self, image: Image, scratch: &mut Scratch) -> Image {
        let maps = self.canny.edges(&image, scratch);
        let mut votes = Votes::new(image.width, image.height, self.least, self.count);
        votes.cast(&maps, Size::of(&image).area(), (0, 0), scratch);
        scratch.put_back_maps(maps);
        let mut image = color::to_rgb(image, scratch);
        hough::draw(&mut image, (0, 0), votes.distances as usize, &votes.lines(), RED);
        image
    }

    fn counts(&self) -> bool {
        true
    }

    fn need(&self, want: Area, census: Area, input: Size) -> Area {
        self.canny.need(want, census, input)
    }

    fn part(&self, image: Image, view: View, scratch: &mut Scratch) -> Result<Stage, SegmentError> {
        let Lines { least, count, .. } = *self;
        let finish = move |image: Image, maps: &_, view: &View, scratch: &mut Scratch| {
            let Size { width, height } = view.input;
            let mut votes = Votes::new(width, height, least, count);
            let (distances, census) = (votes.distances as usize, view.own.census);
            votes.cast(maps, view.counted(), (census.x, census.y), scratch);
            let view = view.clone();
            Ok(Stage::wait(Partial::Votes(votes), move |summary, scratch| {
                let Summary::Lines(lines) = summary else { return Err(SegmentError::WrongSummary) };
                let mut image = color::to_rgb(area::cut(image, view.own.want.from(view.own.have)), scratch);
                hough::draw(&mut image, (view.own.want.x, view.own.want.y), distances, lines, RED);
                Ok(Stage::Done(image))
            }))
        };
        Ok(self.canny.part(image, view, scratch, Box::new(finish)))
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_default_takes_edges_as_canny_does() {
        let of = |name: &str| {
            let all = super::super::TABLE.iter().find(|entry| entry.name == name);
            let parameters = all.map(|entry| entry.parameters).unwrap_or_default();
            parameters[..3].iter().map(|p| (p.name, p.default)).collect::<Vec<_>>()
        };
        assert_eq!(of("lines"), of("canny"));
    }
}
