//! Loads and stores of 128-bit vectors on slices, bounds checked, for kernels that widen bytes or write eight rows of a
//! block.

use std::arch::x86_64::*;

/// The 16 bytes of `samples` from index `at` on.
#[target_feature(enable = "avx2")]
#[inline]
pub(crate) fn load16(samples: &[u8], at: usize) -> __m128i {
    let part = &samples[at..at + 16];
    // SAFETY: `part` is exactly 16 readable bytes, and the load needs no alignment.
    unsafe { _mm_loadu_si128(part.as_ptr().cast()) }
}

/// The 8 bytes of `samples` from index `at` on, zeros above.
#[target_feature(enable = "avx2")]
#[inline]
pub(crate) fn load8(samples: &[u8], at: usize) -> __m128i {
    let part = &samples[at..at + 8];
    // SAFETY: `part` is exactly 8 readable bytes, and the load needs no alignment.
    unsafe { _mm_loadl_epi64(part.as_ptr().cast()) }
}

/// The eight numbers of row `y` of a block.
#[target_feature(enable = "avx2")]
#[inline]
pub(crate) fn load_row(block: &[i16; 64], y: usize) -> __m128i {
    let row = &block[8 * y..8 * y + 8];
    // SAFETY: `row` is exactly 16 readable bytes, and the load needs no alignment.
    unsafe { _mm_loadu_si128(row.as_ptr().cast()) }
}

/// Writes the vector over the 16 bytes of `samples` from index `at` on.
#[target_feature(enable = "avx2")]
#[inline]
pub(crate) fn store16(samples: &mut [u8], at: usize, vector: __m128i) {
    let part = &mut samples[at..at + 16];
    // SAFETY: `part` is exactly 16 writable bytes, and the store needs no alignment.
    unsafe { _mm_storeu_si128(part.as_mut_ptr().cast(), vector) }
}

/// Writes the lower half of the vector over the 8 bytes of `samples` from index `at` on.
#[target_feature(enable = "avx2")]
#[inline]
pub(crate) fn store8(samples: &mut [u8], at: usize, vector: __m128i) {
    let part = &mut samples[at..at + 8];
    // SAFETY: `part` is exactly 8 writable bytes, and the store needs no alignment.
    unsafe { _mm_storel_epi64(part.as_mut_ptr().cast(), vector) }
}

/// Transposes the 8x8 matrix of 16-bit numbers in each half of eight vectors.
#[target_feature(enable = "avx2")]
#[inline]
pub(crate) fn transpose8(r: [__m256i; 8]) -> [__m256i; 8] {
    let a = [
        _mm256_unpacklo_epi16(r[0], r[1]),
        _mm256_unpackhi_epi16(r[0], r[1]),
        _mm256_unpacklo_epi16(r[2], r[3]),
        _mm256_unpackhi_epi16(r[2], r[3]),
        _mm256_unpacklo_epi16(r[4], r[5]),
        _mm256_unpackhi_epi16(r[4], r[5]),
        _mm256_unpacklo_epi16(r[6], r[7]),
        _mm256_unpackhi_epi16(r[6], r[7]),
    ];
    let b = [
        _mm256_unpacklo_epi32(a[0], a[2]),
        _mm256_unpackhi_epi32(a[0], a[2]),
        _mm256_unpacklo_epi32(a[1], a[3]),
        _mm256_unpackhi_epi32(a[1], a[3]),
        _mm256_unpacklo_epi32(a[4], a[6]),
        _mm256_unpackhi_epi32(a[4], a[6]),
        _mm256_unpacklo_epi32(a[5], a[7]),
        _mm256_unpackhi_epi32(a[5], a[7]),
    ];
    [
        _mm256_unpacklo_epi64(b[0], b[4]),
        _mm256_unpackhi_epi64(b[0], b[4]),
        _mm256_unpacklo_epi64(b[1], b[5]),
        _mm256_unpackhi_epi64(b[1], b[5]),
        _mm256_unpacklo_epi64(b[2], b[6]),
        _mm256_unpackhi_epi64(b[2], b[6]),
        _mm256_unpacklo_epi64(b[3], b[7]),
        _mm256_unpackhi_epi64(b[3], b[7]),
    ]
}

/// A pair of 16-bit factors in every 32-bit lane, the first for the lower number of a pair.
#[target_feature(enable = "avx2")]
#[inline]
pub(crate) fn factors(low: i32, high: i32) -> __m256i {
    _mm256_set1_epi32((low & 0xFFFF) | high << 16)
}
