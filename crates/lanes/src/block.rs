//! Blocks of samples for the plain twins: the vectors that every processor of this kind has, or ordinary arrays.

/// Places of blocks that cover `n` samples, at least one block; the last may overlap the one before.
#[inline(always)]
pub(crate) fn places(n: usize) -> impl Iterator<Item = usize> {
    (0..n / LEN).map(|k| k * LEN).chain((!n.is_multiple_of(LEN)).then(|| n - LEN))
}

/// Each two in order.
#[inline(always)]
pub(crate) fn ordered(a: Block, b: Block) -> (Block, Block) {
    (smaller(a, b), larger(a, b))
}

/// The block from place `x` on, which must be in the row.
#[inline(always)]
pub(crate) fn load(row: &[u8], x: usize) -> Block {
    let mut samples = [0; LEN];
    samples.copy_from_slice(&row[x..x + LEN]);
    of(samples)
}

/// Puts a block to place `x`.
#[inline(always)]
pub(crate) fn store(row: &mut [u8], x: usize, block: Block) {
    row[x..x + LEN].copy_from_slice(&samples(block));
}

#[cfg(target_arch = "x86_64")]
pub(crate) use sse2::*;

/// SSE2, which belongs to x86-64 itself.
#[cfg(target_arch = "x86_64")]
mod sse2 {
    use std::arch::x86_64::*;

    /// Samples of a block.
    pub(crate) const LEN: usize = 16;

    /// Neighbouring samples.
    pub(crate) type Block = __m128i;

    // SAFETY, of each block: SSE2 is a part of x86-64, so every processor that runs this has it.

    #[inline(always)]
    pub(crate) fn of(samples: [u8; LEN]) -> Block {
        // SAFETY: see above; the address is that of 16 bytes.
        unsafe { _mm_loadu_si128(samples.as_ptr().cast()) }
    }

    #[inline(always)]
    pub(crate) fn samples(block: Block) -> [u8; LEN] {
        let mut samples = [0; LEN];
        // SAFETY: see above; the address is that of 16 bytes.
        unsafe { _mm_storeu_si128(samples.as_mut_ptr().cast(), block) };
        samples
    }

    /// The smaller of each two.
    #[inline(always)]
    pub(crate) fn smaller(a: Block, b: Block) -> Block {
        // SAFETY: see above.
        unsafe { _mm_min_epu8(a, b) }
    }

    /// The larger of each two.
    #[inline(always)]
    pub(crate) fn larger(a: Block, b: Block) -> Block {
        // SAFETY: see above.
        unsafe { _mm_max_epu8(a, b) }
    }

    /// By how much the first exceeds the second.
    #[inline(always)]
    pub(crate) fn excess(a: Block, b: Block) -> Block {
        // SAFETY: see above.
        unsafe { _mm_subs_epu8(a, b) }
    }

    /// Whether all samples are 0.
    #[inline(always)]
    pub(crate) fn is_zero(block: Block) -> bool {
        // SAFETY: see above.
        unsafe { _mm_movemask_epi8(_mm_cmpeq_epi8(block, _mm_setzero_si128())) == 0xFFFF }
    }
}

#[cfg(not(target_arch = "x86_64"))]
pub(crate) use arrays::*;

/// Arrays, where nothing better is known.
#[cfg(not(target_arch = "x86_64"))]
mod arrays {
    /// Samples of a block.
    pub(crate) const LEN: usize = 16;

    /// Neighbouring samples.
    pub(crate) type Block = [u8; LEN];

    #[inline(always)]
    pub(crate) fn of(samples: [u8; LEN]) -> Block {
        samples
    }

    #[inline(always)]
    pub(crate) fn samples(block: Block) -> [u8; LEN] {
        block
    }

    /// The smaller of each two.
    #[inline(always)]
    pub(crate) fn smaller(a: Block, b: Block) -> Block {
        std::array::from_fn(|k| a[k].min(b[k]))
    }

    /// The larger of each two.
    #[inline(always)]
    pub(crate) fn larger(a: Block, b: Block) -> Block {
        std::array::from_fn(|k| a[k].max(b[k]))
    }

    /// By how much the first exceeds the second.
    #[inline(always)]
    pub(crate) fn excess(a: Block, b: Block) -> Block {
        std::array::from_fn(|k| a[k].saturating_sub(b[k]))
    }

    /// Whether all samples are 0.
    #[inline(always)]
    pub(crate) fn is_zero(block: Block) -> bool {
        block == [0; LEN]
    }
}
