//! Colour to hue (0 to 179), saturation and value, with OpenCV's rounded reciprocals.

written_twice! {
    /// Replaces red, green, blue by value, saturation, hue, in this order: OpenCV stores hue where blue was.
    ///
    /// # Panics
    /// When `rgb` is not whole pixels.
    fn to_vsh(level, rgb: &mut [u8]);
}

/// The plain twins: ordinary Rust.
pub mod scalar {
    /// `numerator / k` rounded to the nearest whole number for k from 0 (where it is 0) to 255.
    const fn reciprocals(numerator: i32) -> [i32; 256] {
        let mut table = [0; 256];
        let mut k = 1;
        while k < 256 {
            // No quotient lies halfway for the two numerators in use; a test says so.
            table[k as usize] = (2 * numerator + k) / (2 * k);
            k += 1;
        }
        table
    }
    pub(super) const SATURATION: i32 = 255 << 12;
    pub(super) const HUE: i32 = (180 << 12) / 6;
    pub(super) static SATURATIONS: [i32; 256] = reciprocals(SATURATION);
    pub(super) static HUES: [i32; 256] = reciprocals(HUE);

    /// See [`super::to_vsh`].
    #[inline(always)]
    pub fn to_vsh(rgb: &mut [u8]) {
        assert!(rgb.len().is_multiple_of(3), "whole pixels");
        for pixel in rgb.chunks_exact_mut(3) {
            let [r, g, b] = [i32::from(pixel[0]), i32::from(pixel[1]), i32::from(pixel[2])];
            let value = r.max(g).max(b);
            let range = value - r.min(g).min(b);
            let saturation = (range * SATURATIONS[value as usize] + 2048) >> 12;
            let sixths = if value == r {
                g - b
            } else if value == g {
                b - r + 2 * range
            } else {
                r - g + 4 * range
            };
            let hue = (sixths * HUES[range as usize] + 2048) >> 12;
            let hue = if hue < 0 { hue + 180 } else { hue };
            pixel.copy_from_slice(&[value as u8, saturation as u8, hue as u8]);
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use super::scalar::{HUE, SATURATION};
    use crate::vector::{load_two_halves, store};
    use std::arch::x86_64::*;

    /// `numerator / divisor` to the nearest whole number. A division in single precision is exact enough for all
    /// divisors from 1 to 255, which a test tries one by one.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn quotient(numerator: i32, divisor: __m256i) -> __m256i {
        _mm256_cvtps_epi32(_mm256_div_ps(_mm256_set1_ps(numerator as f32), _mm256_cvtepi32_ps(divisor)))
    }

    /// `(a * b + 2048) >> 12`
    #[target_feature(enable = "avx2")]
    #[inline]
    fn scale(a: __m256i, b: __m256i) -> __m256i {
        _mm256_srai_epi32::<12>(_mm256_add_epi32(_mm256_mullo_epi32(a, b), _mm256_set1_epi32(2048)))
    }

    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt,fma")]
    pub(super) fn to_vsh(rgb: &mut [u8]) {
        assert!(rgb.len().is_multiple_of(3), "whole pixels");
        let place = _mm256_setr_epi8(
            0, -1, -1, -1, 3, -1, -1, -1, 6, -1, -1, -1, 9, -1, -1, -1, //
            0, -1, -1, -1, 3, -1, -1, -1, 6, -1, -1, -1, 9, -1, -1, -1,
        );
        let together = _mm256_setr_epi8(
            0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1, //
            0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1,
        );
        let mut at = 0;
        // Eight pixels are read with four bytes beyond them.
        while at + 28 <= rgb.len() {
            let pixels = load_two_halves(rgb, at, at + 12);
            let r = _mm256_shuffle_epi8(pixels, place);
            let g = _mm256_shuffle_epi8(pixels, _mm256_add_epi8(place, _mm256_set1_epi32(1)));
            let b = _mm256_shuffle_epi8(pixels, _mm256_add_epi8(place, _mm256_set1_epi32(2)));
            let value = _mm256_max_epi32(r, _mm256_max_epi32(g, b));
            let range = _mm256_sub_epi32(value, _mm256_min_epi32(r, _mm256_min_epi32(g, b)));
            let saturation = scale(range, quotient(SATURATION, value));
            let twice = _mm256_add_epi32(range, range);
            let from_red = _mm256_sub_epi32(g, b);
            let from_green = _mm256_add_epi32(_mm256_sub_epi32(b, r), twice);
            let from_blue = _mm256_add_epi32(_mm256_sub_epi32(r, g), _mm256_add_epi32(twice, twice));
            let sixths = _mm256_blendv_epi8(from_blue, from_green, _mm256_cmpeq_epi32(value, g));
            let sixths = _mm256_blendv_epi8(sixths, from_red, _mm256_cmpeq_epi32(value, r));
            let hue = scale(sixths, quotient(HUE, range));
            let hue =
                _mm256_add_epi32(hue, _mm256_and_si256(_mm256_srai_epi32::<31>(hue), _mm256_set1_epi32(180)));
            let saturation = _mm256_slli_epi32::<8>(saturation);
            let vsh = _mm256_or_si256(_mm256_or_si256(value, saturation), _mm256_slli_epi32::<16>(hue));
            let mut bytes = [0; 32];
            store(&mut bytes, 0, _mm256_shuffle_epi8(vsh, together));
            rgb[at..at + 12].copy_from_slice(&bytes[..12]);
            rgb[at + 12..at + 24].copy_from_slice(&bytes[16..28]);
            at += 24;
        }
        super::scalar::to_vsh(&mut rgb[at..]);
    }
}

#[cfg(test)]
mod tests {
    use crate::Level;
    use proptest::prelude::*;

    #[test]
    fn no_reciprocal_lies_halfway() {
        for numerator in [super::scalar::SATURATION, super::scalar::HUE] {
            for k in 1..256 {
                assert!(2 * numerator % k != 0 || 2 * numerator / k % 2 == 0, "{numerator} / {k}");
            }
        }
    }

    #[test]
    fn every_color_of_a_coarse_grid_agrees() {
        let grid = [0u8, 1, 2, 63, 64, 127, 128, 200, 254, 255];
        for first in 0..=255 {
            let pixels = grid.iter().flat_map(|a| grid.map(|b| [first, *a, b]));
            let turned = pixels.flat_map(|[a, b, c]| [a, b, c, b, c, a, c, a, b]);
            let rgb: Vec<u8> = turned.collect();
            let (mut wide, mut plain) = (rgb.clone(), rgb);
            super::to_vsh(Level::detect(), &mut wide);
            super::scalar::to_vsh(&mut plain);
            assert_eq!(wide, plain);
        }
    }

    proptest! {
        #[test]
        fn the_wide_form_equals_the_plain_one(mut rgb in proptest::collection::vec(any::<u8>(), 0..400)) {
            rgb.truncate(rgb.len() / 3 * 3);
            let mut plain = rgb.clone();
            super::to_vsh(Level::detect(), &mut rgb);
            super::scalar::to_vsh(&mut plain);
            prop_assert_eq!(rgb, plain);
        }
    }
}
