//! Huffman coding of JPEG blocks into raw bits, without stuffing.

use crate::jpeg_block::{Block, ZIGZAG};

/// Bytes that one block can take at most, with what a write of a whole register may touch behind it.
pub const MAX_BLOCK_BYTES: usize = 64 * 4 + 16;

/// Codes by symbol: the code in the upper bits, its length in the lowest eight; 0 for a symbol without code.
#[derive(Clone, Debug)]
pub struct EncodeTable {
    dc: [u32; 16],
    ac: [u32; 256],
}

impl EncodeTable {
    /// From the numbers of codes of each length and their symbols, of the first coefficients and of the others.
    pub fn new(dc: (&[u8; 16], &[u8]), ac: (&[u8; 16], &[u8])) -> EncodeTable {
        let mut table = EncodeTable { dc: [0; 16], ac: [0; 256] };
        for_each_code(dc.0, dc.1, |symbol, code| table.dc[usize::from(symbol & 15)] = code);
        for_each_code(ac.0, ac.1, |symbol, code| table.ac[usize::from(symbol)] = code);
        table
    }
}

fn for_each_code(counts: &[u8; 16], symbols: &[u8], mut each: impl FnMut(u8, u32)) {
    let mut symbols = symbols.iter();
    let mut code = 0u32;
    for (len, count) in (1u32..).zip(counts) {
        for symbol in symbols.by_ref().take(usize::from(*count)) {
            each(*symbol, code << 8 | len);
            code += 1;
        }
        code <<= 1;
    }
}

/// What one MCU leaves for the next: predictors and the bits of the byte that is not full yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EncoderState {
    /// The first coefficient of each component's last block.
    pub predictors: [i32; 4],
    /// Bits of the unfinished byte, from the top; those below are zero.
    pub bits: u8,
    /// How many they are, 0 to 7.
    pub count: u8,
}

impl EncoderState {
    /// The unfinished byte filled up with ones, as a file ends; `None` when there is none.
    pub fn last_byte(&self) -> Option<u8> {
        (self.count > 0).then_some(self.bits | 0xFF >> self.count)
    }
}

/// One block of an MCU: where it lies and how it is coded.
#[derive(Clone, Copy, Debug)]
pub struct McuBlock<'t> {
    /// The codes of its component.
    pub table: &'t EncodeTable,
    /// Whose predictor the first coefficient continues.
    pub component: usize,
    /// Where the first MCU's block lies.
    pub first: usize,
    /// How far apart the blocks of neighbouring MCUs lie.
    pub step: usize,
}

compiled_twice! {
    /// Codes `count` MCUs of blocks in natural order, with their masks in zigzag order as
    /// [`fdct_run`](crate::jpeg_fdct::fdct_run) leaves them. Whole bytes go to `out` from its start; the bits of the last one
    /// stay in `state`. Returns how many bytes were written.
    ///
    /// # Panics
    /// When `out` is shorter than [`MAX_BLOCK_BYTES`] for each block, or a block's place lies outside `blocks` or `masks`.
    fn encode_mcus(
        level,
        plan: &[McuBlock<'_>],
        count: usize,
        blocks: &[Block],
        masks: &[u64],
        state: &mut EncoderState,
        out: &mut [u8],
    ) -> usize;
}

mod scalar {
    use super::*;

    #[inline(always)]
    pub(super) fn encode_mcus(
        plan: &[McuBlock<'_>],
        count: usize,
        blocks: &[Block],
        masks: &[u64],
        state: &mut EncoderState,
        out: &mut [u8],
    ) -> usize {
        assert!(out.len() >= count * plan.len() * MAX_BLOCK_BYTES, "room for the longest codes");
        let mut writer =
            BitWriter { out, next: 0, bits: u64::from(state.bits) << 56, count: u32::from(state.count) };
        for mcu in 0..count {
            for place in plan {
                let at = place.first + mcu * place.step;
                encode_block(
                    &mut writer,
                    &blocks[at].0,
                    masks[at],
                    &mut state.predictors[place.component],
                    place.table,
                );
            }
        }
        (state.bits, state.count) = ((writer.bits >> 56) as u8, writer.count as u8);
        writer.next
    }
}

/// Collects bits from the top of a register and writes the whole register behind the bytes that are complete.
struct BitWriter<'a> {
    out: &'a mut [u8],
    next: usize,
    bits: u64,
    /// Bits in the register, 0 to 7 between calls.
    count: u32,
}

impl BitWriter<'_> {
    /// Appends the lowest `len` bits of `code`, 1 to 57.
    #[inline(always)]
    fn put(&mut self, code: u64, len: u32) {
        self.bits |= (code << (64 - len)) >> self.count;
        self.count += len;
        self.out[self.next..self.next + 8].copy_from_slice(&self.bits.to_be_bytes());
        self.next += (self.count >> 3) as usize;
        self.bits <<= self.count & 0x38;
        self.count &= 7;
    }
}

/// How many bits a value's magnitude has, and the bits that JPEG writes for it.
#[inline(always)]
fn magnitude(v: i32) -> (u32, u32) {
    let size = 32 - v.unsigned_abs().leading_zeros();
    let bits = (v + (v >> 31)) as u32 & ((1u32 << size) - 1);
    (size, bits)
}

#[inline(always)]
fn encode_block(
    writer: &mut BitWriter<'_>,
    block: &[i16; 64],
    mask: u64,
    predictor: &mut i32,
    table: &EncodeTable,
) {
    let dc = i32::from(block[0]);
    let (size, bits) = magnitude(dc - *predictor);
    *predictor = dc;
    let code = table.dc[size as usize & 15];
    writer.put(u64::from((code >> 8) << size | bits), (code & 255) + size);

    let mut rest = mask & !1;
    let mut after = 1;
    while rest != 0 {
        let k = rest.trailing_zeros();
        rest &= rest - 1;
        let mut run = k - after;
        after = k + 1;
        while run > 15 {
            let zeros = table.ac[0xF0];
            writer.put(u64::from(zeros >> 8), zeros & 255);
            run -= 16;
        }
        let natural = usize::from(ZIGZAG[k as usize & 63]) & 63;
        let (size, bits) = magnitude(i32::from(block[natural]));
        let code = table.ac[(run << 4 | size) as usize & 255];
        writer.put(u64::from((code >> 8) << size | bits), (code & 255) + size);
    }
    if mask >> 63 == 0 {
        let end = table.ac[0];
        writer.put(u64::from(end >> 8), end & 255);
    }
}
