//! Passing over JPEG blocks without decoding them: several symbols a look-up, because only their lengths matter.
//!
//! This is how the rows of a file without restart markers are found. First coefficients are decoded all the same: they are
//! what a row must know of the one before.

use crate::jpeg_entropy_decode::{
    BadCode, BitReader, DecodeTable, Entry, LOOK_BITS, NO_CODE_FLAG, NO_VALUE, value,
};

/// A table for the other coefficients with all symbols that begin within the bits looked at.
///
/// An entry has in bits 0..6 how many bits they take, in 8..15 how many coefficients, and in 31 whether the block ends with
/// them; 0 stands for a code that is longer than the bits looked at.
#[derive(Clone, Debug)]
pub struct SkipTable<'t> {
    look: Box<[Entry; 1 << LOOK_BITS]>,
    single: &'t DecodeTable,
}

const END_OF_BLOCK: Entry = 1 << 31;

impl SkipTable<'_> {
    /// From the table that decodes.
    pub fn new(table: &DecodeTable) -> SkipTable<'_> {
        let mut look = Box::new([0; 1 << LOOK_BITS]);
        for (window, entry) in look.iter_mut().enumerate() {
            *entry = all_symbols(table, window as u32);
        }
        SkipTable { look, single: table }
    }
}

/// Goes through the symbols whose codes lie within the window.
fn all_symbols(table: &DecodeTable, window: u32) -> Entry {
    let (mut taken, mut coefficients) = (0, 0);
    while taken < LOOK_BITS {
        let rest = window << taken & ((1 << LOOK_BITS) - 1);
        let entry = table.look[rest as usize];
        let code_len = entry >> 8 & 63;
        if entry == 0 || entry & NO_CODE_FLAG != 0 || taken + code_len > LOOK_BITS {
            break;
        }
        taken += entry & 63;
        let run = entry >> 24 & 15;
        if entry & NO_VALUE == 0 {
            coefficients += run + 1;
        } else if run == 15 {
            coefficients += 16;
        } else {
            return taken | coefficients << 8 | END_OF_BLOCK;
        }
    }
    taken | coefficients << 8
}

/// One block of an MCU: how it is coded.
#[derive(Clone, Copy, Debug)]
pub struct SkippedBlock<'t> {
    /// Table of the first coefficient.
    pub dc: &'t DecodeTable,
    /// Table of the others.
    pub ac: &'t SkipTable<'t>,
    /// Whose predictor the first coefficient continues.
    pub component: usize,
}

compiled_twice! {
    /// Passes over `count` MCUs of a sequential scan; `predictors` become what [`decode_mcus`] makes of them.
    ///
    /// # Errors
    /// [`BadCode`] where [`decode_mcus`] finds one.
    ///
    /// # Panics
    /// When a component lies outside `predictors`.
    ///
    /// [`decode_mcus`]: crate::jpeg_entropy_decode::decode_mcus
    fn skip_mcus(
        level,
        reader: &mut BitReader<'_>,
        plan: &[SkippedBlock<'_>],
        predictors: &mut [i32; 4],
        count: usize,
    ) -> Result<(), BadCode>;
}

mod scalar {
    use super::*;

    #[inline(always)]
    pub(super) fn skip_mcus(
        reader: &mut BitReader<'_>,
        plan: &[SkippedBlock<'_>],
        predictors: &mut [i32; 4],
        count: usize,
    ) -> Result<(), BadCode> {
        // A copy whose address nobody has stays in registers.
        let mut local = reader.clone();
        for _ in 0..count {
            for block in plan {
                skip_block(&mut local, block, &mut predictors[block.component])?;
            }
        }
        *reader = local;
        Ok(())
    }
}

/// A refill gives 56 bits; the first coefficient takes at most 16 + 11, a look-up at most 11 + 10 and a single symbol at
/// most 16 + 10.
#[inline(always)]
fn skip_block(
    reader: &mut BitReader<'_>,
    block: &SkippedBlock<'_>,
    predictor: &mut i32,
) -> Result<(), BadCode> {
    reader.refill();
    let entry = block.dc.entry(reader.bits);
    if entry & NO_VALUE == 0 {
        *predictor = predictor.wrapping_add(value(reader.bits, entry));
    } else if entry & NO_CODE_FLAG != 0 {
        return Err(BadCode);
    }
    reader.skip(entry & 63);

    let mut k = 1;
    macro_rules! symbols {
        () => {
            let entry = block.ac.look[(reader.bits >> (64 - LOOK_BITS)) as usize];
            let after = k + (entry >> 8 & 127);
            // Near the end of the block the symbols may belong to the next one.
            if entry == 0 || after > 63 {
                if skip_symbol(reader, block.ac.single, &mut k)? {
                    return Ok(());
                }
            } else {
                reader.skip(entry & 63);
                k = after;
                if entry & END_OF_BLOCK != 0 {
                    return Ok(());
                }
            }
        };
    }
    loop {
        symbols!();
        reader.refill();
        symbols!();
        symbols!();
        reader.refill();
        symbols!();
    }
}

/// Passes over one symbol and tells whether the block ends with it.
#[inline(always)]
fn skip_symbol(reader: &mut BitReader<'_>, table: &DecodeTable, k: &mut u32) -> Result<bool, BadCode> {
    let entry = table.entry(reader.bits);
    if entry & NO_CODE_FLAG != 0 {
        return Err(BadCode);
    }
    reader.skip(entry & 63);
    let run = entry >> 24 & 15;
    if entry & NO_VALUE != 0 {
        *k += 16;
        return if run != 15 {
            Ok(true)
        } else if *k > 63 {
            Err(BadCode)
        } else {
            Ok(false)
        };
    }
    *k += run + 1;
    if *k > 64 { Err(BadCode) } else { Ok(*k == 64) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Level;
    use crate::jpeg_block::Block;
    use crate::jpeg_entropy_decode::{Class, McuBlock, decode_mcus};
    use proptest::prelude::*;

    /// A table with codes of `lengths` bits, as many as there is room for.
    fn table(class: Class, lengths: &[u8], symbols: &[u8]) -> DecodeTable {
        let mut counts = [0u8; 16];
        let mut room = 1u32 << 16;
        let mut taken = 0;
        let mut sorted = lengths.to_vec();
        sorted.sort_unstable();
        for len in sorted.into_iter().take(symbols.len()) {
            let needs = 1 << (16 - len);
            // The code of all ones stays free, as in every file.
            if room > needs {
                room -= needs;
                counts[usize::from(len) - 1] += 1;
                taken += 1;
            }
        }
        DecodeTable::new(class, &counts, &symbols[..taken]).unwrap()
    }

    proptest! {
        /// On any data, sound or not, and with any tables: the same end, the same predictors, the same verdict.
        #[test]
        fn skipping_ends_where_decoding_ends(
            data in proptest::collection::vec(any::<u8>(), 0..400),
            dc_lengths in proptest::collection::vec(2u8..=16, 1..12),
            ac_lengths in proptest::collection::vec(2u8..=16, 3..60),
            symbols in proptest::collection::vec(prop_oneof![Just(0u8), Just(0xF0), Just(1), Just(0x11), any::<u8>()], 60),
        ) {
            let dc = table(Class::Dc, &dc_lengths, &[3, 0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11]);
            let ac = table(Class::Ac, &ac_lengths, &symbols);
            let skip = SkipTable::new(&ac);
            let plan = [SkippedBlock { dc: &dc, ac: &skip, component: 2 }];
            let decoded = [McuBlock { dc: &dc, ac: &ac, component: 2, first: 0, step: 0 }];
            for level in Level::available() {
                let (mut a, mut b) = (BitReader::new(&data, 3), BitReader::new(&data, 3));
                let (mut predictors, mut expected) = ([5; 4], [5; 4]);
                for _ in 0..20 {
                    let skipped = skip_mcus(level, &mut a, &plan, &mut predictors, 1);
                    let done = decode_mcus(level, &mut b, &decoded, &mut expected, 1, &mut [Block::ZERO], &mut [0]);
                    prop_assert_eq!(skipped, done);
                    if done.is_err() {
                        break;
                    }
                    prop_assert_eq!((a.position(), predictors), (b.position(), expected));
                }
            }
        }
    }
}
