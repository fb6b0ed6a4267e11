//! Huffman decoding of JPEG blocks: a look-up a symbol, bits in a 64-bit register.

use crate::jpeg_block::{Block, ZIGZAG};

/// Bits that the first look-up takes; longer codes are rare.
pub(crate) const LOOK_BITS: u32 = 11;

/// What a code stands for, packed so that the decoding loop only shifts.
///
/// | bits | meaning |
/// |---|---|
/// | 0..6 | length of code and value together |
/// | 8..14 | length of the code |
/// | 16..22 | 64 minus the length of the value (0 for no value) |
/// | 24..28 | run of zeros before the value |
/// | 30 | no such code |
/// | 31 | no value follows |
pub(crate) type Entry = u32;
pub(crate) const NO_CODE_FLAG: Entry = 1 << 30;
pub(crate) const NO_VALUE: Entry = 1 << 31;
const NO_CODE: Entry = 16 | 16 << 8 | NO_CODE_FLAG | NO_VALUE;

/// Which coefficients a table is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The first coefficient's difference: a symbol is the length of the value, at most 11 bits.
    Dc,
    /// The others: a symbol is a run of zeros and the length of the value, at most 10 bits.
    Ac,
}

/// A Huffman table made ready for decoding.
#[derive(Clone, Debug)]
pub struct DecodeTable {
    pub(crate) look: Box<[Entry; 1 << LOOK_BITS]>,
    /// Entries of the codes longer than `LOOK_BITS`, by their first 16 bits from `tail_base` on.
    tail: Vec<Entry>,
    tail_base: u32,
}

impl DecodeTable {
    /// From the numbers of codes of each length 1..=16 and their symbols, as the file lists them; `None` when they are no
    /// prefix code, or a first coefficient's symbol is no length of up to 15 bits.
    pub fn new(class: Class, counts: &[u8; 16], symbols: &[u8]) -> Option<DecodeTable> {
        let total: usize = counts.iter().map(|n| usize::from(*n)).sum();
        if total > 256 || symbols.len() < total {
            return None;
        }
        if class == Class::Dc && symbols[..total].iter().any(|symbol| *symbol > 15) {
            return None;
        }
        let mut table =
            DecodeTable { look: Box::new([0; 1 << LOOK_BITS]), tail: Vec::new(), tail_base: 1 << 16 };
        let mut symbols = symbols.iter();
        let mut code = 0u32;
        for (len, count) in (1..).zip(counts) {
            for symbol in symbols.by_ref().take(usize::from(*count)) {
                if code >= 1 << len {
                    return None;
                }
                table.insert(code, len, entry(class, *symbol, len));
                code += 1;
            }
            code <<= 1;
        }
        Some(table)
    }

    fn insert(&mut self, code: u32, len: u32, entry: Entry) {
        if len <= LOOK_BITS {
            let first = (code << (LOOK_BITS - len)) as usize;
            self.look[first..first + (1 << (LOOK_BITS - len))].fill(entry);
        } else {
            let first = code << (16 - len);
            if self.tail.is_empty() {
                self.tail_base = first;
            }
            // Codes ascend, so each begins where the one before ended.
            self.tail.resize((first - self.tail_base) as usize + (1 << (16 - len)), entry);
        }
    }

    /// The entry of the code at the top of `bits`.
    #[inline(always)]
    pub(crate) fn entry(&self, bits: u64) -> Entry {
        let entry = self.look[(bits >> (64 - LOOK_BITS)) as usize];
        if entry != 0 { entry } else { self.long(bits) }
    }

    #[cold]
    fn long(&self, bits: u64) -> Entry {
        let index = ((bits >> 48) as u32).wrapping_sub(self.tail_base);
        self.tail.get(index as usize).copied().unwrap_or(NO_CODE)
    }
}

fn entry(class: Class, symbol: u8, len: u32) -> Entry {
    let size = u32::from(symbol & 15);
    let run = u32::from(symbol >> 4);
    let possible = match class {
        Class::Dc => symbol <= 11,
        Class::Ac => size <= 10,
    };
    if !possible {
        return NO_CODE;
    }
    (len + size) | len << 8 | ((64 - size) & 63) << 16 | run << 24 | if size == 0 { NO_VALUE } else { 0 }
}

/// The value behind the code at the top of `bits`: positive when its first bit is 1, else a negative one in JPEG's
/// one's complement form. The entry must have a value.
#[inline(always)]
pub(crate) fn value(bits: u64, entry: Entry) -> i32 {
    let rest = bits << ((entry >> 8) & 63);
    let shift = (entry >> 16) & 63;
    let magnitude = (rest >> shift) as i32;
    let all_ones = (u64::MAX >> shift) as i32;
    magnitude - (all_ones & !((rest as i64 >> 63) as i32))
}

/// Reads bits from data without stuffing. Beyond the end it reads zeros; [`position`](BitReader::position) tells.
#[derive(Clone, Debug)]
pub struct BitReader<'a> {
    data: &'a [u8],
    /// The byte that the next refill starts with.
    next: usize,
    /// Unread bits from the top.
    pub(crate) bits: u64,
    /// How many of them count, modulo 64; the bits below may hold the start of what comes next.
    count: u32,
}

impl<'a> BitReader<'a> {
    /// Starts at a bit of `data`.
    pub fn new(data: &'a [u8], bit: usize) -> BitReader<'a> {
        let mut reader = BitReader { data, next: bit / 8, bits: 0, count: 0 };
        reader.refill();
        reader.skip((bit % 8) as u32);
        reader
    }

    /// Bits read so far, counted from the start of the data; more than the data has when it was read beyond.
    pub fn position(&self) -> usize {
        self.next * 8 - (self.count & 63) as usize
    }

    /// Has at least 56 bits at hand afterwards.
    #[inline(always)]
    pub(crate) fn refill(&mut self) {
        let word = match self.data.get(self.next..).and_then(|rest| rest.first_chunk::<8>()) {
            Some(bytes) => u64::from_be_bytes(*bytes),
            None => last_word(self.data, self.next),
        };
        let count = self.count & 63;
        self.bits |= word >> count;
        self.next += ((63 - count) >> 3) as usize;
        self.count = count | 56;
    }

    #[inline(always)]
    pub(crate) fn skip(&mut self, count: u32) {
        self.bits <<= count;
        self.count = self.count.wrapping_sub(count);
    }
}

/// The word at the end of the data or beyond, filled up with zeros. Apart from the reader, so that the reader's address
/// is never taken and it stays in registers.
#[cold]
fn last_word(data: &[u8], next: usize) -> u64 {
    let rest = data.get(next..).unwrap_or(&[]);
    let mut bytes = [0; 8];
    bytes[..rest.len()].copy_from_slice(rest);
    u64::from_be_bytes(bytes)
}

impl BitReader<'_> {
    /// Reads one symbol alone: the run in the upper four bits of its byte and the length of the value in the lower.
    ///
    /// # Errors
    /// [`BadCode`] when the table has no such code.
    #[inline]
    pub fn symbol(&mut self, table: &DecodeTable) -> Result<(u32, u32), BadCode> {
        self.refill();
        let entry = table.entry(self.bits);
        if entry & NO_CODE_FLAG != 0 {
            return Err(BadCode);
        }
        self.skip((entry >> 8) & 63);
        Ok((entry >> 24 & 15, (64 - (entry >> 16 & 63)) & 63))
    }

    /// Reads `count` bits, at most 16.
    #[inline]
    pub fn bits(&mut self, count: u32) -> u32 {
        self.refill();
        // In two steps, because a shift by 64 is none.
        let value = (self.bits >> 1) >> (63 - count);
        self.skip(count);
        value as u32
    }

    /// Reads a value of `size` bits, at most 16, in JPEG's one's complement form.
    #[inline]
    pub fn value(&mut self, size: u32) -> i32 {
        if size == 0 {
            return 0;
        }
        let bits = self.bits(size) as i32;
        if bits >> (size - 1) == 0 { bits - ((1 << size) - 1) } else { bits }
    }
}

/// The data holds a code that its table does not, or more coefficients than a block has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadCode;

/// One block of an MCU: how it is coded and where it goes.
#[derive(Clone, Copy, Debug)]
pub struct McuBlock<'t> {
    /// Table of the first coefficient.
    pub dc: &'t DecodeTable,
    /// Table of the others.
    pub ac: &'t DecodeTable,
    /// Whose predictor the first coefficient continues.
    pub component: usize,
    /// Where the first MCU's block goes.
    pub first: usize,
    /// How far apart the blocks of neighbouring MCUs lie.
    pub step: usize,
}

compiled_twice! {
    /// Decodes `count` MCUs of a sequential scan into `out`; `extents` gets the highest zigzag index of a coefficient of
    /// each block.
    ///
    /// # Errors
    /// [`BadCode`] when the data cannot be what an encoder wrote. Reading beyond the data's end is not told here but by
    /// [`BitReader::position`].
    ///
    /// # Panics
    /// When a block's place lies outside `out` or `extents`, or a component outside `predictors`.
    fn decode_mcus(
        level,
        reader: &mut BitReader<'_>,
        plan: &[McuBlock<'_>],
        predictors: &mut [i32; 4],
        count: usize,
        out: &mut [Block],
        extents: &mut [u8],
    ) -> Result<(), BadCode>;
}

mod scalar {
    use super::*;

    #[inline(always)]
    pub(super) fn decode_mcus(
        reader: &mut BitReader<'_>,
        plan: &[McuBlock<'_>],
        predictors: &mut [i32; 4],
        count: usize,
        out: &mut [Block],
        extents: &mut [u8],
    ) -> Result<(), BadCode> {
        // A copy whose address nobody has stays in registers.
        let mut local = reader.clone();
        let mut result = Ok(());
        'all: for mcu in 0..count {
            for place in plan {
                let at = place.first + mcu * place.step;
                let block = &mut out[at];
                *block = Block::ZERO;
                match decode_block(
                    &mut local,
                    place.dc,
                    place.ac,
                    &mut predictors[place.component],
                    &mut block.0,
                ) {
                    Ok(extent) => extents[at] = extent,
                    Err(bad) => {
                        result = Err(bad);
                        break 'all;
                    }
                }
            }
        }
        *reader = local;
        result
    }
}

/// Natural order for a zigzag index that may overshoot by a run of zeros.
const ORDER: [u8; 128] = {
    let mut order = [63; 128];
    let mut k = 0;
    while k < 64 {
        order[k] = ZIGZAG[k];
        k += 1;
    }
    order
};

/// Decodes one block into zeros and returns the highest zigzag index of its coefficients.
///
/// A refill gives 56 bits; the first coefficient takes at most 16 + 11 and every other at most 16 + 10, so two symbols
/// follow each refill.
#[inline(always)]
fn decode_block(
    reader: &mut BitReader<'_>,
    dc: &DecodeTable,
    ac: &DecodeTable,
    predictor: &mut i32,
    block: &mut [i16; 64],
) -> Result<u8, BadCode> {
    reader.refill();
    let entry = dc.entry(reader.bits);
    if entry & NO_VALUE == 0 {
        *predictor = predictor.wrapping_add(value(reader.bits, entry));
    } else if entry & NO_CODE_FLAG != 0 {
        return Err(BadCode);
    }
    reader.skip(entry & 63);
    block[0] = *predictor as i16;

    let mut k = 1usize;
    let mut extent = 0usize;
    macro_rules! symbol {
        () => {
            let entry = ac.entry(reader.bits);
            if entry & NO_VALUE != 0 {
                if entry & NO_CODE_FLAG != 0 {
                    return Err(BadCode);
                }
                reader.skip(entry & 63);
                if entry >> 24 & 15 != 15 {
                    return Ok(extent as u8);
                }
                k += 16;
                if k > 63 {
                    return Err(BadCode);
                }
            } else {
                k += (entry >> 24) as usize;
                let value = value(reader.bits, entry);
                reader.bits <<= entry & 63;
                // Only the low six bits of the count mean something, so the entry's others need no mask.
                reader.count = reader.count.wrapping_sub(entry);
                block[usize::from(ORDER[k & 127] & 63)] = value as i16;
                extent = k;
                k += 1;
                if k > 63 {
                    return if k == 64 { Ok(63) } else { Err(BadCode) };
                }
            }
        };
    }
    loop {
        symbol!();
        reader.refill();
        symbol!();
        symbol!();
        reader.refill();
        symbol!();
    }
}
