//! Forward cosine transform and quantisation of JPEG blocks: libjpeg-turbo's accurate integer one, bit for bit.

use crate::jpeg_block::{Block, ZIGZAG};

/// A quantisation table made ready: division by multiplication with reciprocals, as libjpeg-turbo does it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divisors {
    reciprocal: Block,
    correction: Block,
    scale: Block,
}

impl Divisors {
    /// From the steps in natural order, each 1 to 255.
    pub fn new(steps: &[u8; 64]) -> Divisors {
        let mut divisors = Divisors { reciprocal: Block::ZERO, correction: Block::ZERO, scale: Block::ZERO };
        for (i, step) in steps.iter().enumerate() {
            // The transform leaves a factor of 8.
            let divisor = u32::from((*step).max(1)) << 3;
            let mut shift = 16 + divisor.ilog2();
            let power = 1u64 << shift;
            let mut reciprocal = (power / u64::from(divisor)) as u32;
            let remainder = (power % u64::from(divisor)) as u32;
            let mut correction = divisor / 2;
            if remainder == 0 {
                reciprocal >>= 1;
                shift -= 1;
            } else if remainder <= divisor / 2 {
                correction += 1;
            } else {
                reciprocal += 1;
            }
            divisors.reciprocal.0[i] = reciprocal as u16 as i16;
            divisors.correction.0[i] = correction as i16;
            divisors.scale.0[i] = (1u32 << (32 - shift)) as u16 as i16;
        }
        divisors
    }
}

written_twice! {
    /// Transforms and quantises a run of neighbouring blocks out of eight rows of samples.
    ///
    /// `samples` starts at the run's top left sample; row `y` begins at `y * stride`. Coefficients come in natural order, the
    /// masks in **zigzag** order: bit `k` tells that the `k`-th coefficient of a scan is not zero.
    ///
    /// # Panics
    /// When `samples` does not hold eight rows of the blocks, or `masks` is shorter than `out`.
    fn fdct_run(level, samples: &[u8], stride: usize, divisors: &Divisors, out: &mut [Block], masks: &mut [u64]);
}

/// The plain twin: ordinary Rust.
mod scalar {
    use super::*;

    pub(super) fn fdct_run(
        samples: &[u8],
        stride: usize,
        divisors: &Divisors,
        out: &mut [Block],
        masks: &mut [u64],
    ) {
        assert!(masks.len() >= out.len(), "a mask for every block");
        for (i, (block, mask)) in out.iter_mut().zip(masks).enumerate() {
            let mut work = [0i16; 64];
            for y in 0..8 {
                let row = &samples[y * stride + 8 * i..][..8];
                let row = std::array::from_fn(|x| i16::from(row[x]) - 128);
                work[8 * y..8 * y + 8].copy_from_slice(&pass::<false>(row));
            }
            for x in 0..8 {
                let column = std::array::from_fn(|y| work[8 * y + x]);
                for (y, v) in pass::<true>(column).into_iter().enumerate() {
                    work[8 * y + x] = v;
                }
            }
            *mask = 0;
            for (k, natural) in ZIGZAG.iter().enumerate() {
                let i = usize::from(*natural);
                block.0[i] = quantise(work[i], divisors, i);
                *mask |= u64::from(block.0[i] != 0) << k;
            }
        }
    }

    fn quantise(v: i16, divisors: &Divisors, i: usize) -> i16 {
        let high = |a: u16, b: i16| ((u32::from(a) * u32::from(b as u16)) >> 16) as u16;
        let magnitude = v.unsigned_abs().wrapping_add(divisors.correction.0[i] as u16);
        let quotient = high(high(magnitude, divisors.reciprocal.0[i]), divisors.scale.0[i]) as i16;
        if v < 0 { -quotient } else { quotient }
    }

    /// One transform of eight numbers: the first pass leaves two more bits, the second takes them off.
    fn pass<const SECOND: bool>(d: [i16; 8]) -> [i16; 8] {
        let (t0, t7) = (d[0].wrapping_add(d[7]), d[0].wrapping_sub(d[7]));
        let (t1, t6) = (d[1].wrapping_add(d[6]), d[1].wrapping_sub(d[6]));
        let (t2, t5) = (d[2].wrapping_add(d[5]), d[2].wrapping_sub(d[5]));
        let (t3, t4) = (d[3].wrapping_add(d[4]), d[3].wrapping_sub(d[4]));
        let (t10, t13) = (t0.wrapping_add(t3), t0.wrapping_sub(t3));
        let (t11, t12) = (t1.wrapping_add(t2), t1.wrapping_sub(t2));
        let direct = |v: i16| if SECOND { v.wrapping_add(2) >> 2 } else { v << 2 };
        let descale = |v: i32| {
            let v = if SECOND { (v + (1 << 14)) >> 15 } else { (v + (1 << 10)) >> 11 };
            v.clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16
        };
        let mul = |a: i16, b: i32| i32::from(a) * b;
        let (z3, z4) = (t4.wrapping_add(t6), t5.wrapping_add(t7));
        let p3 = mul(z3, 9633 - 16069) + mul(z4, 9633);
        let p4 = mul(z3, 9633) + mul(z4, 9633 - 3196);
        [
            direct(t10.wrapping_add(t11)),
            descale(mul(t4, -7373) + mul(t7, 12299 - 7373) + p4),
            descale(mul(t12, 4433) + mul(t13, 4433 + 6270)),
            descale(mul(t5, -20995) + mul(t6, 25172 - 20995) + p3),
            direct(t10.wrapping_sub(t11)),
            descale(mul(t5, 16819 - 20995) + mul(t6, -20995) + p4),
            descale(mul(t12, 4433 - 15137) + mul(t13, 4433)),
            descale(mul(t4, 2446 - 7373) + mul(t7, -7373) + p3),
        ]
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use super::{Block, Divisors, ZIGZAG};
    use crate::half_vector::{factors, load_row, load8, load16, transpose8};
    use crate::vector::store;
    use std::arch::x86_64::*;

    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt,fma")]
    pub(super) fn fdct_run(
        samples: &[u8],
        stride: usize,
        divisors: &Divisors,
        out: &mut [Block],
        masks: &mut [u64],
    ) {
        assert!(masks.len() >= out.len(), "a mask for every block");
        for (i, (blocks, masks)) in out.chunks_mut(2).zip(masks.chunks_mut(2)).enumerate() {
            let samples = &samples[16 * i..];
            let alone = blocks.len() == 1;
            let rows: [__m256i; 8] = std::array::from_fn(|y| {
                let row = if alone { load8(samples, y * stride) } else { load16(samples, y * stride) };
                _mm256_sub_epi16(_mm256_cvtepu8_epi16(row), _mm256_set1_epi16(128))
            });
            let rows = pass::<true>(transpose8(pass::<false>(transpose8(rows))));
            let rows: [__m256i; 8] = std::array::from_fn(|y| quantise(rows[y], y, divisors));
            let both = zigzag_masks(&rows);
            for (half, (block, mask)) in blocks.iter_mut().zip(masks).enumerate() {
                for y in 0..4 {
                    let (a, b) = (rows[2 * y], rows[2 * y + 1]);
                    let pair = if half == 0 {
                        _mm256_permute2x128_si256::<0x20>(a, b)
                    } else {
                        _mm256_permute2x128_si256::<0x31>(a, b)
                    };
                    store(&mut block.0, 16 * y, pair);
                }
                *mask = both[half];
            }
        }
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn quantise(v: __m256i, y: usize, divisors: &Divisors) -> __m256i {
        let row = |table: &Block| _mm256_broadcastsi128_si256(load_row(&table.0, y));
        let magnitude = _mm256_add_epi16(_mm256_abs_epi16(v), row(&divisors.correction));
        let quotient = _mm256_mulhi_epu16(magnitude, row(&divisors.reciprocal));
        _mm256_sign_epi16(_mm256_mulhi_epu16(quotient, row(&divisors.scale)), v)
    }

    /// For sixteen coefficients of a scan and sixteen in natural order: which byte of these goes to which of those.
    const ZIGZAG_BYTES: [[[i8; 16]; 4]; 4] = {
        let mut orders = [[[-1; 16]; 4]; 4];
        let mut k = 0;
        while k < 64 {
            let natural = ZIGZAG[k] as usize;
            orders[k / 16][natural / 16][k % 16] = (natural % 16) as i8;
            k += 1;
        }
        orders
    };

    /// Masks of the blocks in the lower and the upper halves.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn zigzag_masks(rows: &[__m256i; 8]) -> [u64; 2] {
        // Saturation leaves zero zero and the rest not.
        let natural: [__m256i; 4] = std::array::from_fn(|i| _mm256_packs_epi16(rows[2 * i], rows[2 * i + 1]));
        let order = |to: usize, from: usize| {
            let bytes = ZIGZAG_BYTES[to][from].map(|byte| byte as u8);
            _mm256_broadcastsi128_si256(load16(&bytes, 0))
        };
        let mut masks = [0; 2];
        for to in 0..4 {
            let mut scan = _mm256_setzero_si256();
            for (from, bytes) in natural.iter().enumerate() {
                scan = _mm256_or_si256(scan, _mm256_shuffle_epi8(*bytes, order(to, from)));
            }
            let zeros = _mm256_movemask_epi8(_mm256_cmpeq_epi8(scan, _mm256_setzero_si256())) as u32;
            masks[0] |= u64::from(!zeros as u16) << (16 * to);
            masks[1] |= u64::from((!zeros >> 16) as u16) << (16 * to);
        }
        masks
    }

    /// One transform of eight numbers in each of 16 columns, as in the plain twin.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn pass<const SECOND: bool>(d: [__m256i; 8]) -> [__m256i; 8] {
        let add = |a, b| _mm256_add_epi16(a, b);
        let sub = |a, b| _mm256_sub_epi16(a, b);
        let (t0, t7) = (add(d[0], d[7]), sub(d[0], d[7]));
        let (t1, t6) = (add(d[1], d[6]), sub(d[1], d[6]));
        let (t2, t5) = (add(d[2], d[5]), sub(d[2], d[5]));
        let (t3, t4) = (add(d[3], d[4]), sub(d[3], d[4]));
        let (t10, t13) = (add(t0, t3), sub(t0, t3));
        let (t11, t12) = (add(t1, t2), sub(t1, t2));
        let direct = |v| {
            if SECOND {
                _mm256_srai_epi16::<2>(add(v, _mm256_set1_epi16(2)))
            } else {
                _mm256_slli_epi16::<2>(v)
            }
        };
        let (z3, z4) = (add(t4, t6), add(t5, t7));
        let low = half_pass::<SECOND>([
            _mm256_unpacklo_epi16(t12, t13),
            _mm256_unpacklo_epi16(z3, z4),
            _mm256_unpacklo_epi16(t4, t7),
            _mm256_unpacklo_epi16(t5, t6),
        ]);
        let high = half_pass::<SECOND>([
            _mm256_unpackhi_epi16(t12, t13),
            _mm256_unpackhi_epi16(z3, z4),
            _mm256_unpackhi_epi16(t4, t7),
            _mm256_unpackhi_epi16(t5, t6),
        ]);
        let [o2, o6, o1, o3, o5, o7] = std::array::from_fn(|i| _mm256_packs_epi32(low[i], high[i]));
        [direct(add(t10, t11)), o1, o2, o3, direct(sub(t10, t11)), o5, o6, o7]
    }

    /// Half of the columns in 32 bits, from pairs (12, 13), (z3, z4), (4, 7), (5, 6): outputs 2, 6, 1, 3, 5, 7.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn half_pass<const SECOND: bool>([p1213, z34, p47, p56]: [__m256i; 4]) -> [__m256i; 6] {
        let round = _mm256_set1_epi32(if SECOND { 1 << 14 } else { 1 << 10 });
        let descale = |v| {
            let v = _mm256_add_epi32(v, round);
            if SECOND { _mm256_srai_epi32::<15>(v) } else { _mm256_srai_epi32::<11>(v) }
        };
        let sum =
            |pair, low, high, z| descale(_mm256_add_epi32(_mm256_madd_epi16(pair, factors(low, high)), z));
        let p3 = _mm256_madd_epi16(z34, factors(9633 - 16069, 9633));
        let p4 = _mm256_madd_epi16(z34, factors(9633, 9633 - 3196));
        [
            descale(_mm256_madd_epi16(p1213, factors(4433, 4433 + 6270))),
            descale(_mm256_madd_epi16(p1213, factors(4433 - 15137, 4433))),
            sum(p47, -7373, 12299 - 7373, p4),
            sum(p56, -20995, 25172 - 20995, p3),
            sum(p56, 16819 - 20995, -20995, p4),
            sum(p47, 2446 - 7373, -7373, p3),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Level;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn all_levels_give_the_same_coefficients(
            count in 1usize..6,
            seed in proptest::collection::vec(prop_oneof![Just(0u8), Just(255), any::<u8>()], 8 * 43),
            steps in proptest::collection::vec(1u8..=255, 64),
        ) {
            let divisors = Divisors::new(&steps.try_into().unwrap());
            let mut plain = (vec![Block::ZERO; count], vec![0; count]);
            fdct_run(Level::SCALAR, &seed, 43, &divisors, &mut plain.0, &mut plain.1);
            for level in Level::available() {
                let mut out = (vec![Block([7; 64]); count], vec![1; count]);
                fdct_run(level, &seed, 43, &divisors, &mut out.0, &mut out.1);
                prop_assert_eq!(&out, &plain, "{}", level.name());
            }
        }
    }

    #[test]
    fn a_flat_block_has_one_coefficient() {
        let (mut blocks, mut masks) = ([Block::ZERO], [0]);
        fdct_run(Level::detect(), &[138; 64], 8, &Divisors::new(&[1; 64]), &mut blocks, &mut masks);
        // Eight times the distance from the middle gray of 128.
        assert_eq!((blocks[0].0[0], masks[0]), (80, 1));
    }

    #[test]
    fn division_by_reciprocals_is_division() {
        for step in 1..=255u8 {
            let divisors = Divisors::new(&[step; 64]);
            for luma in 0..=255u8 {
                let (mut blocks, mut masks) = ([Block::ZERO], [0]);
                fdct_run(Level::SCALAR, &[luma; 64], 8, &divisors, &mut blocks, &mut masks);
                let (exact, step) = (8 * (i32::from(luma) - 128), i32::from(step));
                let rounded = (exact.abs() + step / 2) / step * exact.signum();
                assert_eq!(i32::from(blocks[0].0[0]), rounded, "{exact} / {step}");
            }
        }
    }
}
