//! Strips become one file: piece by piece, so that whoever joins them needs neither all of them nor any whole one at once.

use lanes::Level;
use lanes::jpeg_block::Block;
use lanes::jpeg_entropy_encode::{EncoderState, MAX_BLOCK_BYTES, encode_mcus};
use lanes::jpeg_stuffing::stuff;

use super::encode::{Encoder, MCU_BLOCKS, check};
use super::strips::{EncodedStrip, StripHead, Whole, misfit};
use crate::error::EncodeError;
use crate::image::Channels;

/// Bytes that are shifted at a time: they stay in the first-level cache until they are stuffed.
const SHIFTED: usize = 4096;

/// Joins strips in their order. For each one [`begin`](Self::begin), then [`bits`](Self::bits) as often as it takes; what
/// the file goes on with is appended to `out` each time, which the caller may empty in between.
#[derive(Debug)]
pub struct Stitcher {
    whole: Whole,
    level: Level,
    encoder: Encoder,
    state: EncoderState,
    /// Rows of the strips so far.
    rows: usize,
    /// Bytes that the current strip still has.
    left: usize,
    /// Bits of the current strip's last byte.
    last_bits: u8,
}

impl Stitcher {
    /// Begins a file.
    ///
    /// # Errors
    /// [`EncodeError`] when no JPEG can be of this size and quality.
    pub fn new(whole: Whole, out: &mut Vec<u8>) -> Result<Stitcher, EncodeError> {
        check(whole.width, whole.height, whole.quality)?;
        let level = Level::detect();
        let encoder = Encoder::new(level, whole.width, whole.height, whole.channels, whole.quality);
        encoder.write_header(whole.quality, out);
        let state = EncoderState::default();
        Ok(Stitcher { whole, level, encoder, state, rows: 0, left: 0, last_bits: 0 })
    }

    /// Begins the next strip, whose bits take so many bytes.
    ///
    /// # Errors
    /// [`EncodeError::Strips`] when it is not the one that should come next, the one before has not ended, or it cannot be.
    pub fn begin(&mut self, head: &StripHead, bytes: usize, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.expect_end()?;
        let next = self.rows;
        if head.first_row != next || !next.is_multiple_of(self.whole.strip_unit()) || head.rows == 0 {
            return Err(misfit(format!("row {next} should be next, not row {}", head.first_row)));
        }
        let blocks = if self.whole.channels == Channels::Gray { 1 } else { MCU_BLOCKS };
        let is_sound = head.first_mcu.len() == blocks
            && head.first_mcu.iter().flatten().all(|v| v.unsigned_abs() <= 1024)
            && head.predictors.iter().all(|v| v.unsigned_abs() <= 1024)
            && head.last_bits <= 8
            && (head.last_bits == 0) == (bytes == 0);
        if !is_sound {
            return Err(misfit(format!("the strip from row {} is damaged", head.first_row)));
        }
        let blocks: Vec<Block> = head.first_mcu.iter().map(|block| Block(*block)).collect();
        let masks: Vec<u64> = blocks.iter().map(zigzag_mask).collect();
        let mut buffer = vec![0; MCU_BLOCKS * MAX_BLOCK_BYTES];
        let plan = self.encoder.single_mcu_plan();
        let written = encode_mcus(self.level, &plan, 1, &blocks, &masks, &mut self.state, &mut buffer);
        stuff(self.level, &buffer[..written], out);
        self.state.predictors = head.predictors;
        self.rows = next.saturating_add(head.rows);
        (self.left, self.last_bits) = (bytes, head.last_bits);
        Ok(())
    }

    /// Takes the next bytes of the current strip.
    ///
    /// # Errors
    /// [`EncodeError::Strips`] when the strip has fewer.
    pub fn bits(&mut self, part: &[u8], out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.left = self
            .left
            .checked_sub(part.len())
            .ok_or_else(|| misfit(format!("the strip up to row {} has too many bytes", self.rows)))?;
        match part.split_last() {
            Some((last, before)) if self.left == 0 => {
                self.put(before, out);
                self.put_last(*last, out);
            }
            _ => self.put(part, out),
        }
        Ok(())
    }

    /// Ends the file.
    ///
    /// # Errors
    /// [`EncodeError::Strips`] when strips are missing or the last one has not ended.
    pub fn finish(self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.expect_end()?;
        if self.rows != self.whole.height {
            return Err(misfit(format!("they have {} of {} rows", self.rows, self.whole.height)));
        }
        if let Some(last) = self.state.last_byte() {
            stuff(self.level, &[last], out);
        }
        out.extend([0xFF, 0xD9]);
        Ok(())
    }

    fn expect_end(&self) -> Result<(), EncodeError> {
        if self.left == 0 {
            return Ok(());
        }
        Err(misfit(format!("the strip up to row {} lacks {} bytes", self.rows, self.left)))
    }

    /// Puts whole bytes behind the unfinished one, shifted to where it ends.
    fn put(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        if self.state.count == 0 {
            stuff(self.level, bytes, out);
            return;
        }
        let mut shifted = [0; SHIFTED];
        for part in bytes.chunks(SHIFTED) {
            self.state.bits = shift(self.state.bits, self.state.count, part, &mut shifted[..part.len()]);
            stuff(self.level, &shifted[..part.len()], out);
        }
    }

    /// Puts a strip's last byte, of which only the upper bits count.
    fn put_last(&mut self, byte: u8, out: &mut Vec<u8>) {
        let EncoderState { bits, count, .. } = self.state;
        // In two steps, because a shift by 8 is none.
        let byte = byte & !(0xFF >> (self.last_bits - 1) >> 1);
        let merged = bits | byte >> count;
        if count + self.last_bits < 8 {
            (self.state.bits, self.state.count) = (merged, count + self.last_bits);
            return;
        }
        stuff(self.level, &[merged], out);
        (self.state.bits, self.state.count) = (byte << 1 << (7 - count), count + self.last_bits - 8);
    }
}

/// Writes `bytes` shifted down by 1 to 7 bits behind the `count` bits of `before`, and returns the bits that are left over.
fn shift(before: u8, count: u8, bytes: &[u8], out: &mut [u8]) -> u8 {
    let (words, rest) = bytes.as_chunks();
    let (out_words, out_rest) = out.as_chunks_mut();
    let mut before = u64::from(before) << 56;
    for (word, out) in words.iter().zip(out_words) {
        let word = u64::from_be_bytes(*word);
        *out = (before | word >> count).to_be_bytes();
        before = word << (64 - count);
    }
    let mut before = (before >> 56) as u8;
    for (byte, out) in rest.iter().zip(out_rest) {
        *out = before | byte >> count;
        before = byte << (8 - count);
    }
    before
}

fn zigzag_mask(block: &Block) -> u64 {
    let scan = lanes::jpeg_block::ZIGZAG.iter().enumerate();
    scan.fold(0, |mask, (k, natural)| mask | u64::from(block.0[usize::from(*natural)] != 0) << k)
}

/// Joins strips, in order and without gaps, into the file that [`encode`](crate::codec::encode) writes of the whole image.
///
/// # Errors
/// [`EncodeError::Strips`] when strips are missing, overlap or are none of this image's.
pub fn stitch(whole: &Whole, strips: &[EncodedStrip]) -> Result<Vec<u8>, EncodeError> {
    let total: usize = strips.iter().map(|strip| strip.bits.len() + MCU_BLOCKS * MAX_BLOCK_BYTES).sum();
    let mut out = Vec::with_capacity(total + total / 64 + 1024);
    let mut stitcher = Stitcher::new(*whole, &mut out)?;
    for strip in strips {
        stitcher.begin(&strip.head, strip.bits.len(), &mut out)?;
        stitcher.bits(&strip.bits, &mut out)?;
    }
    stitcher.finish(&mut out)?;
    Ok(out)
}
