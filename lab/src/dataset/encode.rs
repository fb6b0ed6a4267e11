//! Pixels of a made photograph to bytes of a file.

use crate::photograph::Photograph;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};

/// Why an image could not be encoded.
pub type EncodeError = image::ImageError;

/// A format of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// Quality 90, as cameras write.
    Jpeg,
    /// Without loss.
    Png,
}

impl Codec {
    /// Ending of a file's name.
    pub fn extension(self) -> &'static str {
        match self {
            Codec::Jpeg => "jpg",
            Codec::Png => "png",
        }
    }
}

/// The bytes of `picture` as a file of `codec`.
///
/// # Errors
/// If the encoder refuses the size.
pub fn encode(picture: &Photograph, codec: Codec) -> Result<Vec<u8>, EncodeError> {
    let mut bytes = Vec::new();
    let Photograph { width, height, samples } = picture;
    let colour = ExtendedColorType::Rgb8;
    match codec {
        Codec::Jpeg => {
            JpegEncoder::new_with_quality(&mut bytes, 90).write_image(samples, *width, *height, colour)?;
        }
        Codec::Png => PngEncoder::new(&mut bytes).write_image(samples, *width, *height, colour)?,
    }
    Ok(bytes)
}
