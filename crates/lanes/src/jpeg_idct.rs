//! Inverse cosine transform of JPEG blocks: libjpeg-turbo's accurate integer one ("islow"), bit for bit.
//!
//! Arithmetic follows that library's SIMD code, 16-bit wraps and saturations included: dequantised coefficients and sums
//! of two of them wrap in 16 bits, each pass packs to 16 bits with saturation, samples saturate to 8 bits.

use crate::Level;
use crate::jpeg_block::Block;

/// Transforms a run of neighbouring blocks into eight rows of samples.
///
/// `out` starts at the run's top left sample; row `y` begins at `y * stride`. Block `i` fills columns `8 * i .. 8 * i + 8`.
/// `extents[i]` is the highest zigzag index of a coefficient of block `i` that may be non-zero; 0 takes the shortcut for a
/// flat block.
///
/// # Panics
/// When `extents` is shorter than `blocks`, or `out` does not hold eight rows of them.
pub fn idct_run(
    level: Level,
    blocks: &[Block],
    extents: &[u8],
    quant: &Block,
    out: &mut [u8],
    stride: usize,
) {
    let width = blocks.len() * 8;
    if width == 0 {
        return;
    }
    assert!(extents.len() >= blocks.len(), "an extent for every block");
    assert!(stride >= width && out.len() >= 7 * stride + width, "room for eight rows of samples");
    let _ = level;
    scalar::idct_run(blocks, extents, quant, out, stride);
}

/// The twin in ordinary Rust.
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

    /// What all 64 samples of a block are that has only its first coefficient.
    fn flat(block: &Block, quant: &Block) -> u8 {
        let dc = block.0[0].wrapping_mul(quant.0[0]);
        let first_pass = (i32::from(dc) << 2).clamp(i32::from(i16::MIN), i32::from(i16::MAX));
        to_sample((first_pass + 16) >> 5)
    }

    fn idct(block: &Block, quant: &Block) -> [u8; 64] {
        let mut work = [0i16; 64];
        for x in 0..8 {
            let column = std::array::from_fn(|y| block.0[8 * y + x].wrapping_mul(quant.0[8 * y + x]));
            for (y, v) in pass::<11>(column).into_iter().enumerate() {
                work[8 * y + x] = v;
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
