//! The encoder: pixels to planes, coefficients and bits, byte for byte the file of `cv2.imwrite`.
//!
//! Like libjpeg by default: baseline, 4:2:0 (or gray), standard Huffman tables, JFIF 1.01 header, no restart markers.

use lanes::Level;
use lanes::jpeg_block::{Block, ZIGZAG};
use lanes::jpeg_color::{downsample_h2v2, rgb_to_ycc};
use lanes::jpeg_entropy_encode::{EncodeTable, EncoderState, MAX_BLOCK_BYTES, McuBlock, encode_mcus};
use lanes::jpeg_fdct::{Divisors, fdct_run};
use lanes::jpeg_stuffing::stuff;

use super::markers::MAX_SIDE;
use super::tables;
use crate::codec::{Format, Scratch};
use crate::error::EncodeError;
use crate::image::{Channels, Image};

/// MCUs whose coefficients wait at a time; with 4:2:0 they fill 24 KiB, which stay in the first-level cache.
const CHUNK: usize = 32;

/// Blocks of an MCU at most: four of luma, two of chroma.
pub(super) const MCU_BLOCKS: usize = 6;

/// Buffers of the encoder that outlive an image.
#[derive(Debug, Default)]
pub(crate) struct EncodeScratch {
    luma: Vec<u8>,
    /// Two rows of each chroma at full resolution.
    full: Vec<u8>,
    /// Eight rows of each chroma, halved.
    chroma: Vec<u8>,
    blocks: Vec<Block>,
    masks: Vec<u64>,
    bits: Vec<u8>,
}

/// Encodes with a quality of 1 to 100.
pub(in crate::codec) fn encode(
    image: &Image,
    quality: u8,
    scratch: &mut Scratch,
) -> Result<Vec<u8>, EncodeError> {
    let level = scratch.level;
    let (width, height) = (image.width, image.height);
    check(width, height, quality)?;
    let encoder = Encoder::new(level, width, height, image.channels, quality);
    let mut out = scratch.bytes(image.samples.len() / 4 + 1024);
    encoder.write_header(quality, &mut out);
    let mut state = EncoderState::default();
    for row in 0..encoder.mcu_rows() {
        encoder.mcu_row(row, &image.samples, &mut scratch.jpeg_encode, &mut state, None, &mut |bits| {
            stuff(level, bits, &mut out);
        });
    }
    if let Some(last) = state.last_byte() {
        stuff(level, &[last], &mut out);
    }
    out.extend([0xFF, 0xD9]);
    Ok(out)
}

/// Whether a JPEG can be of this size and quality.
pub(super) fn check(width: usize, height: usize, quality: u8) -> Result<(), EncodeError> {
    if !(1..=100).contains(&quality) {
        return Err(EncodeError::Quality(quality));
    }
    if !(1..=MAX_SIDE).contains(&width) || !(1..=MAX_SIDE).contains(&height) {
        return Err(EncodeError::Side { format: Format::Jpeg, limit: MAX_SIDE, width, height });
    }
    Ok(())
}

/// Pixels along the side of an MCU.
pub(super) fn mcu_side(channels: Channels) -> usize {
    match channels {
        Channels::Gray => 8,
        Channels::Rgb => 16,
    }
}

/// What is the same for all rows of an image.
#[derive(Debug)]
pub(super) struct Encoder {
    level: Level,
    width: usize,
    height: usize,
    channels: Channels,
    divisors: [Divisors; 2],
    codes: [EncodeTable; 2],
}

impl Encoder {
    pub(super) fn new(level: Level, width: usize, height: usize, channels: Channels, quality: u8) -> Encoder {
        let codes = |i: usize| {
            let (dc, ac) = (&tables::DC[i], &tables::AC[i]);
            EncodeTable::new((&dc.counts, dc.symbols), (&ac.counts, ac.symbols))
        };
        Encoder {
            level,
            width,
            height,
            channels,
            divisors: [0, 1].map(|i| Divisors::new(&tables::steps(i, quality))),
            codes: [0, 1].map(codes),
        }
    }

    fn mcu_columns(&self) -> usize {
        self.width.div_ceil(mcu_side(self.channels))
    }

    pub(super) fn mcu_rows(&self) -> usize {
        self.height.div_ceil(mcu_side(self.channels))
    }

    pub(super) fn write_header(&self, quality: u8, out: &mut Vec<u8>) {
        let gray = self.channels == Channels::Gray;
        let (kinds, components) = if gray { (1, 1u8) } else { (2, 3u8) };
        out.extend(b"\xFF\xD8\xFF\xE0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00");
        for kind in 0..kinds {
            let steps = tables::steps(kind, quality);
            out.extend([0xFF, 0xDB, 0, 67, kind as u8]);
            out.extend(ZIGZAG.map(|natural| steps[usize::from(natural)]));
        }
        let [h1, h0] = (self.height as u16).to_be_bytes();
        let [w1, w0] = (self.width as u16).to_be_bytes();
        out.extend([0xFF, 0xC0, 0, 8 + 3 * components, 8, h1, h0, w1, w0, components]);
        for i in 0..components {
            out.extend([i + 1, if i == 0 && !gray { 0x22 } else { 0x11 }, u8::from(i > 0)]);
        }
        for kind in 0..kinds {
            for (class, table) in [(0x00, &tables::DC[kind]), (0x10, &tables::AC[kind])] {
                out.extend([0xFF, 0xC4, 0, (19 + table.symbols.len()) as u8, class | kind as u8]);
                out.extend(table.counts);
                out.extend(table.symbols);
            }
        }
        out.extend([0xFF, 0xDA, 0, 6 + 2 * components, components]);
        for i in 0..components {
            out.extend([i + 1, if i == 0 { 0x00 } else { 0x11 }]);
        }
        out.extend([0, 63, 0]);
    }

    /// Codes one row of MCUs out of the whole image's samples and hands the bits over piece by piece. When `skipped` is
    /// given, it gets the blocks of the first MCU, and the bits begin with the second.
    pub(super) fn mcu_row(
        &self,
        row: usize,
        samples: &[u8],
        scratch: &mut EncodeScratch,
        state: &mut EncoderState,
        mut skipped: Option<&mut Vec<[i16; 64]>>,
        sink: &mut dyn FnMut(&[u8]),
    ) {
        let columns = self.mcu_columns();
        scratch.blocks.resize(CHUNK * MCU_BLOCKS, Block::ZERO);
        scratch.masks.resize(CHUNK * MCU_BLOCKS, 0);
        scratch.bits.resize(CHUNK * MCU_BLOCKS * MAX_BLOCK_BYTES, 0);
        match self.channels {
            Channels::Gray => self.load_gray(row, samples, scratch),
            Channels::Rgb => self.load_rgb(row, samples, scratch),
        }
        let plan = self.plan();
        for first in (0..columns).step_by(CHUNK) {
            let count = CHUNK.min(columns - first);
            match self.channels {
                Channels::Gray => {
                    let luma = &scratch.luma[8 * first..];
                    let (blocks, masks) = (&mut scratch.blocks[..count], &mut scratch.masks[..count]);
                    fdct_run(self.level, luma, 8 * columns, &self.divisors[0], blocks, masks);
                }
                Channels::Rgb => self.transform_rgb(row, first, count, scratch),
            }
            let EncodeScratch { blocks, masks, bits, .. } = &mut *scratch;
            let written = match skipped.take() {
                None => encode_mcus(self.level, &plan, count, blocks, masks, state, bits),
                Some(first_mcu) => {
                    for place in &plan {
                        first_mcu.push(blocks[place.first].0);
                        state.predictors[place.component] = i32::from(blocks[place.first].0[0]);
                    }
                    let rest: Vec<_> = plan
                        .iter()
                        .map(|place| McuBlock { first: place.first + place.step, ..*place })
                        .collect();
                    encode_mcus(self.level, &rest, count - 1, blocks, masks, state, bits)
                }
            };
            sink(&bits[..written]);
        }
    }

    /// The blocks of an MCU in coding order, and where a chunk keeps them.
    fn plan(&self) -> Vec<McuBlock<'_>> {
        let block = |kind: usize, component, first, step| McuBlock {
            table: &self.codes[kind],
            component,
            first,
            step,
        };
        match self.channels {
            Channels::Gray => vec![block(0, 0, 0, 1)],
            Channels::Rgb => vec![
                block(0, 0, 0, 2),
                block(0, 0, 1, 2),
                block(0, 0, 2 * CHUNK, 2),
                block(0, 0, 2 * CHUNK + 1, 2),
                block(1, 1, 4 * CHUNK, 1),
                block(1, 2, 5 * CHUNK, 1),
            ],
        }
    }

    /// The same for the blocks of one MCU side by side.
    pub(super) fn single_mcu_plan(&self) -> Vec<McuBlock<'_>> {
        let mut plan = self.plan();
        for (i, block) in plan.iter_mut().enumerate() {
            block.first = i;
        }
        plan
    }

    fn load_gray(&self, row: usize, samples: &[u8], scratch: &mut EncodeScratch) {
        let stride = 8 * self.mcu_columns();
        scratch.luma.resize(8 * stride, 0);
        for (i, line) in scratch.luma.chunks_exact_mut(stride).enumerate() {
            let y = (8 * row + i).min(self.height - 1);
            line[..self.width].copy_from_slice(&samples[y * self.width..][..self.width]);
            repeat_last(line, self.width);
        }
    }

    /// Fills 16 rows of luma and 8 of each chroma. Beyond the image the last column is repeated before chroma is halved
    /// and the last row after, as in libjpeg.
    fn load_rgb(&self, row: usize, samples: &[u8], scratch: &mut EncodeScratch) {
        let stride = 16 * self.mcu_columns();
        let half = stride / 2;
        scratch.luma.resize(16 * stride, 0);
        scratch.full.resize(4 * stride, 0);
        scratch.chroma.resize(16 * half, 0);
        let rows = 16.min(self.height - 16 * row);
        for pair in 0..rows.div_ceil(2) {
            let (blue, red) = scratch.full.split_at_mut(2 * stride);
            for i in 0..2 {
                let y = (16 * row + 2 * pair + i).min(self.height - 1);
                let pixels = &samples[3 * y * self.width..][..3 * self.width];
                let luma = &mut scratch.luma[(2 * pair + i) * stride..][..stride];
                let blue = &mut blue[i * stride..][..stride];
                let red = &mut red[i * stride..][..stride];
                let w = self.width;
                rgb_to_ycc(self.level, pixels, &mut luma[..w], &mut blue[..w], &mut red[..w]);
                for line in [luma, blue, red] {
                    repeat_last(line, w);
                }
            }
            let (blue_half, red_half) = scratch.chroma.split_at_mut(8 * half);
            for (full, halved) in [(blue, blue_half), (red, red_half)] {
                let (upper, lower) = full.split_at(stride);
                downsample_h2v2(self.level, upper, lower, &mut halved[pair * half..][..half]);
            }
        }
        for y in rows..16 {
            scratch.luma.copy_within((rows - 1) * stride..rows * stride, y * stride);
        }
        let halved = rows.div_ceil(2);
        for plane in scratch.chroma.chunks_exact_mut(8 * half) {
            for y in halved..8 {
                plane.copy_within((halved - 1) * half..halved * half, y * half);
            }
        }
    }

    fn transform_rgb(&self, row: usize, first: usize, count: usize, scratch: &mut EncodeScratch) {
        let stride = 16 * self.mcu_columns();
        let half = stride / 2;
        let EncodeScratch { luma, chroma, blocks, masks, .. } = scratch;
        let mut run = |samples: &[u8], stride: usize, kind: usize, at: usize, count: usize| {
            let (blocks, masks) = (&mut blocks[at..at + count], &mut masks[at..at + count]);
            fdct_run(self.level, samples, stride, &self.divisors[kind], blocks, masks);
        };
        run(&luma[16 * first..], stride, 0, 0, 2 * count);
        run(&luma[8 * stride + 16 * first..], stride, 0, 2 * CHUNK, 2 * count);
        run(&chroma[8 * first..], half, 1, 4 * CHUNK, count);
        run(&chroma[8 * half + 8 * first..], half, 1, 5 * CHUNK, count);
        self.replace_dummies(row, first, count, blocks, masks);
    }

    /// Blocks of luma wholly outside the image carry nothing but the first coefficient of the block before them in coding
    /// order.
    fn replace_dummies(
        &self,
        row: usize,
        first: usize,
        count: usize,
        blocks: &mut [Block],
        masks: &mut [u64],
    ) {
        let mut copy = |from: usize, to: usize| {
            let dc = blocks[from].0[0];
            blocks[to] = Block::ZERO;
            blocks[to].0[0] = dc;
            masks[to] = 0;
        };
        let last_column_missing = self.width.div_ceil(8) % 2 == 1;
        if last_column_missing && first + count == self.mcu_columns() {
            copy(2 * count - 2, 2 * count - 1);
            copy(2 * CHUNK + 2 * count - 2, 2 * CHUNK + 2 * count - 1);
        }
        if self.height.div_ceil(8) % 2 == 1 && row + 1 == self.mcu_rows() {
            for mcu in 0..count {
                copy(2 * mcu + 1, 2 * CHUNK + 2 * mcu);
                copy(2 * mcu + 1, 2 * CHUNK + 2 * mcu + 1);
            }
        }
    }
}

/// Fills a line behind its first `len` samples with the last of them.
fn repeat_last(line: &mut [u8], len: usize) {
    let (line, rest) = line.split_at_mut(len);
    if let Some(last) = line.last() {
        rest.fill(*last);
    }
}
