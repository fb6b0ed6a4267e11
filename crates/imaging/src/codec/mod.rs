//! Bytes to pixels and back: format by content, limits from the header, OpenCV's pixels.
//!
//! [`decode`] gives what `cv2.imread` gives: alpha dropped, 16 bits reduced to their upper 8, palettes expanded, EXIF
//! orientation applied. One thing differs: a gray file stays [`Gray`](crate::image::Channels::Gray), where
//! `IMREAD_COLOR` makes three equal channels; [`Image::into_rgb`] makes them too.
//!
//! JPEG and PNG are exact to the last bit, in and (JPEG) out. The other formats come from the `image` crate; over the
//! photographs and noise of the tests they have OpenCV's pixels too: BMP, TIFF of 8 and 16 bits, GIF's first frame, WebP
//! with and without loss.
//!
//! Errors rather than guesses: a file that ends early or contradicts itself is refused, where OpenCV returns a picture with
//! gray parts.

mod exif;
mod format;
mod header;
pub mod jpeg;
mod limits;
mod orientation;
mod other;
mod png;

pub use format::Format;
pub use header::{Header, header};
pub use limits::Limits;
pub use orientation::Orientation;

use lanes::Level;

use crate::error::{DecodeError, EncodeError};
use crate::image::{Channels, Image};

/// An image out of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The pixels, upright: the EXIF orientation is already applied.
    pub image: Image,
    /// What the content was, whatever its name said.
    pub format: Format,
}

/// Buffers that one decoding or encoding leaves for the next, so that a thread which does many images does not ask the
/// system for fresh memory each time.
#[derive(Debug, Default)]
pub struct Scratch {
    pub(crate) level: Level,
    pub(crate) jpeg_decode: jpeg::DecodeScratch,
    pub(crate) jpeg_encode: jpeg::EncodeScratch,
    spare: Vec<u8>,
    spare_bytes: Vec<u8>,
}

impl Scratch {
    /// Empty buffers, for kernels of one level: so that tests and benchmarks see each of them. The default is the widest
    /// level that this machine has.
    pub fn with_level(level: Level) -> Scratch {
        Scratch { level, ..Scratch::default() }
    }

    /// Gives the samples of an image that is no longer needed to the next decoding.
    pub fn recycle(&mut self, image: Image) {
        if image.samples.capacity() > self.spare.capacity() {
            self.spare = image.samples;
        }
    }

    /// Gives the bytes of a file that is no longer needed to the next encoding.
    pub fn recycle_bytes(&mut self, bytes: Vec<u8>) {
        if bytes.capacity() > self.spare_bytes.capacity() {
            self.spare_bytes = bytes;
        }
    }

    /// An empty buffer for a file, with room for about `expected` bytes.
    fn bytes(&mut self, expected: usize) -> Vec<u8> {
        let mut bytes = std::mem::take(&mut self.spare_bytes);
        bytes.clear();
        bytes.reserve(expected);
        bytes
    }

    /// A buffer of `len` samples of any value.
    fn samples(&mut self, len: usize) -> Vec<u8> {
        let mut samples = std::mem::take(&mut self.spare);
        if samples.capacity() < len {
            return vec![0; len];
        }
        samples.resize(len, 0);
        samples
    }
}

/// How an image is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncodeOptions {
    /// JPEG quality, 1 to 100; the other formats are lossless and do not ask. OpenCV's default is 95.
    pub jpeg_quality: u8,
}

impl Default for EncodeOptions {
    fn default() -> Self {
        EncodeOptions { jpeg_quality: 95 }
    }
}

/// Decodes a file's bytes; the format is told by the content.
///
/// # Errors
/// [`DecodeError`], for every input that is not a whole and sound image within the limits. Memory is asked for only after
/// the header has passed the limits.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Decoded, DecodeError> {
    decode_with(bytes, limits, &mut Scratch::default())
}

/// As [`decode`], with buffers of earlier calls.
///
/// # Errors
/// As [`decode`].
pub fn decode_with(bytes: &[u8], limits: &Limits, scratch: &mut Scratch) -> Result<Decoded, DecodeError> {
    decode_wanted(bytes, limits, Wanted::Pixels, scratch)
}

/// As [`decode_with`] with the luminance alone: exactly what [`lanes::gray`] (OpenCV's `cvtColor`) makes of the decoded
/// colours, but row by row, without an image of colours in memory.
///
/// This is not what `cv2.imread(IMREAD_GRAYSCALE)` gives of a JPEG: that takes the file's own luma, which differs by a few
/// steps.
///
/// # Errors
/// As [`decode`].
pub fn decode_gray_with(
    bytes: &[u8],
    limits: &Limits,
    scratch: &mut Scratch,
) -> Result<Decoded, DecodeError> {
    decode_wanted(bytes, limits, Wanted::Gray, scratch)
}

/// What a caller wants of an image's pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    /// As the file has them.
    Pixels,
    /// Luminance, whatever the file has.
    Gray,
}

fn decode_wanted(
    bytes: &[u8],
    limits: &Limits,
    wanted: Wanted,
    scratch: &mut Scratch,
) -> Result<Decoded, DecodeError> {
    limits.check_bytes(bytes.len())?;
    let format = Format::of(bytes)?;
    let (mut image, orientation) = match format {
        Format::Jpeg => jpeg::decode(bytes, limits, wanted, scratch)?,
        Format::Png => png::decode(bytes, limits, wanted, scratch)?,
        Format::Bmp | Format::Gif | Format::WebP | Format::Tiff => other::decode(bytes, format, limits)?,
    };
    if wanted == Wanted::Gray && image.channels == Channels::Rgb {
        let mut samples = scratch.samples(image.width * image.height);
        lanes::gray::gray(scratch.level, &image.samples, &mut samples);
        image = Image { channels: Channels::Gray, samples, ..image };
    }
    Ok(Decoded { image: orientation.apply(image), format })
}

/// Encodes an image in a format.
///
/// JPEG is byte for byte the file that `cv2.imwrite` writes (baseline, 4:2:0 or gray). PNG, BMP, TIFF and WebP are written
/// without loss. GIF has 256 colours: an image with more loses some.
///
/// # Errors
/// [`EncodeError`] when the image is inconsistent or the format cannot hold it.
pub fn encode(image: &Image, format: Format, options: &EncodeOptions) -> Result<Vec<u8>, EncodeError> {
    encode_with(image, format, options, &mut Scratch::default())
}

/// As [`encode`], with buffers of earlier calls.
///
/// # Errors
/// As [`encode`].
pub fn encode_with(
    image: &Image,
    format: Format,
    options: &EncodeOptions,
    scratch: &mut Scratch,
) -> Result<Vec<u8>, EncodeError> {
    check_samples(image)?;
    match format {
        Format::Jpeg => jpeg::encode(image, options.jpeg_quality, scratch),
        Format::Png => png::encode(image, scratch),
        Format::Bmp | Format::Gif | Format::WebP | Format::Tiff => other::encode(image, format),
    }
}

fn check_samples(image: &Image) -> Result<(), EncodeError> {
    let Image { width, height, channels, ref samples } = *image;
    let expected = width.saturating_mul(height).saturating_mul(channels.count());
    if samples.len() != expected {
        return Err(EncodeError::WrongSampleCount {
            width,
            height,
            channels: channels.count(),
            expected,
            actual: samples.len(),
        });
    }
    Ok(())
}
