//! Seeded noise: every sample's luck is a function of a key and its place, so any part of a row can be made alone.

compiled_for_each! {
    /// Adds signed noise to samples, cut to 0..=255. Sample `i` takes the luck of place `first + i` under `key`.
    ///
    /// The noise is a sum of four bytes (Irwin–Hall, within ±3.4 standard deviations) times `scale / 65536`; the sum
    /// has a standard deviation of [`DEVIATION`].
    fn add(level, samples: &mut [u8], key: u32, first: u32, scale: i32);

    /// Makes a pixel white or black by chance: white where its luck is below `white`, black where it is below `black`
    /// but not below `white`. Pixel `i` of `channels` samples takes the luck of place `first + i` under `key`.
    ///
    /// # Panics
    /// When `samples` is not whole pixels.
    fn salt_and_pepper(level, samples: &mut [u8], channels: usize, key: u32, first: u32, white: u32, black: u32);
}

/// Standard deviation of the sum of four independent bytes.
pub const DEVIATION: f64 = 147.800_315_7;

/// The plain twins: ordinary Rust.
pub mod scalar {
    /// Mixes 32 bits well enough that neighbouring places share nothing visible (Wellons' "lowbias32").
    #[inline(always)]
    pub(super) fn luck(key: u32, place: u32) -> u32 {
        let mut h = place.wrapping_mul(0x9E37_79B9) ^ key;
        h = (h ^ (h >> 16)).wrapping_mul(0x7FEB_352D);
        h = (h ^ (h >> 15)).wrapping_mul(0x846C_A68B);
        h ^ (h >> 16)
    }

    /// See [`super::add`].
    #[inline(always)]
    pub fn add(samples: &mut [u8], key: u32, first: u32, scale: i32) {
        for (i, sample) in samples.iter_mut().enumerate() {
            let bits = luck(key, first.wrapping_add(i as u32));
            let sum = (bits & 255) + (bits >> 8 & 255) + (bits >> 16 & 255) + (bits >> 24);
            let noise = ((sum as i32 - 510) * scale + 32768) >> 16;
            *sample = (i32::from(*sample) + noise).clamp(0, 255) as u8;
        }
    }

    /// See [`super::salt_and_pepper`].
    #[inline(always)]
    pub fn salt_and_pepper(
        samples: &mut [u8],
        channels: usize,
        key: u32,
        first: u32,
        white: u32,
        black: u32,
    ) {
        assert!(samples.len().is_multiple_of(channels), "whole pixels");
        // Few pixels are hit, so look at sixteen at a time whether any is.
        for (group, part) in samples.chunks_mut(16 * channels).enumerate() {
            let first = first.wrapping_add(16 * group as u32);
            let lucks: [u32; 16] = std::array::from_fn(|i| luck(key, first.wrapping_add(i as u32)));
            if lucks.iter().fold(false, |any, luck| any | (*luck < white.max(black))) {
                for (pixel, luck) in part.chunks_exact_mut(channels).zip(lucks) {
                    if luck < white {
                        pixel.fill(255);
                    } else if luck < black {
                        pixel.fill(0);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Level;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_wide_forms_equal_the_plain_ones_and_any_part_can_be_made_alone(
            samples in proptest::collection::vec(any::<u8>(), 0..400),
            key in any::<u32>(),
            first in any::<u32>(),
            scale in 0i32..50_000,
            cut in 0usize..130,
        ) {
            let samples = &samples[..samples.len() / 3 * 3];
            let (mut wide, mut plain) = (samples.to_vec(), samples.to_vec());
            super::add(Level::detect(), &mut wide, key, first, scale);
            super::scalar::add(&mut plain, key, first, scale);
            prop_assert_eq!(&wide, &plain);
            let cut = cut.min(samples.len() / 3) * 3;
            let mut parts = samples.to_vec();
            super::add(Level::detect(), &mut parts[..cut], key, first, scale);
            super::add(Level::detect(), &mut parts[cut..], key, first.wrapping_add(cut as u32), scale);
            prop_assert_eq!(&wide, &parts);
            super::salt_and_pepper(Level::detect(), &mut wide, 3, key, first, 1 << 28, 1 << 29);
            super::scalar::salt_and_pepper(&mut plain, 3, key, first, 1 << 28, 1 << 29);
            prop_assert_eq!(wide, plain);
        }
    }

    #[test]
    fn noise_is_centred_and_has_the_deviation_asked_for() {
        let mut samples = vec![128u8; 1 << 18];
        let scale = (20.0 / super::DEVIATION * 65536.0) as i32;
        super::add(Level::detect(), &mut samples, 7, 0, scale);
        let n = samples.len() as f64;
        let mean = samples.iter().map(|v| f64::from(*v)).sum::<f64>() / n;
        let variance = samples.iter().map(|v| (f64::from(*v) - mean).powi(2)).sum::<f64>() / n;
        // Four standard errors of the mean; one per cent of the deviation.
        assert!((mean - 128.0).abs() < 4.0 * 20.0 / n.sqrt(), "mean {mean}");
        assert!((variance.sqrt() - 20.0).abs() < 0.2, "deviation {}", variance.sqrt());
    }
}
