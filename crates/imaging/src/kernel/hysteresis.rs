//! Canny as a stage of a part: maxima of its region, a word with the other parts, then the edges it wants.

use super::area::{Area, Size};
use super::bitmaps::Bitmaps;
use super::canny::{self, Detector};
use super::joints;
use super::rows::{BoxBlurred, GrayRows};
use super::scratch::Scratch;
use crate::image::{Channels, Image};
use crate::segment::{Partial, SegmentError, Stage, Summary, View};

/// Canny on the luminance of an image, perhaps after a 3×3 box mean.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Canny {
    /// What is looked for.
    pub(crate) detector: Detector,
    /// Whether the box mean comes first.
    pub(crate) smooth: bool,
}

/// What follows once the edges are known: a picture of all that the part has, or of what it wants.
type Finish = Box<dyn FnOnce(Image, &Bitmaps, &View, &mut Scratch) -> Result<Stage, SegmentError> + Send>;

impl Canny {
    /// Candidates and strong pixels of a whole image or of a part with its halo.
    fn maxima(&self, image: &Image, scratch: &mut Scratch) -> Bitmaps {
        let gray = GrayRows::new(image, scratch.level());
        if self.smooth {
            canny::maxima(&mut BoxBlurred::new(gray, scratch.level()), self.detector, scratch)
        } else {
            canny::maxima(&mut { gray }, self.detector, scratch)
        }
    }

    /// The edges of a whole image.
    pub(crate) fn edges(&self, image: &Image, scratch: &mut Scratch) -> Bitmaps {
        let mut maps = self.maxima(image, scratch);
        maps.flood(scratch.level());
        maps
    }

    /// Pixels to every side on which being a maximum depends: the mean, the Sobel window, the neighbour's magnitude.
    fn halo(&self) -> usize {
        usize::from(self.smooth) + self.detector.aperture / 2 + 1
    }

    /// Where a part must know the maxima: what it wants and what it owns, and one pixel more for the joints.
    fn region(want: Area, census: Area, picture: Size) -> Area {
        want.hull(census).grown(1, picture)
    }

    /// The pixels that a part needs.
    pub(crate) fn need(&self, want: Area, census: Area, picture: Size) -> Area {
        Canny::region(want, census, picture).grown(self.halo(), picture)
    }

    /// The edges of a part; `finish` gets the part's image and the edges of all that it has.
    pub(crate) fn part(&self, image: Image, view: View, scratch: &mut Scratch, finish: Finish) -> Stage {
        let region = |want, census| Canny::region(want, census, view.input);
        let regions: Vec<Area> = view.all.iter().map(|share| region(share.want, share.census)).collect();
        let own = region(view.own.want, view.own.census);
        let mut maps = self.maxima(&image, scratch);
        maps.keep(own.from(view.own.have));
        maps.flood(scratch.level());
        let (borders, components) = joints::survey(&maps, view.own.have, &regions, view.part, view.input);
        Stage::wait(Partial::Borders(borders), move |summary, scratch| {
            let Summary::Kept(kept) = summary else { return Err(SegmentError::WrongSummary) };
            for number in kept.get(view.part).ok_or(SegmentError::WrongSummary)? {
                let component = components.get(*number as usize).ok_or(SegmentError::WrongSummary)?;
                component.iter().for_each(|(x, y)| maps.strengthen(*x, *y));
            }
            let stage = finish(image, &maps, &view, scratch);
            scratch.put_back_maps(maps);
            stage
        })
    }
}

/// Edges as a picture: white on black, in memory of the image that they are of.
pub(crate) fn picture(image: Image, maps: &Bitmaps, scratch: &Scratch) -> Image {
    let Image { width, height, mut samples, .. } = image;
    samples.truncate(width * height);
    for (row, bits) in samples.chunks_exact_mut(width).zip(maps.strong_rows()) {
        lanes::pointwise::bits_to_bytes(scratch.level(), bits, row);
    }
    Image { width, height, channels: Channels::Gray, samples }
}
