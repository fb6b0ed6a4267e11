//! Huffman coding of JPEG blocks into raw bits, without stuffing.

use crate::Level;
use crate::jpeg_block::{Block, ZIGZAG};

/// Bytes that one block can take at most, with what a write of a whole register may touch behind it.
pub const MAX_BLOCK_BYTES: usize = 64 * 4 + 16;

/// What is written for a symbol: the code in the upper bits, followed by room for the bits of the value, and the length of
/// both together in the lowest five. 0 for a symbol without code.
type Entry = u32;

/// The Huffman codes of one kind of component, made ready for coding.
#[derive(Clone, Debug)]
pub struct EncodeTable {
    /// By the size of a first coefficient's difference.
    dc: [Entry; 16],
    /// By run of zeros and size.
    ac: [Entry; 256],
}

impl EncodeTable {
    /// From the numbers of codes of each length and their symbols, of the first coefficients and of the others.
    pub fn new(dc: (&[u8; 16], &[u8]), ac: (&[u8; 16], &[u8])) -> EncodeTable {
        let mut table = EncodeTable { dc: [0; 16], ac: [0; 256] };
        for_each_code(dc.0, dc.1, |symbol, code, len| {
            table.dc[usize::from(symbol & 15)] = entry(code, len, u32::from(symbol & 15));
        });
        for_each_code(ac.0, ac.1, |symbol, code, len| {
            table.ac[usize::from(symbol)] = entry(code, len, u32::from(symbol & 15));
        });
        table
    }
}

fn entry(code: u32, len: u32, size: u32) -> Entry {
    // Symbols of more than ten bits do not occur; their codes would not fit.
    if size > 11 { 0 } else { code << size << 5 | (len + size) }
}

fn for_each_code(counts: &[u8; 16], symbols: &[u8], mut each: impl FnMut(u8, u32, u32)) {
    let mut symbols = symbols.iter();
    let mut code = 0u32;
    for (len, count) in (1u32..).zip(counts) {
        for symbol in symbols.by_ref().take(usize::from(*count)) {
            each(*symbol, code, len);
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

/// Codes `count` MCUs of blocks in natural order, with their masks in zigzag order as
/// [`fdct_run`](crate::jpeg_fdct::fdct_run) leaves them. Whole bytes go to `out` from its start; the bits of the last one
/// stay in `state`. Returns how many bytes were written.
///
/// # Panics
/// When `out` is shorter than [`MAX_BLOCK_BYTES`] for each block, or a block's place lies outside `blocks` or `masks`.
pub fn encode_mcus(
    level: Level,
    plan: &[McuBlock<'_>],
    count: usize,
    blocks: &[Block],
    masks: &[u64],
    state: &mut EncoderState,
    out: &mut [u8],
) -> usize {
    #[cfg(target_arch = "x86_64")]
    if level.avx512() {
        // SAFETY: the level is the proof that the processor has the features.
        return unsafe { avx512::encode_mcus(plan, count, blocks, masks, state, out) };
    }
    #[cfg(target_arch = "x86_64")]
    if level.avx2() {
        // SAFETY: the level is the proof that the processor has the features.
        return unsafe { avx2::encode_mcus(plan, count, blocks, masks, state, out) };
    }
    let _ = level;
    encode_mcus_with(plan, count, blocks, masks, state, out, encode_block)
}

/// The body of all versions, which differ in how they code a block.
#[inline(always)]
fn encode_mcus_with(
    plan: &[McuBlock<'_>],
    count: usize,
    blocks: &[Block],
    masks: &[u64],
    state: &mut EncoderState,
    out: &mut [u8],
    encode_block: impl Fn(&mut BitWriter<'_>, &[i16; 64], u64, &mut i32, &EncodeTable),
) -> usize {
    assert!(out.len() >= count * plan.len() * MAX_BLOCK_BYTES, "room for the longest codes");
    let mut writer =
        BitWriter { out, next: 0, bits: u64::from(state.bits) << 56, count: u32::from(state.count) };
    for mcu in 0..count {
        for place in plan {
            let at = place.first + mcu * place.step;
            let predictor = &mut state.predictors[place.component];
            encode_block(&mut writer, &blocks[at].0, masks[at], predictor, place.table);
        }
    }
    (state.bits, state.count) = ((writer.bits >> 56) as u8, writer.count as u8);
    writer.next
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
    /// Appends at most 57 bits.
    #[inline(always)]
    fn put(&mut self, Pending { bits, len }: Pending) {
        // In two steps, because a shift by 64 is none.
        self.put_top(bits << (63 - len) << 1, len);
    }

    /// Appends the upper `len` bits, at most 57, of a number whose other bits are zero.
    #[inline(always)]
    fn put_top(&mut self, bits: u64, len: u32) {
        self.bits |= bits >> self.count;
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

/// Bits that wait to be written: the lowest `len` of `bits`. Two codes have at most 57.
#[derive(Clone, Copy)]
struct Pending {
    bits: u64,
    len: u32,
}

impl Pending {
    const NONE: Pending = Pending { bits: 0, len: 0 };

    #[inline(always)]
    fn of(entry: Entry) -> Pending {
        Pending { bits: u64::from(entry >> 5), len: entry & 31 }
    }

    #[inline(always)]
    fn then(self, next: Pending) -> Pending {
        Pending { bits: self.bits << next.len | next.bits, len: self.len + next.len }
    }
}

/// Codes one block, two coefficients to a write.
#[inline(always)]
fn encode_block(
    writer: &mut BitWriter<'_>,
    block: &[i16; 64],
    mask: u64,
    predictor: &mut i32,
    table: &EncodeTable,
) {
    let mut pending = first_coefficient(block, predictor, table);
    let mut rest = mask & !1;
    let mut after = 1;
    macro_rules! next_behind {
        ($pending:expr) => {{
            let mut pending = $pending;
            let k = rest.trailing_zeros();
            rest &= rest - 1;
            let mut run = k - after;
            after = k + 1;
            while run > 15 {
                writer.put(pending);
                pending = Pending::of(table.ac[0xF0]);
                run -= 16;
            }
            let (size, bits) = magnitude(i32::from(block[usize::from(ZIGZAG[k as usize & 63]) & 63]));
            pending.then(Pending::of(table.ac[(run << 4 | size) as usize & 255] | bits << 5))
        }};
    }
    while rest != 0 {
        let pair = next_behind!(pending);
        writer.put(pair);
        pending = Pending::NONE;
        if rest == 0 {
            break;
        }
        pending = next_behind!(Pending::NONE);
    }
    if mask >> 63 == 0 {
        pending = pending.then(Pending::of(table.ac[0]));
    }
    writer.put(pending);
}

/// The code of the first coefficient's difference to the one before.
#[inline(always)]
fn first_coefficient(block: &[i16; 64], predictor: &mut i32, table: &EncodeTable) -> Pending {
    let first = i32::from(block[0]);
    let (size, bits) = magnitude(first - *predictor);
    *predictor = first;
    Pending::of(table.dc[size as usize & 15] | bits << 5)
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use super::*;

    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt,fma")]
    pub(super) fn encode_mcus(
        plan: &[McuBlock<'_>],
        count: usize,
        blocks: &[Block],
        masks: &[u64],
        state: &mut EncoderState,
        out: &mut [u8],
    ) -> usize {
        encode_mcus_with(plan, count, blocks, masks, state, out, encode_block)
    }
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use super::*;
    use crate::vector::load512;
    use std::arch::x86_64::*;

    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt,fma")]
    #[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512vbmi,avx512vbmi2")]
    pub(super) fn encode_mcus(
        plan: &[McuBlock<'_>],
        count: usize,
        blocks: &[Block],
        masks: &[u64],
        state: &mut EncoderState,
        out: &mut [u8],
    ) -> usize {
        encode_mcus_with(plan, count, blocks, masks, state, out, |writer, block, mask, predictor, table| {
            encode_block(writer, block, mask, predictor, table);
        })
    }

    /// 0, 1, 2 …
    static PLACES: [u8; 64] = {
        let mut places = [0; 64];
        let mut i = 0;
        while i < 64 {
            places[i] = i as u8;
            i += 1;
        }
        places
    };

    /// Codes one block: all its coefficients that are not zero are brought together, and codes and lengths of sixteen at a
    /// time are found at once and joined in pairs.
    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt,fma")]
    #[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512vbmi,avx512vbmi2")]
    #[inline]
    fn encode_block(
        writer: &mut BitWriter<'_>,
        block: &[i16; 64],
        mask: u64,
        predictor: &mut i32,
        table: &EncodeTable,
    ) {
        let others = mask & !1;
        let n = others.count_ones();
        if n == 0 {
            let first = first_coefficient(block, predictor, table);
            return writer.put(first.then(Pending::of(table.ac[0])));
        }
        let places = _mm512_maskz_compress_epi8(others, load512(&PLACES, 0));
        let naturals = _mm512_maskz_compress_epi8(others, load512(&ZIGZAG, 0));
        let one = _mm512_set1_epi8(1);
        // Each place's predecessor; the first one's is the place of the first coefficient, 0.
        let shifted = _mm512_sub_epi8(load512(&PLACES, 0), one);
        let before = _mm512_maskz_permutexvar_epi8(!1, shifted, places);
        let runs = _mm512_sub_epi8(_mm512_sub_epi8(places, before), one);
        let valid = u64::MAX >> (64 - n);
        if _mm512_mask_cmpgt_epu8_mask(valid, runs, _mm512_set1_epi8(15)) != 0 {
            return super::encode_block(writer, block, mask, predictor, table);
        }
        writer.put(first_coefficient(block, predictor, table));
        let halves = (load512(block, 0), load512(block, 32));
        let mut sixteen = |runs: __m128i, naturals: __m128i, left: u32| {
            let indices = _mm512_castsi256_si512(_mm256_cvtepu8_epi16(naturals));
            let values = _mm512_permutex2var_epi16(halves.0, indices, halves.1);
            let values = _mm512_cvtepi16_epi32(_mm512_castsi512_si256(values));
            put_sixteen(writer, _mm512_cvtepu8_epi32(runs), values, left, &table.ac);
        };
        sixteen(_mm512_extracti32x4_epi32::<0>(runs), _mm512_extracti32x4_epi32::<0>(naturals), n);
        if n > 16 {
            sixteen(_mm512_extracti32x4_epi32::<1>(runs), _mm512_extracti32x4_epi32::<1>(naturals), n - 16);
        }
        if n > 32 {
            sixteen(_mm512_extracti32x4_epi32::<2>(runs), _mm512_extracti32x4_epi32::<2>(naturals), n - 32);
        }
        if n > 48 {
            sixteen(_mm512_extracti32x4_epi32::<3>(runs), _mm512_extracti32x4_epi32::<3>(naturals), n - 48);
        }
        if mask >> 63 == 0 {
            writer.put(Pending::of(table.ac[0]));
        }
    }

    /// Codes the first `left` (at most 16) of sixteen coefficients with the runs of zeros before them.
    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt,fma")]
    #[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512vbmi,avx512vbmi2")]
    #[inline]
    fn put_sixteen(writer: &mut BitWriter<'_>, runs: __m512i, values: __m512i, left: u32, ac: &[Entry; 256]) {
        let left = left.min(16);
        let valid = (u32::MAX >> (32 - left)) as u16;
        let size = _mm512_sub_epi32(_mm512_set1_epi32(32), _mm512_lzcnt_epi32(_mm512_abs_epi32(values)));
        let room = _mm512_sub_epi32(_mm512_sllv_epi32(_mm512_set1_epi32(1), size), _mm512_set1_epi32(1));
        let ones_complement = _mm512_add_epi32(values, _mm512_srai_epi32::<31>(values));
        let symbols = _mm512_or_si512(_mm512_slli_epi32::<4>(runs), size);
        let symbols = _mm512_and_si512(symbols, _mm512_set1_epi32(255));
        // SAFETY: every index is at most 255, and the table has 256 entries of four bytes.
        let entries = unsafe {
            _mm512_mask_i32gather_epi32::<4>(_mm512_setzero_si512(), valid, symbols, ac.as_ptr().cast())
        };
        let bits = _mm512_or_si512(_mm512_srli_epi32::<5>(entries), _mm512_and_si512(ones_complement, room));
        let bits = _mm512_maskz_mov_epi32(valid, bits);
        let lens = _mm512_and_si512(entries, _mm512_set1_epi32(31));

        // Neighbours become one code of at most 52 bits.
        let low = _mm512_set1_epi64(0xFFFF_FFFF);
        let (first_len, second_len) = (_mm512_and_si512(lens, low), _mm512_srli_epi64::<32>(lens));
        let first = _mm512_sllv_epi64(_mm512_and_si512(bits, low), second_len);
        let pairs = _mm512_or_si512(first, _mm512_srli_epi64::<32>(bits));
        let lens = _mm512_add_epi64(first_len, second_len);
        let pairs = to_array(_mm512_sllv_epi64(pairs, _mm512_sub_epi64(_mm512_set1_epi64(64), lens)));
        let lens = to_array(lens);
        for (pair, len) in pairs.into_iter().zip(lens).take(left.div_ceil(2) as usize) {
            writer.put_top(pair, len as u32);
        }
    }

    #[target_feature(enable = "avx512f")]
    #[inline]
    fn to_array(vector: __m512i) -> [u64; 8] {
        // SAFETY: both are 64 bytes for which every pattern of bits is a value.
        unsafe { std::mem::transmute(vector) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Every symbol with a code of its own length, as in a file.
    fn table() -> EncodeTable {
        let sizes: Vec<u8> = (0..12).collect();
        let mut dc = [0; 16];
        dc[3] = 12;
        let mut ac = [0; 16];
        (ac[6], ac[8]) = (100, 62);
        let mut symbols = vec![0x00, 0xF0];
        symbols.extend((0..16u8).flat_map(|run| (1..=10).map(move |size| run << 4 | size)));
        EncodeTable::new((&dc, &sizes), (&ac, &symbols))
    }

    fn masks(blocks: &[Block]) -> Vec<u64> {
        let mask = |block: &Block| {
            let scan = ZIGZAG.iter().enumerate();
            scan.fold(0, |mask, (k, natural)| mask | u64::from(block.0[usize::from(*natural)] != 0) << k)
        };
        blocks.iter().map(mask).collect()
    }

    /// From empty to full blocks, values from small to the largest.
    fn block() -> impl Strategy<Value = Block> {
        (0u32..64, prop_oneof![Just(2i16), Just(40), Just(1023)]).prop_flat_map(|(sparsity, most)| {
            let value =
                (0u32..64, -most..=most).prop_map(move |(dice, v)| if dice >= sparsity { v } else { 0 });
            proptest::collection::vec(value, 64).prop_map(|values| Block(values.try_into().unwrap()))
        })
    }

    proptest! {
        #[test]
        fn all_levels_write_the_same_bits(blocks in proptest::collection::vec(block(), 1..8), start in 0u8..8) {
            let table = table();
            let plan = [McuBlock { table: &table, component: 1, first: 0, step: 1 }];
            let masks = masks(&blocks);
            let begin = EncoderState { predictors: [7; 4], bits: 0x55 & !(0xFF >> start), count: start };
            let run = |level| {
                let (mut state, mut out) = (begin, vec![0; blocks.len() * MAX_BLOCK_BYTES]);
                let len = encode_mcus(level, &plan, blocks.len(), &blocks, &masks, &mut state, &mut out);
                out.truncate(len);
                (out, state)
            };
            let plain = run(Level::SCALAR);
            for level in Level::available() {
                prop_assert_eq!(&run(level), &plain, "{}", level.name());
            }
        }

        /// What is written is read back by the decoder.
        #[test]
        fn what_is_coded_is_decoded(blocks in proptest::collection::vec(block(), 1..8)) {
            use crate::jpeg_entropy_decode::{BitReader, Class, DecodeTable, McuBlock as Decoded, decode_mcus};
            let sizes: Vec<u8> = (0..12).collect();
            let mut dc_counts = [0; 16];
            dc_counts[3] = 12;
            let mut ac_counts = [0; 16];
            (ac_counts[6], ac_counts[8]) = (100, 62);
            let mut symbols = vec![0x00, 0xF0];
            symbols.extend((0..16u8).flat_map(|run| (1..=10).map(move |size| run << 4 | size)));
            let table = table();
            let plan = [McuBlock { table: &table, component: 0, first: 0, step: 1 }];
            let (mut state, mut out) = (EncoderState::default(), vec![0; blocks.len() * MAX_BLOCK_BYTES + 8]);
            let n = blocks.len();
            let len = encode_mcus(Level::detect(), &plan, n, &blocks, &masks(&blocks), &mut state, &mut out);
            out[len] = state.last_byte().unwrap_or(0);
            let dc = DecodeTable::new(Class::Dc, &dc_counts, &sizes).unwrap();
            let ac = DecodeTable::new(Class::Ac, &ac_counts, &symbols).unwrap();
            let plan = [Decoded { dc: &dc, ac: &ac, component: 0, first: 0, step: 1 }];
            for level in Level::available() {
                let (mut again, mut extents) = (vec![Block::ZERO; n], vec![0; n]);
                let mut reader = BitReader::new(&out, 0);
                let done = decode_mcus(level, &mut reader, &plan, &mut [0; 4], n, &mut again, &mut extents);
                prop_assert_eq!(done, Ok(()));
                prop_assert_eq!(&again, &blocks);
                prop_assert_eq!(reader.position(), 8 * len + usize::from(state.count));
            }
        }
    }
}
