//! Gaussian smoothing as OpenCV does it on 8-bit samples: weights in 1/256, one rounding at the end.

use super::scratch::Scratch;
use super::window::{Border, Picture, pad, rewrite};
use crate::image::Image;
use lanes::Level;

/// A symmetric kernel: the weight in the middle, then those to either side, in 1/256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Gaussian {
    weights: Vec<u8>,
}

impl Gaussian {
    /// The kernel of `size` pixels (odd); a `sigma` of 0 stands for `0.15 size + 0.35`.
    ///
    /// Weights are rounded from the outside in, each carrying its error to the next, and the middle takes the rest.
    pub(crate) fn new(size: usize, sigma: f64) -> Gaussian {
        let exact = exact_weights(size, sigma);
        let radius = size / 2;
        let (mut error, mut sides) = (0.0, 0);
        let mut weights = vec![0; radius + 1];
        for (k, weight) in exact.iter().take(radius).enumerate() {
            let wanted = weight * 256.0 + error;
            let rounded = wanted.round_ties_even();
            error = wanted - rounded;
            sides += rounded as u32;
            weights[radius - k] = rounded as u8;
        }
        // 256 does not fit a byte, but then the kernel changes nothing and is never multiplied out.
        weights[0] = (256 - 2 * sides).min(255) as u8;
        while weights.len() > 1 && weights.last() == Some(&0) {
            weights.pop();
        }
        Gaussian { weights }
    }

    /// Pixels to either side that matter; outer weights may be 0.
    pub(crate) fn radius(&self) -> usize {
        self.weights.len() - 1
    }

    /// The image smoothed, mirrored at the border.
    pub(crate) fn apply(&self, image: Image, scratch: &mut Scratch) -> Image {
        if self.radius() == 0 {
            return image;
        }
        let mut smoother = Smoother::new(self, image.width, image.channels.count(), scratch.level());
        rewrite(image, Border::Reflect, scratch, |picture, y, row| smoother.make(picture, y, row))
    }
}

/// The weights of a kernel before rounding; small sizes without a sigma have fixed ones.
fn exact_weights(size: usize, sigma: f64) -> Vec<f64> {
    let fixed: &[f64] = match size {
        1 => &[256.0],
        3 => &[64.0, 128.0, 64.0],
        5 => &[16.0, 64.0, 96.0, 64.0, 16.0],
        7 => &[8.0, 28.0, 56.0, 72.0, 56.0, 28.0, 8.0],
        9 => &[4.0, 13.0, 30.0, 51.0, 60.0, 51.0, 30.0, 13.0, 4.0],
        _ => &[],
    };
    if sigma <= 0.0 && !fixed.is_empty() {
        return fixed.iter().map(|weight| weight / 256.0).collect();
    }
    let sigma = if sigma > 0.0 { sigma } else { (size as f64).mul_add(0.15, 0.35) };
    let radius = size / 2;
    // Twice the distance keeps it whole: (2d)² / 8 σ² = d² / 2 σ².
    let scale = -0.125 / (sigma * sigma);
    let side: Vec<f64> = (0..radius)
        .map(|k| 1.0 - size as f64 + 2.0 * k as f64)
        .map(|twice| (twice * twice * scale).exp())
        .collect();
    let factor = 1.0 / (side.iter().sum::<f64>() * 2.0 + 1.0);
    let side = side.iter().map(|weight| weight * factor);
    side.clone().chain([factor]).chain(side.rev()).collect()
}

/// Makes smoothed rows; keeps the sums of the columns of one row.
#[derive(Debug)]
pub(crate) struct Smoother {
    weights: Vec<u8>,
    channels: usize,
    level: Level,
    sums: Vec<u16>,
}

impl Smoother {
    pub(crate) fn new(kernel: &Gaussian, width: usize, channels: usize, level: Level) -> Smoother {
        let sums = vec![0; (width + 2 * kernel.radius()) * channels];
        Smoother { weights: kernel.weights.clone(), channels, level, sums }
    }

    /// Makes row `y` of the smoothed picture.
    pub(crate) fn make(&mut self, picture: Picture<'_>, y: usize, row: &mut [u8]) {
        let radius = self.weights.len() - 1;
        let near = |k: usize, side: isize| picture.row(y as isize + side * k as isize);
        if radius == 0 {
            return row.copy_from_slice(near(0, 1));
        }
        let inside = radius * self.channels..self.sums.len() - radius * self.channels;
        let five = self.weights == [96, 64, 16];
        if five {
            let rows = [near(2, -1), near(1, -1), near(0, 1), near(1, 1), near(2, 1)];
            lanes::gauss::five_columns(self.level, rows.map(|row| row), &mut self.sums[inside]);
        } else {
            let pairs: Vec<[&[u8]; 2]> = (0..=radius).map(|k| [near(k, -1), near(k, 1)]).collect();
            lanes::gauss::columns(self.level, &pairs, &self.weights, &mut self.sums[inside]);
        }
        pad(&mut self.sums, self.channels, radius, Border::Reflect);
        if five {
            lanes::gauss::five_rows(self.level, self.channels, &self.sums, row);
        } else {
            lanes::gauss::rows(self.level, self.channels, &self.sums, &self.weights, row);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_those_of_opencv() {
        assert_eq!(Gaussian::new(5, 0.0).weights, [96, 64, 16]);
        // The outermost of 31 is below half a 256th: the radius that matters is 14.
        let wide = Gaussian::new(31, 0.0);
        assert_eq!(wide.radius(), 14);
        for size in (1..=255).step_by(2) {
            let weights = Gaussian::new(size, 0.0).weights;
            let total: u32 = weights.iter().map(|w| 2 * u32::from(*w)).sum::<u32>() - u32::from(weights[0]);
            assert!(size == 1 || total == 256, "{size}: {total}");
        }
    }
}
