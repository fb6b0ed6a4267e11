//! The Hough transform of a mask as OpenCV's `HoughLines` does it: one pixel and one degree to a vote.

use super::area::Area;
use super::bitmaps::Bitmaps;
use super::scratch::Scratch;
use crate::image::Image;
use lanes::hough::distance;
use std::ops::Range;

/// Angles from 0 up to 180 degrees.
pub(crate) const ANGLES: usize = 180;

/// Votes of points for lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Votes {
    /// Distances that each angle has: twice width plus height, and one.
    pub distances: u32,
    /// Votes that a line must exceed.
    pub least: u32,
    /// Lines that are taken at most.
    pub count: u32,
    /// One count for each angle and distance, angle by angle.
    pub votes: Vec<u32>,
}

/// Cosine and sine of each angle, with OpenCV's steps in single precision.
pub(crate) fn directions() -> [[f32; 2]; ANGLES] {
    let step = (std::f64::consts::PI / 180.0) as f32;
    let mut angle = 0.0f32;
    std::array::from_fn(|_| {
        let (sine, cosine) = f64::from(angle).sin_cos();
        angle += step;
        [cosine as f32, sine as f32]
    })
}

impl Votes {
    /// No votes yet, for a picture of a size.
    pub(crate) fn new(width: usize, height: usize, least: u32, count: u32) -> Votes {
        let distances = 2 * (width + height) + 1;
        Votes { distances: distances as u32, least, count, votes: vec![0; ANGLES * distances] }
    }

    /// Lets every strong pixel of an area of bitmaps vote; the area's first pixel lies at `x`, `y` of the picture.
    pub(crate) fn cast(&mut self, maps: &Bitmaps, area: Area, (x, y): (usize, usize), scratch: &Scratch) {
        let (mut xs, mut ys) = (Vec::new(), Vec::new());
        for (column, row) in maps.strong_pixels(area) {
            xs.push((column - area.x + x) as f32);
            ys.push((row - area.y + y) as f32);
        }
        lanes::hough::vote(scratch.level(), &xs, &ys, &directions(), &mut self.votes);
    }

    /// The sum of votes of several parts; `None` when they are not of one picture.
    pub(crate) fn add_up(parts: Vec<Votes>) -> Option<Votes> {
        parts.into_iter().map(Some).reduce(|a, b| {
            let (mut a, b) = (a?, b?);
            let alike = (a.distances, a.least, a.count, a.votes.len())
                == (b.distances, b.least, b.count, b.votes.len());
            a.votes.iter_mut().zip(&b.votes).for_each(|(a, b)| *a = a.saturating_add(*b));
            alike.then_some(a)
        })?
    }

    /// The lines: angle and distance of the local maxima, most votes first.
    pub(crate) fn lines(&self) -> Vec<[u32; 2]> {
        let distances = self.distances as usize;
        if distances == 0 || self.votes.len() != ANGLES * distances {
            return Vec::new();
        }
        let at = |angle: Option<usize>, distance: Option<usize>| match (angle, distance) {
            (Some(a), Some(d)) if a < ANGLES && d < distances => self.votes[a * distances + d],
            _ => 0,
        };
        let mut found = Vec::new();
        for angle in 0..ANGLES {
            for distance in 0..distances {
                let votes = self.votes[angle * distances + distance];
                let (a, d) = (Some(angle), Some(distance));
                if votes > self.least
                    && votes > at(a, distance.checked_sub(1))
                    && votes >= at(a, Some(distance + 1))
                    && votes > at(angle.checked_sub(1), d)
                    && votes >= at(Some(angle + 1), d)
                {
                    found.push((std::cmp::Reverse(votes), [angle as u32, distance as u32]));
                }
            }
        }
        found.sort_unstable();
        found.truncate(self.count as usize);
        found.into_iter().map(|(_, line)| line).collect()
    }
}

/// Paints the pixels that would have voted for one of the lines; the image's first pixel lies at `x`, `y` of a picture
/// with so many distances an angle.
pub(crate) fn draw(
    image: &mut Image,
    (x, y): (usize, usize),
    distances: usize,
    lines: &[[u32; 2]],
    color: [u8; 3],
) {
    let directions = directions();
    let Image { width, height, .. } = *image;
    let known = lines.iter().filter(|[angle, _]| (*angle as usize) < ANGLES);
    for [angle, line] in known {
        let [cosine, sine] = directions[*angle as usize];
        let wanted = i64::from(*line) - (distances as i64 - 1) / 2;
        let mut paint = |column: usize, row: usize| {
            if i64::from(distance((x + column) as f32, (y + row) as f32, cosine, sine)) == wanted {
                image.samples[3 * (row * width + column)..][..3].copy_from_slice(&color);
            }
        };
        // Along the longer way, so that each step meets few pixels.
        if sine.abs() > cosine.abs() {
            for column in 0..width {
                let rows = reachable(wanted as f64, (x + column) as f64, sine, cosine, y, height);
                rows.for_each(|row| paint(column, row));
            }
        } else {
            for row in 0..height {
                let columns = reachable(wanted as f64, (y + row) as f64, cosine, sine, x, width);
                columns.for_each(|column| paint(column, row));
            }
        }
    }
}

/// The places along one side of a part, which begins at `first` there and is `length` long, that can lie on a line where the
/// other coordinate is `v`, and a few more. `along` is the line's cosine or sine for this side, which is the larger one.
fn reachable(wanted: f64, v: f64, along: f32, across: f32, first: usize, length: usize) -> Range<usize> {
    let (along, across) = (f64::from(along), f64::from(across));
    let ends = [wanted - 0.51, wanted + 0.51].map(|distance| (distance - v * across) / along - first as f64);
    let begin = (ends[0].min(ends[1]).floor() - 1.0).clamp(0.0, length as f64) as usize;
    let end = (ends[0].max(ends[1]).ceil() + 2.0).clamp(0.0, length as f64) as usize;
    begin..end
}
