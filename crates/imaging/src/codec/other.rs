//! BMP, GIF, WebP and TIFF, through the `image` crate.

use std::io::Cursor;

use image::codecs::{bmp, gif, tiff, webp};
use image::error::{ImageError, UnsupportedErrorKind};
use image::{ColorType, DynamicImage, ExtendedColorType, ImageDecoder, ImageEncoder};

use super::{Format, Limits, Orientation};
use crate::error::{DecodeError, EncodeError};
use crate::image::{Channels, Image};

/// Decodes the first frame: alpha dropped, the upper 8 of 16 bits kept.
pub(super) fn decode(
    bytes: &[u8],
    format: Format,
    limits: &Limits,
) -> Result<(Image, Orientation), DecodeError> {
    let input = Cursor::new(bytes);
    let told = |e| decode_error(format, e);
    match format {
        Format::Bmp => pixels(bmp::BmpDecoder::new(input).map_err(told)?, format, limits),
        Format::Gif => pixels(gif::GifDecoder::new(input).map_err(told)?, format, limits),
        Format::WebP => pixels(webp::WebPDecoder::new(input).map_err(told)?, format, limits),
        Format::Tiff => pixels(tiff::TiffDecoder::new(input).map_err(told)?, format, limits),
        Format::Jpeg | Format::Png => unreachable!("these have their own modules"),
    }
}

/// Sides as stored, and how they lie.
pub(super) fn header(bytes: &[u8], format: Format) -> Result<(usize, usize, Orientation), DecodeError> {
    let input = Cursor::new(bytes);
    let told = |e| decode_error(format, e);
    match format {
        Format::Bmp => sides(bmp::BmpDecoder::new(input).map_err(told)?, format),
        Format::Gif => sides(gif::GifDecoder::new(input).map_err(told)?, format),
        Format::WebP => sides(webp::WebPDecoder::new(input).map_err(told)?, format),
        Format::Tiff => sides(tiff::TiffDecoder::new(input).map_err(told)?, format),
        Format::Jpeg | Format::Png => unreachable!("these have their own modules"),
    }
}

fn sides(mut decoder: impl ImageDecoder, format: Format) -> Result<(usize, usize, Orientation), DecodeError> {
    let (width, height) = decoder.dimensions();
    let orientation = decoder.orientation().map_err(|e| decode_error(format, e))?;
    Ok((width as usize, height as usize, Orientation::from_exif(u16::from(orientation.to_exif()))))
}

fn pixels(
    mut decoder: impl ImageDecoder,
    format: Format,
    limits: &Limits,
) -> Result<(Image, Orientation), DecodeError> {
    let told = |e| decode_error(format, e);
    let (width, height) = decoder.dimensions();
    limits.check_pixels(u64::from(width), u64::from(height))?;
    let mut budget = image::Limits::no_limits();
    budget.max_alloc = Some(limits.max_pixels.saturating_mul(16).saturating_add(16 << 20));
    decoder.set_limits(budget).map_err(told)?;
    let orientation = decoder.orientation().map_err(told)?;
    let image = DynamicImage::from_decoder(decoder).map_err(told)?;
    let image = eight_bits(image, format)?;
    Ok((image, Orientation::from_exif(u16::from(orientation.to_exif()))))
}

fn eight_bits(image: DynamicImage, format: Format) -> Result<Image, DecodeError> {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let color = image.color();
    let channels = if color.has_color() { Channels::Rgb } else { Channels::Gray };
    let mut samples: Vec<u8> = match color {
        ColorType::L8 | ColorType::La8 | ColorType::Rgb8 | ColorType::Rgba8 => image.into_bytes(),
        ColorType::L16 | ColorType::La16 | ColorType::Rgb16 | ColorType::Rgba16 => {
            // OpenCV keeps the upper byte, but lets libtiff round colours to the nearest of 255 steps.
            let rounded = format == Format::Tiff && color.has_color();
            let narrow = |v: u16| if rounded { ((u32::from(v) + 128) / 257) as u8 } else { (v >> 8) as u8 };
            let pairs = image.as_bytes().chunks_exact(2);
            pairs.map(|pair| narrow(u16::from_ne_bytes([pair[0], pair[1]]))).collect()
        }
        other => {
            return Err(DecodeError::Unsupported { format, detail: format!("pixels of type {other:?}") });
        }
    };
    if color.has_alpha() {
        super::png::drop_alpha(&mut samples, channels.count());
    }
    Ok(Image { width, height, channels, samples })
}

fn decode_error(format: Format, error: ImageError) -> DecodeError {
    match error {
        ImageError::Unsupported(e) => {
            let detail = match e.kind() {
                UnsupportedErrorKind::Color(color) => format!("its pixels are of type {color:?}"),
                _ => e.to_string(),
            };
            DecodeError::Unsupported { format, detail }
        }
        ImageError::Limits(e) => DecodeError::Unsupported { format, detail: e.to_string() },
        ImageError::IoError(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
            DecodeError::Truncated { format, detail: "it ends within the image".into() }
        }
        other => DecodeError::Corrupt { format, detail: other.to_string().trim_end_matches('.').to_owned() },
    }
}

/// Encodes without loss, except GIF when the image has more than 256 colours.
pub(super) fn encode(image: &Image, format: Format) -> Result<Vec<u8>, EncodeError> {
    let told = |e: ImageError| EncodeError::Encoder { format, detail: e.to_string() };
    // The longest side that each format's header can say (BMP: a signed number) or its encoder takes.
    let limit = match format {
        Format::WebP => 16384,
        Format::Gif => 65535,
        _ => i32::MAX as usize,
    };
    if !(1..=limit).contains(&image.width) || !(1..=limit).contains(&image.height) {
        return Err(EncodeError::Side { format, limit, width: image.width, height: image.height });
    }
    let (width, height) = (image.width as u32, image.height as u32);
    let color = match image.channels {
        Channels::Gray => ExtendedColorType::L8,
        Channels::Rgb => ExtendedColorType::Rgb8,
    };
    let mut out = Cursor::new(Vec::new());
    match format {
        Format::Bmp => bmp::BmpEncoder::new(&mut out).write_image(&image.samples, width, height, color),
        Format::Tiff => tiff::TiffEncoder::new(&mut out).write_image(&image.samples, width, height, color),
        Format::WebP => {
            webp::WebPEncoder::new_lossless(&mut out).write_image(&image.samples, width, height, color)
        }
        Format::Gif => {
            let rgb = image.clone().into_rgb();
            gif::GifEncoder::new(&mut out).encode(&rgb.samples, width, height, ExtendedColorType::Rgb8)
        }
        Format::Jpeg | Format::Png => unreachable!("these have their own modules"),
    }
    .map_err(told)?;
    Ok(out.into_inner())
}
