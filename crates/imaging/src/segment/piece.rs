//! What a part comes to, as bytes for the wire; and the file that all pieces make together.

use super::{Partial, Plan, SegmentError};
use crate::codec::jpeg::{EncodedStrip, Whole, encode_strip, stitch};
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

const SEEN: u8 = 1;
const PIXELS: u8 = 2;
const STRIP: u8 = 3;

impl Piece {
    /// As bytes for the wire.
    pub fn to_bytes(&self) -> Vec<u8> {
        let head = |kind: u8, words: [usize; 4]| {
            let words = words.into_iter().flat_map(|word| (word as u32).to_le_bytes());
            std::iter::once(kind).chain(words).collect::<Vec<u8>>()
        };
        match self {
            Piece::Seen(partial) => [&[SEEN][..], &partial.to_bytes()].concat(),
            Piece::Pixels(Image { width, height, channels, samples }) => {
                let mut bytes = head(PIXELS, [*width, *height, channels.count(), 0]);
                bytes.extend_from_slice(samples);
                bytes
            }
            Piece::Strip(strip, channels) => {
                let words = [strip.first_row, strip.rows, channels.count(), strip.first_mcu.len()];
                let mut bytes = head(STRIP, words);
                bytes.reserve(strip.bits.len() + 128 * strip.first_mcu.len() + 17);
                strip
                    .first_mcu
                    .iter()
                    .flatten()
                    .for_each(|coefficient| bytes.extend(coefficient.to_le_bytes()));
                strip.predictors.iter().for_each(|predictor| bytes.extend(predictor.to_le_bytes()));
                bytes.push(strip.last_bits);
                bytes.extend_from_slice(&strip.bits);
                bytes
            }
        }
    }

    /// From bytes of the wire. Whether they fit a plan shows when they are put together.
    ///
    /// # Errors
    /// Bytes that [`to_bytes`](Self::to_bytes) has not made.
    pub fn from_bytes(bytes: &[u8]) -> Result<Piece, SegmentError> {
        let early = SegmentError::Bytes { reason: "they end too early" };
        let (kind, rest) = bytes.split_first().ok_or_else(|| early.clone())?;
        if *kind == SEEN {
            return Partial::from_bytes(rest).map(Piece::Seen);
        }
        let (head, rest) = rest.split_first_chunk::<16>().ok_or_else(|| early.clone())?;
        let word =
            |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]) as usize;
        let [first, second, samples, blocks] = [word(0), word(4), word(8), word(12)];
        let channels = match samples {
            1 => Channels::Gray,
            3 => Channels::Rgb,
            _ => return Err(SegmentError::Bytes { reason: "pixels have 1 or 3 samples" }),
        };
        match *kind {
            PIXELS => {
                let wanted = first.checked_mul(second).and_then(|pixels| pixels.checked_mul(samples));
                if wanted != Some(rest.len()) {
                    return Err(SegmentError::Bytes {
                        reason: "the samples are not as many as the pixels need",
                    });
                }
                Ok(Piece::Pixels(Image { width: first, height: second, channels, samples: rest.to_vec() }))
            }
            STRIP => strip(first, second, blocks, rest).map(|strip| Piece::Strip(strip, channels)),
            _ => Err(SegmentError::Bytes { reason: "their kind is unknown" }),
        }
    }
}

fn strip(first_row: usize, rows: usize, blocks: usize, bytes: &[u8]) -> Result<EncodedStrip, SegmentError> {
    let early = SegmentError::Bytes { reason: "they end too early" };
    // One MCU has 6 blocks at most.
    let coefficients = bytes.get(..128 * blocks.min(7)).ok_or_else(|| early.clone())?;
    let (predictors, bits) =
        bytes[coefficients.len()..].split_first_chunk::<16>().ok_or_else(|| early.clone())?;
    let (last_bits, bits) = bits.split_first().ok_or(early)?;
    let block = |bytes: &[u8]| std::array::from_fn(|k| i16::from_le_bytes([bytes[2 * k], bytes[2 * k + 1]]));
    let predictor = |at: usize| {
        i32::from_le_bytes([predictors[at], predictors[at + 1], predictors[at + 2], predictors[at + 3]])
    };
    Ok(EncodedStrip {
        first_row,
        rows,
        first_mcu: coefficients.chunks_exact(128).map(block).collect(),
        predictors: [predictor(0), predictor(4), predictor(8), predictor(12)],
        bits: bits.to_vec(),
        last_bits: *last_bits,
    })
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
