//! PNG in and out, through the `png` crate.

use std::io::Cursor;

use png::{ColorType, Transformations};

use super::{Format, Limits, Orientation, Scratch, Wanted, exif};
use crate::error::{DecodeError, EncodeError};
use crate::image::{Channels, Image};

/// Decodes as OpenCV does: palettes and low depths expanded, the upper 8 of 16 bits kept, alpha dropped.
pub(super) fn decode(
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
pub(super) fn header(bytes: &[u8]) -> Result<(usize, usize, Orientation), DecodeError> {
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
pub(super) fn drop_alpha(samples: &mut Vec<u8>, kept: usize) {
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
        other => DecodeError::Corrupt { format, detail: other.to_string() },
    }
}

/// Encodes with the fast compression: about the size that OpenCV writes, in a quarter of the time.
pub(super) fn encode(image: &Image, scratch: &mut Scratch) -> Result<Vec<u8>, EncodeError> {
    let side = |side: usize| u32::try_from(side).ok().filter(|side| (1..=i32::MAX as u32).contains(side));
    let (Some(width), Some(height)) = (side(image.width), side(image.height)) else {
        return Err(EncodeError::Side {
            format: Format::Png,
            limit: i32::MAX as usize,
            width: image.width,
            height: image.height,
        });
    };
    let mut out = scratch.bytes(image.samples.len() / 2 + 1024);
    let mut encoder = png::Encoder::new(&mut out, width, height);
    encoder.set_color(match image.channels {
        Channels::Gray => ColorType::Grayscale,
        Channels::Rgb => ColorType::Rgb,
    });
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    let write = |e: png::EncodingError| EncodeError::Encoder { format: Format::Png, detail: e.to_string() };
    let mut writer = encoder.write_header().map_err(write)?;
    writer.write_image_data(&image.samples).map_err(write)?;
    writer.finish().map_err(write)?;
    Ok(out)
}
