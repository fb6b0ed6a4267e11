//! JPEG in pure Rust, bit for bit what OpenCV's libjpeg-turbo reads and writes.
//!
//! Stages of decoding, each a file: `markers` → entropy-coded data (`scan`, `sequential`; `progressive` into whole-image
//! `coefficients`) → `planes` of samples → `pixels`. Stages of encoding, in `encode`: pixels → planes → coefficients → bits.
//! All number crunching lies in the `lanes` crate.
//!
//! A baseline file can be cut between nodes: [`index()`] finds its rows, [`Index::cut`] and [`decode_strip`] give any rows of
//! pixels alone, [`encode_strip`] codes them alone and [`stitch()`] joins the pieces to the very file that one encoder writes.
//!
//! What is not read: arithmetic coding, lossless and hierarchical files, 12 bits a sample. A progressive file whose last
//! scans are missing is an error, where libjpeg smooths over the gap.

mod coefficients;
mod encode;
mod index;
mod markers;
mod pixels;
mod planes;
mod progressive;
mod scan;
mod sequential;
mod stitch;
mod strips;
mod tables;

pub(crate) use encode::EncodeScratch;
pub(super) use encode::encode;
pub use index::{Index, RowStart, SourceStrip, decode_strip, index, index_by_rows};
pub use stitch::{Stitcher, stitch};
pub use strips::{EncodedStrip, StripHead, Whole, encode_strip};

use lanes::jpeg_block::Block;
use lanes::jpeg_stuffing::Segment;

use super::{Format, Limits, Orientation, Scratch, Wanted};
use crate::error::DecodeError;
use crate::image::Image;
use markers::{Event, Parser};
use pixels::Painter;

/// Buffers of the decoder that outlive an image.
#[derive(Debug, Default)]
pub(crate) struct DecodeScratch {
    /// The scan without stuffing.
    data: Vec<u8>,
    segments: Vec<Segment>,
    blocks: Vec<Block>,
    extents: Vec<u8>,
}

pub(super) fn decode(
    bytes: &[u8],
    limits: &Limits,
    wanted: Wanted,
    scratch: &mut Scratch,
) -> Result<(Image, Orientation), DecodeError> {
    let level = scratch.level;
    let mut parser = Parser::new(bytes);
    let Event::Scan(first) = parser.next_event()? else {
        return Err(truncated("it ends before the first scan"));
    };
    let frame = parser.frame()?.clone();
    limits.check_pixels(frame.width as u64, frame.height as u64)?;
    let color = parser.color()?;
    let mut painter = Painter::new(&frame, color, 0..frame.height, wanted, scratch)?;
    if !frame.progressive && first.components.len() == frame.components.len() {
        sequential::decode(level, &mut parser, &frame, &first, &mut scratch.jpeg_decode, &mut painter)?;
        // Whatever follows a complete image, it must be the end marker.
        match parser.next_event()? {
            Event::End => {}
            Event::Scan(_) => return Err(corrupt("a second scan follows a complete image")),
        }
    } else {
        let image = coefficients::decode(level, &mut parser, &frame, first, &mut scratch.jpeg_decode)?;
        image.paint(&frame, &mut painter);
    }
    Ok((painter.into_image(), parser.orientation()))
}

/// Sides as stored, and how they lie.
pub(super) fn header(bytes: &[u8]) -> Result<(usize, usize, Orientation), DecodeError> {
    let mut parser = Parser::new(bytes);
    let Event::Scan(_) = parser.next_event()? else {
        return Err(truncated("it ends before the first scan"));
    };
    let frame = parser.frame()?;
    Ok((frame.width, frame.height, parser.orientation()))
}

fn corrupt(detail: impl Into<String>) -> DecodeError {
    DecodeError::Corrupt { format: Format::Jpeg, detail: detail.into() }
}

fn truncated(detail: impl Into<String>) -> DecodeError {
    DecodeError::Truncated { format: Format::Jpeg, detail: detail.into() }
}

fn unsupported(detail: impl Into<String>) -> DecodeError {
    DecodeError::Unsupported { format: Format::Jpeg, detail: detail.into() }
}
