//! Inverse cosine transform of JPEG blocks: libjpeg-turbo's accurate integer one ("islow"), bit for bit.
//!
//! Arithmetic follows that library's SIMD code, 16-bit wraps and saturations included: dequantised coefficients and sums
//! of two of them wrap in 16 bits, each pass packs to 16 bits with saturation, samples saturate to 8 bits. A block with
//! coefficients in its first row only takes that library's shortcut, whose first pass wraps instead. Pictures never come
//! near these bounds; damaged files do, and shall look alike too.

use crate::jpeg_block::Block;

written_twice! {
    /// Transforms a run of neighbouring blocks into eight rows of samples.
    ///
    /// `out` starts at the run's top left sample; row `y` begins at `y * stride`. Block `i` fills columns
    /// `8 * i .. 8 * i + 8`. `extents[i]` is the highest zigzag index of a coefficient of block `i` that may be non-zero; 0
    /// takes the shortcut for a flat block.
    ///
    /// # Panics
    /// When `extents` is shorter than `blocks`, or `out` does not hold eight rows of them.
    fn idct_run(level, blocks: &[Block], extents: &[u8], quant: &Block, out: &mut [u8], stride: usize);
}

/// What all 64 samples of a block are that has only its first coefficient.
fn flat(block: &Block, quant: &Block) -> u8 {
    let first_pass = block.0[0].wrapping_mul(quant.0[0]) << 2;
    (((i32::from(first_pass) + 16) >> 5).clamp(-128, 127) + 128) as u8
}

/// Whether all coefficients but the first row's are zero.
fn has_one_row(block: &Block) -> bool {
    block.0[8..].iter().all(|v| *v == 0)
}

/// The plain twin: ordinary Rust.
mod scalar {
    use super::*;

    pub(super) fn idct_run(blocks: &[Block], extents: &[u8], quant: &Block, out: &mut [u8], stride: usize) {
        for (i, (block, extent)) in blocks.iter().zip(extents).enumerate() {
            let samples = if *extent == 0 { [flat(block, quant); 64] } else { idct(block, quant) };
            for (y, row) in samples.chunks_exact(8).enumerate() {
                out[y * stride + 8 * i..][..8].copy_from_slice(row);
            }
        }
    }

    fn idct(block: &Block, quant: &Block) -> [u8; 64] {
        let mut work = [0i16; 64];
        let one_row = has_one_row(block);
        for x in 0..8 {
            let column: [i16; 8] =
                std::array::from_fn(|y| block.0[8 * y + x].wrapping_mul(quant.0[8 * y + x]));
            for (y, v) in pass::<11>(column).into_iter().enumerate() {
                work[8 * y + x] = if one_row { column[0] << 2 } else { v };
            }
        }
        let mut samples = [0u8; 64];
        for (row, out) in work.chunks_exact(8).zip(samples.chunks_exact_mut(8)) {
            let row = std::array::from_fn(|x| row[x]);
            for (o, v) in out.iter_mut().zip(pass::<18>(row)) {
                *o = to_sample(i32::from(v));
            }
        }
        samples
    }

    fn to_sample(v: i32) -> u8 {
        (v.clamp(-128, 127) + 128) as u8
    }

    /// One transform of eight numbers, descaled by `SHIFT` bits with rounding.
    fn pass<const SHIFT: u32>(r: [i16; 8]) -> [i16; 8] {
        let mul = |a: i16, b: i32| i32::from(a).wrapping_mul(b);
        let z3 = r[7].wrapping_add(r[3]);
        let z4 = r[5].wrapping_add(r[1]);

        let t3 = mul(r[2], 4433 + 6270).wrapping_add(mul(r[6], 4433));
        let t2 = mul(r[2], 4433).wrapping_add(mul(r[6], 4433 - 15137));
        let t0 = i32::from(r[0].wrapping_add(r[4])) << 13;
        let t1 = i32::from(r[0].wrapping_sub(r[4])) << 13;
        let even = [t0.wrapping_add(t3), t1.wrapping_add(t2), t1.wrapping_sub(t2), t0.wrapping_sub(t3)];

        let p3 = mul(z3, 9633 - 16069).wrapping_add(mul(z4, 9633));
        let p4 = mul(z3, 9633).wrapping_add(mul(z4, 9633 - 3196));
        let odd = [
            mul(r[7], -7373).wrapping_add(mul(r[1], 12299 - 7373)).wrapping_add(p4),
            mul(r[5], -20995).wrapping_add(mul(r[3], 25172 - 20995)).wrapping_add(p3),
            mul(r[5], 16819 - 20995).wrapping_add(mul(r[3], -20995)).wrapping_add(p4),
            mul(r[7], 2446 - 7373).wrapping_add(mul(r[1], -7373)).wrapping_add(p3),
        ];

        let descale = |v: i32| {
            let v = v.wrapping_add(1 << (SHIFT - 1)) >> SHIFT;
            v.clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16
        };
        let mut out = [0; 8];
        for i in 0..4 {
            out[i] = descale(even[i].wrapping_add(odd[i]));
            out[7 - i] = descale(even[i].wrapping_sub(odd[i]));
        }
        out
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use super::{Block, flat, has_one_row};
    use crate::half_vector::{factors, load_row, store8, store16, transpose8};
    use std::arch::x86_64::*;

    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt,fma")]
    pub(super) fn idct_run(blocks: &[Block], extents: &[u8], quant: &Block, out: &mut [u8], stride: usize) {
        let steps: [__m256i; 8] = std::array::from_fn(|y| {
            let row = load_row(&quant.0, y);
            _mm256_set_m128i(row, row)
        });
        let pairs = blocks.chunks(2).zip(extents[..blocks.len()].chunks(2));
        for (i, (pair, extents)) in pairs.enumerate() {
            let out = &mut out[16 * i..];
            match (pair, extents) {
                ([a, b], [0, 0]) => {
                    let (a, b) = (_mm_set1_epi8(flat(a, quant) as i8), _mm_set1_epi8(flat(b, quant) as i8));
                    let row = _mm_unpacklo_epi64(a, b);
                    for y in 0..8 {
                        store16(out, y * stride, row);
                    }
                }
                ([a, b], _) => {
                    for (y, rows) in idct_pair(a, b, &steps).into_iter().enumerate() {
                        store16(out, 2 * y * stride, _mm256_castsi256_si128(rows));
                        store16(out, (2 * y + 1) * stride, _mm256_extracti128_si256::<1>(rows));
                    }
                }
                ([a], _) => {
                    for (y, rows) in idct_pair(a, a, &steps).into_iter().enumerate() {
                        store8(out, 2 * y * stride, _mm256_castsi256_si128(rows));
                        store8(out, (2 * y + 1) * stride, _mm256_extracti128_si256::<1>(rows));
                    }
                }
                _ => {}
            }
        }
    }

    /// Two blocks at a time, one in each half of a vector; each vector returned holds two rows of 16 samples.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn idct_pair(a: &Block, b: &Block, steps: &[__m256i; 8]) -> [__m256i; 4] {
        let rows: [__m256i; 8] = std::array::from_fn(|y| {
            let pair = _mm256_set_m128i(load_row(&b.0, y), load_row(&a.0, y));
            _mm256_mullo_epi16(pair, steps[y])
        });
        let mut work = pass::<11>(rows);
        let shifted = _mm256_slli_epi16::<2>(rows[0]);
        let back = _mm256_cmpeq_epi16(_mm256_srai_epi16::<2>(shifted), rows[0]);
        if _mm256_movemask_epi8(back) != -1 {
            work = wrap_single_rows(work, shifted, a, b);
        }
        let rows = transpose8(pass::<18>(transpose8(work)));
        std::array::from_fn(|i| {
            let samples = _mm256_packs_epi16(rows[2 * i], rows[2 * i + 1]);
            let samples = _mm256_add_epi8(samples, _mm256_set1_epi8(-128));
            // From block by block to row by row.
            _mm256_permute4x64_epi64::<0b11_01_10_00>(samples)
        })
    }

    /// The first pass of those of the blocks that have one row only; apart, because only damaged files come here.
    #[cold]
    #[target_feature(enable = "avx2")]
    fn wrap_single_rows(work: [__m256i; 8], shifted: __m256i, a: &Block, b: &Block) -> [__m256i; 8] {
        let all = |condition: bool| _mm_set1_epi8(if condition { -1 } else { 0 });
        let wraps = _mm256_set_m128i(all(has_one_row(b)), all(has_one_row(a)));
        work.map(|row| _mm256_blendv_epi8(row, shifted, wraps))
    }

    /// One transform of eight numbers in each of 16 columns, as in the plain twin.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn pass<const SHIFT: i32>(r: [__m256i; 8]) -> [__m256i; 8] {
        let z3 = _mm256_add_epi16(r[7], r[3]);
        let z4 = _mm256_add_epi16(r[5], r[1]);
        let sum = _mm256_add_epi16(r[0], r[4]);
        let difference = _mm256_sub_epi16(r[0], r[4]);
        let low = half_pass::<SHIFT>([
            _mm256_unpacklo_epi16(r[2], r[6]),
            _mm256_unpacklo_epi16(z3, z4),
            _mm256_unpacklo_epi16(r[7], r[1]),
            _mm256_unpacklo_epi16(r[5], r[3]),
            _mm256_unpacklo_epi16(_mm256_setzero_si256(), sum),
            _mm256_unpacklo_epi16(_mm256_setzero_si256(), difference),
        ]);
        let high = half_pass::<SHIFT>([
            _mm256_unpackhi_epi16(r[2], r[6]),
            _mm256_unpackhi_epi16(z3, z4),
            _mm256_unpackhi_epi16(r[7], r[1]),
            _mm256_unpackhi_epi16(r[5], r[3]),
            _mm256_unpackhi_epi16(_mm256_setzero_si256(), sum),
            _mm256_unpackhi_epi16(_mm256_setzero_si256(), difference),
        ]);
        std::array::from_fn(|i| _mm256_packs_epi32(low[i], high[i]))
    }

    /// Half of the columns in 32 bits: pairs (2, 6), (z3, z4), (7, 1), (5, 3) and 0 + 4, 0 - 4 in upper halves.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn half_pass<const SHIFT: i32>([p26, z34, p71, p53, sum, difference]: [__m256i; 6]) -> [__m256i; 8] {
        let t3 = _mm256_madd_epi16(p26, factors(4433 + 6270, 4433));
        let t2 = _mm256_madd_epi16(p26, factors(4433, 4433 - 15137));
        // From the upper halves down to 13 bits more.
        let round = _mm256_set1_epi32(1 << (SHIFT - 1));
        let t0 = _mm256_add_epi32(_mm256_srai_epi32::<3>(sum), round);
        let t1 = _mm256_add_epi32(_mm256_srai_epi32::<3>(difference), round);
        let even = [
            _mm256_add_epi32(t0, t3),
            _mm256_add_epi32(t1, t2),
            _mm256_sub_epi32(t1, t2),
            _mm256_sub_epi32(t0, t3),
        ];
        let p3 = _mm256_madd_epi16(z34, factors(9633 - 16069, 9633));
        let p4 = _mm256_madd_epi16(z34, factors(9633, 9633 - 3196));
        let odd = [
            _mm256_add_epi32(_mm256_madd_epi16(p71, factors(-7373, 12299 - 7373)), p4),
            _mm256_add_epi32(_mm256_madd_epi16(p53, factors(-20995, 25172 - 20995)), p3),
            _mm256_add_epi32(_mm256_madd_epi16(p53, factors(16819 - 20995, -20995)), p4),
            _mm256_add_epi32(_mm256_madd_epi16(p71, factors(2446 - 7373, -7373)), p3),
        ];
        std::array::from_fn(|i| {
            let v = if i < 4 {
                _mm256_add_epi32(even[i], odd[i])
            } else {
                _mm256_sub_epi32(even[7 - i], odd[7 - i])
            };
            _mm256_srai_epi32::<SHIFT>(v)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Level;
    use proptest::prelude::*;

    /// Blocks from flat to full and from tame to absurd, with their extents.
    fn blocks() -> impl Strategy<Value = Vec<(Block, u8)>> {
        let block = (0usize..64, prop_oneof![Just(20i16), Just(1100), Just(i16::MAX)]).prop_flat_map(
            |(extent, most)| {
                proptest::collection::vec(-most..=most, extent + 1).prop_map(move |values| {
                    let mut block = Block::ZERO;
                    for (value, natural) in values.into_iter().zip(crate::jpeg_block::ZIGZAG) {
                        block.0[usize::from(natural)] = value;
                    }
                    (block, extent as u8)
                })
            },
        );
        proptest::collection::vec(block, 1..6)
    }

    proptest! {
        #[test]
        fn all_levels_give_the_same_samples(blocks in blocks(), quant in proptest::collection::vec(1i16..256, 64)) {
            let quant = Block(quant.try_into().unwrap());
            let (blocks, extents): (Vec<_>, Vec<_>) = blocks.into_iter().unzip();
            let stride = 8 * blocks.len() + 3;
            let mut plain = vec![0; 8 * stride];
            idct_run(Level::SCALAR, &blocks, &extents, &quant, &mut plain, stride);
            for level in Level::available() {
                let mut out = vec![0; 8 * stride];
                idct_run(level, &blocks, &extents, &quant, &mut out, stride);
                prop_assert_eq!(&out, &plain, "{}", level.name());
            }
        }
    }

    #[test]
    fn the_shortcut_for_flat_blocks_changes_nothing() {
        for dc in (i16::MIN..=i16::MAX).step_by(97) {
            let mut block = Block::ZERO;
            block.0[0] = dc;
            let (mut flat, mut full) = ([0; 64], [1; 64]);
            idct_run(Level::SCALAR, &[block], &[0], &Block([3; 64]), &mut flat, 8);
            idct_run(Level::SCALAR, &[block], &[63], &Block([3; 64]), &mut full, 8);
            assert_eq!(flat, full, "first coefficient {dc}");
        }
    }
}
