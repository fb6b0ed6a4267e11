//! What a file is, told by its header alone: format, sides, how it lies. Nothing is decoded.

use super::{Format, Limits, Orientation, jpeg, other, png};
use crate::error::DecodeError;

/// What the header of a file tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What the content is.
    pub format: Format,
    /// Pixels in a row of the upright image.
    pub width: usize,
    /// Rows of the upright image.
    pub height: usize,
    /// How the stored image must be turned to be upright.
    pub orientation: Orientation,
}

/// Reads the header of a file.
///
/// # Errors
/// [`DecodeError`] when the content is of no known format, its header is damaged, or it is above the limits. A sound header
/// promises nothing about what follows it.
pub fn header(bytes: &[u8], limits: &Limits) -> Result<Header, DecodeError> {
    limits.check_bytes(bytes.len())?;
    let format = Format::of(bytes)?;
    let (stored_width, stored_height, orientation) = match format {
        Format::Jpeg => jpeg::header(bytes)?,
        Format::Png => png::header(bytes)?,
        Format::Bmp | Format::Gif | Format::WebP | Format::Tiff => other::header(bytes, format)?,
    };
    limits.check_pixels(stored_width as u64, stored_height as u64)?;
    let (width, height) =
        if orientation.swaps_sides() { (stored_height, stored_width) } else { (stored_width, stored_height) };
    Ok(Header { format, width, height, orientation })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{EncodeOptions, decode, encode};
    use crate::image::{Channels, Image};

    #[test]
    fn the_header_tells_the_sides_of_the_decoded_image() {
        let image = Image { width: 21, height: 9, channels: Channels::Rgb, samples: vec![77; 21 * 9 * 3] };
        for format in Format::ALL {
            let bytes = encode(&image, format, &EncodeOptions::default()).unwrap();
            let told = header(&bytes, &Limits::default()).unwrap();
            assert_eq!((told.format, told.width, told.height), (format, 21, 9));
            assert_eq!(told.orientation, Orientation::Upright);
        }
    }

    #[test]
    fn a_turned_picture_has_its_sides_swapped() {
        let image = Image { width: 24, height: 8, channels: Channels::Gray, samples: vec![7; 24 * 8] };
        let plain = encode(&image, Format::Jpeg, &EncodeOptions::default()).unwrap();
        let exif =
            b"\xFF\xE1\x00\x22Exif\0\0II\x2A\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
        let turned = [&plain[..2], exif, &plain[2..]].concat();
        let told = header(&turned, &Limits::default()).unwrap();
        assert_eq!((told.width, told.height, told.orientation), (8, 24, Orientation::Rotate90));
        let decoded = decode(&turned, &Limits::default()).unwrap().image;
        assert_eq!((decoded.width, decoded.height), (8, 24));
    }

    #[test]
    fn limits_and_damage_are_told() {
        let limits = Limits { max_pixels: 100, ..Limits::default() };
        let image = Image { width: 20, height: 9, channels: Channels::Gray, samples: vec![7; 180] };
        for format in Format::ALL {
            let bytes = encode(&image, format, &EncodeOptions::default()).unwrap();
            assert!(matches!(header(&bytes, &limits), Err(DecodeError::TooLarge { .. })), "{format}");
            assert!(header(&bytes[..5], &Limits::default()).is_err(), "{format}");
        }
    }
}
