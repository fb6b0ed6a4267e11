//! The first half of Canny: from rows of gray to the bitmaps of candidates and strong pixels, in one rolling pass.
//!
//! OpenCV's own rules: Sobel with the border replicated, magnitude |dx| + |dy|, magnitude zero outside the image,
//! a maximum exceeds its left or upper neighbour and is not below its right or lower one, strict on diagonals.

use super::bitmaps::Bitmaps;
use super::lines::{Lines, clamp};
use super::rows::Rows;
use super::scratch::Scratch;
use lanes::gradient;

/// What Canny looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Detector {
    /// Size of the Sobel window: 3 or 5.
    pub(crate) aperture: usize,
    /// Magnitude that a candidate exceeds, at least 0.
    pub(crate) low: i16,
    /// Magnitude that a strong pixel exceeds, at least `low`.
    pub(crate) high: i16,
}

impl Detector {
    /// Two thresholds, which like OpenCV's may come in either order, and the size of the Sobel window (3 or 5).
    pub(crate) fn new(thresholds: [i64; 2], aperture: usize) -> Detector {
        // No gradient exceeds 24480, so larger thresholds all mean the same.
        let [a, b] = thresholds.map(|threshold| threshold.clamp(0, 32766) as i16);
        Detector { aperture, low: a.min(b), high: a.max(b) }
    }
}

/// Cells left and right of a row for the Sobel window.
const MARGIN: usize = 2;

/// The bitmaps of candidates and strong pixels of a gray picture; [`Bitmaps::flood`] is the other half.
pub(crate) fn maxima(rows: &mut impl Rows, detector: Detector, scratch: &mut Scratch) -> Bitmaps {
    let (width, height) = rows.size();
    let mut maps = scratch.maps(width, height);
    let mut gradients = Gradients::new(width, height, detector, scratch);
    for y in 0..=height {
        if y < height {
            gradients.make(rows, y);
        }
        if let Some(y) = y.checked_sub(1) {
            let (candidates, strong) = maps.row_mut(y);
            lanes::maxima::maxima(
                scratch.level(),
                [
                    gradients.magnitudes(y.checked_sub(1)),
                    gradients.magnitudes(Some(y)),
                    gradients.magnitudes(Some(y + 1)),
                ],
                gradients.sectors.line(y),
                detector.low,
                detector.high,
                candidates,
                strong,
            );
        }
    }
    maps
}

/// The last rows of gray, of magnitudes and of sectors. Rows are widened to whole words of 64 pixels.
struct Gradients {
    level: lanes::Level,
    width: usize,
    height: usize,
    detector: Detector,
    gray: Lines<u8>,
    made: usize,
    smooth: Vec<i16>,
    slope: Vec<i16>,
    magnitudes: Lines<i16>,
    sectors: Lines<i16>,
    nothing: Vec<i16>,
}

impl Gradients {
    fn new(width: usize, height: usize, detector: Detector, scratch: &Scratch) -> Gradients {
        let wide = width.next_multiple_of(64);
        Gradients {
            level: scratch.level(),
            width,
            height,
            detector,
            gray: Lines::new(5, wide + 2 * MARGIN),
            made: 0,
            smooth: vec![0; wide + 2 * MARGIN],
            slope: vec![0; wide + 2 * MARGIN],
            magnitudes: Lines::new(3, wide + 2),
            sectors: Lines::new(3, wide),
            nothing: vec![0; wide + 2],
        }
    }

    /// Magnitudes of row `y` with one cell more on each side; zero outside the image.
    fn magnitudes(&self, y: Option<usize>) -> &[i16] {
        y.filter(|y| *y < self.height).map_or(&self.nothing, |y| self.magnitudes.line(y))
    }

    /// Makes row `y` of magnitudes and sectors, and the rows of gray that it needs.
    fn make(&mut self, rows: &mut impl Rows, y: usize) {
        while self.made < self.height.min(y + 3) {
            let line = self.gray.line_mut(self.made);
            let (inside, right) = line[MARGIN..].split_at_mut(self.width);
            rows.make(self.made, inside);
            right[..MARGIN].fill(inside[self.width - 1]);
            let first = inside[0];
            line[..MARGIN].fill(first);
            self.made += 1;
        }
        let near = |k: isize| self.gray.line(clamp(y as isize + k, self.height));
        let (smooth, slope) = (&mut self.smooth, &mut self.slope);
        let magnitudes = self.magnitudes.line_mut(y);
        let (level, wide) = (self.level, magnitudes.len() - 2);
        let (sectors, within) = (self.sectors.line_mut(y), &mut magnitudes[1..=wide]);
        if self.detector.aperture == 5 {
            gradient::sobel5_columns(level, [near(-2), near(-1), near(0), near(1), near(2)], smooth, slope);
            gradient::sobel5_rows(level, smooth, slope, within, sectors);
        } else {
            gradient::sobel3_columns(level, [near(-1), near(0), near(1)], smooth, slope);
            let (smooth, slope) = (&smooth[1..wide + 3], &slope[1..wide + 3]);
            gradient::sobel3_rows(level, smooth, slope, within, sectors);
        }
        // Beyond the image there is no gradient, whatever the replicated cells gave.
        magnitudes[1 + self.width..].fill(0);
    }
}
