//! Maxima of gradients: the pixels that exceed both neighbours across the edge, as bits.

written_for_each! {
    /// Non-maximum suppression of a row of `64 * candidates.len()` pixels: a pixel is a candidate when it exceeds
    /// `low` and both neighbours of its sector (strictly; with `>=` to the right and below for the straight
    /// sectors), and strong when it exceeds `high` as well. One bit a pixel, the lowest bit leftmost.
    ///
    /// # Panics
    /// When the magnitudes are not two longer than that row (one on each side), or `sector` and `strong` disagree.
    fn maxima(level, magnitudes: [&[i16]; 3], sector: &[i16], low: i16, high: i16, candidates: &mut [u64], strong: &mut [u64]);
}

/// The plain twins: ordinary Rust, without branches so that compilers take many pixels at once.
pub mod scalar {
    use crate::gradient::sector as name;

    /// See [`super::maxima`].
    #[inline(always)]
    pub fn maxima(
        magnitudes: [&[i16]; 3],
        sector: &[i16],
        low: i16,
        high: i16,
        candidates: &mut [u64],
        strong: &mut [u64],
    ) {
        let n = 64 * candidates.len();
        assert!(magnitudes.iter().all(|row| row.len() == n + 2), "one more on each side");
        assert!(sector.len() == n && strong.len() == candidates.len(), "rows of one length");
        for (k, (candidate, strong)) in candidates.iter_mut().zip(strong).enumerate() {
            (*candidate, *strong) = (0, 0);
            let [above, here, below] = magnitudes.map(|row| &row[64 * k..][..66]);
            // Most of most pictures is flat.
            if here[1..65].iter().fold(0, |most, m| most.max(*m)) <= low {
                continue;
            }
            let sector = &sector[64 * k..][..64];
            let (mut exceeds_low, mut exceeds_high) = ([0u8; 64], [0u8; 64]);
            for x in 0..64 {
                let (m, s) = (here[x + 1], sector[x]);
                let (vertical, falling, rising) =
                    (s == name::VERTICAL, s == name::FALLING, s == name::RISING);
                let [a, b, c] = [above[x], above[x + 1], above[x + 2]];
                let [d, e, f] = [below[x], below[x + 1], below[x + 2]];
                let (mut before, mut after) = (here[x], here[x + 2]);
                (before, after) = if vertical { (b, e) } else { (before, after) };
                (before, after) = if falling { (a, f) } else { (before, after) };
                (before, after) = if rising { (c, d) } else { (before, after) };
                // Not below its right or lower neighbour, above it on the diagonals.
                let straight = i16::from(s < name::FALLING);
                let maximum = (m > before) & (m + straight > after) & (m > low);
                exceeds_low[x] = u8::from(maximum);
                exceeds_high[x] = u8::from(maximum & (m > high));
            }
            (*candidate, *strong) = (bits(&exceeds_low), bits(&exceeds_high));
        }
    }

    /// Sixty-four bytes of 0 or 1 as bits.
    #[inline(always)]
    fn bits(bytes: &[u8; 64]) -> u64 {
        let (eights, _) = bytes.as_chunks::<8>();
        // The product brings the lowest bits of eight bytes together at the top, in order.
        let gathered = |eight: &[u8; 8]| u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        eights.iter().enumerate().fold(0, |bits, (k, eight)| bits | gathered(eight) << (8 * k))
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use crate::gradient::sector as name;
    use crate::vector::load;
    use std::arch::x86_64::*;

    /// Candidate and strong masks of the sixteen pixels from `x` on, as words of all ones or zeros.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn sixteen(rows: [&[i16]; 3], sector: &[i16], x: usize, low: __m256i, high: __m256i) -> [__m256i; 2] {
        let [above, here, below] = rows;
        let (m, s) = (load(here, x + 1), load(sector, x));
        let vertical = _mm256_cmpeq_epi16(s, _mm256_set1_epi16(name::VERTICAL));
        let falling = _mm256_cmpeq_epi16(s, _mm256_set1_epi16(name::FALLING));
        let rising = _mm256_cmpeq_epi16(s, _mm256_set1_epi16(name::RISING));
        let mut before = load(here, x);
        let mut after = load(here, x + 2);
        before = _mm256_blendv_epi8(before, load(above, x + 1), vertical);
        after = _mm256_blendv_epi8(after, load(below, x + 1), vertical);
        before = _mm256_blendv_epi8(before, load(above, x), falling);
        after = _mm256_blendv_epi8(after, load(below, x + 2), falling);
        before = _mm256_blendv_epi8(before, load(above, x + 2), rising);
        after = _mm256_blendv_epi8(after, load(below, x), rising);
        // m >= after on the straight sectors: compare one more than m there.
        let straight = _mm256_cmpgt_epi16(_mm256_set1_epi16(name::FALLING), s);
        let maximum = _mm256_and_si256(
            _mm256_cmpgt_epi16(m, before),
            _mm256_cmpgt_epi16(_mm256_sub_epi16(m, straight), after),
        );
        let candidate = _mm256_and_si256(maximum, _mm256_cmpgt_epi16(m, low));
        [candidate, _mm256_and_si256(candidate, _mm256_cmpgt_epi16(m, high))]
    }

    /// The top bits of two vectors of words as 32 bits in order.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn bits(first: __m256i, second: __m256i) -> u64 {
        let bytes = _mm256_permute4x64_epi64::<0xD8>(_mm256_packs_epi16(first, second));
        u64::from(_mm256_movemask_epi8(bytes) as u32)
    }

    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt,fma")]
    pub(super) fn maxima(
        magnitudes: [&[i16]; 3],
        sector: &[i16],
        low: i16,
        high: i16,
        candidates: &mut [u64],
        strong: &mut [u64],
    ) {
        let n = 64 * candidates.len();
        assert!(magnitudes.iter().all(|row| row.len() == n + 2), "one more on each side");
        assert!(sector.len() == n && strong.len() == candidates.len(), "rows of one length");
        let (low, high) = (_mm256_set1_epi16(low), _mm256_set1_epi16(high));
        for (k, (candidate, strong)) in candidates.iter_mut().zip(strong).enumerate() {
            // Most of most pictures is flat.
            let mut steep = _mm256_setzero_si256();
            for part in 0..4 {
                let m = load(magnitudes[1], 64 * k + 16 * part + 1);
                steep = _mm256_or_si256(steep, _mm256_cmpgt_epi16(m, low));
            }
            let [mut c, mut s] = [0, 0];
            if _mm256_testz_si256(steep, steep) == 1 {
                (*candidate, *strong) = (c, s);
                continue;
            }
            for half in 0..2 {
                let x = 64 * k + 32 * half;
                let [c0, s0] = sixteen(magnitudes, sector, x, low, high);
                let [c1, s1] = sixteen(magnitudes, sector, x + 16, low, high);
                c |= bits(c0, c1) << (32 * half);
                s |= bits(s0, s1) << (32 * half);
            }
            (*candidate, *strong) = (c, s);
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use crate::gradient::sector as name;
    use crate::vector::load512 as load;
    use std::arch::x86_64::*;

    #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
    pub(super) fn maxima(
        magnitudes: [&[i16]; 3],
        sector: &[i16],
        low: i16,
        high: i16,
        candidates: &mut [u64],
        strong: &mut [u64],
    ) {
        let n = 64 * candidates.len();
        assert!(magnitudes.iter().all(|row| row.len() == n + 2), "one more on each side");
        assert!(sector.len() == n && strong.len() == candidates.len(), "rows of one length");
        let [above, here, below] = magnitudes;
        let (low, high) = (_mm512_set1_epi16(low), _mm512_set1_epi16(high));
        let [vertical, falling, rising] =
            [name::VERTICAL, name::FALLING, name::RISING].map(|s| _mm512_set1_epi16(s));
        for (k, (candidate, strong)) in candidates.iter_mut().zip(strong).enumerate() {
            (*candidate, *strong) = (0, 0);
            for half in 0..2 {
                let x = 64 * k + 32 * half;
                let m = load(here, x + 1);
                let steep = _mm512_cmpgt_epi16_mask(m, low);
                // Most of most pictures is flat.
                if steep == 0 {
                    continue;
                }
                let s = load(sector, x);
                let vertical = _mm512_cmpeq_epi16_mask(s, vertical);
                let falling = _mm512_cmpeq_epi16_mask(s, falling);
                let rising = _mm512_cmpeq_epi16_mask(s, rising);
                let mut before = load(here, x);
                let mut after = load(here, x + 2);
                before = _mm512_mask_mov_epi16(before, vertical, load(above, x + 1));
                after = _mm512_mask_mov_epi16(after, vertical, load(below, x + 1));
                before = _mm512_mask_mov_epi16(before, falling, load(above, x));
                after = _mm512_mask_mov_epi16(after, falling, load(below, x + 2));
                before = _mm512_mask_mov_epi16(before, rising, load(above, x + 2));
                after = _mm512_mask_mov_epi16(after, rising, load(below, x));
                // Not below its right or lower neighbour, above it on the diagonals.
                let same = (falling | rising) & _mm512_cmpeq_epi16_mask(m, after);
                let past = _mm512_mask_cmpge_epi16_mask(!same, m, after);
                let found = _mm512_mask_cmpgt_epi16_mask(steep & past, m, before);
                *candidate |= u64::from(found) << (32 * half);
                *strong |= u64::from(_mm512_mask_cmpgt_epi16_mask(found, m, high)) << (32 * half);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Level;
    use proptest::collection::vec;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn maxima_in_lanes_equal_plain_maxima(
            words in 1usize..4,
            // Few distinct magnitudes, so that ties are common.
            values in vec(0i16..12, 3 * (3 * 64 + 2)),
            sectors in vec(0i16..4, 3 * 64),
            low in 0i16..10,
            more in 0i16..6,
        ) {
            let n = 64 * words;
            let rows = [&values[..n + 2], &values[n + 2..2 * n + 4], &values[2 * n + 4..3 * n + 6]];
            for level in Level::available() {
            let fresh = || (vec![0u64; words], vec![0u64; words]);
            let ((mut c, mut s), (mut pc, mut ps)) = (fresh(), fresh());
            maxima(level, rows, &sectors[..n], low, low + more, &mut c, &mut s);
            scalar::maxima(rows, &sectors[..n], low, low + more, &mut pc, &mut ps);
            prop_assert_eq!((c, s), (pc, ps));
            }
        }
    }
}
