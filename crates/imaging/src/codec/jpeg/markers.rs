//! The segments of a JPEG file before and between its scans: sizes, components, tables.

use lanes::jpeg_block::{Block, ZIGZAG};
use lanes::jpeg_entropy_decode::{Class, DecodeTable};

use super::{corrupt, truncated, unsupported};
use crate::codec::{Orientation, exif};
use crate::error::{DecodeError, Measure};
use crate::image::Channels;

/// The longest side that libjpeg takes.
pub(super) const MAX_SIDE: usize = 65_500;

/// One component of the image: luma, a chroma, an ink.
#[derive(Clone, Debug)]
pub(super) struct Component {
    id: u8,
    /// Samples a unit in x, 1 to 4.
    pub(super) h: usize,
    /// Samples a unit in y, 1 to 4.
    pub(super) v: usize,
    /// Which quantisation table.
    pub(super) quant: usize,
    /// Samples in a row that mean something.
    pub(super) width: usize,
    /// Rows that mean something.
    pub(super) height: usize,
}

/// What the frame header says.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) progressive: bool,
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) components: Vec<Component>,
    /// The largest `h` of the components.
    pub(super) h_max: usize,
    /// The largest `v` of the components.
    pub(super) v_max: usize,
}

impl Frame {
    /// MCUs side by side.
    pub(super) fn mcu_columns(&self) -> usize {
        self.width.div_ceil(8 * self.h_max)
    }

    /// MCUs on top of one another.
    pub(super) fn mcu_rows(&self) -> usize {
        self.height.div_ceil(8 * self.v_max)
    }
}

/// What a scan header says.
#[derive(Clone, Debug)]
pub(super) struct Scan {
    /// Index in the frame, table of first coefficients, table of the others.
    pub(super) components: Vec<(usize, usize, usize)>,
    /// First coefficient of the scan, in zigzag order.
    pub(super) first: usize,
    /// Last one.
    pub(super) last: usize,
    /// Bit that earlier scans came down to; 0 for a first scan.
    pub(super) high: u32,
    /// Bit that this scan comes down to.
    pub(super) low: u32,
}

/// What the components mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Color {
    Gray,
    Ycc,
    Rgb,
    Cmyk,
    Ycck,
}

impl Color {
    pub(super) fn channels(self) -> Channels {
        if self == Color::Gray { Channels::Gray } else { Channels::Rgb }
    }
}

/// What comes next in the file.
pub(super) enum Event {
    /// A scan, whose data begin at [`Parser::rest`].
    Scan(Scan),
    /// The end marker.
    End,
}

/// Walks through the segments and keeps what they set.
pub(super) struct Parser<'a> {
    bytes: &'a [u8],
    at: usize,
    frame: Option<Frame>,
    quant: [Option<Block>; 4],
    dc: [Option<DecodeTable>; 4],
    ac: [Option<DecodeTable>; 4],
    /// MCUs between restart markers, 0 for none.
    pub(super) restart_interval: usize,
    jfif: bool,
    adobe_transform: Option<u8>,
    orientation: Orientation,
}

impl<'a> Parser<'a> {
    /// Begins behind the start marker, which the caller has seen.
    pub(super) fn new(bytes: &'a [u8]) -> Parser<'a> {
        Parser {
            bytes,
            at: 2,
            frame: None,
            quant: Default::default(),
            dc: Default::default(),
            ac: Default::default(),
            restart_interval: 0,
            jfif: false,
            adobe_transform: None,
            orientation: Orientation::Upright,
        }
    }

    /// The frame header, which must have come.
    pub(super) fn frame(&self) -> Result<&Frame, DecodeError> {
        self.frame.as_ref().ok_or_else(|| corrupt("a scan comes before the frame header"))
    }

    pub(super) fn orientation(&self) -> Orientation {
        self.orientation
    }

    pub(super) fn quant(&self, index: usize) -> Result<&Block, DecodeError> {
        let table = self.quant.get(index).and_then(Option::as_ref);
        table.ok_or_else(|| corrupt(format!("quantisation table {index} is missing")))
    }

    pub(super) fn dc_table(&self, index: usize) -> Result<&DecodeTable, DecodeError> {
        let table = self.dc.get(index).and_then(Option::as_ref);
        table.ok_or_else(|| corrupt(format!("Huffman table DC {index} is missing")))
    }

    pub(super) fn ac_table(&self, index: usize) -> Result<&DecodeTable, DecodeError> {
        let table = self.ac.get(index).and_then(Option::as_ref);
        table.ok_or_else(|| corrupt(format!("Huffman table AC {index} is missing")))
    }

    /// Bytes from here on: behind a scan header its entropy-coded data.
    pub(super) fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    /// Goes on behind `count` bytes of entropy-coded data.
    pub(super) fn skip(&mut self, count: usize) {
        self.at += count;
    }

    /// Reads segments up to the next scan or the end.
    pub(super) fn next_event(&mut self) -> Result<Event, DecodeError> {
        loop {
            let marker = self.marker()?;
            if marker == 0xD9 {
                return Ok(Event::End);
            }
            // Markers without a segment: restarts out of place, TEM.
            if matches!(marker, 0x01 | 0xD0..=0xD7) {
                continue;
            }
            let body = self.segment()?;
            match marker {
                0xC0..=0xC2 => self.frame_header(body, marker == 0xC2)?,
                0xC4 => self.huffman_tables(body)?,
                0xC3 | 0xC5..=0xCF => return Err(unsupported(unsupported_frame(marker))),
                0xD8 => return Err(corrupt("a second start marker")),
                0xDA => return Ok(Event::Scan(self.scan_header(body)?)),
                0xDB => self.quant_tables(body)?,
                0xDD => {
                    let [high, low] = *body else { return Err(corrupt("restart interval of wrong length")) };
                    self.restart_interval = usize::from(u16::from_be_bytes([high, low]));
                }
                0x02..=0xBF | 0xDE | 0xDF | 0xF0..=0xFD => {
                    return Err(corrupt(format!("unknown marker {marker:02X}")));
                }
                0xE0 => self.jfif |= body.starts_with(b"JFIF\0"),
                0xE1 => {
                    if let Some(tiff) = body.strip_prefix(b"Exif\0\0") {
                        self.orientation = exif::orientation(tiff);
                    }
                }
                0xEE if body.starts_with(b"Adobe") => self.adobe_transform = body.get(11).copied(),
                _ => {}
            }
        }
    }

    /// The next marker's code; bytes in front of it that belong nowhere are skipped, as libjpeg does.
    fn marker(&mut self) -> Result<u8, DecodeError> {
        let mut after_ff = false;
        while let Some(byte) = self.bytes.get(self.at) {
            self.at += 1;
            match byte {
                0xFF => after_ff = true,
                0 => after_ff = false,
                code if after_ff => return Ok(*code),
                _ => {}
            }
        }
        Err(truncated("its end marker is missing"))
    }

    fn segment(&mut self) -> Result<&'a [u8], DecodeError> {
        let cut = || truncated("it ends within a header");
        let rest = self.rest();
        let len = usize::from(u16::from_be_bytes(*rest.first_chunk::<2>().ok_or_else(cut)?));
        if len < 2 {
            return Err(corrupt("a segment shorter than its length field"));
        }
        let body = rest.get(2..len).ok_or_else(cut)?;
        self.at += len;
        Ok(body)
    }

    fn frame_header(&mut self, body: &[u8], progressive: bool) -> Result<(), DecodeError> {
        if self.frame.is_some() {
            return Err(corrupt("a second frame header"));
        }
        let [precision, h1, h0, w1, w0, count, components @ ..] = body else {
            return Err(corrupt("frame header too short"));
        };
        let (width, height) = (u16::from_be_bytes([*w1, *w0]), u16::from_be_bytes([*h1, *h0]));
        let (width, height) = (usize::from(width), usize::from(height));
        if *precision != 8 {
            return Err(unsupported(format!("{precision} bits a sample")));
        }
        if width == 0 || height == 0 {
            return Err(corrupt(format!("it has {width}x{height} pixels")));
        }
        if width.max(height) > MAX_SIDE {
            let actual = width.max(height) as u64;
            return Err(DecodeError::TooLarge { what: Measure::Side, actual, limit: MAX_SIDE as u64 });
        }
        if components.len() != 3 * usize::from(*count) {
            return Err(corrupt("frame header of wrong length"));
        }
        if !matches!(count, 1 | 3 | 4) {
            return Err(unsupported(format!("{count} components")));
        }
        let mut frame = Frame { progressive, width, height, components: Vec::new(), h_max: 1, v_max: 1 };
        for part in components.chunks_exact(3) {
            let (h, v) = (usize::from(part[1] >> 4), usize::from(part[1] & 15));
            if !(1..=4).contains(&h) || !(1..=4).contains(&v) || part[2] > 3 {
                return Err(corrupt("impossible sampling factors or table number"));
            }
            // A single component is not interleaved, so its factors mean nothing.
            let (h, v) = if *count == 1 { (1, 1) } else { (h, v) };
            frame.h_max = frame.h_max.max(h);
            frame.v_max = frame.v_max.max(v);
            let quant = usize::from(part[2]);
            frame.components.push(Component { id: part[0], h, v, quant, width: 0, height: 0 });
        }
        for component in &mut frame.components {
            component.width = (width * component.h).div_ceil(frame.h_max);
            component.height = (height * component.v).div_ceil(frame.v_max);
        }
        self.frame = Some(frame);
        Ok(())
    }

    fn scan_header(&self, body: &[u8]) -> Result<Scan, DecodeError> {
        let frame = self.frame()?;
        let wrong = || corrupt("impossible scan header");
        let (count, body) = body.split_first().ok_or_else(wrong)?;
        let count = usize::from(*count);
        if body.len() != 2 * count + 3 || !(1..=frame.components.len()).contains(&count) {
            return Err(wrong());
        }
        let (parts, spectral) = body.split_at(2 * count);
        let mut scan = Scan {
            components: Vec::new(),
            first: usize::from(spectral[0]),
            last: usize::from(spectral[1]),
            high: u32::from(spectral[2] >> 4),
            low: u32::from(spectral[2] & 15),
        };
        for part in parts.chunks_exact(2) {
            let index = frame.components.iter().position(|c| c.id == part[0]).ok_or_else(wrong)?;
            if scan.components.iter().any(|(other, ..)| *other == index) {
                return Err(wrong());
            }
            scan.components.push((index, usize::from(part[1] >> 4), usize::from(part[1] & 15)));
        }
        let blocks: usize =
            scan.components.iter().map(|(c, ..)| frame.components[*c].h * frame.components[*c].v).sum();
        if count > 1 && blocks > 10 {
            return Err(corrupt("more than ten blocks in an MCU"));
        }
        let possible = if frame.progressive {
            let single_band = if scan.first == 0 { scan.last == 0 } else { count == 1 };
            let one_bit = scan.high == 0 || scan.high == scan.low + 1;
            scan.first <= scan.last && scan.last < 64 && scan.low <= 13 && single_band && one_bit
        } else {
            // Sequential files mean the whole block, whatever these bytes say (libjpeg only warns).
            (scan.first, scan.last, scan.high, scan.low) = (0, 63, 0, 0);
            true
        };
        if possible { Ok(scan) } else { Err(corrupt("impossible progression of scans")) }
    }

    fn quant_tables(&mut self, mut body: &[u8]) -> Result<(), DecodeError> {
        while let Some((kind, rest)) = body.split_first() {
            let bytes = if kind >> 4 == 0 { 1 } else { 2 };
            let (Some(slot), Some(values)) =
                (self.quant.get_mut(usize::from(kind & 15)), rest.get(..64 * bytes))
            else {
                return Err(corrupt("impossible quantisation table"));
            };
            let mut table = Block::ZERO;
            for (value, natural) in values.chunks_exact(bytes).zip(ZIGZAG) {
                let step = value.iter().fold(0u16, |step, byte| step << 8 | u16::from(*byte));
                table.0[usize::from(natural)] = step as i16;
            }
            *slot = Some(table);
            body = &rest[64 * bytes..];
        }
        Ok(())
    }

    fn huffman_tables(&mut self, mut body: &[u8]) -> Result<(), DecodeError> {
        let wrong = || corrupt("impossible Huffman table");
        while let Some((kind, rest)) = body.split_first() {
            let counts = rest.first_chunk::<16>().ok_or_else(wrong)?;
            let total: usize = counts.iter().map(|n| usize::from(*n)).sum();
            let symbols = rest.get(16..16 + total).ok_or_else(wrong)?;
            let (class, slots) = match kind >> 4 {
                0 => (Class::Dc, &mut self.dc),
                1 => (Class::Ac, &mut self.ac),
                _ => return Err(wrong()),
            };
            let slot = slots.get_mut(usize::from(kind & 15)).ok_or_else(wrong)?;
            *slot = Some(DecodeTable::new(class, counts, symbols).ok_or_else(wrong)?);
            body = &rest[16 + total..];
        }
        Ok(())
    }

    /// What the components mean, by libjpeg's rules.
    pub(super) fn color(&self) -> Result<Color, DecodeError> {
        let frame = self.frame()?;
        let ids: Vec<u8> = frame.components.iter().map(|c| c.id).collect();
        Ok(match (ids.len(), self.adobe_transform) {
            (1, _) => Color::Gray,
            (3, _) if self.jfif => Color::Ycc,
            (3, Some(0)) => Color::Rgb,
            (3, Some(_)) => Color::Ycc,
            (3, None) if ids == *b"RGB" => Color::Rgb,
            (3, None) => Color::Ycc,
            (_, Some(0) | None) => Color::Cmyk,
            (_, Some(_)) => Color::Ycck,
        })
    }
}

fn unsupported_frame(marker: u8) -> &'static str {
    match marker {
        0xC3 | 0xC7 | 0xCB | 0xCF => "lossless JPEG",
        0xC5 | 0xC6 => "hierarchical JPEG",
        _ => "arithmetic coding",
    }
}
