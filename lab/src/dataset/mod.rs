//! A folder of made photographs: `DIR/input_dir`, as many as wanted, the same bytes for the same seed.

mod size;

pub use size::{Size, UnknownSize};

use crate::photograph::photograph;
use imaging::codec::{self, EncodeOptions};
use imaging::error::EncodeError;
use luck::Seed;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{fs, io, thread};

/// What to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dataset {
    /// How many images.
    pub count: usize,
    /// Size of each.
    pub size: Size,
    /// Their format.
    pub format: Format,
    /// Names the pixels.
    pub seed: Seed,
}

/// In which format images are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// JPEG of quality 95.
    Jpg,
    /// PNG.
    Png,
    /// JPEG and PNG in turn.
    Mix,
}

/// What was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Files.
    pub files: usize,
    /// Their bytes in all.
    pub bytes: u64,
}

/// Why a folder of images could not be made.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// The folder or a file in it cannot be written.
    #[error("cannot write '{}': {source}; choose a folder that you may write to", path.display())]
    Write {
        /// What could not be written.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
    /// The encoder refused.
    #[error("cannot encode '{file_name}': {source}")]
    Encode {
        /// The image.
        file_name: String,
        /// The encoder's answer.
        source: EncodeError,
    },
}

impl Dataset {
    /// The name of image `index`, which tells its format.
    pub fn file_name(&self, index: usize) -> String {
        let digits = self.count.saturating_sub(1).to_string().len().max(2);
        format!("photograph_{index:0digits$}.{}", extension(self.format_of(index)))
    }

    /// The encoded image `index`. It does not depend on `count`, so that a larger set begins with a smaller one.
    ///
    /// # Errors
    /// If the encoder refuses.
    pub fn image(&self, index: usize) -> Result<Vec<u8>, EncodeError> {
        let picture =
            photograph(self.seed.derive(index as u64), self.size.width as usize, self.size.height as usize);
        codec::encode(&picture, self.format_of(index), &EncodeOptions::default())
    }

    fn format_of(&self, index: usize) -> codec::Format {
        match self.format {
            Format::Jpg => codec::Format::Jpeg,
            Format::Png => codec::Format::Png,
            Format::Mix if index.is_multiple_of(2) => codec::Format::Jpeg,
            Format::Mix => codec::Format::Png,
        }
    }

    /// Writes all images into `folder/input_dir` on all cores. Files of the same names are replaced, others stay.
    ///
    /// # Errors
    /// The first image that could not be made or written.
    pub fn write(&self, folder: &Path) -> Result<Written, DatasetError> {
        let input = folder.join("input_dir");
        fs::create_dir_all(&input).map_err(|source| DatasetError::Write { path: input.clone(), source })?;
        let next = AtomicUsize::new(0);
        let worker = || -> Result<Written, DatasetError> {
            let mut written = Written::default();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= self.count {
                    return Ok(written);
                }
                written.bytes += self.write_one(&input, index)?;
                written.files += 1;
            }
        };
        let cores = thread::available_parallelism().map_or(1, usize::from).min(self.count.max(1));
        thread::scope(|scope| {
            let workers: Vec<_> = (0..cores).map(|_| scope.spawn(worker)).collect();
            workers.into_iter().try_fold(Written::default(), |sum, worker| {
                let part = worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
                Ok(Written { files: sum.files + part.files, bytes: sum.bytes + part.bytes })
            })
        })
    }

    fn write_one(&self, input: &Path, index: usize) -> Result<u64, DatasetError> {
        let file_name = self.file_name(index);
        let bytes = self
            .image(index)
            .map_err(|source| DatasetError::Encode { file_name: file_name.clone(), source })?;
        let path = input.join(file_name);
        fs::write(&path, &bytes).map_err(|source| DatasetError::Write { path, source })?;
        Ok(bytes.len() as u64)
    }
}

fn extension(format: codec::Format) -> &'static str {
    if format == codec::Format::Jpeg { "jpg" } else { "png" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dataset(count: usize, format: Format) -> Dataset {
        Dataset { count, size: Size { width: 24, height: 16 }, format, seed: Seed(1) }
    }

    #[test]
    fn a_larger_set_begins_with_a_smaller_one() {
        let (few, many) = (dataset(2, Format::Mix), dataset(2_000, Format::Mix));
        assert_eq!(few.image(1).unwrap(), many.image(1).unwrap());
        assert_ne!(few.image(0).unwrap(), few.image(1).unwrap());
        assert_eq!(few.file_name(1), "photograph_01.png");
        assert_eq!(many.file_name(2), "photograph_0002.jpg");
    }

    #[test]
    fn the_files_are_the_images() {
        let folder = tempfile::tempdir().unwrap();
        let set = dataset(5, Format::Mix);
        let written = set.write(folder.path()).unwrap();
        assert_eq!(written.files, 5);
        let mut total = 0;
        for index in 0..5 {
            let bytes = fs::read(folder.path().join("input_dir").join(set.file_name(index))).unwrap();
            assert_eq!(bytes, set.image(index).unwrap());
            total += bytes.len() as u64;
        }
        assert_eq!(written.bytes, total);
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("occupied");
        fs::write(&file, b"").unwrap();
        let error = dataset(1, Format::Png).write(&file).unwrap_err().to_string();
        assert!(error.contains("occupied") && error.contains("choose a folder"), "{error}");
    }
}
