//! Forward cosine transform and quantisation of JPEG blocks: libjpeg-turbo's accurate integer one, bit for bit.

use crate::Level;
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

/// Transforms and quantises a run of neighbouring blocks out of eight rows of samples.
///
/// `samples` starts at the run's top left sample; row `y` begins at `y * stride`. Coefficients come in **zigzag** order;
/// bit `k` of a mask tells that the k-th is not zero (bit 0 means nothing: the first one is coded as a difference).
///
/// # Panics
/// When `samples` does not hold eight rows of the blocks, or `masks` is shorter than `out`.
pub fn fdct_run(
    level: Level,
    samples: &[u8],
    stride: usize,
    divisors: &Divisors,
    out: &mut [Block],
    masks: &mut [u64],
) {
    let width = 8 * out.len();
    if width == 0 {
        return;
    }
    assert!(masks.len() >= out.len(), "a mask for every block");
    assert!(stride >= width && samples.len() >= 7 * stride + width, "eight rows of samples");
    let _ = level;
    scalar::fdct_run(samples, stride, divisors, out, masks);
}

/// The twin in ordinary Rust.
mod scalar {
    use super::*;

    pub(super) fn fdct_run(
        samples: &[u8],
        stride: usize,
        divisors: &Divisors,
        out: &mut [Block],
        masks: &mut [u64],
    ) {
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
                let v = quantise(work[usize::from(*natural)], divisors, usize::from(*natural));
                block.0[k] = v;
                *mask |= u64::from(v != 0) << k;
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
