//! What can go wrong with an image, in words that name the cause.

use crate::codec::Format;

/// Which limit an image exceeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Bytes of the encoded file.
    Bytes,
    /// Width times height.
    Pixels,
    /// Pixels along one side.
    Side,
}

impl std::fmt::Display for Measure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Measure::Bytes => "bytes",
            Measure::Pixels => "pixels",
            Measure::Side => "pixels on a side",
        })
    }
}

/// Why bytes did not become an image.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// There are no bytes.
    #[error("the file is empty; copy it again from its source")]
    Empty,
    /// The content is of no format that is known here.
    #[error(
        "not an image of a known format (JPEG, PNG, BMP, GIF, WebP, TIFF); its first bytes are {first}; convert it to one of them"
    )]
    Unknown {
        /// The first bytes in hexadecimal.
        first: String,
    },
    /// The file ends before the image does.
    #[error("the {format} file is cut off: {detail}; copy it again from its source")]
    Truncated {
        /// What the content says it is.
        format: Format,
        /// What was still expected.
        detail: String,
    },
    /// The content contradicts itself.
    #[error("the {format} file is damaged: {detail}; copy it again from its source")]
    Corrupt {
        /// What the content says it is.
        format: Format,
        /// What is wrong.
        detail: String,
    },
    /// A valid file of a kind that is not read here.
    #[error("this kind of {format} file is not supported: {detail}; convert it to baseline JPEG or PNG")]
    Unsupported {
        /// What the content says it is.
        format: Format,
        /// The feature that is missing here.
        detail: String,
    },
    /// Larger than the limits allow; told from the header, before anything is decoded.
    #[error("the image has {actual} {what}, the limit is {limit}; shrink it")]
    TooLarge {
        /// What is counted.
        what: Measure,
        /// How many it has.
        actual: u64,
        /// How many are allowed.
        limit: u64,
    },
}

/// Why an image did not become bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// The image's sides and samples do not fit together.
    #[error("{width}x{height} pixels of {channels} samples need {expected} samples, not {actual}")]
    WrongSampleCount {
        /// Pixels in a row.
        width: usize,
        /// Rows.
        height: usize,
        /// Samples a pixel.
        channels: usize,
        /// Samples that these need.
        expected: usize,
        /// Samples that there are.
        actual: usize,
    },
    /// A JPEG quality outside 1 to 100.
    #[error("JPEG quality {0} is outside 1 to 100; choose one of those")]
    Quality(u8),
    /// A side is longer than the format can say, or zero.
    #[error(
        "{format} holds images of 1 to {limit} pixels a side, not {width}x{height}; choose PNG or resize"
    )]
    Side {
        /// The format asked for.
        format: Format,
        /// Its longest side.
        limit: usize,
        /// Pixels in a row.
        width: usize,
        /// Rows.
        height: usize,
    },
    /// Strips that do not make up an image.
    #[error("the strips do not fit together: {detail}; cut the image anew")]
    Strips {
        /// What does not fit.
        detail: String,
    },
    /// The format's own encoder refused.
    #[error("{format} cannot be written: {detail}")]
    Encoder {
        /// The format asked for.
        format: Format,
        /// What its encoder said.
        detail: String,
    },
}
