//! What a part comes to, as bytes for the wire; and the file that all pieces make together.

use super::{Partial, Plan, SegmentError};
use crate::codec::jpeg::{EncodedStrip, Stitcher, StripHead, Whole, encode_strip, stitch};
use crate::codec::{self, EncodeOptions, Format};
use crate::error::EncodeError;
use crate::image::{Channels, Image};

/// Strips of a JPEG begin at multiples of this many rows, whether gray (8) or colour (16).
pub const STRIP_ROWS: usize = 16;

/// What a part comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// What it has seen: it waits for the summary of all.
    Seen(Partial),
    /// Its pixels of the result.
    Pixels(Image),
    /// Its rows of the result as part of a JPEG.
    Strip(EncodedStrip, Channels),
}

/// Why pieces do not make a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssemblyError {
    /// Pieces that do not belong together.
    #[error(transparent)]
    Segment(#[from] SegmentError),
    /// The result cannot be written in its format.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

/// Whether the parts' results are whole rows of MCUs of a JPEG, so that each can be coded apart.
fn is_in_strips(plan: &Plan, format: Format) -> bool {
    let (width, height) = (plan.result().width, plan.result().height);
    let is_strip = |area: super::Area| {
        let end = area.y + area.height;
        area.width == width
            && area.y.is_multiple_of(STRIP_ROWS)
            && (end == height || end.is_multiple_of(STRIP_ROWS))
    };
    format == Format::Jpeg && plan.parts().iter().all(|part| is_strip(part.result))
}

fn whole(plan: &Plan, channels: Channels, options: &EncodeOptions) -> Whole {
    let (width, height) = (plan.result().width, plan.result().height);
    Whole { width, height, channels, quality: options.jpeg_quality }
}

/// Makes the piece of a finished part: coded if the result's file can be stitched from coded parts, pixels if not.
///
/// # Errors
/// [`EncodeError`] when the format cannot hold the result.
pub fn finish(
    plan: &Plan,
    part: usize,
    pixels: Image,
    format: Format,
    options: &EncodeOptions,
    scratch: &mut codec::Scratch,
) -> Result<Piece, AssemblyError> {
    if !is_in_strips(plan, format) {
        return Ok(Piece::Pixels(pixels));
    }
    let channels = pixels.channels;
    let first_row = plan.part(part)?.result.y;
    let strip = encode_strip(&pixels, first_row, &whole(plan, channels, options), scratch)?;
    scratch.recycle(pixels);
    Ok(Piece::Strip(strip, channels))
}

/// Puts the pieces of all parts, in order, together: the very file that [`encode`](codec::encode) writes of the whole
/// result. Strips are shifted into place and not coded again.
///
/// # Errors
/// Pieces that are not one of each part or of different kinds; a format that cannot hold the result.
pub fn assemble(
    plan: &Plan,
    format: Format,
    options: &EncodeOptions,
    pieces: Vec<Piece>,
) -> Result<Vec<u8>, AssemblyError> {
    let (mut images, mut strips, mut kinds) = (Vec::new(), Vec::new(), Vec::new());
    for piece in pieces {
        match piece {
            Piece::Pixels(image) => images.push(image),
            Piece::Strip(strip, channels) => {
                strips.push(strip);
                kinds.push(channels);
            }
            Piece::Seen(_) => return Err(SegmentError::Mismatch { reason: "one is not finished" }.into()),
        }
    }
    match kinds.first() {
        None => Ok(codec::encode(&plan.merge(&images)?, format, options)?),
        Some(channels) if images.is_empty() && kinds.iter().all(|kind| kind == channels) => {
            Ok(stitch(&whole(plan, *channels, options), &strips)?)
        }
        Some(_) => Err(SegmentError::Mismatch { reason: "pieces of different kinds" }.into()),
    }
}

/// Begins the file that strips of a plan make: the very file that [`encode`](codec::encode) writes of the whole result.
///
/// # Errors
/// A result that no JPEG can hold.
pub fn stitcher(
    plan: &Plan,
    channels: Channels,
    options: &EncodeOptions,
    out: &mut Vec<u8>,
) -> Result<Stitcher, AssemblyError> {
    Ok(Stitcher::new(whole(plan, channels, options), out)?)
}

const SEEN: u8 = 1;
const PIXELS: u8 = 2;
const STRIP: u8 = 3;

/// Bytes in front of a piece's pixels, and of what else tells of a strip.
const HEAD: usize = 17;

/// More bytes than a strip has in front of its bits.
pub const MAX_STRIP_HEAD: usize = 1024;

impl Piece {
    /// As bytes for the wire.
    pub fn to_bytes(&self) -> Vec<u8> {
        let (head, body) = self.to_slices();
        [&head[..], body].concat()
    }

    /// As bytes for the wire, in two parts: a short one and the mass of the samples or bits, which is not copied.
    pub fn to_slices(&self) -> (Vec<u8>, &[u8]) {
        let head = |kind: u8, words: [usize; 4]| {
            let words = words.into_iter().flat_map(|word| (word as u32).to_le_bytes());
            std::iter::once(kind).chain(words).collect::<Vec<u8>>()
        };
        match self {
            Piece::Seen(partial) => ([&[SEEN][..], &partial.to_bytes()].concat(), &[]),
            Piece::Pixels(Image { width, height, channels, samples }) => {
                (head(PIXELS, [*width, *height, channels.count(), 0]), samples)
            }
            Piece::Strip(EncodedStrip { head: strip, bits }, channels) => {
                let words = [strip.first_row, strip.rows, channels.count(), strip.first_mcu.len()];
                let mut bytes = head(STRIP, words);
                let coefficients = strip.first_mcu.iter().flatten();
                coefficients.for_each(|coefficient| bytes.extend(coefficient.to_le_bytes()));
                strip.predictors.iter().for_each(|predictor| bytes.extend(predictor.to_le_bytes()));
                bytes.push(strip.last_bits);
                (bytes, bits)
            }
        }
    }

    /// From bytes of the wire. Whether they fit a plan shows when they are put together.
    ///
    /// # Errors
    /// Bytes that [`to_bytes`](Self::to_bytes) has not made.
    pub fn from_bytes(bytes: &[u8]) -> Result<Piece, SegmentError> {
        if let Some((&SEEN, rest)) = bytes.split_first() {
            return Partial::from_bytes(rest).map(Piece::Seen);
        }
        if let Some((head, channels, at)) = strip_head(bytes)? {
            return Ok(Piece::Strip(EncodedStrip { head, bits: bytes[at..].to_vec() }, channels));
        }
        let (Head { words: [width, height, _, _], channels, .. }, rest) = Head::of(bytes)?;
        let wanted = width.checked_mul(height).and_then(|pixels| pixels.checked_mul(channels.count()));
        if wanted != Some(rest.len()) {
            let reason = "the samples are not as many as the pixels need";
            return Err(SegmentError::Bytes { reason });
        }
        Ok(Piece::Pixels(Image { width, height, channels, samples: rest.to_vec() }))
    }
}

/// The head of a strip that is given as bytes, at least [`MAX_STRIP_HEAD`] of them if there are so many, what its pixels
/// are, and where its bits begin; nothing if the bytes are of another piece.
///
/// # Errors
/// Bytes that [`Piece::to_bytes`] has not made.
pub fn strip_head(bytes: &[u8]) -> Result<Option<(StripHead, Channels, usize)>, SegmentError> {
    if let Some((&SEEN, _)) = bytes.split_first() {
        return Ok(None);
    }
    let (Head { kind, words: [first_row, rows, _, blocks], channels }, rest) = Head::of(bytes)?;
    if kind == PIXELS {
        return Ok(None);
    }
    // One MCU has 6 blocks at most.
    let coefficients = rest.get(..128 * blocks.min(7)).ok_or(EARLY)?;
    let (predictors, bits) = rest[coefficients.len()..].split_first_chunk::<16>().ok_or(EARLY)?;
    let (last_bits, bits) = bits.split_first().ok_or(EARLY)?;
    let block = |bytes: &[u8]| std::array::from_fn(|k| i16::from_le_bytes([bytes[2 * k], bytes[2 * k + 1]]));
    let head = StripHead {
        first_row,
        rows,
        first_mcu: coefficients.chunks_exact(128).map(block).collect(),
        predictors: std::array::from_fn(|at| word(predictors, 4 * at) as i32),
        last_bits: *last_bits,
    };
    Ok(Some((head, channels, bytes.len() - bits.len())))
}

const EARLY: SegmentError = SegmentError::Bytes { reason: "they end too early" };

/// What pixels and strips begin with.
struct Head {
    kind: u8,
    words: [usize; 4],
    channels: Channels,
}

impl Head {
    fn of(bytes: &[u8]) -> Result<(Head, &[u8]), SegmentError> {
        let (head, rest) = bytes.split_first_chunk::<HEAD>().ok_or(EARLY)?;
        let kind = head[0];
        if kind != PIXELS && kind != STRIP {
            return Err(SegmentError::Bytes { reason: "their kind is unknown" });
        }
        let words = std::array::from_fn(|at| word(head, 1 + 4 * at) as usize);
        let channels = match words[2] {
            1 => Channels::Gray,
            3 => Channels::Rgb,
            _ => return Err(SegmentError::Bytes { reason: "pixels have 1 or 3 samples" }),
        };
        Ok((Head { kind, words, channels }, rest))
    }
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::{Operation, Scratch};
    use crate::segment::{Cut, Progress, Size, begin};
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn image(width: usize, height: usize) -> Image {
        let samples = (0..width * height * 3).map(|i| (i * i / 7 % 251) as u8).collect();
        Image { width, height, channels: Channels::Rgb, samples }
    }

    /// Every part done, sent as bytes and put together, with whether they were coded.
    fn by_parts(operation: &str, image: &Image, cut: &Cut, format: Format) -> (Vec<u8>, bool) {
        let operation = Operation::parse(operation).unwrap();
        let plan = Plan::new(&operation, Size::of(image), cut).unwrap();
        let (mut scratch, options) = (Scratch::new(), EncodeOptions::default());
        let mut in_strips = false;
        let pieces = (0..plan.parts().len()).map(|part| {
            let source = plan.source_of(part, image).unwrap();
            let Ok(Progress::Finished(pixels)) = begin(&plan, part, source, &mut scratch) else { panic!() };
            let codec = &mut codec::Scratch::default();
            let piece = finish(&plan, part, pixels, format, &options, codec).unwrap();
            in_strips |= matches!(piece, Piece::Strip(..));
            Piece::from_bytes(&piece.to_bytes()).unwrap()
        });
        let pieces = pieces.collect();
        (assemble(&plan, format, &options, pieces).unwrap(), in_strips)
    }

    #[test]
    fn pieces_make_the_file_of_the_whole() {
        let image = image(70, 90);
        for operation in ["grayscale", "blur[size=5]", "crop[seed=3]"] {
            let result = Operation::parse(operation).unwrap().apply(image.clone()).unwrap();
            for format in [Format::Jpeg, Format::Png, Format::Bmp] {
                let whole = codec::encode(&result, format, &EncodeOptions::default()).unwrap();
                let rows = Cut::strips(&[1.0, 2.0, 1.0], result.height).unwrap();
                for cut in [rows, Cut::rows(7), Cut::columns(3), Cut::Tiles { columns: 2, rows: 3 }] {
                    let (bytes, _) = by_parts(operation, &image, &cut, format);
                    assert!(bytes == whole, "{operation} {format} {cut:?}");
                }
            }
        }
    }

    #[test]
    fn strips_are_coded_apart_and_other_parts_are_not() {
        let image = image(70, 90);
        let strips = Cut::strips(&[1.0; 4], 90).unwrap();
        assert!(by_parts("invert", &image, &strips, Format::Jpeg).1);
        assert!(!by_parts("invert", &image, &strips, Format::Png).1);
        assert!(!by_parts("invert", &image, &Cut::rows(7), Format::Jpeg).1);
    }

    proptest! {
        #[test]
        fn hostile_bytes_are_an_error_or_harmless(bytes in vec(any::<u8>(), 0..400), kind in 0u8..5, blocks in 0u32..9) {
            let mut bytes = [&[kind][..], &bytes].concat();
            if bytes.len() > 17 {
                bytes[9..13].copy_from_slice(&1u32.to_le_bytes());
                bytes[13..17].copy_from_slice(&blocks.to_le_bytes());
            }
            if let Ok(piece) = Piece::from_bytes(&bytes) {
                let plan = Plan::new(&Operation::parse("invert").unwrap(), Size { width: 4, height: 32 }, &Cut::rows(1));
                let _ = assemble(&plan.unwrap(), Format::Jpeg, &EncodeOptions::default(), vec![piece]);
            }
        }
    }
}
