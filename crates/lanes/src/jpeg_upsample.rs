//! Chroma back to full resolution: libjpeg-turbo's "fancy" triangle filters, bit for bit.
//!
//! Each works on one row of samples. Outside the row the nearest sample is repeated, which gives exactly that library's
//! special cases for the first and last column.

written_twice! {
    /// Doubles a row: 3/4 of the nearer sample and 1/4 of the further one. `out` holds `2 * row.len()` samples.
    ///
    /// # Panics
    /// When `out` is shorter than twice the row.
    fn upsample_h2v1(level, row: &[u8], out: &mut [u8]);

    /// Doubles a row of a plane that is halved in both directions: 9/16, 3/16, 3/16 and 1/16 of the four nearest samples.
    /// `near` is the chroma row nearer to the output row, `far` the other neighbour.
    ///
    /// # Panics
    /// When the rows differ in length or `out` is shorter than twice a row.
    fn upsample_h2v2(level, near: &[u8], far: &[u8], out: &mut [u8]);
}

/// A row of a plane that is halved vertically only. `lower` tells whether the output row is the lower of the two that the
/// near row stands for (it rounds up, the upper one down).
///
/// # Panics
/// When the rows differ in length or `out` is shorter than a row.
pub fn upsample_h1v2(near: &[u8], far: &[u8], lower: bool, out: &mut [u8]) {
    assert_eq!(near.len(), far.len(), "two rows of one plane");
    let bias = if lower { 2 } else { 1 };
    for ((o, n), f) in out[..near.len()].iter_mut().zip(near).zip(far) {
        *o = ((u16::from(*n) * 3 + u16::from(*f) + bias) >> 2) as u8;
    }
}

/// The plain twins: ordinary Rust.
mod scalar {
    pub(super) fn upsample_h2v1(row: &[u8], out: &mut [u8]) {
        double::<1, 2, 2>(row.len(), |i| u16::from(row[i]), out);
    }

    pub(super) fn upsample_h2v2(near: &[u8], far: &[u8], out: &mut [u8]) {
        assert_eq!(near.len(), far.len(), "two rows of one plane");
        double::<8, 7, 4>(near.len(), |i| 3 * u16::from(near[i]) + u16::from(far[i]), out);
    }

    /// Two outputs for each of `len` numbers: three parts of it and one of its left or right neighbour.
    #[inline(always)]
    fn double<const LEFT_BIAS: u16, const RIGHT_BIAS: u16, const SHIFT: u16>(
        len: usize,
        at: impl Fn(usize) -> u16,
        out: &mut [u8],
    ) {
        assert!(out.len() >= 2 * len, "room for a doubled row");
        for (i, pair) in out.chunks_exact_mut(2).take(len).enumerate() {
            let three = 3 * at(i);
            pair[0] = ((three + at(i.saturating_sub(1)) + LEFT_BIAS) >> SHIFT) as u8;
            pair[1] = ((three + at((i + 1).min(len - 1)) + RIGHT_BIAS) >> SHIFT) as u8;
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use super::scalar;
    use crate::half_vector::load16;
    use crate::vector::store;
    use std::arch::x86_64::*;

    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt,fma")]
    pub(super) fn upsample_h2v1(row: &[u8], out: &mut [u8]) {
        if row.len() < 18 {
            return scalar::upsample_h2v1(row, out);
        }
        let at = |i: usize| _mm256_cvtepu8_epi16(load16(row, i));
        double::<1, 2, 2>(row.len(), at, out);
        ends::<1, 2, 2>(row.len(), |i| u16::from(row[i]), out);
    }

    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt,fma")]
    pub(super) fn upsample_h2v2(near: &[u8], far: &[u8], out: &mut [u8]) {
        assert_eq!(near.len(), far.len(), "two rows of one plane");
        if near.len() < 18 {
            return scalar::upsample_h2v2(near, far, out);
        }
        let three = _mm256_set1_epi16(3);
        let at = |i: usize| {
            let near = _mm256_mullo_epi16(_mm256_cvtepu8_epi16(load16(near, i)), three);
            _mm256_add_epi16(near, _mm256_cvtepu8_epi16(load16(far, i)))
        };
        double::<8, 7, 4>(near.len(), at, out);
        ends::<8, 7, 4>(near.len(), |i| 3 * u16::from(near[i]) + u16::from(far[i]), out);
    }

    /// All outputs but the first and last pair, 16 numbers at a time; the last group overlaps the one before.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn double<const LEFT_BIAS: i16, const RIGHT_BIAS: i16, const SHIFT: i32>(
        len: usize,
        at: impl Fn(usize) -> __m256i,
        out: &mut [u8],
    ) {
        let mut i = 1;
        loop {
            let (left, here, right) = (at(i - 1), at(i), at(i + 1));
            let three = _mm256_add_epi16(here, _mm256_add_epi16(here, here));
            let even = _mm256_add_epi16(_mm256_add_epi16(three, left), _mm256_set1_epi16(LEFT_BIAS));
            let odd = _mm256_add_epi16(_mm256_add_epi16(three, right), _mm256_set1_epi16(RIGHT_BIAS));
            let even = _mm256_srli_epi16::<SHIFT>(even);
            let odd = _mm256_slli_epi16::<8>(_mm256_srli_epi16::<SHIFT>(odd));
            store(out, 2 * i, _mm256_or_si256(even, odd));
            // The group after this one may begin where its right neighbours still lie in the row.
            let last = len - 17;
            if i == last {
                break;
            }
            i = (i + 16).min(last);
        }
    }

    /// The first and the last pair, whose outer neighbours are themselves.
    fn ends<const LEFT_BIAS: u16, const RIGHT_BIAS: u16, const SHIFT: u16>(
        len: usize,
        at: impl Fn(usize) -> u16,
        out: &mut [u8],
    ) {
        for i in [0, len - 1] {
            let three = 3 * at(i);
            out[2 * i] = ((three + at(i.saturating_sub(1)) + LEFT_BIAS) >> SHIFT) as u8;
            out[2 * i + 1] = ((three + at((i + 1).min(len - 1)) + RIGHT_BIAS) >> SHIFT) as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Level;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn all_levels_double_a_row_alike(rows in proptest::collection::vec(any::<(u8, u8)>(), 1..130)) {
            let (near, far): (Vec<u8>, Vec<u8>) = rows.into_iter().unzip();
            let (mut plain1, mut plain2) = (vec![0; 2 * near.len()], vec![0; 2 * near.len()]);
            upsample_h2v1(Level::SCALAR, &near, &mut plain1);
            upsample_h2v2(Level::SCALAR, &near, &far, &mut plain2);
            for level in Level::available() {
                let (mut out1, mut out2) = (vec![1; 2 * near.len()], vec![1; 2 * near.len()]);
                upsample_h2v1(level, &near, &mut out1);
                upsample_h2v2(level, &near, &far, &mut out2);
                prop_assert_eq!((&out1, &out2), (&plain1, &plain2), "{}", level.name());
            }
        }
    }

    #[test]
    fn a_step_becomes_a_ramp() {
        let mut out = [0; 8];
        upsample_h2v1(Level::detect(), &[0, 0, 100, 100], &mut out);
        assert_eq!(out, [0, 0, 0, 25, 75, 100, 100, 100]);
    }
}
