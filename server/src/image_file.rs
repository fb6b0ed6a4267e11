//! An image file is read only if it is a file, and only as much of it as anybody could take.
//!
//! What lies in `input_dir` was put there by others. Opening a pipe waits for whoever writes into it, which nobody may ever
//! do, and a file of some gigabytes would be in memory before the first node could say that it is too large.

use crate::folder::INPUT;
use crate::words;
use imaging::codec::Format;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;
use wire::node::FailureKind;

/// Largest image file that the server reads to find out how it can be cut, in bytes.
pub(crate) const MOST_SURVEYED: u64 = 1 << 30;

/// Largest image file that can travel in a message, in bytes.
pub(crate) fn most_inline() -> u64 {
    wire::Shape::default().message_bytes as u64
}

/// Why a file is no image that could be read; follows the file's name.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadImageFile {
    #[error("is not in {INPUT}: put it there and submit again")]
    Missing,
    #[error("cannot be read ({0}): let the server's user read it")]
    Unreadable(io::Error),
    #[error("is a folder, a pipe or a device, not a regular file: put one there")]
    Irregular,
    #[error("has {bytes} bytes, and {most} at most can be sent inline: shrink it, or share the folder")]
    TooLargeToSend { bytes: u64, most: u64 },
    #[error("says {promised} by its name but is {content}: rename it, or convert it")]
    Mislabelled { promised: Format, content: Format },
    #[error("has {bytes} bytes, the limit is {most}: shrink it")]
    TooLarge { bytes: u64, most: u64 },
}

impl From<io::Error> for BadImageFile {
    fn from(cause: io::Error) -> BadImageFile {
        if cause.kind() == io::ErrorKind::NotFound {
            BadImageFile::Missing
        } else {
            BadImageFile::Unreadable(cause)
        }
    }
}

impl BadImageFile {
    /// A task's reason: what, where, why and what to do.
    pub(crate) fn reason(&self, image: &str, operation: &impl fmt::Display) -> String {
        let kind = words::failure(match self {
            BadImageFile::Missing => FailureKind::NotFound,
            BadImageFile::Unreadable(_) | BadImageFile::Irregular => FailureKind::Unreadable,
            BadImageFile::Mislabelled { .. } => FailureKind::Unsupported,
            BadImageFile::TooLargeToSend { .. } | BadImageFile::TooLarge { .. } => FailureKind::TooLarge,
        });
        format!("{kind}: cannot do {operation}: {image:?} {self}")
    }
}

/// Opens a regular file.
///
/// # Errors
/// It is not there, not readable, or something else than a file.
pub(crate) fn open(path: &Path) -> Result<File, BadImageFile> {
    // Asked before it is opened, since opening a pipe waits.
    if !fs::metadata(path)?.is_file() {
        return Err(BadImageFile::Irregular);
    }
    Ok(File::open(path)?)
}

/// Reads an image that is to be sent without its name, which a node could compare with what it is.
///
/// # Errors
/// As [`read_inline`], or the name promises another format: the result, which gets that name, would lie as well.
pub(crate) fn read_labelled(path: &Path) -> Result<Vec<u8>, BadImageFile> {
    labelled(path, read_inline(path)?)
}

fn labelled(path: &Path, bytes: Vec<u8>) -> Result<Vec<u8>, BadImageFile> {
    match (path.to_str().and_then(Format::promised_by), Format::of(&bytes)) {
        (Some(promised), Ok(content)) if promised != content => {
            Err(BadImageFile::Mislabelled { promised, content })
        }
        _ => Ok(bytes),
    }
}

/// Reads an image that is to be sent.
///
/// # Errors
/// As [`open`], or it is larger than a message.
pub(crate) fn read_inline(path: &Path) -> Result<Vec<u8>, BadImageFile> {
    let most = most_inline();
    read(path, most, |bytes| BadImageFile::TooLargeToSend { bytes, most })
}

/// Reads an image that is to be cut.
///
/// # Errors
/// As [`open`], or it is larger than [`MOST_SURVEYED`], or its name promises another format.
pub(crate) fn read_to_survey(path: &Path) -> Result<Vec<u8>, BadImageFile> {
    let too_large = |bytes| BadImageFile::TooLarge { bytes, most: MOST_SURVEYED };
    labelled(path, read(path, MOST_SURVEYED, too_large)?)
}

fn read(path: &Path, most: u64, too_large: impl Fn(u64) -> BadImageFile) -> Result<Vec<u8>, BadImageFile> {
    let file = open(path)?;
    let bytes = file.metadata()?.len();
    if bytes > most {
        return Err(too_large(bytes));
    }
    let mut content = Vec::with_capacity(usize::try_from(bytes).unwrap_or(0));
    // It may grow while it is read.
    file.take(most + 1).read_to_end(&mut content)?;
    if content.len() as u64 > most { Err(too_large(content.len() as u64)) } else { Ok(content) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_whole() {
        let at = tempfile::tempdir().unwrap();
        let path = at.path().join("a.png");
        fs::write(&path, b"pixels").unwrap();
        assert_eq!(read_inline(&path).unwrap(), b"pixels");
        assert_eq!(read_to_survey(&path).unwrap(), b"pixels");
    }

    #[test]
    fn a_name_that_lies_is_told_before_the_image_is_sent_without_it() {
        let at = tempfile::tempdir().unwrap();
        let path = at.path().join("a.png");
        fs::write(&path, [0xFF, 0xD8, 0xFF, 0xE0]).unwrap();
        assert_eq!(
            read_labelled(&path).unwrap_err().reason("a.png", &"edges"),
            "unsupported: cannot do edges: \"a.png\" says PNG by its name but is JPEG: rename it, or convert it"
        );
        fs::rename(&path, at.path().join("a.JPG")).unwrap();
        assert_eq!(read_labelled(&at.path().join("a.JPG")).unwrap(), [0xFF, 0xD8, 0xFF, 0xE0]);
    }

    #[test]
    fn a_pipe_is_refused_and_not_waited_for() {
        let at = tempfile::tempdir().unwrap();
        let path = at.path().join("pipe.png");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        for refused in [read_inline(&path), read_to_survey(&path), read_inline(at.path())] {
            let why = refused.unwrap_err().to_string();
            assert_eq!(why, "is a folder, a pipe or a device, not a regular file: put one there");
        }
    }

    #[test]
    fn a_large_file_is_refused_by_its_length_before_it_is_read() {
        let at = tempfile::tempdir().unwrap();
        let path = at.path().join("large.png");
        // Holes take no room on the disk; reading them would take memory.
        File::create(&path).unwrap().set_len(1 << 40).unwrap();
        let why = read_inline(&path).unwrap_err().to_string();
        assert_eq!(
            why,
            "has 1099511627776 bytes, and 67108864 at most can be sent inline: shrink it, or share the folder"
        );
        let why = read_to_survey(&path).unwrap_err().to_string();
        assert_eq!(why, "has 1099511627776 bytes, the limit is 1073741824: shrink it");
    }

    #[test]
    fn a_missing_file_is_told_from_an_unreadable_one() {
        let at = tempfile::tempdir().unwrap();
        let why = read_inline(&at.path().join("nothing.png")).unwrap_err().reason("nothing.png", &"edges");
        assert_eq!(
            why,
            "not found: cannot do edges: \"nothing.png\" is not in input_dir: put it there and submit again"
        );
    }
}
