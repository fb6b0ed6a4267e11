//! Progressive scans: a band of coefficients, or one more bit of them (ITU-T T.81, annex G).

use std::ops::RangeInclusive;

use lanes::jpeg_block::ZIGZAG;
use lanes::jpeg_entropy_decode::{BadCode, BitReader, DecodeTable};

/// The first scan of a first coefficient: its upper bits.
pub(super) fn dc_first(
    reader: &mut BitReader<'_>,
    table: &DecodeTable,
    predictor: &mut i32,
    low: u32,
    block: &mut [i16; 64],
) -> Result<(), BadCode> {
    // A table of first coefficients has the length in its symbol and no run.
    let (_, size) = reader.symbol(table)?;
    *predictor = predictor.wrapping_add(reader.value(size));
    block[0] = (*predictor << low) as i16;
    Ok(())
}

/// A later scan of a first coefficient: one more bit.
pub(super) fn dc_refine(reader: &mut BitReader<'_>, low: u32, block: &mut [i16; 64]) {
    block[0] |= (reader.bits(1) << low) as i16;
}

/// A scan over a band of the other coefficients of one component.
pub(super) struct Band {
    first: usize,
    last: usize,
    low: u32,
    /// Blocks, this one included, in which nothing more of the band begins.
    end_of_band_run: u32,
}

impl Band {
    pub(super) fn new(first: usize, last: usize, low: u32) -> Band {
        Band { first, last, low, end_of_band_run: 0 }
    }

    pub(super) fn restart(&mut self) {
        self.end_of_band_run = 0;
    }

    /// Reads the length of a run of blocks without further coefficients.
    fn start_run(&mut self, reader: &mut BitReader<'_>, run: u32) {
        self.end_of_band_run = (1 << run) + reader.bits(run);
    }

    /// The upper bits of the band's coefficients of one block.
    pub(super) fn first(
        &mut self,
        reader: &mut BitReader<'_>,
        table: &DecodeTable,
        block: &mut [i16; 64],
        extent: &mut u8,
    ) -> Result<(), BadCode> {
        if self.end_of_band_run > 0 {
            self.end_of_band_run -= 1;
            return Ok(());
        }
        let mut k = self.first;
        while k <= self.last {
            let (run, size) = reader.symbol(table)?;
            if size == 0 {
                if run != 15 {
                    self.start_run(reader, run);
                    self.end_of_band_run -= 1;
                    break;
                }
                k += 16;
                continue;
            }
            k += run as usize;
            if k > self.last {
                return Err(BadCode);
            }
            block[usize::from(ZIGZAG[k])] = (reader.value(size) << self.low) as i16;
            *extent = (*extent).max(k as u8);
            k += 1;
        }
        Ok(())
    }

    /// One more bit of the band's coefficients of one block.
    pub(super) fn refine(
        &mut self,
        reader: &mut BitReader<'_>,
        table: &DecodeTable,
        block: &mut [i16; 64],
        extent: &mut u8,
    ) -> Result<(), BadCode> {
        let bit = 1i16 << self.low;
        let mut k = self.first;
        if self.end_of_band_run == 0 {
            while k <= self.last {
                let (run, size) = reader.symbol(table)?;
                let mut fresh = 0;
                match (size, run) {
                    (0, 15) => {}
                    (0, _) => {
                        self.start_run(reader, run);
                        break;
                    }
                    (1, _) => fresh = if reader.bits(1) == 1 { bit } else { -bit },
                    _ => return Err(BadCode),
                }
                k = self.pass_zeros(reader, block, k..=self.last, run);
                if fresh != 0 {
                    if k > self.last {
                        return Err(BadCode);
                    }
                    block[usize::from(ZIGZAG[k])] = fresh;
                    *extent = (*extent).max(k as u8);
                }
                k += 1;
            }
        }
        if self.end_of_band_run > 0 {
            // Behind the last coefficient there is nothing to refine: a run over empty blocks costs next to nothing.
            self.pass_zeros(reader, block, k..=self.last.min(usize::from(*extent)), u32::MAX);
            self.end_of_band_run -= 1;
        }
        Ok(())
    }

    /// Passes over `zeros` coefficients that are still zero, refining the others on the way, and returns where the next
    /// zero lies (beyond the band when it ends before).
    fn pass_zeros(
        &self,
        reader: &mut BitReader<'_>,
        block: &mut [i16; 64],
        places: RangeInclusive<usize>,
        zeros: u32,
    ) -> usize {
        let bit = 1i16 << self.low;
        let mut left = zeros;
        for k in places {
            let coefficient = &mut block[usize::from(ZIGZAG[k])];
            if *coefficient == 0 {
                if left == 0 {
                    return k;
                }
                left -= 1;
            } else if reader.bits(1) == 1 && *coefficient & bit == 0 {
                *coefficient = coefficient.wrapping_add(if *coefficient > 0 { bit } else { -bit });
            }
        }
        self.last + 1
    }
}
