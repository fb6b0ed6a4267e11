//! Gradients: Sobel of aperture 3 and 5, magnitude and sector.
//!
//! With aperture 5 and 8-bit pixels `|dx| + |dy|` is at most 24480, so 16-bit lanes hold everything exactly.

/// Sectors of a gradient: which two neighbours a maximum must exceed.
pub mod sector {
    /// Compare with left and right.
    pub const HORIZONTAL: i16 = 0;
    /// Compare with above and below.
    pub const VERTICAL: i16 = 1;
    /// Compare with upper left and lower right.
    pub const FALLING: i16 = 2;
    /// Compare with upper right and lower left.
    pub const RISING: i16 = 3;
}

compiled_for_each! {
    /// Vertical half of Sobel with aperture 3: `smooth = a + 2b + c`, `slope = c - a`.
    ///
    /// # Panics
    /// When the lengths differ.
    fn sobel3_columns(level, rows: [&[u8]; 3], smooth: &mut [i16], slope: &mut [i16]);

    /// Vertical half of Sobel with aperture 5: `smooth = a + 4b + 6c + 4d + e`, `slope = e - a + 2 (d - b)`.
    ///
    /// # Panics
    /// When the lengths differ.
    fn sobel5_columns(level, rows: [&[u8]; 5], smooth: &mut [i16], slope: &mut [i16]);
}

written_for_each! {
    /// Horizontal half with aperture 3, then magnitude `|dx| + |dy|` and [`sector`].
    ///
    /// # Panics
    /// When `smooth` and `slope` are not two longer than `magnitude` and `sector`.
    fn sobel3_rows(level, smooth: &[i16], slope: &[i16], magnitude: &mut [i16], sector: &mut [i16]);

    /// Horizontal half with aperture 5, then magnitude and [`sector`], as [`sobel3_rows`] does.
    ///
    /// # Panics
    /// When `smooth` and `slope` are not four longer than `magnitude` and `sector`.
    fn sobel5_rows(level, smooth: &[i16], slope: &[i16], magnitude: &mut [i16], sector: &mut [i16]);
}

/// The plain twins: ordinary Rust.
pub mod scalar {
    use super::sector as name;

    /// See [`super::sobel3_columns`].
    #[inline(always)]
    pub fn sobel3_columns(rows: [&[u8]; 3], smooth: &mut [i16], slope: &mut [i16]) {
        let n = smooth.len();
        assert!(rows.iter().all(|row| row.len() == n) && slope.len() == n, "rows of one length");
        let [above, here, below] = rows.map(|row| &row[..n]);
        for x in 0..n {
            let [a, b, c] = [above[x], here[x], below[x]].map(i16::from);
            smooth[x] = a + 2 * b + c;
            slope[x] = c - a;
        }
    }

    /// See [`super::sobel5_columns`].
    #[inline(always)]
    pub fn sobel5_columns(rows: [&[u8]; 5], smooth: &mut [i16], slope: &mut [i16]) {
        let n = smooth.len();
        assert!(rows.iter().all(|row| row.len() == n) && slope.len() == n, "rows of one length");
        let [first, second, third, fourth, fifth] = rows.map(|row| &row[..n]);
        for x in 0..n {
            let [a, b, c, d, e] = [first[x], second[x], third[x], fourth[x], fifth[x]].map(i16::from);
            smooth[x] = a + e + 4 * (b + d) + 6 * c;
            slope[x] = e - a + 2 * (d - b);
        }
    }

    /// See [`super::sobel3_rows`].
    #[inline(always)]
    pub fn sobel3_rows(smooth: &[i16], slope: &[i16], magnitude: &mut [i16], sector: &mut [i16]) {
        let n = magnitude.len();
        assert!(smooth.len() == n + 2 && slope.len() == n + 2 && sector.len() == n, "one more on each side");
        for x in 0..n {
            let dx = smooth[x + 2] - smooth[x];
            let dy = slope[x] + 2 * slope[x + 1] + slope[x + 2];
            (magnitude[x], sector[x]) = polar(dx, dy);
        }
    }

    /// See [`super::sobel5_rows`].
    #[inline(always)]
    pub fn sobel5_rows(smooth: &[i16], slope: &[i16], magnitude: &mut [i16], sector: &mut [i16]) {
        let n = magnitude.len();
        assert!(smooth.len() == n + 4 && slope.len() == n + 4 && sector.len() == n, "two more on each side");
        for x in 0..n {
            let dx = smooth[x + 4] - smooth[x] + 2 * (smooth[x + 3] - smooth[x + 1]);
            let dy = slope[x] + slope[x + 4] + 4 * (slope[x + 1] + slope[x + 3]) + 6 * slope[x + 2];
            (magnitude[x], sector[x]) = polar(dx, dy);
        }
    }

    /// Magnitude and sector. 13573 / 32768 is tan 22.5°, and tan 67.5° is two more: exact in integers.
    #[inline(always)]
    fn polar(dx: i16, dy: i16) -> (i16, i16) {
        let (x, y) = (i32::from(dx.abs()), i32::from(dy.abs()));
        let flat = (2 * x * 13573) >> 16;
        let sector = if y <= flat {
            name::HORIZONTAL
        } else if y > flat + 2 * x {
            name::VERTICAL
        } else if dx ^ dy >= 0 {
            name::FALLING
        } else {
            name::RISING
        };
        ((x + y) as i16, sector)
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use super::sector as name;
    use crate::vector::{load, store};
    use std::arch::x86_64::*;

    /// Magnitude and sector of sixteen gradients; see the plain twin for the constants. There is no short way for vectors
    /// that are flat all over: in texture its branch is mispredicted, which costs more than it saves elsewhere.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn polar(dx: __m256i, dy: __m256i) -> (__m256i, __m256i) {
        let (x, y) = (_mm256_abs_epi16(dx), _mm256_abs_epi16(dy));
        let magnitude = _mm256_add_epi16(x, y);
        let twice = _mm256_add_epi16(x, x);
        let flat = _mm256_mulhi_epu16(twice, _mm256_set1_epi16(13573));
        let not_horizontal = _mm256_cmpgt_epi16(y, flat);
        // The sum passes 32767 as a signed word only when y cannot exceed it, so saturate.
        let vertical = _mm256_cmpgt_epi16(y, _mm256_adds_epi16(flat, twice));
        let opposite = _mm256_srli_epi16::<15>(_mm256_xor_si256(dx, dy));
        let diagonal = _mm256_add_epi16(_mm256_set1_epi16(name::FALLING), opposite);
        let sector = _mm256_blendv_epi8(diagonal, _mm256_set1_epi16(name::VERTICAL), vertical);
        (magnitude, _mm256_and_si256(sector, not_horizontal))
    }

    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt,fma")]
    pub(super) fn sobel3_rows(smooth: &[i16], slope: &[i16], magnitude: &mut [i16], sector: &mut [i16]) {
        let n = magnitude.len();
        assert!(smooth.len() == n + 2 && slope.len() == n + 2 && sector.len() == n, "one more on each side");
        let mut x = 0;
        while x + 16 <= n {
            let dx = _mm256_sub_epi16(load(smooth, x + 2), load(smooth, x));
            let middle = load(slope, x + 1);
            let outer = _mm256_add_epi16(load(slope, x), load(slope, x + 2));
            let (m, s) = polar(dx, _mm256_add_epi16(outer, _mm256_add_epi16(middle, middle)));
            store(magnitude, x, m);
            store(sector, x, s);
            x += 16;
        }
        super::scalar::sobel3_rows(&smooth[x..], &slope[x..], &mut magnitude[x..], &mut sector[x..]);
    }

    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt,fma")]
    pub(super) fn sobel5_rows(smooth: &[i16], slope: &[i16], magnitude: &mut [i16], sector: &mut [i16]) {
        let n = magnitude.len();
        assert!(smooth.len() == n + 4 && slope.len() == n + 4 && sector.len() == n, "two more on each side");
        let mut x = 0;
        while x + 16 <= n {
            let near = _mm256_sub_epi16(load(smooth, x + 3), load(smooth, x + 1));
            let far = _mm256_sub_epi16(load(smooth, x + 4), load(smooth, x));
            let dx = _mm256_add_epi16(far, _mm256_add_epi16(near, near));
            let middle = load(slope, x + 2);
            let near = _mm256_add_epi16(load(slope, x + 1), load(slope, x + 3));
            let far = _mm256_add_epi16(load(slope, x), load(slope, x + 4));
            // 4 near + 6 middle = 4 (near + middle) + 2 middle
            let weighted = _mm256_add_epi16(
                _mm256_slli_epi16::<2>(_mm256_add_epi16(near, middle)),
                _mm256_add_epi16(middle, middle),
            );
            let (m, s) = polar(dx, _mm256_add_epi16(far, weighted));
            store(magnitude, x, m);
            store(sector, x, s);
            x += 16;
        }
        super::scalar::sobel5_rows(&smooth[x..], &slope[x..], &mut magnitude[x..], &mut sector[x..]);
    }
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use super::sector as name;
    use crate::vector::{load512 as load, store512 as store};
    use std::arch::x86_64::*;

    /// Magnitude and sector of 32 gradients; see the plain twin for the constants.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
    #[inline]
    fn polar(dx: __m512i, dy: __m512i) -> (__m512i, __m512i) {
        let (x, y) = (_mm512_abs_epi16(dx), _mm512_abs_epi16(dy));
        let magnitude = _mm512_add_epi16(x, y);
        let twice = _mm512_add_epi16(x, x);
        let flat = _mm512_mulhi_epu16(twice, _mm512_set1_epi16(13573));
        let not_horizontal = _mm512_cmpgt_epi16_mask(y, flat);
        let vertical = _mm512_cmpgt_epi16_mask(y, _mm512_adds_epi16(flat, twice));
        let opposite = _mm512_srli_epi16::<15>(_mm512_xor_si512(dx, dy));
        let diagonal = _mm512_add_epi16(_mm512_set1_epi16(name::FALLING), opposite);
        let sector = _mm512_mask_blend_epi16(vertical, diagonal, _mm512_set1_epi16(name::VERTICAL));
        (magnitude, _mm512_maskz_mov_epi16(not_horizontal, sector))
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
    pub(super) fn sobel3_rows(smooth: &[i16], slope: &[i16], magnitude: &mut [i16], sector: &mut [i16]) {
        let n = magnitude.len();
        assert!(smooth.len() == n + 2 && slope.len() == n + 2 && sector.len() == n, "one more on each side");
        let mut x = 0;
        while x + 32 <= n {
            let dx = _mm512_sub_epi16(load(smooth, x + 2), load(smooth, x));
            let middle = load(slope, x + 1);
            let outer = _mm512_add_epi16(load(slope, x), load(slope, x + 2));
            let (m, s) = polar(dx, _mm512_add_epi16(outer, _mm512_add_epi16(middle, middle)));
            store(magnitude, x, m);
            store(sector, x, s);
            x += 32;
        }
        super::scalar::sobel3_rows(&smooth[x..], &slope[x..], &mut magnitude[x..], &mut sector[x..]);
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
    pub(super) fn sobel5_rows(smooth: &[i16], slope: &[i16], magnitude: &mut [i16], sector: &mut [i16]) {
        let n = magnitude.len();
        assert!(smooth.len() == n + 4 && slope.len() == n + 4 && sector.len() == n, "two more on each side");
        let mut x = 0;
        while x + 32 <= n {
            let near = _mm512_sub_epi16(load(smooth, x + 3), load(smooth, x + 1));
            let far = _mm512_sub_epi16(load(smooth, x + 4), load(smooth, x));
            let dx = _mm512_add_epi16(far, _mm512_add_epi16(near, near));
            let middle = load(slope, x + 2);
            let near = _mm512_add_epi16(load(slope, x + 1), load(slope, x + 3));
            let far = _mm512_add_epi16(load(slope, x), load(slope, x + 4));
            // 4 near + 6 middle = 4 (near + middle) + 2 middle
            let four = _mm512_slli_epi16::<2>(_mm512_add_epi16(near, middle));
            let dy = _mm512_add_epi16(far, _mm512_add_epi16(four, _mm512_add_epi16(middle, middle)));
            let (m, s) = polar(dx, dy);
            store(magnitude, x, m);
            store(sector, x, s);
            x += 32;
        }
        super::scalar::sobel5_rows(&smooth[x..], &slope[x..], &mut magnitude[x..], &mut sector[x..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Level;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn column(rows: &[[u8; 5]], k: usize) -> Vec<u8> {
        rows.iter().map(|row| row[k]).collect()
    }

    proptest! {
        #[test]
        fn sobel_in_lanes_equals_plain_sobel(rows in vec(any::<[u8; 5]>(), 5..200), flat in any::<bool>()) {
            // Extreme values reach the ends of the 16-bit range.
            let rows: Vec<[u8; 5]> =
                if flat { rows.iter().map(|r| r.map(|v| if v > 127 { 255 } else { 0 })).collect() } else { rows };
            for level in Level::available() {
            let r: [Vec<u8>; 5] = std::array::from_fn(|k| column(&rows, k));
            let five: [&[u8]; 5] = std::array::from_fn(|k| &r[k][..]);
            let three = [five[0], five[1], five[2]];
            let n = rows.len();
            let fresh = || (vec![0i16; n], vec![0i16; n]);
            let ((mut a, mut b), (mut c, mut d)) = (fresh(), fresh());
            sobel5_columns(level, five, &mut a, &mut b);
            scalar::sobel5_columns(five, &mut c, &mut d);
            prop_assert_eq!((&a, &b), (&c, &d));
            let short = || (vec![0i16; n - 4], vec![0i16; n - 4]);
            let ((mut m, mut s), (mut pm, mut ps)) = (short(), short());
            sobel5_rows(level, &a, &b, &mut m, &mut s);
            scalar::sobel5_rows(&a, &b, &mut pm, &mut ps);
            prop_assert_eq!((m, s), (pm, ps));
            sobel3_columns(level, three, &mut a, &mut b);
            scalar::sobel3_columns(three, &mut c, &mut d);
            prop_assert_eq!((&a, &b), (&c, &d));
            let short = || (vec![0i16; n - 2], vec![0i16; n - 2]);
            let ((mut m, mut s), (mut pm, mut ps)) = (short(), short());
            sobel3_rows(level, &a, &b, &mut m, &mut s);
            scalar::sobel3_rows(&a, &b, &mut pm, &mut ps);
            prop_assert_eq!((m, s), (pm, ps));
            }
        }
    }
}
