//! The Hough transform of a mask as OpenCV's `HoughLines` does it: one pixel and one degree to a vote.

use super::area::Area;
use super::bitmaps::Bitmaps;
use super::scratch::Scratch;
use crate::image::Image;
use lanes::hough::distance;

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
        let distances = self.distances as usize;
        // One angle after the other keeps the counters of an angle in the fastest memory.
        for ([cosine, sine], votes) in directions().into_iter().zip(self.votes.chunks_exact_mut(distances)) {
            lanes::hough::vote(scratch.level(), &xs, &ys, cosine, sine, (distances - 1) / 2, votes);
        }
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
    let known = lines.iter().filter(|[angle, _]| (*angle as usize) < ANGLES);
    for [angle, line] in known {
        let [cosine, sine] = directions[*angle as usize];
        let wanted = i64::from(*line) - (distances as i64 - 1) / 2;
        for (row, samples) in image.samples.chunks_exact_mut(3 * image.width).enumerate() {
            let v = (y + row) as f32;
            for column in reachable(wanted as f64, f64::from(v), cosine, sine, x, image.width) {
                if i64::from(distance((x + column) as f32, v, cosine, sine)) == wanted {
                    samples[3 * column..3 * column + 3].copy_from_slice(&color);
                }
            }
        }
    }
}

/// The columns of a row that can lie on a line, and a few more.
fn reachable(wanted: f64, v: f64, cosine: f32, sine: f32, x: usize, width: usize) -> std::ops::Range<usize> {
    let (cosine, sine) = (f64::from(cosine), f64::from(sine));
    let ends = [wanted - 0.51, wanted + 0.51].map(|distance| (distance - v * sine) / cosine - x as f64);
    if cosine.abs() < 1e-3 {
        return 0..width;
    }
    let first = (ends[0].min(ends[1]).floor() - 1.0).clamp(0.0, width as f64) as usize;
    let last = (ends[0].max(ends[1]).ceil() + 2.0).clamp(0.0, width as f64) as usize;
    first..last
}
