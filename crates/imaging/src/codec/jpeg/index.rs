//! Where each row of MCUs of an ordinary JPEG begins, so that its strips can be decoded apart, on other nodes.
//!
//! A baseline file is one stream of bits without entry points. One pass over its entropy-coded data, without transforms
//! and colours, finds them: the position of each row's first bit and what the decoder knows there.

use std::ops::{ControlFlow, Range};

use lanes::Level;
use lanes::jpeg_entropy_skip::{SkipTable, SkippedBlock, skip_mcus};

use super::markers::{Color, Event, Frame, Parser, Scan};
use super::pixels::{Painter, has_context};
use super::scan::ScanData;
use super::sequential::{Rows, no_code};
use super::{DecodeScratch, corrupt, truncated, unsupported};
use crate::codec::{Limits, Orientation, Scratch, Wanted};
use crate::error::DecodeError;
use crate::image::{Channels, Image};

/// Data that are looked at beyond what rows are likely to need.
const SPARE_BYTES: usize = 16 << 10;

/// What a decoder must know to begin at a row of MCUs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowStart {
    /// The byte of the file that holds the row's first bit (or the restart marker in front of it).
    pub offset: u64,
    /// Which bit of that byte, 0 for the highest.
    pub bit: u8,
    /// Number of the next restart marker, 0 to 7.
    pub restart: u8,
    /// MCUs up to the next restart; `None` in a file without restarts.
    pub left: Option<u32>,
    /// The last first coefficient of each component.
    pub predictors: [i32; 4],
}

/// The rows of MCUs of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    /// Pixels in a row, as stored.
    pub width: usize,
    /// Rows of pixels, as stored.
    pub height: usize,
    /// What the pixels are.
    pub channels: Channels,
    /// How the stored image must be turned to be upright. Strips are strips of the stored image.
    pub orientation: Orientation,
    /// Rows of pixels in a row of MCUs: 8 or, with 4:2:0, 16.
    pub mcu_height: usize,
    /// Rows of pixels beyond its own that a strip's chroma depends on, above and below: 0 or 1.
    pub context: usize,
    /// Bytes of the file in front of the entropy-coded data: the tables that every strip needs.
    pub head: usize,
    /// The start of each row of MCUs.
    pub rows: Vec<RowStart>,
}

/// What a node needs of a file to decode some of its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceStrip<'a> {
    /// The file up to its entropy-coded data.
    pub head: &'a [u8],
    /// Entropy-coded data from `start` on, at least as far as the rows need.
    pub data: &'a [u8],
    /// Which row of MCUs the data begin with.
    pub first_mcu_row: usize,
    /// How they begin.
    pub start: RowStart,
}

/// Finds the rows of MCUs.
///
/// # Errors
/// As [`decode`](crate::codec::decode); [`DecodeError::Unsupported`] for a progressive file or one of several scans, which
/// cannot be cut.
pub fn index(bytes: &[u8], limits: &Limits, scratch: &mut Scratch) -> Result<Index, DecodeError> {
    let found = index_by_rows(bytes, limits, scratch, &mut |_| ControlFlow::Continue(()))?;
    found.ok_or_else(|| corrupt("nobody wanted its rows"))
}

/// As [`index()`], but shows what is known so far each time one more row begins, so that strips can be put to work before
/// all are found: the first row before anything is looked for. `Ok(None)` when `seen` wanted no more.
///
/// Only when this returns is it certain that the file is sound to its end.
///
/// # Errors
/// As [`index()`]; [`DecodeError::Unsupported`] comes before any row.
pub fn index_by_rows(
    bytes: &[u8],
    limits: &Limits,
    scratch: &mut Scratch,
    seen: &mut dyn FnMut(&Index) -> ControlFlow<()>,
) -> Result<Option<Index>, DecodeError> {
    let level = scratch.level;
    limits.check_bytes(bytes.len())?;
    let mut parser = Parser::new(bytes);
    let (frame, scan, color) = single_scan(&mut parser, limits)?;
    let head = bytes.len() - parser.rest().len();
    let context = usize::from(has_context(&frame)?);

    let mut index = Index {
        width: frame.width,
        height: frame.height,
        channels: color.channels(),
        orientation: parser.orientation(),
        mcu_height: 8 * frame.v_max,
        context,
        head,
        rows: Vec::with_capacity(frame.mcu_rows()),
    };
    index.rows.push(first_row(&parser, head));
    if seen(&index).is_break() {
        return Ok(None);
    }

    let DecodeScratch { data, segments, .. } = &mut scratch.jpeg_decode;
    let raw = parser.rest();
    let mut data = ScanData::open(level, &mut parser, data, segments)?;
    let tables: Vec<SkipTable<'_>> = scan
        .components
        .iter()
        .map(|(.., ac)| Ok(SkipTable::new(parser.ac_table(*ac)?)))
        .collect::<Result<_, DecodeError>>()?;
    let mut plan = Vec::new();
    for ((index, dc, _), ac) in scan.components.iter().zip(&tables) {
        let component = &frame.components[*index];
        let block = SkippedBlock { dc: parser.dc_table(*dc)?, ac, component: *index };
        plan.extend(std::iter::repeat_n(block, component.h * component.v));
    }

    let mut places = Places { raw, offset: 0, plain: 0 };
    let mut predictors = [0; 4];
    for row in 0..frame.mcu_rows() {
        if row > 0 {
            let (byte, start) = data.row_start(&predictors);
            index.rows.push(RowStart { offset: (head + places.advance(level, byte)) as u64, ..start });
            if seen(&index).is_break() {
                return Ok(None);
            }
        }
        let mut column = 0;
        while column < frame.mcu_columns() {
            let (run, restart) = data.run(frame.mcu_columns() - column)?;
            if restart {
                predictors = [0; 4];
            }
            skip_mcus(level, &mut data.reader, &plan, &mut predictors, run)
                .map_err(|_| no_code(&frame, row))?;
            column += run;
        }
        data.check()?;
    }
    data.finish()?;
    expect_end(&mut parser)?;
    Ok(Some(index))
}

/// Where every scan begins.
fn first_row(parser: &Parser<'_>, head: usize) -> RowStart {
    let left = (parser.restart_interval != 0).then_some(parser.restart_interval as u32);
    RowStart { offset: head as u64, bit: 0, restart: 0, left, predictors: [0; 4] }
}

/// Reads up to the one scan of a file that can be cut.
fn single_scan(parser: &mut Parser<'_>, limits: &Limits) -> Result<(Frame, Scan, Color), DecodeError> {
    let Event::Scan(scan) = parser.next_event()? else {
        return Err(truncated("it ends before the first scan"));
    };
    let frame = parser.frame()?.clone();
    limits.check_pixels(frame.width as u64, frame.height as u64)?;
    if frame.progressive || scan.components.len() < frame.components.len() {
        return Err(unsupported("a file of several scans cannot be cut into strips"));
    }
    let color = parser.color()?;
    Ok((frame, scan, color))
}

fn expect_end(parser: &mut Parser<'_>) -> Result<(), DecodeError> {
    match parser.next_event()? {
        Event::End => Ok(()),
        Event::Scan(_) => Err(corrupt("a second scan follows a complete image")),
    }
}

/// Walks through a scan's data as they lie in the file, beside the data without stuffing.
struct Places<'a> {
    raw: &'a [u8],
    /// Position in `raw`.
    offset: usize,
    /// The same position without stuffing and restart markers.
    plain: usize,
}

impl Places<'_> {
    /// Goes on to byte `plain` without stuffing and returns its position in `raw`: in front of a restart marker when the
    /// byte would be the first behind it.
    fn advance(&mut self, level: Level, plain: usize) -> usize {
        while self.plain < plain {
            let clean = lanes::jpeg_stuffing::bytes_before_ff(level, &self.raw[self.offset..]);
            let step = clean.min(plain - self.plain);
            self.offset += step;
            self.plain += step;
            if self.plain == plain || self.offset >= self.raw.len() {
                break;
            }
            // At an 0xFF: stuffed, or a restart marker, either perhaps behind others that only fill.
            while self.raw.get(self.offset + 1) == Some(&0xFF) {
                self.offset += 1;
            }
            self.plain += usize::from(self.raw.get(self.offset + 1) == Some(&0));
            self.offset += 2;
        }
        self.offset
    }
}

impl Index {
    /// Rows of MCUs that must be decoded for rows of pixels.
    fn mcu_rows(&self, rows: &Range<usize>) -> Range<usize> {
        let first = rows.start.saturating_sub(self.context) / self.mcu_height;
        let last = (rows.end - 1 + self.context).min(self.height - 1) / self.mcu_height;
        first..last + 1
    }

    /// Whether an index that is not complete reaches beyond rows of pixels, so that they can be cut.
    pub fn reaches(&self, rows: &Range<usize>) -> bool {
        !rows.is_empty() && self.mcu_rows(rows).end < self.rows.len()
    }

    /// Whether an index that is not complete knows where rows of pixels begin, so that they can be cut with all that follows.
    pub fn begins(&self, rows: &Range<usize>) -> bool {
        !rows.is_empty() && self.mcu_rows(rows).start < self.rows.len()
    }

    /// The part of the file that holds rows of pixels; up to the file's end if it is not known yet where they end.
    ///
    /// # Errors
    /// [`DecodeError::Corrupt`] when the rows are none of the image's, or the file is not the one that was indexed.
    pub fn cut<'a>(&self, bytes: &'a [u8], rows: &Range<usize>) -> Result<SourceStrip<'a>, DecodeError> {
        if rows.is_empty() || rows.end > self.height {
            return Err(corrupt(format!("rows {} to {} are not in it", rows.start, rows.end)));
        }
        let mcu_rows = self.mcu_rows(rows);
        let offset = |row: usize| self.rows.get(row).and_then(|start| usize::try_from(start.offset).ok());
        let changed = || corrupt("it is not the file that was indexed");
        let start = self.rows.get(mcu_rows.start).ok_or_else(changed)?;
        let from = offset(mcu_rows.start).ok_or_else(changed)?;
        // The next row's first byte may hold this one's last bits, and be stuffed.
        let to = offset(mcu_rows.end).map_or(bytes.len(), |next| (next + 2).min(bytes.len()));
        let (head, data) = (bytes.get(..self.head), bytes.get(from..to));
        let (Some(head), Some(data)) = (head, data) else { return Err(changed()) };
        Ok(SourceStrip { head, data, first_mcu_row: mcu_rows.start, start: *start })
    }
}

/// Decodes rows of pixels of the stored image (not turned by its orientation): the very rows that the whole image has.
///
/// # Errors
/// As [`decode`](crate::codec::decode).
pub fn decode_strip(
    strip: &SourceStrip<'_>,
    rows: Range<usize>,
    limits: &Limits,
    scratch: &mut Scratch,
) -> Result<Image, DecodeError> {
    // A strip that was cut before its end was known has all that follows: what is likely enough is tried first. Whatever
    // ails that, such as that it is too little, the whole tells.
    let likely = likely_bytes(strip, &rows, limits)?;
    if likely < strip.data.len() {
        let beginning = SourceStrip { data: &strip.data[..likely], ..*strip };
        if let Ok(image) = decode_rows(&beginning, rows.clone(), limits, scratch) {
            return Ok(image);
        }
    }
    decode_rows(strip, rows, limits, scratch)
}

/// Bytes of a strip's data that its rows hardly exceed, if the rows below are alike.
fn likely_bytes(strip: &SourceStrip<'_>, rows: &Range<usize>, limits: &Limits) -> Result<usize, DecodeError> {
    let (frame, ..) = single_scan(&mut Parser::new(strip.head), limits)?;
    let last = rows.end / (8 * frame.v_max) + 1;
    let wanted = last.saturating_sub(strip.first_mcu_row).max(1);
    let left = frame.mcu_rows().saturating_sub(strip.first_mcu_row).max(1);
    let share = strip.data.len() as f64 * wanted as f64 / left as f64;
    Ok((2.0 * share) as usize + SPARE_BYTES)
}

fn decode_rows(
    strip: &SourceStrip<'_>,
    rows: Range<usize>,
    limits: &Limits,
    scratch: &mut Scratch,
) -> Result<Image, DecodeError> {
    let level = scratch.level;
    let mut parser = Parser::new(strip.head);
    let (frame, scan, color) = single_scan(&mut parser, limits)?;
    if rows.is_empty() || rows.end > frame.height {
        return Err(corrupt(format!("rows {} to {} are not in it", rows.start, rows.end)));
    }
    let context = usize::from(has_context(&frame)?);
    let mcu_height = 8 * frame.v_max;
    if strip.first_mcu_row * mcu_height > rows.start.saturating_sub(context) {
        return Err(corrupt("the strip begins below its rows"));
    }
    let last = (rows.end - 1 + context).min(frame.height - 1) / mcu_height;

    let mut painter = Painter::new(&frame, color, rows, Wanted::Pixels, scratch)?;
    let DecodeScratch { data, segments, blocks, extents } = &mut scratch.jpeg_decode;
    let mut data = ScanData::resume(level, &parser, strip.data, &strip.start, data, segments)?;
    let mut decoder = Rows::new(level, &parser, &frame, &scan, blocks, extents)?;
    decoder.predictors = strip.start.predictors;
    for row in strip.first_mcu_row..=last {
        decoder.decode(&mut data, row, &mut painter)?;
    }
    Ok(painter.into_image())
}
