//! Colour to luminance by OpenCV's integer formula.

written_for_each! {
    /// Luminance of red-green-blue pixels: `(9798 R + 19235 G + 3735 B + 16384) >> 15`, which is OpenCV's 8-bit
    /// form of 0.299 R + 0.587 G + 0.114 B.
    ///
    /// # Panics
    /// When `rgb` is not three times as long as `gray`.
    fn gray(level, rgb: &[u8], gray: &mut [u8]);
}

/// The plain twins: ordinary Rust.
pub mod scalar {
    /// See [`super::gray`].
    #[inline(always)]
    pub fn gray(rgb: &[u8], gray: &mut [u8]) {
        assert_eq!(rgb.len(), 3 * gray.len(), "three samples a pixel");
        for (luminance, pixel) in gray.iter_mut().zip(rgb.chunks_exact(3)) {
            let [r, g, b] = [u32::from(pixel[0]), u32::from(pixel[1]), u32::from(pixel[2])];
            *luminance = ((9798 * r + 19235 * g + 3735 * b + 16384) >> 15) as u8;
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use crate::vector::{load_two_halves, store};
    use std::arch::x86_64::*;

    /// Eight pixels (24 bytes from `at`, the last four bytes of the load are ignored) as 32-bit luminances.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn eight(rgb: &[u8], at: usize) -> __m256i {
        let pixels = load_two_halves(rgb, at, at + 12);
        // Red and green as a pair of 16-bit words a pixel; blue and the constant 1 as another.
        let pair = _mm256_setr_epi8(
            0, -1, 1, -1, 3, -1, 4, -1, 6, -1, 7, -1, 9, -1, 10, -1, //
            0, -1, 1, -1, 3, -1, 4, -1, 6, -1, 7, -1, 9, -1, 10, -1,
        );
        let alone = _mm256_setr_epi8(
            2, -1, -1, -1, 5, -1, -1, -1, 8, -1, -1, -1, 11, -1, -1, -1, //
            2, -1, -1, -1, 5, -1, -1, -1, 8, -1, -1, -1, 11, -1, -1, -1,
        );
        let red_green = _mm256_shuffle_epi8(pixels, pair);
        let blue_one = _mm256_or_si256(_mm256_shuffle_epi8(pixels, alone), _mm256_set1_epi32(1 << 16));
        let sum = _mm256_add_epi32(
            _mm256_madd_epi16(red_green, _mm256_set1_epi32(9798 | 19235 << 16)),
            _mm256_madd_epi16(blue_one, _mm256_set1_epi32(3735 | 16384 << 16)),
        );
        _mm256_srli_epi32::<15>(sum)
    }

    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt,fma")]
    pub(super) fn gray(rgb: &[u8], gray: &mut [u8]) {
        assert_eq!(rgb.len(), 3 * gray.len(), "three samples a pixel");
        let order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
        let mut x = 0;
        // A group of eight pixels reads four bytes beyond itself, hence the two pixels of room.
        while x + 34 <= gray.len() {
            let (a, b) = (eight(rgb, 3 * x), eight(rgb, 3 * x + 24));
            let (c, d) = (eight(rgb, 3 * x + 48), eight(rgb, 3 * x + 72));
            let packed = _mm256_packus_epi16(_mm256_packus_epi32(a, b), _mm256_packus_epi32(c, d));
            store(gray, x, _mm256_permutevar8x32_epi32(packed, order));
            x += 32;
        }
        super::scalar::gray(&rgb[3 * x..], &mut gray[x..]);
    }
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use crate::half_vector::store16;
    use crate::vector::load512;
    use std::arch::x86_64::*;

    /// Bytes of sixteen pixels, each pixel's three in the lower bytes of a 32-bit number.
    const APART: [u8; 64] = {
        let mut bytes = [0; 64];
        let mut k = 0;
        while k < 64 {
            bytes[k] = (k / 4 * 3 + k % 4) as u8;
            k += 1;
        }
        bytes
    };

    /// Three signed bytes as the multiply-add wants them, the fourth being 0.
    const fn weights(red: i8, green: i8, blue: i8) -> i32 {
        i32::from_le_bytes([red as u8, green as u8, blue as u8, 0])
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512vnni,avx2")]
    pub(super) fn gray(rgb: &[u8], gray: &mut [u8]) {
        assert_eq!(rgb.len(), 3 * gray.len(), "three samples a pixel");
        let apart = load512(&APART, 0);
        // 9798 = 256 * 38 + 70, 19235 = 256 * 75 + 35, 3735 = 256 * 15 - 105.
        let (high, low) = (_mm512_set1_epi32(weights(38, 75, 15)), _mm512_set1_epi32(weights(70, 35, -105)));
        let half = _mm512_set1_epi32(16384);
        let mut x = 0;
        // Sixteen pixels are 48 bytes, and 64 are read.
        while x + 22 <= gray.len() {
            let pixels = _mm512_permutexvar_epi8(apart, load512(rgb, 3 * x));
            let high = _mm512_dpbusd_epi32(_mm512_setzero_si512(), pixels, high);
            let sum = _mm512_dpbusd_epi32(_mm512_add_epi32(_mm512_slli_epi32::<8>(high), half), pixels, low);
            store16(gray, x, _mm512_cvtepi32_epi8(_mm512_srli_epi32::<15>(sum)));
            x += 16;
        }
        super::scalar::gray(&rgb[3 * x..], &mut gray[x..]);
    }
}

#[cfg(test)]
mod tests {
    use crate::Level;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_wide_form_equals_the_plain_one(rgb in proptest::collection::vec(any::<u8>(), 0..600)) {
            let pixels = rgb.len() / 3;
            let mut plain = vec![1; pixels];
            super::scalar::gray(&rgb[..3 * pixels], &mut plain);
            for level in Level::available() {
                let mut wide = vec![0; pixels];
                super::gray(level, &rgb[..3 * pixels], &mut wide);
                prop_assert_eq!(&wide, &plain);
            }
        }
    }

    #[test]
    fn gray_pixels_keep_their_value() {
        for value in 0..=255 {
            let mut gray = [0; 100];
            super::gray(Level::detect(), &[value; 300], &mut gray);
            assert_eq!(gray, [value; 100]);
        }
    }
}
