//! JPEG's YCbCr to RGB and back: the fixed-point arithmetic of libjpeg, bit for bit.

written_twice! {
    /// One row from luma and chroma at full resolution to RGB.
    ///
    /// # Panics
    /// When the rows differ in length or `rgb` does not hold three samples a pixel.
    fn ycc_to_rgb(level, y: &[u8], cb: &[u8], cr: &[u8], rgb: &mut [u8]);

    /// One row from RGB to luma and chroma at full resolution.
    ///
    /// # Panics
    /// When the rows differ in length or `rgb` does not hold three samples a pixel.
    fn rgb_to_ycc(level, rgb: &[u8], y: &mut [u8], cb: &mut [u8], cr: &mut [u8]);

    /// Halves two rows of chroma in both directions into one of half the length: the mean of four, rounded down and up in
    /// turn.
    ///
    /// # Panics
    /// When a row is shorter than twice `out`.
    fn downsample_h2v2(level, upper: &[u8], lower: &[u8], out: &mut [u8]);
}

fn check_lengths(y: &[u8], cb: &[u8], cr: &[u8], rgb: &[u8]) {
    assert!(y.len() == cb.len() && y.len() == cr.len(), "three rows of one length");
    assert_eq!(rgb.len(), 3 * y.len(), "three samples a pixel");
}

/// The plain twins: ordinary Rust.
mod scalar {
    use super::check_lengths;

    /// 16-bit fixed point of the conversion's factors.
    const HALF: i32 = 1 << 15;

    pub(super) fn ycc_to_rgb(y: &[u8], cb: &[u8], cr: &[u8], rgb: &mut [u8]) {
        check_lengths(y, cb, cr, rgb);
        for (((rgb, y), cb), cr) in rgb.chunks_exact_mut(3).zip(y).zip(cb).zip(cr) {
            let (y, cb, cr) = (i32::from(*y), i32::from(*cb) - 128, i32::from(*cr) - 128);
            rgb[0] = clamp(y + ((91881 * cr + HALF) >> 16));
            rgb[1] = clamp(y + ((-22554 * cb - 46802 * cr + HALF) >> 16));
            rgb[2] = clamp(y + ((116130 * cb + HALF) >> 16));
        }
    }

    fn clamp(v: i32) -> u8 {
        v.clamp(0, 255) as u8
    }

    pub(super) fn rgb_to_ycc(rgb: &[u8], y: &mut [u8], cb: &mut [u8], cr: &mut [u8]) {
        check_lengths(y, cb, cr, rgb);
        // Chroma rounds to nearest with ties down, so that 255 is never exceeded.
        const CENTRE: i32 = (128 << 16) + HALF - 1;
        for (((rgb, y), cb), cr) in rgb.chunks_exact(3).zip(y).zip(cb).zip(cr) {
            let (r, g, b) = (i32::from(rgb[0]), i32::from(rgb[1]), i32::from(rgb[2]));
            *y = ((19595 * r + 38470 * g + 7471 * b + HALF) >> 16) as u8;
            *cb = ((-11059 * r - 21709 * g + 32768 * b + CENTRE) >> 16) as u8;
            *cr = ((32768 * r - 27439 * g - 5329 * b + CENTRE) >> 16) as u8;
        }
    }

    pub(super) fn downsample_h2v2(upper: &[u8], lower: &[u8], out: &mut [u8]) {
        assert!(
            upper.len() >= 2 * out.len() && lower.len() >= 2 * out.len(),
            "two samples for each of the output"
        );
        for (i, ((o, a), b)) in
            out.iter_mut().zip(upper.chunks_exact(2)).zip(lower.chunks_exact(2)).enumerate()
        {
            let sum = u16::from(a[0]) + u16::from(a[1]) + u16::from(b[0]) + u16::from(b[1]);
            *o = ((sum + 1 + (i as u16 & 1)) >> 2) as u8;
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use super::{check_lengths, scalar};
    use crate::half_vector::{factors, load16};
    use crate::vector::{load, load_two_halves, store};
    use std::arch::x86_64::*;

    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt,fma")]
    pub(super) fn ycc_to_rgb(y: &[u8], cb: &[u8], cr: &[u8], rgb: &mut [u8]) {
        check_lengths(y, cb, cr, rgb);
        let whole = y.len() / 32 * 32;
        for x in (0..whole).step_by(32) {
            let (r0, g0, b0) = sixteen_to_rgb(load16(y, x), load16(cb, x), load16(cr, x));
            let (r1, g1, b1) = sixteen_to_rgb(load16(y, x + 16), load16(cb, x + 16), load16(cr, x + 16));
            let pack = |a, b| _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packus_epi16(a, b));
            store_interleaved(rgb, 3 * x, pack(r0, r1), pack(g0, g1), pack(b0, b1));
        }
        scalar::ycc_to_rgb(&y[whole..], &cb[whole..], &cr[whole..], &mut rgb[3 * whole..]);
    }

    /// Sixteen pixels as 16-bit numbers, not yet clamped.
    ///
    /// The factors above 1 are split so that they fit 16 bits: 1.402 = 1 + 0.402, 1.772 = 2 - 0.228, -0.714 = 0.286 - 1.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn sixteen_to_rgb(y: __m128i, cb: __m128i, cr: __m128i) -> (__m256i, __m256i, __m256i) {
        let centre = _mm256_set1_epi16(128);
        let y = _mm256_cvtepu8_epi16(y);
        let cb = _mm256_sub_epi16(_mm256_cvtepu8_epi16(cb), centre);
        let cr = _mm256_sub_epi16(_mm256_cvtepu8_epi16(cr), centre);
        // (2 * c * factor >> 16) + 1 >> 1 is c * factor rounded.
        let rounded = |twice: __m256i, factor: i16| {
            let high = _mm256_mulhi_epi16(twice, _mm256_set1_epi16(factor));
            _mm256_srai_epi16::<1>(_mm256_add_epi16(high, _mm256_set1_epi16(1)))
        };
        let (cb2, cr2) = (_mm256_add_epi16(cb, cb), _mm256_add_epi16(cr, cr));
        let r = _mm256_add_epi16(_mm256_add_epi16(y, cr), rounded(cr2, 26345));
        let b = _mm256_add_epi16(_mm256_add_epi16(y, cb2), rounded(cb2, -14942));
        let half = _mm256_set1_epi32(1 << 15);
        let green = |pairs| {
            let sum = _mm256_madd_epi16(pairs, factors(-22554, 18734));
            _mm256_srai_epi32::<16>(_mm256_add_epi32(sum, half))
        };
        let low = green(_mm256_unpacklo_epi16(cb, cr));
        let high = green(_mm256_unpackhi_epi16(cb, cr));
        let g = _mm256_add_epi16(_mm256_sub_epi16(y, cr), _mm256_packs_epi32(low, high));
        (r, g, b)
    }

    /// Writes 32 pixels, red, green, blue in turn.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn store_interleaved(out: &mut [u8], at: usize, r: __m256i, g: __m256i, b: __m256i) {
        // In each half: every byte to the place that it has modulo 16 in its 48 bytes; blends then pick the right ones.
        let spread = |v, order: __m128i| _mm256_shuffle_epi8(v, _mm256_set_m128i(order, order));
        let r = spread(r, _mm_setr_epi8(0, 11, 6, 1, 12, 7, 2, 13, 8, 3, 14, 9, 4, 15, 10, 5));
        let g = spread(g, _mm_setr_epi8(5, 0, 11, 6, 1, 12, 7, 2, 13, 8, 3, 14, 9, 4, 15, 10));
        let b = spread(b, _mm_setr_epi8(10, 5, 0, 11, 6, 1, 12, 7, 2, 13, 8, 3, 14, 9, 4, 15));
        let (every, second) = (third_bytes(2), third_bytes(1));
        let mix = |a, b, c| _mm256_blendv_epi8(_mm256_blendv_epi8(a, b, second), c, every);
        let (p0, p1, p2) = (mix(r, g, b), mix(g, b, r), mix(b, r, g));
        store(out, at, _mm256_permute2x128_si256::<0x20>(p0, p1));
        store(out, at + 32, _mm256_permute2x128_si256::<0x30>(p2, p0));
        store(out, at + 64, _mm256_permute2x128_si256::<0x31>(p1, p2));
    }

    /// All ones in the bytes of each half whose index modulo 3 is `rest`.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn third_bytes(rest: usize) -> __m256i {
        const ONES: [[i64; 2]; 3] = {
            let mut masks = [[0; 2]; 3];
            let mut i = 0;
            while i < 16 {
                masks[i % 3][i / 8] |= 0xFF << (8 * (i % 8));
                i += 1;
            }
            masks
        };
        let [low, high] = ONES[rest];
        _mm256_setr_epi64x(low, high, low, high)
    }

    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt,fma")]
    pub(super) fn rgb_to_ycc(rgb: &[u8], y: &mut [u8], cb: &mut [u8], cr: &mut [u8]) {
        check_lengths(y, cb, cr, rgb);
        let whole = y.len() / 32 * 32;
        let zero = _mm256_setzero_si256();
        for x in (0..whole).step_by(32) {
            let (r, g, b) = load_separated(rgb, 3 * x);
            let low = sixteen_to_ycc(
                _mm256_unpacklo_epi8(r, zero),
                _mm256_unpacklo_epi8(g, zero),
                _mm256_unpacklo_epi8(b, zero),
            );
            let high = sixteen_to_ycc(
                _mm256_unpackhi_epi8(r, zero),
                _mm256_unpackhi_epi8(g, zero),
                _mm256_unpackhi_epi8(b, zero),
            );
            store(y, x, _mm256_packus_epi16(low.0, high.0));
            store(cb, x, _mm256_packus_epi16(low.1, high.1));
            store(cr, x, _mm256_packus_epi16(low.2, high.2));
        }
        scalar::rgb_to_ycc(&rgb[3 * whole..], &mut y[whole..], &mut cb[whole..], &mut cr[whole..]);
    }

    /// 32 pixels by colour: bytes in the order of the pixels.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn load_separated(rgb: &[u8], at: usize) -> (__m256i, __m256i, __m256i) {
        // Lower halves hold the first 16 pixels, upper halves the others.
        let a = load_two_halves(rgb, at, at + 48);
        let b = load_two_halves(rgb, at + 16, at + 64);
        let c = load_two_halves(rgb, at + 32, at + 80);
        let (zeroth, first, second) = (third_bytes(0), third_bytes(1), third_bytes(2));
        // The first byte of `a` is red, of `b` green, of `c` blue: red lies in `a` at 0 modulo 3, in `b` at 2, in `c` at 1.
        let pick = |in_b, in_c| _mm256_blendv_epi8(_mm256_blendv_epi8(a, b, in_b), c, in_c);
        let gather = |v, order: __m128i| _mm256_shuffle_epi8(v, _mm256_set_m128i(order, order));
        (
            gather(pick(second, first), _mm_setr_epi8(0, 3, 6, 9, 12, 15, 2, 5, 8, 11, 14, 1, 4, 7, 10, 13)),
            gather(pick(zeroth, second), _mm_setr_epi8(1, 4, 7, 10, 13, 0, 3, 6, 9, 12, 15, 2, 5, 8, 11, 14)),
            gather(pick(first, zeroth), _mm_setr_epi8(2, 5, 8, 11, 14, 1, 4, 7, 10, 13, 0, 3, 6, 9, 12, 15)),
        )
    }

    /// Sixteen pixels as 16-bit numbers.
    ///
    /// A factor of one half does not fit 16 bits with sign, so it becomes a shift; green's share of luma is split in two.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn sixteen_to_ycc(r: __m256i, g: __m256i, b: __m256i) -> (__m256i, __m256i, __m256i) {
        let zero = _mm256_setzero_si256();
        let low = eight_to_ycc(
            _mm256_unpacklo_epi16(r, g),
            _mm256_unpacklo_epi16(b, g),
            _mm256_unpacklo_epi16(zero, r),
            _mm256_unpacklo_epi16(zero, b),
        );
        let high = eight_to_ycc(
            _mm256_unpackhi_epi16(r, g),
            _mm256_unpackhi_epi16(b, g),
            _mm256_unpackhi_epi16(zero, r),
            _mm256_unpackhi_epi16(zero, b),
        );
        (
            _mm256_packus_epi32(low.0, high.0),
            _mm256_packus_epi32(low.1, high.1),
            _mm256_packus_epi32(low.2, high.2),
        )
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn eight_to_ycc(
        rg: __m256i,
        bg: __m256i,
        r_high: __m256i,
        b_high: __m256i,
    ) -> (__m256i, __m256i, __m256i) {
        let half = _mm256_set1_epi32(1 << 15);
        let centre = _mm256_set1_epi32((128 << 16) + (1 << 15) - 1);
        let add = |a, b, c| _mm256_srli_epi32::<16>(_mm256_add_epi32(_mm256_add_epi32(a, b), c));
        let y = add(
            _mm256_madd_epi16(rg, factors(19595, 38470 - 16384)),
            _mm256_madd_epi16(bg, factors(7471, 16384)),
            half,
        );
        let cb = add(_mm256_madd_epi16(rg, factors(-11059, -21709)), _mm256_srli_epi32::<1>(b_high), centre);
        let cr = add(_mm256_madd_epi16(bg, factors(-5329, -27439)), _mm256_srli_epi32::<1>(r_high), centre);
        (y, cb, cr)
    }

    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt,fma")]
    pub(super) fn downsample_h2v2(upper: &[u8], lower: &[u8], out: &mut [u8]) {
        assert!(
            upper.len() >= 2 * out.len() && lower.len() >= 2 * out.len(),
            "two samples for each of the output"
        );
        let whole = out.len() / 32 * 32;
        let (one, bias) = (_mm256_set1_epi8(1), _mm256_set1_epi32(0x0002_0001));
        for x in (0..whole).step_by(32) {
            let sixteen = |at: usize| {
                let sum = _mm256_add_epi16(
                    _mm256_maddubs_epi16(load(upper, at), one),
                    _mm256_maddubs_epi16(load(lower, at), one),
                );
                _mm256_srli_epi16::<2>(_mm256_add_epi16(sum, bias))
            };
            let packed = _mm256_packus_epi16(sixteen(2 * x), sixteen(2 * x + 32));
            store(out, x, _mm256_permute4x64_epi64::<0b11_01_10_00>(packed));
        }
        scalar::downsample_h2v2(&upper[2 * whole..], &lower[2 * whole..], &mut out[whole..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Level;
    use proptest::prelude::*;

    /// Every pair of chroma values, each at a handful of lumas.
    #[test]
    fn all_levels_give_the_same_colours() {
        let values = || (0..=255u8).flat_map(|cb| (0..=255u8).map(move |cr| (cb, cr)));
        let (cb, cr): (Vec<_>, Vec<_>) = values().unzip();
        for luma in [0, 1, 90, 128, 254, 255] {
            let y = vec![luma; cb.len()];
            let mut plain = vec![0; 3 * y.len()];
            ycc_to_rgb(Level::SCALAR, &y, &cb, &cr, &mut plain);
            for level in Level::available() {
                let mut rgb = vec![1; 3 * y.len()];
                ycc_to_rgb(level, &y, &cb, &cr, &mut rgb);
                assert!(rgb == plain, "{} at luma {luma}", level.name());
            }
        }
    }

    proptest! {
        #[test]
        fn all_levels_agree_on_any_row(pixels in proptest::collection::vec(any::<[u8; 3]>(), 0..140)) {
            let (rgb, n) = (pixels.concat(), pixels.len());
            let mut plain = [vec![0; n], vec![0; n], vec![0; n]];
            let mut plain_rgb = vec![0; 3 * n];
            let mut plain_half = vec![0; n / 2];
            {
                let [y, cb, cr] = &mut plain;
                rgb_to_ycc(Level::SCALAR, &rgb, y, cb, cr);
                ycc_to_rgb(Level::SCALAR, y, cb, cr, &mut plain_rgb);
                downsample_h2v2(Level::SCALAR, cb, cr, &mut plain_half);
            }
            for level in Level::available() {
                let mut out = [vec![1; n], vec![1; n], vec![1; n]];
                let mut out_rgb = vec![1; 3 * n];
                let mut half = vec![1; n / 2];
                let [y, cb, cr] = &mut out;
                rgb_to_ycc(level, &rgb, y, cb, cr);
                ycc_to_rgb(level, y, cb, cr, &mut out_rgb);
                downsample_h2v2(level, cb, cr, &mut half);
                prop_assert_eq!((&out, &out_rgb, &half), (&plain, &plain_rgb, &plain_half), "{}", level.name());
            }
        }
    }

    #[test]
    fn gray_pixels_have_no_chroma() {
        let (mut y, mut cb, mut cr) = ([0; 256], [0; 256], [0; 256]);
        let rgb: Vec<u8> = (0..=255u8).flat_map(|v| [v; 3]).collect();
        rgb_to_ycc(Level::detect(), &rgb, &mut y, &mut cb, &mut cr);
        assert!(y.iter().zip(0..=255u8).all(|(y, v)| *y == v));
        assert_eq!((cb, cr), ([128; 256], [128; 256]));
    }
}
