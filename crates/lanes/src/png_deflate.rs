//! Filtered PNG rows as a deflate block with one fixed set of codes: short ones for small differences, runs of zeros as
//! copies from one byte back, no other search.
//!
//! The code lengths are those of the `fdeflate` crate (MIT or Apache-2.0), which found them over many photographs. Nothing
//! is decided byte by byte, so little is mispredicted: only runs of zeros that fill a group of eight bytes leave the straight
//! way. A copy takes fewer bits from seven zeros on, but looking for these costs more time than it saves bytes.

/// Code lengths by symbol: 256 literals, the end of the block, 29 lengths of copies. Each pair is a length and how many
/// symbols in a row have it.
#[rustfmt::skip]
const RUNS_OF_LENGTHS: [(u8, usize); 35] = [
    (2, 1), (3, 1), (4, 1), (5, 2), (6, 2), (7, 3), (8, 5), (9, 7), (10, 9), (11, 12), (12, 171), (11, 10),
    (10, 1), (11, 1), (10, 9), (9, 5), (8, 1), (9, 1), (8, 5), (7, 3), (6, 3), (5, 1), (4, 1), (3, 1),
    (12, 3), (9, 2), (11, 1), (10, 1), (11, 2), (10, 1), (11, 6), (12, 1), (11, 1), (12, 11), (9, 1),
];

/// Symbols of the block: literals, its end, lengths of copies.
const SYMBOLS: usize = 286;
/// The symbol that ends the block.
const END: usize = 256;
/// Bits of the longest code.
const LONGEST: usize = 12;

/// Lengths of the codes that the header uses for the code lengths 0 to 12 themselves: 12 is by far the commonest.
const HEADER_LENGTHS: [u8; 13] = [0, 5, 6, 6, 5, 5, 5, 5, 5, 5, 3, 3, 1];
/// The order in which the format lists them.
const HEADER_ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// The longest copy.
const LONGEST_COPY: usize = 258;

const LENGTHS: [u8; SYMBOLS] = {
    let mut lengths = [0; SYMBOLS];
    let (mut symbol, mut run) = (0, 0);
    while run < RUNS_OF_LENGTHS.len() {
        let end = symbol + RUNS_OF_LENGTHS[run].1;
        while symbol < end {
            lengths[symbol] = RUNS_OF_LENGTHS[run].0;
            symbol += 1;
        }
        run += 1;
    }
    assert!(symbol == SYMBOLS, "a length for every symbol");
    lengths
};
const CODES: [u16; SYMBOLS] = codes(&LENGTHS);
const HEADER_CODES: [u16; 13] = codes(&HEADER_LENGTHS);

/// The codes of deflate for lengths: counting upwards within a length, the first bit lowest.
const fn codes<const N: usize>(lengths: &[u8; N]) -> [u16; N] {
    let mut codes = [0; N];
    let (mut next, mut length) = (0u16, 1);
    while length <= LONGEST {
        let mut symbol = 0;
        while symbol < N {
            if lengths[symbol] as usize == length {
                codes[symbol] = next.reverse_bits() >> (16 - length);
                next += 1;
            }
            symbol += 1;
        }
        assert!(next <= 1 << length, "no more codes than there are");
        next <<= 1;
        length += 1;
    }
    codes
}

/// Code and length of each literal in one number, the length in the upper half.
static LITERALS: [u32; 256] = {
    let mut literals = [0; 256];
    let mut v = 0;
    while v < 256 {
        literals[v] = CODES[v] as u32 | (LENGTHS[v] as u32) << 16;
        v += 1;
    }
    literals
};

/// Bits of a copy by its length from 3 to 258 (at index 0 to 255), the distance's bit included, and how many they are.
static COPIES: [(u32, u32); LONGEST_COPY - 2] = {
    let mut copies = [(0, 0); LONGEST_COPY - 2];
    let mut length = 3;
    while length <= LONGEST_COPY {
        // Eight lengths have their own symbol, then four symbols at a time share one more bit each; 258 has its own again.
        let offset = (length - 3) as u32;
        let extra = if offset < 8 || length == LONGEST_COPY { 0 } else { offset.ilog2() - 2 };
        let symbol = if length == LONGEST_COPY { 285 } else { 257 + 4 * extra + (offset >> extra) } as usize;
        let more = offset & ((1 << extra) - 1);
        let bits = LENGTHS[symbol] as u32;
        // The distance 1 has the code 0, which the place behind holds already.
        copies[length - 3] = (CODES[symbol] as u32 | more << bits, bits + extra + 1);
        length += 1;
    }
    copies
};

/// What one call leaves for the next: the bits of the byte that is not full yet, from the lowest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeflateState {
    bits: u8,
    count: u8,
}

/// Bytes that a call may touch for so much data.
pub const fn room(data: usize) -> usize {
    data * LONGEST / 8 + data / 8 + 64
}

/// Bytes of the block's header at most.
pub const HEADER_ROOM: usize = 128;

/// Writes the header of the only block from the start of `out` on and returns how many bytes are complete.
///
/// # Panics
/// When `out` is shorter than [`HEADER_ROOM`].
pub fn begin(state: &mut DeflateState, out: &mut [u8]) -> usize {
    let mut writer = BitWriter::new(*state, out);
    // The last block, with its own codes; 286 of them and one for distances; all 19 header codes.
    writer.put(0b1 | 0b10 << 1 | 29 << 3 | 15 << 13, 17);
    for length in HEADER_ORDER {
        writer.put(u64::from(HEADER_LENGTHS.get(length).copied().unwrap_or(0)), 3);
    }
    for length in LENGTHS.iter().chain(&[1]) {
        let length = usize::from(*length);
        writer.put(u64::from(HEADER_CODES[length]), u32::from(HEADER_LENGTHS[length]));
    }
    writer.leave(state)
}

/// Ends the block and the last byte; writes from the start of `out` on and returns how many bytes that took.
///
/// # Panics
/// When `out` is shorter than 16 bytes.
pub fn end(state: &mut DeflateState, out: &mut [u8]) -> usize {
    let mut writer = BitWriter::new(*state, out);
    writer.put(u64::from(CODES[END]), u32::from(LENGTHS[END]));
    let filling = (8 - writer.count % 8) % 8;
    writer.put(0, filling);
    writer.leave(state)
}

written_for_each! {
    /// Codes `data`; whole bytes go to `out` from its start, the bits of the last one stay in `state`. Returns how many bytes
    /// were written.
    ///
    /// # Panics
    /// When `out` is shorter than [`room`] says.
    fn deflate(level, data: &[u8], state: &mut DeflateState, out: &mut [u8]) -> usize;
}

/// Collects bits from the bottom of a register and writes the whole register behind the bytes that are complete.
struct BitWriter<'a> {
    out: &'a mut [u8],
    next: usize,
    bits: u64,
    /// Bits in the register, 0 to 7 between calls.
    count: u32,
}

impl<'a> BitWriter<'a> {
    #[inline(always)]
    fn new(state: DeflateState, out: &'a mut [u8]) -> BitWriter<'a> {
        BitWriter { out, next: 0, bits: u64::from(state.bits), count: u32::from(state.count) }
    }

    /// Appends at most 57 bits; those above `len` are zero.
    #[inline(always)]
    fn put(&mut self, bits: u64, len: u32) {
        self.bits |= bits << self.count;
        self.count += len;
        self.out[self.next..self.next + 8].copy_from_slice(&self.bits.to_le_bytes());
        self.next += (self.count >> 3) as usize;
        self.bits >>= self.count & 0x38;
        self.count &= 7;
    }

    /// Keeps what is not a whole byte for the next call and tells how many bytes are.
    #[inline(always)]
    fn leave(self, state: &mut DeflateState) -> usize {
        *state = DeflateState { bits: self.bits as u8, count: self.count as u8 };
        self.next
    }

    /// A run of zeros: one literal, then copies of it.
    #[inline(always)]
    fn zeros(&mut self, run: usize) {
        self.put(u64::from(CODES[0]), u32::from(LENGTHS[0]));
        let mut left = run - 1;
        while left >= 3 {
            let (bits, len) = COPIES[left.min(LONGEST_COPY) - 3];
            self.put(u64::from(bits), len);
            left -= left.min(LONGEST_COPY);
        }
        for _ in 0..left {
            self.put(u64::from(CODES[0]), u32::from(LENGTHS[0]));
        }
    }
}

/// The body of all versions, which differ in how they code literals.
#[inline(always)]
fn deflate_with(
    data: &[u8],
    state: &mut DeflateState,
    out: &mut [u8],
    literals: impl Fn(&mut BitWriter<'_>, &[u8]),
) -> usize {
    assert!(out.len() >= room(data.len()), "room for the longest codes");
    let mut writer = BitWriter::new(*state, out);
    let mut done = 0;
    while let Some((start, end)) = next_run(data, done) {
        literals(&mut writer, &data[done..start]);
        writer.zeros(end - start);
        done = end;
    }
    literals(&mut writer, &data[done..]);
    writer.leave(state)
}

/// Start and end of the next run of zeros from `from` on that fills a group of eight bytes.
#[inline(always)]
fn next_run(data: &[u8], from: usize) -> Option<(usize, usize)> {
    let flat = data[from..].chunks_exact(BLOCK).take_while(|block| !any_group_of_zeros(block)).count();
    let begin = from + BLOCK * flat;
    let block = &data[begin..data.len().min(begin + BLOCK)];
    let inside = begin + 8 * block.chunks_exact(8).position(|group| group == [0; 8])?;
    let before = data[from..inside].iter().rev().take_while(|v| **v == 0).count();
    let mut end = inside + 8;
    while data[end..].first_chunk().is_some_and(|group| u64::from_le_bytes(*group) == 0) {
        end += 8;
    }
    end += data[end..].iter().take_while(|v| **v == 0).count();
    Some((inside - before, end))
}

/// Bytes that are looked at together.
const BLOCK: usize = 64;

/// Whether one of the groups of eight bytes is zero.
#[inline(always)]
fn any_group_of_zeros(block: &[u8]) -> bool {
    block.as_chunks().0.iter().fold(false, |any, group| any | (u64::from_le_bytes(*group) == 0))
}

/// The plain twins: ordinary Rust.
pub mod scalar {
    use super::{BitWriter, DeflateState, LITERALS, deflate_with};

    /// See [`super::deflate`].
    #[inline(always)]
    pub fn deflate(data: &[u8], state: &mut DeflateState, out: &mut [u8]) -> usize {
        deflate_with(data, state, out, literals)
    }

    /// Four literals to a write.
    #[inline(always)]
    pub(super) fn literals(writer: &mut BitWriter<'_>, data: &[u8]) {
        let mut fours = data.chunks_exact(4);
        for four in &mut fours {
            let [a, b, c, d] = [four[0], four[1], four[2], four[3]].map(|v| LITERALS[usize::from(v)]);
            let (ab, cd) = (joined(a, b), joined(c, d));
            writer.put(ab.0 | cd.0 << ab.1, ab.1 + cd.1);
        }
        for v in fours.remainder() {
            let literal = LITERALS[usize::from(*v)];
            writer.put(u64::from(literal & 0xFFFF), literal >> 16);
        }
    }

    /// The bits of two literals and how many they are.
    #[inline(always)]
    fn joined(first: u32, second: u32) -> (u64, u32) {
        let len = first >> 16;
        (u64::from(first & 0xFFFF) | u64::from(second & 0xFFFF) << len, len + (second >> 16))
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use super::{DeflateState, deflate_with, scalar};

    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt,fma")]
    pub(super) fn deflate(data: &[u8], state: &mut DeflateState, out: &mut [u8]) -> usize {
        deflate_with(data, state, out, scalar::literals)
    }
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use super::*;
    use crate::vector::{load512, load512_part, store512};
    use std::arch::x86_64::*;

    /// Lower and upper byte of each literal's code, and its length.
    static TABLES: [[u8; 256]; 3] = {
        let mut tables = [[0; 256]; 3];
        let mut v = 0;
        while v < 256 {
            [tables[0][v], tables[1][v]] = CODES[v].to_le_bytes();
            tables[2][v] = LENGTHS[v];
            v += 1;
        }
        tables
    };

    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt,fma")]
    #[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512vbmi,avx512vbmi2")]
    pub(super) fn deflate(data: &[u8], state: &mut DeflateState, out: &mut [u8]) -> usize {
        deflate_with(data, state, out, |writer, data| literals(writer, data))
    }

    /// Looks 64 bytes up in a table of 256.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi")]
    #[inline]
    fn look_up(table: &[u8; 256], bytes: __m512i) -> __m512i {
        let low = _mm512_permutex2var_epi8(load512(table, 0), bytes, load512(table, 64));
        let high = _mm512_permutex2var_epi8(load512(table, 128), bytes, load512(table, 192));
        _mm512_mask_mov_epi8(low, _mm512_movepi8_mask(bytes), high)
    }

    /// Joins neighbours twice: 16-bit codes with their lengths become the bits of four literals and how many they are.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
    #[inline]
    fn join_fours(codes: __m512i, lengths: __m512i) -> (__m512i, __m512i) {
        let word = _mm512_set1_epi32(0xFFFF);
        let first = _mm512_and_si512(lengths, word);
        let second = _mm512_sllv_epi32(_mm512_srli_epi32::<16>(codes), first);
        let codes = _mm512_or_si512(_mm512_and_si512(codes, word), second);
        let lengths = _mm512_madd_epi16(lengths, _mm512_set1_epi16(1));
        let word = _mm512_set1_epi64(0xFFFF_FFFF);
        let first = _mm512_and_si512(lengths, word);
        let second = _mm512_sllv_epi64(_mm512_srli_epi64::<32>(codes), first);
        let lengths = _mm512_add_epi64(first, _mm512_srli_epi64::<32>(lengths));
        (_mm512_or_si512(_mm512_and_si512(codes, word), second), lengths)
    }

    /// Codes and lengths of 64 literals at once.
    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt,fma")]
    #[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512vbmi,avx512vbmi2")]
    #[inline]
    fn literals(writer: &mut BitWriter<'_>, data: &[u8]) {
        if data.len() < 8 {
            return scalar::literals(writer, data);
        }
        for part in data.chunks(64) {
            let bytes = load512_part(part);
            let present = u64::MAX >> (64 - part.len());
            let low = _mm512_maskz_mov_epi8(present, look_up(&TABLES[0], bytes));
            let high = _mm512_maskz_mov_epi8(present, look_up(&TABLES[1], bytes));
            let length = _mm512_maskz_mov_epi8(present, look_up(&TABLES[2], bytes));
            // Each half of the interleaved words holds eight literals of every sixteen.
            let none = _mm512_setzero_si512();
            let first = join_fours(_mm512_unpacklo_epi8(low, high), _mm512_unpacklo_epi8(length, none));
            let second = join_fours(_mm512_unpackhi_epi8(low, high), _mm512_unpackhi_epi8(length, none));
            let (mut bits, mut lens) = ([0u64; 16], [0u64; 16]);
            store512(&mut bits, 0, _mm512_permutex2var_epi64(first.0, order(0), second.0));
            store512(&mut bits, 8, _mm512_permutex2var_epi64(first.0, order(4), second.0));
            store512(&mut lens, 0, _mm512_permutex2var_epi64(first.1, order(0), second.1));
            store512(&mut lens, 8, _mm512_permutex2var_epi64(first.1, order(4), second.1));
            for (bits, len) in bits.iter().zip(&lens).take(part.len().div_ceil(4)) {
                writer.put(*bits, *len as u32);
            }
        }
    }

    /// Two words of one vector, two of the other, from the word `from` on.
    #[target_feature(enable = "avx512f")]
    #[inline]
    fn order(from: i64) -> __m512i {
        let order = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11);
        _mm512_add_epi64(order, _mm512_set1_epi64(from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Level;
    use proptest::collection::vec;
    use proptest::prelude::*;

    /// Everything in pieces of `piece` bytes.
    fn all(level: Option<Level>, data: &[u8], piece: usize) -> Vec<u8> {
        let mut state = DeflateState::default();
        let (mut out, mut part) = (Vec::new(), vec![0xA5; room(piece).max(HEADER_ROOM)]);
        let n = begin(&mut state, &mut part);
        out.extend_from_slice(&part[..n]);
        for data in data.chunks(piece) {
            let n = match level {
                Some(level) => deflate(level, data, &mut state, &mut part),
                None => scalar::deflate(data, &mut state, &mut part),
            };
            out.extend_from_slice(&part[..n]);
        }
        let n = end(&mut state, &mut part);
        out.extend_from_slice(&part[..n]);
        assert_eq!(state, DeflateState::default(), "the last byte is whole");
        out
    }

    /// Reads the block as the format describes it, bit by bit.
    fn inflate(bytes: &[u8]) -> Vec<u8> {
        let mut at = 0;
        let mut bits = |count: usize| {
            let value = (0..count)
                .map(|k| usize::from(bytes[(at + k) / 8] >> ((at + k) % 8) & 1) << k)
                .sum::<usize>();
            at += count;
            value
        };
        assert_eq!((bits(1), bits(2), bits(5), bits(5), bits(4)), (1, 2, 29, 0, 15));
        let mut header = [0; 19];
        HEADER_ORDER.iter().for_each(|k| header[*k] = bits(3));
        // The symbol whose code comes next, codes being counted upwards by length and symbol.
        fn symbol(lengths: &[usize], bits: &mut impl FnMut(usize) -> usize) -> usize {
            let (mut code, mut first) = (0, 0);
            for length in 1..16 {
                code = code << 1 | bits(1);
                let count = lengths.iter().filter(|l| **l == length).count();
                if code < first + count {
                    let (symbol, _) =
                        lengths.iter().enumerate().filter(|(_, l)| **l == length).nth(code - first).unwrap();
                    return symbol;
                }
                first = (first + count) << 1;
            }
            panic!("no such code");
        }
        let lengths: Vec<usize> = (0..287).map(|_| symbol(&header, &mut bits)).collect();
        assert_eq!(lengths[286], 1, "one distance of one bit");
        let mut data = Vec::new();
        loop {
            match symbol(&lengths[..286], &mut bits) {
                END => return data,
                literal @ 0..256 => data.push(literal as u8),
                copy => {
                    let k = copy - 257;
                    let length = match k {
                        28 => 258,
                        0..8 => 3 + k,
                        _ => 3 + ((4 + k % 4) << (k / 4 - 1)) + bits(k / 4 - 1),
                    };
                    assert_eq!(bits(1), 0, "distance 1");
                    data.extend(std::iter::repeat_n(data[data.len() - 1], length));
                }
            }
        }
    }

    /// Bytes as filters leave them: small differences, and runs of zeros.
    fn filtered() -> impl Strategy<Value = Vec<u8>> {
        let small = vec(any::<u8>().prop_map(|v| (v as i8 / 16) as u8), 0..40);
        let any = vec(any::<u8>(), 0..90);
        let zeros = (0usize..600).prop_map(|n| vec![0; n]);
        let few = (0usize..12).prop_map(|n| vec![0; n]);
        vec(prop_oneof![small, any, zeros, few], 0..20).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn every_level_writes_the_same_block_and_it_reads_back(data in filtered(), piece in 1usize..900) {
            let plain = all(None, &data, piece);
            prop_assert_eq!(inflate(&plain), &data[..]);
            for level in Level::available() {
                prop_assert_eq!(&all(Some(level), &data, piece), &plain, "{}", level.name());
            }
        }
    }

    #[test]
    fn every_literal_and_every_copy_reads_back() {
        let mut data: Vec<u8> = (0..=255).collect();
        for run in 1..600 {
            data.extend(std::iter::repeat_n(0, run));
            data.push(255);
        }
        assert_eq!(inflate(&all(None, &data, data.len())), data);
    }
}
