//! Gaussian smoothing in integers: columns first on 8-bit samples, then rows on the 16-bit sums.
//!
//! Weights are in 1/256 and add up to 256, so a sum of columns is below 2^16 and nothing is rounded before the end;
//! that is what makes the order of the two passes free.

compiled_for_each! {
    /// Columns of the 5-wide kernel 1 4 6 4 1 (in 1/16).
    ///
    /// # Panics
    /// When the lengths differ.
    fn five_columns(level, rows: [&[u8]; 5], sums: &mut [u16]);

    /// Rows of the 5-wide kernel: `(a + 4b + 6c + 4d + e + 128) >> 8`, neighbours `channels` samples apart.
    ///
    /// # Panics
    /// When `sums` is not two pixels longer than `out` on each side.
    fn five_rows(level, channels: usize, sums: &[u16], out: &mut [u8]);
}

written_down_to_sse2! {
    /// Columns of any symmetric kernel: `weights[0]` times the row in the middle (`pairs[0][0]`) and `weights[k]` times
    /// the sum of the two rows of `pairs[k]`.
    ///
    /// # Panics
    /// When there are fewer pairs than weights, or none, or the lengths differ.
    fn columns(level, pairs: &[[&[u8]; 2]], weights: &[u8], sums: &mut [u16]);

    /// Rows of any symmetric kernel, rounded: `(weighted sum + 32768) >> 16`, neighbours `channels` samples apart.
    ///
    /// # Panics
    /// When `sums` is not as many pixels longer than `out` on each side as there are weights but one.
    fn rows(level, channels: usize, sums: &[u16], weights: &[u8], out: &mut [u8]);
}

/// The sum of one column.
#[cfg(target_arch = "x86_64")]
fn column(pairs: &[[&[u8]; 2]], weights: &[u8], x: usize) -> u16 {
    let pair = |[a, b]: &[&[u8]; 2]| u16::from(a[x]) + u16::from(b[x]);
    let sides = pairs.iter().zip(weights).skip(1).map(|(p, w)| u16::from(*w) * pair(p)).sum::<u16>();
    u16::from(weights[0]) * u16::from(pairs[0][0][x]) + sides
}

/// What rows begin with: a half to round by, and what lowering the sums by 32768 takes away (the weights add up to 256).
#[cfg(target_arch = "x86_64")]
fn start(weights: &[u8]) -> i32 {
    let total = i32::from(weights[0]) + 2 * weights[1..].iter().map(|w| i32::from(*w)).sum::<i32>();
    32768 * total + 32768
}

/// The plain twins: ordinary Rust.
pub mod scalar {
    /// See [`super::five_columns`].
    #[inline(always)]
    pub fn five_columns(rows: [&[u8]; 5], sums: &mut [u16]) {
        let n = sums.len();
        assert!(rows.iter().all(|row| row.len() == n), "rows of one length");
        let [first, second, third, fourth, fifth] = rows.map(|row| &row[..n]);
        for x in 0..n {
            let [a, b, c, d, e] = [first[x], second[x], third[x], fourth[x], fifth[x]].map(u16::from);
            sums[x] = a + e + 4 * (b + d) + 6 * c;
        }
    }

    /// See [`super::five_rows`].
    #[inline(always)]
    pub fn five_rows(channels: usize, sums: &[u16], out: &mut [u8]) {
        let n = out.len();
        assert_eq!(sums.len(), n + 4 * channels, "two pixels more on each side");
        let [a, b, c, d, e] = std::array::from_fn(|k| &sums[k * channels..][..n]);
        for x in 0..n {
            out[x] = ((a[x] + e[x] + 4 * (b[x] + d[x]) + 6 * c[x] + 128) >> 8) as u8;
        }
    }

    /// See [`super::columns`].
    #[inline(always)]
    pub fn columns(pairs: &[[&[u8]; 2]], weights: &[u8], sums: &mut [u16]) {
        let n = sums.len();
        assert!(!weights.is_empty() && pairs.len() >= weights.len(), "a pair of rows for each weight");
        assert!(pairs.iter().flatten().all(|row| row.len() == n), "rows of one length");
        for (sum, sample) in sums.iter_mut().zip(pairs[0][0]) {
            *sum = u16::from(weights[0]) * u16::from(*sample);
        }
        for ([above, below], weight) in pairs.iter().zip(weights).skip(1) {
            for ((sum, a), b) in sums.iter_mut().zip(*above).zip(*below) {
                *sum += u16::from(*weight) * (u16::from(*a) + u16::from(*b));
            }
        }
    }

    /// See [`super::rows`].
    #[inline(always)]
    pub fn rows(channels: usize, sums: &[u16], weights: &[u8], out: &mut [u8]) {
        let n = out.len();
        assert!(!weights.is_empty(), "a weight for the middle");
        let radius = channels * (weights.len() - 1);
        assert_eq!(sums.len(), n + 2 * radius, "room for the kernel on each side");
        for (x, out) in out.iter_mut().enumerate() {
            let at = |k: usize| u32::from(sums[k]);
            let mut sum = 32768 + u32::from(weights[0]) * at(x + radius);
            for (k, weight) in weights.iter().enumerate().skip(1) {
                sum += u32::from(*weight) * (at(x + radius - k * channels) + at(x + radius + k * channels));
            }
            *out = (sum >> 16) as u8;
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod sse2 {
    use crate::sse2::{load, store};
    use std::arch::x86_64::*;

    #[target_feature(enable = "sse2")]
    pub(super) fn columns(pairs: &[[&[u8]; 2]], weights: &[u8], sums: &mut [u16]) {
        let n = sums.len();
        assert!(!weights.is_empty() && pairs.len() >= weights.len(), "a pair of rows for each weight");
        assert!(pairs.iter().flatten().all(|row| row.len() == n), "rows of one length");
        let zero = _mm_setzero_si128();
        let mut x = 0;
        while x + 16 <= n {
            let middle = load(pairs[0][0], x);
            let weight = _mm_set1_epi16(i16::from(weights[0]));
            let mut low = _mm_mullo_epi16(_mm_unpacklo_epi8(middle, zero), weight);
            let mut high = _mm_mullo_epi16(_mm_unpackhi_epi8(middle, zero), weight);
            for ([above, below], weight) in pairs.iter().zip(weights).skip(1) {
                let (above, below) = (load(above, x), load(below, x));
                let weight = _mm_set1_epi16(i16::from(*weight));
                let first = _mm_add_epi16(_mm_unpacklo_epi8(above, zero), _mm_unpacklo_epi8(below, zero));
                let second = _mm_add_epi16(_mm_unpackhi_epi8(above, zero), _mm_unpackhi_epi8(below, zero));
                low = _mm_add_epi16(low, _mm_mullo_epi16(first, weight));
                high = _mm_add_epi16(high, _mm_mullo_epi16(second, weight));
            }
            store(sums, x, low);
            store(sums, x + 8, high);
            x += 16;
        }
        for (x, sum) in sums.iter_mut().enumerate().skip(x) {
            *sum = super::column(pairs, weights, x);
        }
    }

    /// Eight sums from `x` on, lowered by 32768 to fit signed words.
    #[target_feature(enable = "sse2")]
    #[inline]
    fn lowered(sums: &[u16], x: usize) -> __m128i {
        _mm_xor_si128(load(sums, x), _mm_set1_epi16(i16::MIN))
    }

    #[target_feature(enable = "sse2")]
    pub(super) fn rows(channels: usize, sums: &[u16], weights: &[u8], out: &mut [u8]) {
        let n = out.len();
        assert!(!weights.is_empty(), "a weight for the middle");
        let radius = channels * (weights.len() - 1);
        assert_eq!(sums.len(), n + 2 * radius, "room for the kernel on each side");
        let start = _mm_set1_epi32(super::start(weights));
        let mut x = 0;
        while x + 16 <= n {
            let mut q = [start; 4];
            for (k, weight) in weights.iter().enumerate() {
                let (left, right) = (x + radius - k * channels, x + radius + k * channels);
                // The middle pairs with itself: give its weight to one of the two.
                let pair = if k == 0 { i32::from(*weight) } else { i32::from(*weight) * 0x1_0001 };
                let weight = _mm_set1_epi32(pair);
                for half in 0..2 {
                    let (a, b) = (lowered(sums, left + 8 * half), lowered(sums, right + 8 * half));
                    let low = _mm_madd_epi16(_mm_unpacklo_epi16(a, b), weight);
                    let high = _mm_madd_epi16(_mm_unpackhi_epi16(a, b), weight);
                    q[2 * half] = _mm_add_epi32(q[2 * half], low);
                    q[2 * half + 1] = _mm_add_epi32(q[2 * half + 1], high);
                }
            }
            let [a, b, c, d] = q;
            let first = _mm_packs_epi32(_mm_srli_epi32::<16>(a), _mm_srli_epi32::<16>(b));
            let second = _mm_packs_epi32(_mm_srli_epi32::<16>(c), _mm_srli_epi32::<16>(d));
            store(out, x, _mm_packus_epi16(first, second));
            x += 16;
        }
        super::scalar::rows(channels, &sums[x..], weights, &mut out[x..]);
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use crate::vector::{load, store};
    use std::arch::x86_64::*;

    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt,fma")]
    pub(super) fn columns(pairs: &[[&[u8]; 2]], weights: &[u8], sums: &mut [u16]) {
        let n = sums.len();
        assert!(!weights.is_empty() && pairs.len() >= weights.len(), "a pair of rows for each weight");
        assert!(pairs.iter().flatten().all(|row| row.len() == n), "rows of one length");
        // The multiply-add of bytes takes signed weights and saturates at 32767.
        if weights[0] > 127 || weights[1..].iter().any(|weight| *weight > 64) {
            return super::scalar::columns(pairs, weights, sums);
        }
        let both = |weight: u8| _mm256_set1_epi8(weight as i8);
        let mut x = 0;
        while x + 32 <= n {
            let middle = load(pairs[0][0], x);
            let zero = _mm256_setzero_si256();
            let mut low = _mm256_maddubs_epi16(_mm256_unpacklo_epi8(middle, zero), both(weights[0]));
            let mut high = _mm256_maddubs_epi16(_mm256_unpackhi_epi8(middle, zero), both(weights[0]));
            for ([above, below], weight) in pairs.iter().zip(weights).skip(1) {
                let (above, below, weight) = (load(above, x), load(below, x), both(*weight));
                low = _mm256_add_epi16(low, _mm256_maddubs_epi16(_mm256_unpacklo_epi8(above, below), weight));
                high =
                    _mm256_add_epi16(high, _mm256_maddubs_epi16(_mm256_unpackhi_epi8(above, below), weight));
            }
            store(sums, x, _mm256_permute2x128_si256::<0x20>(low, high));
            store(sums, x + 16, _mm256_permute2x128_si256::<0x31>(low, high));
            x += 32;
        }
        for (x, sum) in sums.iter_mut().enumerate().skip(x) {
            *sum = super::column(pairs, weights, x);
        }
    }

    /// Sixteen sums from `x` on, lowered by 32768 to fit signed words.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn lowered(sums: &[u16], x: usize) -> __m256i {
        _mm256_xor_si256(load(sums, x), _mm256_set1_epi16(i16::MIN))
    }

    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt,fma")]
    pub(super) fn rows(channels: usize, sums: &[u16], weights: &[u8], out: &mut [u8]) {
        let n = out.len();
        assert!(!weights.is_empty(), "a weight for the middle");
        let radius = channels * (weights.len() - 1);
        assert_eq!(sums.len(), n + 2 * radius, "room for the kernel on each side");
        let start = _mm256_set1_epi32(super::start(weights));
        let mut x = 0;
        while x + 32 <= n {
            let mut q = [start; 4];
            for (k, weight) in weights.iter().enumerate() {
                let (left, right) = (x + radius - k * channels, x + radius + k * channels);
                // The middle pairs with itself: give its weight to one of the two.
                let pair = if k == 0 { i32::from(*weight) } else { i32::from(*weight) * 0x1_0001 };
                let weight = _mm256_set1_epi32(pair);
                for half in 0..2 {
                    let (a, b) = (lowered(sums, left + 16 * half), lowered(sums, right + 16 * half));
                    let low = _mm256_madd_epi16(_mm256_unpacklo_epi16(a, b), weight);
                    let high = _mm256_madd_epi16(_mm256_unpackhi_epi16(a, b), weight);
                    q[2 * half] = _mm256_add_epi32(q[2 * half], low);
                    q[2 * half + 1] = _mm256_add_epi32(q[2 * half + 1], high);
                }
            }
            let [a, b, c, d] = q.map(|sum| _mm256_srli_epi32::<16>(sum));
            let packed = _mm256_packus_epi16(_mm256_packus_epi32(a, b), _mm256_packus_epi32(c, d));
            store(out, x, _mm256_permute4x64_epi64::<0xD8>(packed));
            x += 32;
        }
        super::scalar::rows(channels, &sums[x..], weights, &mut out[x..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Level;
    use proptest::collection::vec;
    use proptest::prelude::*;

    /// Symmetric weights that add up to 256.
    fn weights() -> impl Strategy<Value = Vec<u8>> {
        vec(0u32..100, 0..9).prop_map(|mut side| {
            while side.iter().sum::<u32>() > 127 {
                side.iter_mut().for_each(|w| *w /= 2);
            }
            let middle = 256 - 2 * side.iter().sum::<u32>();
            std::iter::once(middle.min(255) as u8).chain(side.into_iter().map(|w| w as u8)).collect()
        })
    }

    proptest! {
        #[test]
        fn the_wide_forms_equal_the_plain_ones(
            weights in weights(),
            samples in vec(any::<u8>(), 17 * 150),
            bright in any::<bool>(),
            n in 1usize..150,
            channels in prop_oneof![Just(1usize), Just(3)],
        ) {
            let samples: Vec<u8> = if bright { samples.iter().map(|v| v | 0xf0).collect() } else { samples };
            let row = |k: usize| &samples[k * 150..][..n];
            let r = weights.len() - 1;
            let pairs: Vec<[&[u8]; 2]> = (0..=r).map(|k| [row(r - k), row(r + k)]).collect();
            for level in Level::available() {
            let (mut a, mut b) = (vec![0; n], vec![1; n]);
            columns(level, &pairs, &weights, &mut a);
            scalar::columns(&pairs, &weights, &mut b);
            prop_assert_eq!(&a, &b);
            let inside = n.saturating_sub(2 * r * channels);
            let (mut c, mut d) = (vec![0; inside], vec![1; inside]);
            if inside > 0 {
                rows(level, channels, &a, &weights, &mut c);
                scalar::rows(channels, &b, &weights, &mut d);
                prop_assert_eq!(c, d);
            }
            let five = [row(0), row(1), row(2), row(3), row(4)];
            five_columns(level, five, &mut a);
            scalar::five_columns(five, &mut b);
            prop_assert_eq!(&a, &b);
            let inside = n.saturating_sub(4 * channels);
            let (mut c, mut d) = (vec![0; inside], vec![1; inside]);
            if inside > 0 {
                five_rows(level, channels, &a, &mut c);
                scalar::five_rows(channels, &b, &mut d);
                prop_assert_eq!(c, d);
            }
            }
        }
    }
}
