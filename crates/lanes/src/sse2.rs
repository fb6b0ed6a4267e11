//! Loads and stores of the 128-bit vectors that every x86-64 processor has, bounds checked.

use crate::vector::Sample;
use std::arch::x86_64::*;

/// The 16 bytes of `samples` from index `at` on.
#[target_feature(enable = "sse2")]
#[inline]
pub(crate) fn load<T: Sample>(samples: &[T], at: usize) -> __m128i {
    let part = &samples[at..at + 16 / size_of::<T>()];
    // SAFETY: `part` is exactly 16 readable bytes, and the load needs no alignment.
    unsafe { _mm_loadu_si128(part.as_ptr().cast()) }
}

/// Writes the vector over the 16 bytes of `samples` from index `at` on.
#[target_feature(enable = "sse2")]
#[inline]
pub(crate) fn store<T: Sample>(samples: &mut [T], at: usize, vector: __m128i) {
    let part = &mut samples[at..at + 16 / size_of::<T>()];
    // SAFETY: `part` is exactly 16 writable bytes, and the store needs no alignment.
    unsafe { _mm_storeu_si128(part.as_mut_ptr().cast(), vector) }
}
