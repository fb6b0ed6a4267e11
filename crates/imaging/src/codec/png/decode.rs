//! PNG in, through the `png` crate.

use std::io::Cursor;

use png::{ColorType, Transformations};

use crate::codec::{Format, Limits, Orientation, Scratch, Wanted, exif};
use crate::error::DecodeError;
use crate::image::{Channels, Image};

/// Decodes as OpenCV does: palettes and low depths expanded, the upper 8 of 16 bits kept, alpha dropped.
pub(in crate::codec) fn decode(
    bytes: &[u8],
    limits: &Limits,
    wanted: Wanted,
    scratch: &mut Scratch,
) -> Result<(Image, Orientation), DecodeError> {
    let budget = limits.max_pixels.saturating_mul(8).saturating_add(16 << 20);
    let budget = png::Limits { bytes: usize::try_from(budget).unwrap_or(usize::MAX) };
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), budget);
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let header = decoder.read_header_info().map_err(error)?;
    limits.check_pixels(u64::from(header.width), u64::from(header.height))?;
    let mut reader = decoder.read_info().map_err(error)?;

    let (width, height) = (reader.info().width as usize, reader.info().height as usize);
    let color = reader.output_color_type().0;
    let interlaced = reader.info().interlaced;
    let (channels, samples) = if wanted == Wanted::Gray && color == ColorType::Rgb && !interlaced {
        (Channels::Gray, gray_rows(&mut reader, scratch)?)
    } else {
        whole_frame(&mut reader, color, scratch)?
    };
    reader.finish().map_err(error)?;
    let orientation = reader.info().exif_metadata.as_deref().map_or(Orientation::Upright, exif::orientation);
    Ok((Image { width, height, channels, samples }, orientation))
}

/// Sides as stored, and how they lie. The chunk that tells the latter may stand behind the pixels, so all are walked over.
pub(in crate::codec) fn header(bytes: &[u8]) -> Result<(usize, usize, Orientation), DecodeError> {
    let cut_off = || DecodeError::Truncated { format: Format::Png, detail: "its header is missing".into() };
    let mut rest = bytes.get(8..).ok_or_else(cut_off)?;
    let (mut sides, mut orientation) = (None, Orientation::Upright);
    while let Some((head, behind)) = rest.split_first_chunk::<8>() {
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let body = &behind[..length.min(behind.len())];
        match (&head[4..], body) {
            (b"IHDR", [a, b, c, d, e, f, g, h, ..]) if sides.is_none() => {
                let side = |bytes: [u8; 4]| u32::from_be_bytes(bytes) as usize;
                sides = Some((side([*a, *b, *c, *d]), side([*e, *f, *g, *h])));
            }
            (b"eXIf", tiff) => orientation = exif::orientation(tiff),
            (b"IEND", _) => break,
            _ => {}
        }
        // A checksum of four bytes follows each chunk.
        rest = behind.get(length.saturating_add(4)..).unwrap_or_default();
    }
    let (width, height) = sides.ok_or_else(cut_off)?;
    Ok((width, height, orientation))
}

fn whole_frame(
    reader: &mut png::Reader<Cursor<&[u8]>>,
    color: ColorType,
    scratch: &mut Scratch,
) -> Result<(Channels, Vec<u8>), DecodeError> {
    let len = reader.output_buffer_size().ok_or_else(|| DecodeError::Unsupported {
        format: Format::Png,
        detail: "its pixels do not fit this machine's memory".into(),
    })?;
    let mut samples = scratch.samples(len);
    reader.next_frame(&mut samples).map_err(error)?;
    let channels = match color {
        ColorType::Grayscale | ColorType::GrayscaleAlpha => Channels::Gray,
        ColorType::Rgb | ColorType::Rgba | ColorType::Indexed => Channels::Rgb,
    };
    if matches!(color, ColorType::GrayscaleAlpha | ColorType::Rgba) {
        drop_alpha(&mut samples, channels.count());
    }
    Ok((channels, samples))
}

/// The luminance of each row as it comes.
fn gray_rows(reader: &mut png::Reader<Cursor<&[u8]>>, scratch: &mut Scratch) -> Result<Vec<u8>, DecodeError> {
    let (width, height) = (reader.info().width as usize, reader.info().height as usize);
    let mut samples = scratch.samples(width * height);
    for out in samples.chunks_exact_mut(width) {
        let row = reader.next_row().map_err(error)?.ok_or_else(|| DecodeError::Truncated {
            format: Format::Png,
            detail: "rows are missing".into(),
        })?;
        lanes::gray::gray(scratch.level, row.data(), out);
    }
    Ok(samples)
}

/// Keeps `kept` samples of every `kept + 1`.
pub(in crate::codec) fn drop_alpha(samples: &mut Vec<u8>, kept: usize) {
    let pixels = samples.len() / (kept + 1);
    for i in 0..pixels {
        samples.copy_within(i * (kept + 1)..i * (kept + 1) + kept, i * kept);
    }
    samples.truncate(pixels * kept);
}

fn error(error: png::DecodingError) -> DecodeError {
    let format = Format::Png;
    match error {
        png::DecodingError::IoError(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
            DecodeError::Truncated { format, detail: "its end chunk is missing".into() }
        }
        png::DecodingError::LimitsExceeded => {
            DecodeError::Unsupported { format, detail: "its metadata takes too much memory".into() }
        }
        other => DecodeError::Corrupt { format, detail: other.to_string().trim_end_matches('.').to_owned() },
    }
}
