//! A JPEG written in strips: nodes code rows of MCUs apart, the server joins their bits into the file that one encoder
//! would have written.
//!
//! Only one thing in a strip depends on the strip above: its first MCU is coded as the difference to the MCU before. So a
//! strip carries that MCU as coefficients and all the others as bits; a [`Stitcher`](super::Stitcher) codes the first one
//! and shifts the bits into place.

use lanes::jpeg_entropy_encode::EncoderState;

use super::encode::{Encoder, check};
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
    /// What must be known before the bits.
    pub head: StripHead,
    /// All MCUs but the first, without stuffing; the bits of the last byte from the top, zeros below.
    pub bits: Vec<u8>,
}

/// What must be known of a strip before its bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StripHead {
    /// Rows of pixels above it.
    pub first_row: usize,
    /// Its rows of pixels.
    pub rows: usize,
    /// The quantised coefficients of the first MCU, block by block in natural order: 1 block for gray, 6 for colour.
    pub first_mcu: Vec<[i16; 64]>,
    /// The first coefficient of each component's last block.
    pub predictors: [i32; 4],
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
    let (mut first_mcu, mut bits) = (Vec::new(), scratch.bytes(strip.samples.len() / 4));
    let mut state = EncoderState::default();
    for row in 0..encoder.mcu_rows() {
        let skipped = (row == 0).then_some(&mut first_mcu);
        let sink = &mut |part: &[u8]| bits.extend_from_slice(part);
        encoder.mcu_row(row, &strip.samples, &mut scratch.jpeg_encode, &mut state, skipped, sink);
    }
    if state.count > 0 {
        bits.push(state.bits);
    }
    let last_bits = match state.count {
        0 if bits.is_empty() => 0,
        0 => 8,
        count => count,
    };
    let predictors = state.predictors;
    let head = StripHead { first_row, rows: strip.height, first_mcu, predictors, last_bits };
    Ok(EncodedStrip { head, bits })
}

pub(super) fn misfit(detail: String) -> EncodeError {
    EncodeError::Strips { detail }
}
