//! Loads and stores of 256-bit vectors on slices, bounds checked: all raw pointers of the pixel kernels are here.

use std::arch::x86_64::*;

/// Types that fill a vector without gaps and for which every bit pattern is a value.
pub(crate) trait Sample: Copy {}
impl Sample for u8 {}
impl Sample for u16 {}
impl Sample for i16 {}
impl Sample for u32 {}
impl Sample for i32 {}
impl Sample for u64 {}

/// The 32 bytes of `samples` from index `at` on.
#[target_feature(enable = "avx2")]
#[inline]
pub(crate) fn load<T: Sample>(samples: &[T], at: usize) -> __m256i {
    let part = &samples[at..at + 32 / size_of::<T>()];
    // SAFETY: `part` is exactly 32 readable bytes, and the load needs no alignment.
    unsafe { _mm256_loadu_si256(part.as_ptr().cast()) }
}

/// Sixteen bytes from index `low` on in the lower half, sixteen from `high` on in the upper.
#[target_feature(enable = "avx2")]
#[inline]
pub(crate) fn load_two_halves<T: Sample>(samples: &[T], low: usize, high: usize) -> __m256i {
    let count = 16 / size_of::<T>();
    let (low, high) = (&samples[low..low + count], &samples[high..high + count]);
    // SAFETY: both are exactly 16 readable bytes, and the loads need no alignment.
    unsafe { _mm256_loadu2_m128i(high.as_ptr().cast(), low.as_ptr().cast()) }
}

/// Writes the vector over the 32 bytes of `samples` from index `at` on.
#[target_feature(enable = "avx2")]
#[inline]
pub(crate) fn store<T: Sample>(samples: &mut [T], at: usize, vector: __m256i) {
    let part = &mut samples[at..at + 32 / size_of::<T>()];
    // SAFETY: `part` is exactly 32 writable bytes, and the store needs no alignment.
    unsafe { _mm256_storeu_si256(part.as_mut_ptr().cast(), vector) }
}

/// The 64 bytes of `samples` from index `at` on.
#[target_feature(enable = "avx512f")]
#[inline]
pub(crate) fn load512<T: Sample>(samples: &[T], at: usize) -> __m512i {
    let part = &samples[at..at + 64 / size_of::<T>()];
    // SAFETY: `part` is exactly 64 readable bytes, and the load needs no alignment.
    unsafe { _mm512_loadu_si512(part.as_ptr().cast()) }
}

/// The 1 to 64 bytes of `samples`, zeros above.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
pub(crate) fn load512_part(samples: &[u8]) -> __m512i {
    assert!((1..=64).contains(&samples.len()), "part of a vector");
    // SAFETY: the mask lets exactly the bytes of `samples` be read, and the load needs no alignment.
    unsafe { _mm512_maskz_loadu_epi8(u64::MAX >> (64 - samples.len()), samples.as_ptr().cast()) }
}

/// Writes the vector over the 64 bytes of `samples` from index `at` on.
#[target_feature(enable = "avx512f")]
#[inline]
pub(crate) fn store512<T: Sample>(samples: &mut [T], at: usize, vector: __m512i) {
    let part = &mut samples[at..at + 64 / size_of::<T>()];
    // SAFETY: `part` is exactly 64 writable bytes, and the store needs no alignment.
    unsafe { _mm512_storeu_si512(part.as_mut_ptr().cast(), vector) }
}

/// [`load`] without the check, for loops over more rows than the compiler keeps the lengths of.
///
/// # Safety
/// There are 32 bytes in `samples` from `at` on.
#[target_feature(enable = "avx2")]
#[inline]
pub(crate) unsafe fn load_unchecked(samples: &[u8], at: usize) -> __m256i {
    debug_assert!(at + 32 <= samples.len());
    // SAFETY: the caller vouches for the bytes, and the load needs no alignment.
    unsafe { _mm256_loadu_si256(samples.as_ptr().add(at).cast()) }
}

/// [`store`] without the check.
///
/// # Safety
/// There are 32 bytes in `samples` from `at` on.
#[target_feature(enable = "avx2")]
#[inline]
pub(crate) unsafe fn store_unchecked(samples: &mut [u8], at: usize, vector: __m256i) {
    debug_assert!(at + 32 <= samples.len());
    // SAFETY: the caller vouches for the bytes, and the store needs no alignment.
    unsafe { _mm256_storeu_si256(samples.as_mut_ptr().add(at).cast(), vector) }
}

/// [`load512`] without the check, as [`load_unchecked`].
///
/// # Safety
/// There are 64 bytes in `samples` from `at` on.
#[target_feature(enable = "avx512f")]
#[inline]
pub(crate) unsafe fn load512_unchecked(samples: &[u8], at: usize) -> __m512i {
    debug_assert!(at + 64 <= samples.len());
    // SAFETY: the caller vouches for the bytes, and the load needs no alignment.
    unsafe { _mm512_loadu_si512(samples.as_ptr().add(at).cast()) }
}

/// [`store512`] without the check.
///
/// # Safety
/// There are 64 bytes in `samples` from `at` on.
#[target_feature(enable = "avx512f")]
#[inline]
pub(crate) unsafe fn store512_unchecked(samples: &mut [u8], at: usize, vector: __m512i) {
    debug_assert!(at + 64 <= samples.len());
    // SAFETY: the caller vouches for the bytes, and the store needs no alignment.
    unsafe { _mm512_storeu_si512(samples.as_mut_ptr().add(at).cast(), vector) }
}
