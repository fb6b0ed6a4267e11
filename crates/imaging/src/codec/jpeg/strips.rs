//! A JPEG written in strips: nodes code rows of MCUs apart, the server joins their bits into the file that one encoder
//! would have written.
//!
//! Only one thing in a strip depends on the strip above: its first MCU is coded as the difference to the MCU before. So a
//! strip carries that MCU as coefficients and all the others as bits; [`stitch`] codes the first one and shifts the bits
//! into place.

use lanes::Level;
use lanes::jpeg_block::Block;
use lanes::jpeg_entropy_encode::{EncoderState, MAX_BLOCK_BYTES, encode_mcus};
use lanes::jpeg_stuffing::stuff;

use super::encode::{Encoder, MCU_BLOCKS, check};
use crate::codec::{Scratch, check_samples};
use crate::error::EncodeError;
use crate::image::{Channels, Image};

/// What all strips of one file have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whole {
    /// Pixels in a row.
    pub width: usize,
    /// Rows of the whole image.
    pub height: usize,
    /// Gray or colour.
    pub channels: Channels,
    /// 1 to 100.
    pub quality: u8,
}

impl Whole {
    /// Strips begin at multiples of this many rows: 8 for gray, 16 for colour.
    pub fn strip_unit(&self) -> usize {
        super::encode::mcu_side(self.channels)
    }
}

/// Some rows of a JPEG, coded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedStrip {
    /// Rows of pixels above it.
    pub first_row: usize,
    /// Its rows of pixels.
    pub rows: usize,
    /// The quantised coefficients of the first MCU, block by block in natural order: 1 block for gray, 6 for colour.
    pub first_mcu: Vec<[i16; 64]>,
    /// The first coefficient of each component's last block.
    pub predictors: [i32; 4],
    /// All MCUs but the first, without stuffing; the bits of the last byte from the top, zeros below.
    pub bits: Vec<u8>,
    /// How many bits of the last byte count, 1 to 8 (0 when there is no byte).
    pub last_bits: u8,
}

/// Codes the rows of a strip, which begin at row `first_row` of the whole image.
///
/// # Errors
/// [`EncodeError`] when the strip does not fit the whole image: another width, a start between MCUs, an end between MCUs
/// that is not the image's end.
pub fn encode_strip(
    strip: &Image,
    first_row: usize,
    whole: &Whole,
    scratch: &mut Scratch,
) -> Result<EncodedStrip, EncodeError> {
    check(whole.width, whole.height, whole.quality)?;
    check_samples(strip)?;
    let unit = whole.strip_unit();
    let end = first_row.saturating_add(strip.height);
    let whole_mcus = first_row.is_multiple_of(unit) && (end == whole.height || end.is_multiple_of(unit));
    if strip.width != whole.width
        || strip.channels != whole.channels
        || strip.height == 0
        || end > whole.height
    {
        return Err(misfit(format!("rows {first_row} to {end} are not of the image")));
    }
    if !whole_mcus {
        return Err(misfit(format!("rows {first_row} to {end} do not begin and end at multiples of {unit}")));
    }
    // A strip that does not end the image ends with a whole MCU, so it is coded as an image of its own.
    let encoder = Encoder::new(scratch.level, strip.width, strip.height, strip.channels, whole.quality);
    let mut coded = EncodedStrip {
        first_row,
        rows: strip.height,
        first_mcu: Vec::new(),
        predictors: [0; 4],
        bits: Vec::with_capacity(strip.samples.len() / 4),
        last_bits: 0,
    };
    let mut state = EncoderState::default();
    let EncodedStrip { first_mcu, bits, .. } = &mut coded;
    for row in 0..encoder.mcu_rows() {
        let skipped = (row == 0).then_some(&mut *first_mcu);
        let sink = &mut |part: &[u8]| bits.extend_from_slice(part);
        encoder.mcu_row(row, &strip.samples, &mut scratch.jpeg_encode, &mut state, skipped, sink);
    }
    coded.predictors = state.predictors;
    if state.count > 0 {
        coded.bits.push(state.bits);
    }
    coded.last_bits = if state.count > 0 {
        state.count
    } else if coded.bits.is_empty() {
        0
    } else {
        8
    };
    Ok(coded)
}

fn misfit(detail: String) -> EncodeError {
    EncodeError::Strips { detail }
}

/// Joins strips, in order and without gaps, into the file that [`encode`](crate::codec::encode) writes of the whole image.
///
/// # Errors
/// [`EncodeError::Strips`] when strips are missing, overlap or are none of this image's.
pub fn stitch(whole: &Whole, strips: &[EncodedStrip]) -> Result<Vec<u8>, EncodeError> {
    check(whole.width, whole.height, whole.quality)?;
    check_strips(whole, strips)?;
    let level = Level::detect();
    let encoder = Encoder::new(level, whole.width, whole.height, whole.channels, whole.quality);
    let total: usize = strips.iter().map(|strip| strip.bits.len() + MAX_BLOCK_BYTES).sum();
    let mut out = Vec::with_capacity(total + total / 64 + 1024);
    encoder.write_header(whole.quality, &mut out);

    let mut state = EncoderState::default();
    let mut buffer = vec![0; MCU_BLOCKS * MAX_BLOCK_BYTES];
    for strip in strips {
        let blocks: Vec<Block> = strip.first_mcu.iter().map(|block| Block(*block)).collect();
        let masks: Vec<u64> = blocks.iter().map(zigzag_mask).collect();
        let plan = encoder.single_mcu_plan();
        let written = encode_mcus(level, &plan, 1, &blocks, &masks, &mut state, &mut buffer);
        stuff(level, &buffer[..written], &mut out);
        append(level, &mut state, strip, &mut out);
        state.predictors = strip.predictors;
    }
    if let Some(last) = state.last_byte() {
        stuff(level, &[last], &mut out);
    }
    out.extend([0xFF, 0xD9]);
    Ok(out)
}

fn check_strips(whole: &Whole, strips: &[EncodedStrip]) -> Result<(), EncodeError> {
    let unit = whole.strip_unit();
    let mut next = 0;
    for strip in strips {
        if strip.first_row != next || !next.is_multiple_of(unit) || strip.rows == 0 {
            return Err(misfit(format!("row {next} should be next, not row {}", strip.first_row)));
        }
        next = next.saturating_add(strip.rows);
        let blocks = if whole.channels == Channels::Gray { 1 } else { MCU_BLOCKS };
        let is_sound = strip.first_mcu.len() == blocks
            && strip.first_mcu.iter().flatten().all(|v| v.unsigned_abs() <= 1024)
            && strip.predictors.iter().all(|v| v.unsigned_abs() <= 1024)
            && strip.last_bits <= 8
            && (strip.last_bits == 0) == strip.bits.is_empty();
        if !is_sound {
            return Err(misfit(format!("the strip from row {} is damaged", strip.first_row)));
        }
    }
    if next == whole.height {
        Ok(())
    } else {
        Err(misfit(format!("they have {next} of {} rows", whole.height)))
    }
}

fn zigzag_mask(block: &Block) -> u64 {
    let scan = lanes::jpeg_block::ZIGZAG.iter().enumerate();
    scan.fold(0, |mask, (k, natural)| mask | u64::from(block.0[usize::from(*natural)] != 0) << k)
}

/// Puts a strip's bits behind those of `state`, shifted to where the unfinished byte ends.
fn append(level: Level, state: &mut EncoderState, strip: &EncodedStrip, out: &mut Vec<u8>) {
    let mut shifted = [0; 4096];
    for part in strip.bits.chunks(shifted.len()) {
        let mut before = state.bits;
        for (to, byte) in shifted.iter_mut().zip(part) {
            *to = before | byte >> state.count;
            // In two steps, because a shift by 8 is none.
            before = byte << 1 << (7 - state.count);
        }
        state.bits = before;
        stuff(level, &shifted[..part.len()], out);
    }
    // The last byte was taken for full: what it lacks comes off the end again.
    let lacking = if strip.bits.is_empty() { 0 } else { 8 - strip.last_bits };
    if lacking <= state.count {
        state.count -= lacking;
    } else {
        state.bits = unput(out);
        state.count += 8 - lacking;
    }
}

/// Takes the last byte off stuffed data.
fn unput(out: &mut Vec<u8>) -> u8 {
    match out.pop() {
        Some(0) if out.last() == Some(&0xFF) => {
            out.pop();
            0xFF
        }
        last => last.unwrap_or(0),
    }
}
