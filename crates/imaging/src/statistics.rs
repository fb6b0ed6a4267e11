//! Statistics of images and of whole data sets, and scaling to floating point by them.
//!
//! A data set is normalised in two phases: [`Statistics::of`] each image, [`merge`](Statistics::merge) them in any order
//! (all are whole numbers, so the order changes nothing), then scale each image by the data set's extremes: [`to_unit`]
//! for floating point, the operation `normalize[smallest=…,largest=…]` for 8 bits.

use crate::image::Image;
use crate::kernel::histogram::histogram;

/// How often each sample value occurs in an image or a data set, all channels together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statistics {
    counts: [u64; 256],
}

impl Default for Statistics {
    fn default() -> Self {
        Statistics { counts: [0; 256] }
    }
}

impl Statistics {
    /// Of one image.
    pub fn of(image: &Image) -> Statistics {
        Statistics { counts: histogram([&image.samples[..]]) }
    }

    /// Out of counts that [`histogram`](Self::histogram) gave.
    pub fn from_histogram(counts: [u64; 256]) -> Statistics {
        Statistics { counts }
    }

    /// Adds those of other images.
    pub fn merge(&mut self, other: &Statistics) {
        self.counts
            .iter_mut()
            .zip(other.counts)
            .for_each(|(count, more)| *count = count.saturating_add(more));
    }

    /// How often each value occurs.
    pub fn histogram(&self) -> &[u64; 256] {
        &self.counts
    }

    /// Samples counted.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The smallest and the largest sample; `None` when nothing was counted.
    pub fn extremes(&self) -> Option<(u8, u8)> {
        let smallest = self.counts.iter().position(|count| *count > 0)?;
        let largest = self.counts.iter().rposition(|count| *count > 0)?;
        Some((smallest as u8, largest as u8))
    }

    /// The mean of the samples, 0 to 255; `None` when nothing was counted.
    pub fn mean(&self) -> Option<f64> {
        let sum: u128 =
            self.counts.iter().zip(0u128..).map(|(count, value)| u128::from(*count) * value).sum();
        let count = self.count();
        (count > 0).then(|| sum as f64 / count as f64)
    }

    /// The standard deviation of the samples (of all of them, not an estimate); `None` when nothing was counted.
    pub fn deviation(&self) -> Option<f64> {
        let mean = self.mean()?;
        let squares = self.counts.iter().zip(0u32..).map(|(n, v)| *n as f64 * (f64::from(v) - mean).powi(2));
        Some((squares.sum::<f64>() / self.count() as f64).sqrt())
    }
}

/// The samples scaled so that the first of the extremes becomes 0 and the second 1; all 0 when they are equal.
///
/// Exactly OpenCV's `normalize(0, 1, NORM_MINMAX, CV_32F)` when the extremes are the image's own: single precision with a
/// fused multiply-add.
pub fn to_unit(image: &Image, (smallest, largest): (u8, u8)) -> Vec<f32> {
    let range = f64::from(largest) - f64::from(smallest);
    let scale = if range > 0.0 { (1.0 / range) as f32 } else { 0.0 };
    let shift = 0.0 - (f64::from(smallest) * f64::from(scale)) as f32;
    let table: [f32; 256] = std::array::from_fn(|v| scale.mul_add(v as f32, shift));
    image.samples.iter().map(|sample| table[usize::from(*sample)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Channels;

    fn image(samples: &[u8]) -> Image {
        Image { width: samples.len(), height: 1, channels: Channels::Gray, samples: samples.to_vec() }
    }

    #[test]
    fn a_data_set_is_scaled_by_the_extremes_of_all() {
        let (a, b) = (image(&[10, 60, 60]), image(&[110, 35]));
        let mut all = Statistics::default();
        assert_eq!((all.extremes(), all.mean(), all.deviation()), (None, None, None));
        all.merge(&Statistics::of(&b));
        all.merge(&Statistics::of(&a));
        assert_eq!((all.extremes(), all.count(), all.mean()), (Some((10, 110)), 5, Some(55.0)));
        assert!((all.deviation().unwrap() - 1100f64.sqrt()).abs() < 1e-12);
        // Not quite 0: the fused product is not rounded before the shift is taken away. OpenCV gives the same.
        assert_eq!(to_unit(&a, (10, 110)), [3.725_290_3e-9, 0.5, 0.5]);
        assert_eq!(to_unit(&b, (10, 110)), [1.0, 0.25]);
    }

    #[test]
    fn one_value_becomes_zero() {
        assert_eq!(to_unit(&image(&[9, 9]), (9, 9)), [0.0, 0.0]);
    }
}
