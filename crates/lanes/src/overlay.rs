//! A picture at half brightness with marked pixels in pure green.

written_twice! {
    /// Halves every sample (rounding down) and paints the pixels whose bit is set (0, 255, 0).
    ///
    /// # Panics
    /// When `rgb` is not whole pixels or `bits` has too few words for them.
    fn halve_and_mark(level, rgb: &mut [u8], bits: &[u64]);
}

/// The plain twins: ordinary Rust.
pub mod scalar {
    /// See [`super::halve_and_mark`].
    #[inline(always)]
    pub fn halve_and_mark(rgb: &mut [u8], bits: &[u64]) {
        assert!(rgb.len().is_multiple_of(3) && 64 * bits.len() >= rgb.len() / 3, "one bit a pixel");
        for (x, pixel) in rgb.chunks_exact_mut(3).enumerate() {
            let marked = bits[x / 64] >> (x % 64) & 1 == 1;
            let halved = [pixel[0] >> 1, pixel[1] >> 1, pixel[2] >> 1];
            pixel.copy_from_slice(&if marked { [0, 255, 0] } else { halved });
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use crate::vector::{load, store};
    use std::arch::x86_64::*;

    /// For byte `j` of the vector `k` of 32 pixels: which byte of the mask, which bit of it, and whether it is green.
    const fn tables(k: usize) -> [[u8; 32]; 3] {
        let mut tables = [[0; 32]; 3];
        let mut j = 0;
        while j < 32 {
            let sample = 32 * k + j;
            let pixel = sample / 3;
            tables[0][j] = (pixel / 8) as u8;
            tables[1][j] = 1 << (pixel % 8);
            tables[2][j] = if sample % 3 == 1 { 255 } else { 0 };
            j += 1;
        }
        tables
    }
    const TABLES: [[[u8; 32]; 3]; 3] = [tables(0), tables(1), tables(2)];

    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt,fma")]
    pub(super) fn halve_and_mark(rgb: &mut [u8], bits: &[u64]) {
        assert!(rgb.len().is_multiple_of(3) && 64 * bits.len() >= rgb.len() / 3, "one bit a pixel");
        let tables = TABLES.map(|of| [load(&of[0], 0), load(&of[1], 0), load(&of[2], 0)]);
        let low = _mm256_set1_epi8(0x7f);
        let mut at = 0;
        while at + 96 <= rgb.len() {
            let pixel = at / 3;
            let mask = _mm256_set1_epi32((bits[pixel / 64] >> (pixel % 64)) as u32 as i32);
            for (k, [byte, bit, green]) in tables.iter().enumerate() {
                let of_sample = _mm256_and_si256(_mm256_shuffle_epi8(mask, *byte), *bit);
                let marked = _mm256_cmpeq_epi8(of_sample, *bit);
                let half = _mm256_and_si256(_mm256_srli_epi16::<1>(load(rgb, at + 32 * k)), low);
                store(rgb, at + 32 * k, _mm256_blendv_epi8(half, *green, marked));
            }
            at += 96;
        }
        // The rest is at most 31 pixels and begins at a multiple of 32: it lies within one word.
        let rest = at / 3;
        if at < rgb.len() {
            super::scalar::halve_and_mark(&mut rgb[at..], &[bits[rest / 64] >> (rest % 64)]);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Level;
    use proptest::collection::vec;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_wide_form_equals_the_plain_one(rgb in vec(any::<u8>(), 0..900), bits in vec(any::<u64>(), 5)) {
            let pixels = rgb.len() / 3;
            let (mut wide, mut plain) = (rgb[..3 * pixels].to_vec(), rgb[..3 * pixels].to_vec());
            super::halve_and_mark(Level::detect(), &mut wide, &bits);
            super::scalar::halve_and_mark(&mut plain, &bits);
            prop_assert_eq!(wide, plain);
        }
    }
}
