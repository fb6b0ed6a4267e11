//! Sample by sample: inversion, tables, channels, bits to bytes.

compiled_for_each! {
    /// Replaces each sample by 255 minus itself.
    fn invert(level, samples: &mut [u8]);

    /// Keeps sample `kept` (0, 1 or 2) of each pixel and makes the others zero.
    ///
    /// # Panics
    /// When `kept` is above 2 or `rgb` is not whole pixels.
    fn keep_channel(level, rgb: &mut [u8], kept: usize);

    /// Each gray sample three times.
    ///
    /// # Panics
    /// When `rgb` is not three times as long as `gray`.
    fn spread(level, gray: &[u8], rgb: &mut [u8]);

    /// The smallest and the largest sample; 255 and 0 when there is none.
    fn extremes(level, samples: &[u8]) -> (u8, u8);

    /// `255` where the sample exceeds `limit`, otherwise `0`; the other way round when `inverse`.
    fn threshold(level, samples: &mut [u8], limit: u8, maximum: u8, inverse: bool);
}

/// Replaces each sample by the entry of `table` that it names.
pub fn look_up(level: crate::Level, samples: &mut [u8], table: &[u8; 256]) {
    #[cfg(target_arch = "x86_64")]
    if level.avx512() {
        // SAFETY: the level is the proof that the processor has the features.
        return unsafe { avx512::look_up(samples, table) };
    } else if level.avx2() {
        // SAFETY: the level is the proof that the processor has the features.
        return unsafe { avx2::look_up(samples, table) };
    }
    let _ = level;
    scalar::look_up(samples, table);
}

/// Replaces each sample by `|factor * sample + offset|` in single precision (fused), rounded to nearest with halves to
/// even and at most 255.
pub fn scale(level: crate::Level, samples: &mut [u8], factor: f32, offset: f32) {
    #[cfg(target_arch = "x86_64")]
    if level.avx2() && !level.avx512() && factor.abs() < 1e6 && offset.abs() < 1e6 {
        // SAFETY: the level is the proof that the processor has the features.
        return unsafe { avx2::scale(samples, factor, offset) };
    }
    look_up(level, samples, &scalar::scaled(factor, offset));
}

written_twice! {
    /// One byte a bit, lowest bit first: 255 where it is set, otherwise 0.
    ///
    /// # Panics
    /// When `bits` has fewer bits than `bytes` has bytes.
    fn bits_to_bytes(level, bits: &[u64], bytes: &mut [u8]);
}

/// Colour from gray by one table a channel.
///
/// # Panics
/// When `rgb` is not three times as long as `gray`.
pub fn look_up_colors(level: crate::Level, gray: &[u8], tables: &[[u8; 256]; 3], rgb: &mut [u8]) {
    assert_eq!(rgb.len(), 3 * gray.len(), "three samples a pixel");
    #[cfg(target_arch = "x86_64")]
    if level.avx512() {
        // SAFETY: the level is the proof that the processor has the features.
        return unsafe { avx512::look_up_colors(gray, tables, rgb) };
    }
    let _ = level;
    scalar::look_up_colors(gray, tables, rgb);
}

/// The plain twins: ordinary Rust.
pub mod scalar {
    /// See [`super::invert`].
    #[inline(always)]
    pub fn invert(samples: &mut [u8]) {
        samples.iter_mut().for_each(|sample| *sample = 255 - *sample);
    }

    /// See [`super::keep_channel`].
    #[inline(always)]
    pub fn keep_channel(rgb: &mut [u8], kept: usize) {
        assert!(kept < 3 && rgb.len().is_multiple_of(3), "whole pixels of three samples");
        // A mask of 32 pixels: whole vectors at a time.
        let mut mask = [0; 96];
        mask.iter_mut().skip(kept).step_by(3).for_each(|m| *m = 255);
        for part in rgb.chunks_mut(96) {
            part.iter_mut().zip(&mask).for_each(|(sample, m)| *sample &= m);
        }
    }

    /// See [`super::spread`].
    #[inline(always)]
    pub fn spread(gray: &[u8], rgb: &mut [u8]) {
        assert_eq!(rgb.len(), 3 * gray.len(), "three samples a pixel");
        for (pixel, value) in rgb.chunks_exact_mut(3).zip(gray) {
            (pixel[0], pixel[1], pixel[2]) = (*value, *value, *value);
        }
    }

    /// See [`super::extremes`].
    #[inline(always)]
    pub fn extremes(samples: &[u8]) -> (u8, u8) {
        let (mut least, mut most) = (255, 0);
        // Most pictures have a black and a white sample early on; nothing after them can matter.
        for stretch in samples.chunks(1 << 15) {
            let (parts, rest) = stretch.as_chunks::<64>();
            let (mut low, mut high) = ([255u8; 64], [0u8; 64]);
            for part in parts {
                for k in 0..64 {
                    low[k] = low[k].min(part[k]);
                    high[k] = high[k].max(part[k]);
                }
            }
            least = low.iter().chain(rest).fold(least, |a, b| a.min(*b));
            most = high.iter().chain(rest).fold(most, |a, b| a.max(*b));
            if (least, most) == (0, 255) {
                break;
            }
        }
        (least, most)
    }

    /// See [`super::threshold`].
    #[inline(always)]
    pub fn threshold(samples: &mut [u8], limit: u8, maximum: u8, inverse: bool) {
        let (above, below) = if inverse { (0, maximum) } else { (maximum, 0) };
        samples.iter_mut().for_each(|sample| *sample = if *sample > limit { above } else { below });
    }

    /// What [`super::scale`] makes of each sample.
    pub(super) fn scaled(factor: f32, offset: f32) -> [u8; 256] {
        std::array::from_fn(|v| factor.mul_add(v as f32, offset).abs().round_ties_even() as u8)
    }

    /// See [`super::scale`].
    pub fn scale(samples: &mut [u8], factor: f32, offset: f32) {
        look_up(samples, &scaled(factor, offset));
    }

    /// See [`super::look_up`].
    #[inline(always)]
    pub fn look_up(samples: &mut [u8], table: &[u8; 256]) {
        samples.iter_mut().for_each(|sample| *sample = table[usize::from(*sample)]);
    }

    /// See [`super::look_up_colors`].
    #[inline(always)]
    pub fn look_up_colors(gray: &[u8], tables: &[[u8; 256]; 3], rgb: &mut [u8]) {
        let together: [[u8; 3]; 256] =
            std::array::from_fn(|v| std::array::from_fn(|channel| tables[channel][v]));
        for (pixel, value) in rgb.chunks_exact_mut(3).zip(gray) {
            pixel.copy_from_slice(&together[usize::from(*value)]);
        }
    }

    /// See [`super::bits_to_bytes`].
    #[inline(always)]
    pub fn bits_to_bytes(bits: &[u64], bytes: &mut [u8]) {
        assert!(64 * bits.len() >= bytes.len(), "a bit for each byte");
        for (x, byte) in bytes.iter_mut().enumerate() {
            *byte = if bits[x / 64] >> (x % 64) & 1 == 1 { 255 } else { 0 };
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use crate::vector::{load, store};
    use std::arch::x86_64::*;

    /// Eight samples (the lower eight bytes) scaled; numbers beyond 255 are left to the packing.
    #[target_feature(enable = "avx2,fma")]
    #[inline]
    fn scaled(samples: __m128i, factor: __m256, offset: __m256) -> __m256i {
        let exact = _mm256_fmadd_ps(_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(samples)), factor, offset);
        _mm256_cvtps_epi32(_mm256_andnot_ps(_mm256_set1_ps(-0.0), exact))
    }

    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt,fma")]
    pub(super) fn scale(samples: &mut [u8], factor: f32, offset: f32) {
        let order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
        let (f, o) = (_mm256_set1_ps(factor), _mm256_set1_ps(offset));
        let mut x = 0;
        while x + 32 <= samples.len() {
            let bytes = load(samples, x);
            let (low, high) = (_mm256_castsi256_si128(bytes), _mm256_extracti128_si256::<1>(bytes));
            let first = _mm256_packus_epi32(scaled(low, f, o), scaled(_mm_srli_si128::<8>(low), f, o));
            let second = _mm256_packus_epi32(scaled(high, f, o), scaled(_mm_srli_si128::<8>(high), f, o));
            // Words above 32767 would count as negative in the second packing.
            let limit = _mm256_set1_epi16(255);
            let packed = _mm256_packus_epi16(_mm256_min_epu16(first, limit), _mm256_min_epu16(second, limit));
            store(samples, x, _mm256_permutevar8x32_epi32(packed, order));
            x += 32;
        }
        super::scalar::scale(&mut samples[x..], factor, offset);
    }

    /// Two entries of a table row by the low half of each index, one of them kept by the top bit of `choice`.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn either(rows: &[__m256i; 16], first: usize, low: __m256i, choice: __m256i) -> __m256i {
        let (zero, one) = (_mm256_shuffle_epi8(rows[first], low), _mm256_shuffle_epi8(rows[first + 1], low));
        _mm256_blendv_epi8(zero, one, choice)
    }

    /// Sixteen tables of sixteen, a shuffle each by the low four bits; the high four choose among them, pair by pair.
    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt,fma")]
    pub(super) fn look_up(samples: &mut [u8], table: &[u8; 256]) {
        let rows: [__m256i; 16] = std::array::from_fn(|k| {
            let mut twice = [0; 32];
            twice[..16].copy_from_slice(&table[16 * k..16 * k + 16]);
            twice[16..].copy_from_slice(&table[16 * k..16 * k + 16]);
            load(&twice, 0)
        });
        let nibble = _mm256_set1_epi8(15);
        let mut x = 0;
        while x + 32 <= samples.len() {
            let index = load(samples, x);
            let low = _mm256_and_si256(index, nibble);
            // A choice looks at the top bit of each byte only, so what a shift drags in from below does no harm.
            let bit =
                [_mm256_slli_epi16::<3>(index), _mm256_slli_epi16::<2>(index), _mm256_slli_epi16::<1>(index)];
            let two = [0, 2, 4, 6, 8, 10, 12, 14].map(|k| either(&rows, k, low, bit[0]));
            let four = [0, 2, 4, 6].map(|k| _mm256_blendv_epi8(two[k], two[k + 1], bit[1]));
            let eight = [0, 2].map(|k| _mm256_blendv_epi8(four[k], four[k + 1], bit[2]));
            store(samples, x, _mm256_blendv_epi8(eight[0], eight[1], index));
            x += 32;
        }
        super::scalar::look_up(&mut samples[x..], table);
    }

    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt,fma")]
    pub(super) fn bits_to_bytes(bits: &[u64], bytes: &mut [u8]) {
        assert!(64 * bits.len() >= bytes.len(), "a bit for each byte");
        let first = _mm256_setr_epi8(
            0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, //
            2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3,
        );
        let second = _mm256_add_epi8(first, _mm256_set1_epi8(4));
        let bit_of = _mm256_set1_epi64x(0x8040_2010_0804_0201_u64 as i64);
        let (words, rest) = bytes.as_chunks_mut::<64>();
        for (bytes, word) in words.iter_mut().zip(bits) {
            let word = _mm256_set1_epi64x(*word as i64);
            for (half, byte_of) in [first, second].into_iter().enumerate() {
                let own = _mm256_and_si256(_mm256_shuffle_epi8(word, byte_of), bit_of);
                store(bytes, 32 * half, _mm256_cmpeq_epi8(own, bit_of));
            }
        }
        super::scalar::bits_to_bytes(&bits[words.len()..], rest);
    }
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use crate::vector::{load512, store512};
    use std::arch::x86_64::*;

    /// The entries of a 256-byte table, in four registers, that the bytes of `index` name.
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    #[inline]
    fn entries(index: __m512i, table: &[__m512i; 4]) -> __m512i {
        let lower = _mm512_permutex2var_epi8(table[0], index, table[1]);
        let upper = _mm512_permutex2var_epi8(table[2], index, table[3]);
        _mm512_mask_blend_epi8(_mm512_movepi8_mask(index), lower, upper)
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    #[inline]
    fn registers(table: &[u8; 256]) -> [__m512i; 4] {
        [load512(table, 0), load512(table, 64), load512(table, 128), load512(table, 192)]
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    pub(super) fn look_up(samples: &mut [u8], table: &[u8; 256]) {
        let registers = registers(table);
        let mut x = 0;
        while x + 64 <= samples.len() {
            let found = entries(load512(samples, x), &registers);
            store512(samples, x, found);
            x += 64;
        }
        super::scalar::look_up(&mut samples[x..], table);
    }

    /// For each byte of three vectors: from which of 64 pixels it is taken.
    const PIXELS: [[u8; 64]; 3] = {
        let mut pixels = [[0; 64]; 3];
        let mut j = 0;
        while j < 192 {
            pixels[j / 64][j % 64] = (j / 3) as u8;
            j += 1;
        }
        pixels
    };

    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    pub(super) fn look_up_colors(gray: &[u8], tables: &[[u8; 256]; 3], rgb: &mut [u8]) {
        let [red, green, blue] = [registers(&tables[0]), registers(&tables[1]), registers(&tables[2])];
        // Byte j of the output belongs to channel j % 3; the pattern moves on by one with each vector of 64.
        let every_third: [u64; 3] =
            std::array::from_fn(|r| (0..64).filter(|j| j % 3 == r).map(|j| 1 << j).sum());
        let mut x = 0;
        while x + 64 <= gray.len() {
            let index = load512(gray, x);
            let channels = [entries(index, &red), entries(index, &green), entries(index, &blue)];
            for (k, pixels) in PIXELS.iter().enumerate() {
                let pixels = load512(pixels, 0);
                let place = |channel: usize| every_third[(3 + channel - 64 * k % 3) % 3];
                let mut out = _mm512_permutexvar_epi8(pixels, channels[0]);
                out = _mm512_mask_permutexvar_epi8(out, place(1), pixels, channels[1]);
                out = _mm512_mask_permutexvar_epi8(out, place(2), pixels, channels[2]);
                store512(rgb, 3 * x + 64 * k, out);
            }
            x += 64;
        }
        super::scalar::look_up_colors(&gray[x..], tables, &mut rgb[3 * x..]);
    }
}

#[cfg(test)]
mod tests {
    use crate::Level;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn table(seed: u8) -> [u8; 256] {
        std::array::from_fn(|v| (v as u8).wrapping_mul(seed | 1).rotate_left(3) ^ seed)
    }

    proptest! {
        #[test]
        fn every_level_gives_the_same_samples(samples in vec(any::<u8>(), 0..700), seed in any::<u8>(), kept in 0usize..3) {
            let gray = &samples[..];
            let pixels = samples.len() / 3 * 3;
            let tables = [table(seed), table(seed ^ 0x55), table(!seed)];
            for level in Level::available() {
                let same = |wide: &dyn Fn(&mut [u8]), plain: &dyn Fn(&mut [u8]), n: usize| {
                    let (mut a, mut b) = (samples[..n].to_vec(), samples[..n].to_vec());
                    wide(&mut a);
                    plain(&mut b);
                    prop_assert_eq!(a, b);
                    Ok(())
                };
                let n = samples.len();
                same(&|s| super::invert(level, s), &super::scalar::invert, n)?;
                same(&|s| super::keep_channel(level, s, kept), &|s| super::scalar::keep_channel(s, kept), pixels)?;
                same(&|s| super::look_up(level, s, &tables[0]), &|s| super::scalar::look_up(s, &tables[0]), n)?;
                same(
                    &|s| super::threshold(level, s, seed, 200, kept == 1),
                    &|s| super::scalar::threshold(s, seed, 200, kept == 1),
                    n,
                )?;
                let (factor, offset) = (f32::from(seed) / 7.0 - 9.0, f32::from(seed ^ 85) * 40.5 - 2000.0);
                same(
                    &|s| super::scale(level, s, factor, offset),
                    &|s| super::scalar::scale(s, factor, offset),
                    n,
                )?;
                prop_assert_eq!(super::extremes(level, gray), super::scalar::extremes(gray));
                let (mut a, mut b) = (vec![0; 3 * n], vec![1; 3 * n]);
                super::spread(level, gray, &mut a);
                super::scalar::spread(gray, &mut b);
                prop_assert_eq!(&a, &b);
                super::look_up_colors(level, gray, &tables, &mut a);
                super::scalar::look_up_colors(gray, &tables, &mut b);
                prop_assert_eq!(&a, &b);
            }
        }

        #[test]
        fn bits_become_bytes_alike(bits in vec(any::<u64>(), 5), n in 0usize..320) {
            for level in Level::available() {
                let (mut a, mut b) = (vec![1; n], vec![2; n]);
                super::bits_to_bytes(level, &bits, &mut a);
                super::scalar::bits_to_bytes(&bits, &mut b);
                prop_assert_eq!(a, b);
            }
        }
    }
}
