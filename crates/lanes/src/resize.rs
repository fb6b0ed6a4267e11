//! Bilinear interpolation in integers: two rows first, then two pixels, rounded once.

compiled_for_each! {
    /// `blend[x] = (256 - weight) above[x] + weight below[x]`
    ///
    /// # Panics
    /// When the lengths differ or `weight` is above 256.
    fn blend(level, above: &[u8], below: &[u8], weight: u16, blend: &mut [u16]);
}

written_twice! {
    /// Half the width of two rows: the mean of four, `(sum + 2) >> 2`, neighbours `channels` (1 or 3) samples apart.
    ///
    /// # Panics
    /// When the rows are not of twice the length of `out`, or there are not whole pixels.
    fn halve(level, channels: usize, above: &[u8], below: &[u8], out: &mut [u8]);

    /// Picks pixels of `channels` samples from blended rows: pixel `i` of `out` lies between pixel `at[i]` and the next,
    /// `weight[i]` 256ths of the way: `((256 - w) a + w b + 32768) >> 16`.
    ///
    /// # Panics
    /// When `at`, `weights` and `out` disagree, a pixel and the one after it do not lie within `blend`, or there are neither
    /// one nor three channels.
    fn pick(level, channels: usize, blend: &[u16], at: &[u32], weights: &[u16], out: &mut [u8]);
}

/// The plain twins: ordinary Rust.
pub mod scalar {
    /// See [`super::blend`].
    #[inline(always)]
    pub fn blend(above: &[u8], below: &[u8], weight: u16, blend: &mut [u16]) {
        let n = blend.len();
        assert!(above.len() == n && below.len() == n && weight <= 256, "rows of one length");
        for x in 0..n {
            blend[x] = (256 - weight) * u16::from(above[x]) + weight * u16::from(below[x]);
        }
    }

    /// See [`super::halve`].
    #[inline(always)]
    pub fn halve(channels: usize, above: &[u8], below: &[u8], out: &mut [u8]) {
        assert!(above.len() == 2 * out.len() && below.len() == above.len(), "rows of twice the length");
        assert!((channels == 1 || channels == 3) && out.len().is_multiple_of(channels), "whole pixels");
        let pairs = above.chunks_exact(2 * channels).zip(below.chunks_exact(2 * channels));
        for (out, (a, b)) in out.chunks_exact_mut(channels).zip(pairs) {
            for c in 0..channels {
                let four = [a[c], a[channels + c], b[c], b[channels + c]].map(u16::from);
                out[c] = ((four[0] + four[1] + four[2] + four[3] + 2) >> 2) as u8;
            }
        }
    }

    /// See [`super::pick`].
    #[inline(always)]
    pub fn pick(channels: usize, blend: &[u16], at: &[u32], weights: &[u16], out: &mut [u8]) {
        match channels {
            1 => pick_few::<1>(blend, at, weights, out),
            3 => pick_few::<3>(blend, at, weights, out),
            _ => unreachable!("pictures have one or three channels"),
        }
    }

    #[inline(always)]
    fn pick_few<const N: usize>(blend: &[u16], at: &[u32], weights: &[u16], out: &mut [u8]) {
        let (out, rest) = out.as_chunks_mut::<N>();
        assert!(
            rest.is_empty() && at.len() == out.len() && weights.len() == out.len(),
            "a place for each pixel"
        );
        for ((out, at), weight) in out.iter_mut().zip(at).zip(weights) {
            let pair = &blend[*at as usize * N..][..2 * N];
            let weight = u32::from(*weight);
            for c in 0..N {
                let sum = (256 - weight) * u32::from(pair[c]) + weight * u32::from(pair[N + c]);
                out[c] = ((sum + 32768) >> 16) as u8;
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use crate::half_vector::store16;
    use crate::vector::{load, load_two_halves, store};
    use std::arch::x86_64::*;

    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt,fma")]
    pub(super) fn halve(channels: usize, above: &[u8], below: &[u8], out: &mut [u8]) {
        assert!(above.len() == 2 * out.len() && below.len() == above.len(), "rows of twice the length");
        assert!((channels == 1 || channels == 3) && out.len().is_multiple_of(channels), "whole pixels");
        let done = if channels == 1 { halve_gray(above, below, out) } else { halve_color(above, below, out) };
        super::scalar::halve(channels, &above[2 * done..], &below[2 * done..], &mut out[done..]);
    }

    /// Sums of neighbouring bytes of two rows, and their mean.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn means(above: __m256i, below: __m256i) -> __m256i {
        let one = _mm256_set1_epi8(1);
        let sum = _mm256_add_epi16(_mm256_maddubs_epi16(above, one), _mm256_maddubs_epi16(below, one));
        _mm256_srli_epi16::<2>(_mm256_add_epi16(sum, _mm256_set1_epi16(2)))
    }

    /// As many samples as whole vectors make; tells how many.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn halve_gray(above: &[u8], below: &[u8], out: &mut [u8]) -> usize {
        let mut x = 0;
        while x + 32 <= out.len() {
            let first = means(load(above, 2 * x), load(below, 2 * x));
            let second = means(load(above, 2 * x + 32), load(below, 2 * x + 32));
            store(out, x, _mm256_permute4x64_epi64::<0xD8>(_mm256_packus_epi16(first, second)));
            x += 32;
        }
        x
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn halve_color(above: &[u8], below: &[u8], out: &mut [u8]) -> usize {
        // Of four pixels: red beside red, green beside green, blue beside blue, twice.
        let beside = _mm256_setr_epi8(
            0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11, -1, -1, -1, -1, //
            0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11, -1, -1, -1, -1,
        );
        let first = _mm_setr_epi8(0, 2, 4, 6, 8, 10, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
        let second = _mm_setr_epi8(-1, -1, -1, -1, -1, -1, 0, 2, 4, 6, 8, 10, -1, -1, -1, -1);
        let mut x = 0;
        // Twelve samples a time; four more are read and written and done again.
        while x + 16 <= out.len() {
            let row = |row: &[u8]| _mm256_shuffle_epi8(load_two_halves(row, 2 * x, 2 * x + 12), beside);
            let six = means(row(above), row(below));
            let (low, high) = (_mm256_castsi256_si128(six), _mm256_extracti128_si256::<1>(six));
            store16(out, x, _mm_or_si128(_mm_shuffle_epi8(low, first), _mm_shuffle_epi8(high, second)));
            x += 12;
        }
        x
    }

    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt,fma")]
    pub(super) fn pick(channels: usize, blend: &[u16], at: &[u32], weights: &[u16], out: &mut [u8]) {
        assert!(at.len() * channels == out.len() && weights.len() == at.len(), "a place for each pixel");
        let done = match channels {
            3 => pick_color(blend, at, weights, out),
            _ => 0,
        };
        super::scalar::pick(channels, blend, &at[done..], &weights[done..], &mut out[channels * done..]);
    }

    /// Two weights of a pair as one number for the multiply-add.
    #[inline(always)]
    fn pair(weight: u16) -> i32 {
        i32::from(256 - weight) | i32::from(weight) << 16
    }

    /// Two pixels: their samples as 32-bit numbers, the fourth of each half being of no use.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn two(blend: &[u16], at: &[u32], weights: &[u16], i: usize) -> __m256i {
        let beside = _mm256_setr_epi8(
            0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11, -1, -1, -1, -1, //
            0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11, -1, -1, -1, -1,
        );
        let samples = crate::vector::load_two_halves(blend, 3 * at[i] as usize, 3 * at[i + 1] as usize);
        // Lowered by 32768 to fit signed words; the weights add up to 256, so that much comes back.
        let lowered = _mm256_xor_si256(_mm256_shuffle_epi8(samples, beside), _mm256_set1_epi16(i16::MIN));
        let weights =
            _mm256_set_m128i(_mm_set1_epi32(pair(weights[i + 1])), _mm_set1_epi32(pair(weights[i])));
        let sum = _mm256_madd_epi16(lowered, weights);
        _mm256_srli_epi32::<16>(_mm256_add_epi32(sum, _mm256_set1_epi32(32768 * 256 + 32768)))
    }

    /// As many pixels as can be done four at a time; tells how many.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn pick_color(blend: &[u16], at: &[u32], weights: &[u16], out: &mut [u8]) -> usize {
        let samples = _mm_setr_epi8(0, 1, 2, 8, 9, 10, 4, 5, 6, 12, 13, 14, -1, -1, -1, -1);
        let mut i = 0;
        // A pair is read as eight samples of which six count, and twelve bytes are written as sixteen.
        while i + 6 <= at.len() && at[i..i + 4].iter().all(|at| 3 * *at as usize + 8 <= blend.len()) {
            let words = _mm256_packus_epi32(two(blend, at, weights, i), two(blend, at, weights, i + 2));
            let bytes = _mm256_packus_epi16(words, words);
            // Pixels 0 and 2 in the lower half, 1 and 3 in the upper.
            let (even, odd) = (_mm256_castsi256_si128(bytes), _mm256_extracti128_si256::<1>(bytes));
            store16(out, 3 * i, _mm_shuffle_epi8(_mm_unpacklo_epi64(even, odd), samples));
            i += 4;
        }
        i
    }
}

#[cfg(test)]
mod tests {
    use crate::Level;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_wide_forms_equal_the_plain_ones(
            samples in proptest::collection::vec(any::<[u8; 2]>(), 60..150),
            places in proptest::collection::vec((0u32..19, 0u16..=256), 1..90),
            weight in 0u16..=256,
        ) {
            let row = |k: usize| samples.iter().map(|p| p[k]).collect::<Vec<_>>();
            let n = samples.len();
            let (mut wide, mut plain) = (vec![0; n], vec![1; n]);
            super::blend(Level::detect(), &row(0), &row(1), weight, &mut wide);
            super::scalar::blend(&row(0), &row(1), weight, &mut plain);
            prop_assert_eq!(&wide, &plain);
            for channels in [1, 3] {
                let pixels = n / (2 * channels);
                let source = 2 * pixels * channels;
                let (mut a, mut b) = (vec![0; pixels * channels], vec![1; pixels * channels]);
                super::halve(Level::detect(), channels, &row(0)[..source], &row(1)[..source], &mut a);
                super::scalar::halve(channels, &row(0)[..source], &row(1)[..source], &mut b);
                prop_assert_eq!(a, b);
            }
            let (at, weights): (Vec<u32>, Vec<u16>) = places.into_iter().unzip();
            for channels in [1, 3] {
                let (mut a, mut b) = (vec![0; at.len() * channels], vec![1; at.len() * channels]);
                super::pick(Level::detect(), channels, &wide, &at, &weights, &mut a);
                super::scalar::pick(channels, &plain, &at, &weights, &mut b);
                prop_assert_eq!(a, b);
            }
        }
    }
}
