//! Which format a file is, by its first bytes and never by its name.

use crate::error::DecodeError;

/// The formats that are read and written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Format {
    /// JPEG: baseline, extended sequential and progressive with Huffman coding.
    Jpeg,
    /// PNG; of an animated one its first image.
    Png,
    /// Windows bitmap.
    Bmp,
    /// GIF, its first frame.
    Gif,
    /// WebP, lossy or lossless; of an animated one its first frame.
    WebP,
    /// TIFF, its first page.
    Tiff,
}

impl Format {
    /// All of them.
    pub const ALL: [Format; 6] =
        [Format::Jpeg, Format::Png, Format::Bmp, Format::Gif, Format::WebP, Format::Tiff];

    /// Tells the format by the signature at the start of the content.
    ///
    /// # Errors
    /// [`DecodeError::Empty`] or [`DecodeError::Unknown`].
    pub fn of(bytes: &[u8]) -> Result<Format, DecodeError> {
        match bytes {
            [] => Err(DecodeError::Empty),
            [0xFF, 0xD8, 0xFF, ..] => Ok(Format::Jpeg),
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Ok(Format::Png),
            [b'B', b'M', ..] => Ok(Format::Bmp),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Ok(Format::Gif),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Ok(Format::WebP),
            [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => Ok(Format::Tiff),
            _ => {
                let first: Vec<_> = bytes.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
                Err(DecodeError::Unknown { first: first.join(" ") })
            }
        }
    }

    /// The format that the extension of a file's name promises; nothing if it promises none.
    pub fn promised_by(name: &str) -> Option<Format> {
        let (_, extension) = name.rsplit_once('.')?;
        match extension.to_ascii_lowercase().as_str() {
            "jpg" | "jpeg" | "jpe" | "jfif" => Some(Format::Jpeg),
            "png" | "apng" => Some(Format::Png),
            "bmp" | "dib" => Some(Format::Bmp),
            "gif" => Some(Format::Gif),
            "webp" => Some(Format::WebP),
            "tif" | "tiff" => Some(Format::Tiff),
            _ => None,
        }
    }

    /// The usual name.
    pub fn name(self) -> &'static str {
        match self {
            Format::Jpeg => "JPEG",
            Format::Png => "PNG",
            Format::Bmp => "BMP",
            Format::Gif => "GIF",
            Format::WebP => "WebP",
            Format::Tiff => "TIFF",
        }
    }
}

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
