//! Data roots: the folders that a node was started with, and data folders found inside them.

use super::{INPUT, Missing, OUTPUT, TemporaryFile};
use crate::trouble::Trouble;
use cap_fs_ext::OpenOptionsSyncExt as _;
use cap_std::ambient_authority;
use cap_std::fs::{Dir, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek as _, SeekFrom};
use std::path::{Component, Path, PathBuf};
use wire::node::{FailureKind, FaultKind};

/// The folders inside which a node may touch files.
#[derive(Debug)]
pub(crate) struct DataRoots(Vec<Root>);

#[derive(Debug)]
struct Root {
    /// As it was given, made absolute: the way in which servers will name it.
    given: PathBuf,
    /// The same folder without symbolic links.
    real: PathBuf,
    dir: Dir,
}

/// A data root that cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot open the data root {path:?} ({source}): give --data-root a folder that exists and is readable"
)]
pub(crate) struct BadRoot {
    path: PathBuf,
    source: io::Error,
}

/// One data folder, with `input_dir` and `output_dir` in it, inside a data root.
#[derive(Debug)]
pub(crate) struct DataFolder<'roots> {
    root: &'roots Dir,
    /// Relative to the root, without `.` and `..`; empty for the root itself.
    base: PathBuf,
    /// As the caller named it, for messages.
    shown: PathBuf,
}

impl DataRoots {
    /// Opens every root.
    ///
    /// # Errors
    /// Names the first that cannot be opened.
    pub(crate) fn open(paths: &[PathBuf]) -> Result<DataRoots, BadRoot> {
        let open = |path: &PathBuf| -> io::Result<Root> {
            let real = path.canonicalize()?;
            let dir = Dir::open_ambient_dir(&real, ambient_authority())?;
            Ok(Root { given: std::path::absolute(path)?, real, dir })
        };
        let roots =
            paths.iter().map(|path| open(path).map_err(|source| BadRoot { path: path.clone(), source }));
        Ok(DataRoots(roots.collect::<Result<_, _>>()?))
    }

    /// Finds the root that `base_path` lies in. A relative `base_path` is relative to the first root.
    ///
    /// # Errors
    /// The node's fault if it lies in none: another node may have it.
    pub(crate) fn find(&self, base_path: &str) -> Result<DataFolder<'_>, Trouble> {
        let asked = Path::new(base_path);
        let Some(first) = self.0.first().filter(|_| !base_path.contains('\0')) else {
            return Err(self.outside(asked));
        };
        if asked.is_relative() {
            let base = plain(asked).ok_or_else(|| self.outside(asked))?;
            return Ok(first.folder(base, asked));
        }
        let named = self.0.iter().find_map(|root| {
            let base = asked.strip_prefix(&root.given).or_else(|_| asked.strip_prefix(&root.real)).ok()?;
            Some(root.folder(plain(base)?, asked))
        });
        if let Some(found) = named {
            return Ok(found);
        }
        // A folder may be known by another name, through a link above the root. Whatever this finds is opened relative
        // to the root all the same, so that a link swapped meanwhile leads nowhere.
        let real = asked.canonicalize().map_err(|_| self.outside(asked))?;
        let inside = |root: &Root| Some(real.strip_prefix(&root.real).ok()?.to_owned());
        let found = self.0.iter().find_map(|root| Some(root.folder(inside(root)?, asked)));
        found.ok_or_else(|| self.outside(asked))
    }

    fn outside(&self, asked: &Path) -> Trouble {
        let roots: Vec<String> = self.0.iter().map(|root| format!("{:?}", root.given)).collect();
        let why = format!(
            "{asked:?} is not inside this node's data roots ({}): start the node with --data-root on a folder above it",
            roots.join(", ")
        );
        log::warn!("refused: {why}");
        Trouble::Node(FaultKind::NoAccess, why)
    }
}

impl Root {
    fn folder(&self, base: PathBuf, shown: &Path) -> DataFolder<'_> {
        DataFolder { root: &self.dir, base, shown: shown.to_owned() }
    }
}

/// The path without `.`; nothing if it is absolute or climbs.
fn plain(path: &Path) -> Option<PathBuf> {
    path.components()
        .filter(|part| *part != Component::CurDir)
        .map(|part| if let Component::Normal(name) = part { Some(name) } else { None })
        .collect()
}

impl<'roots> DataFolder<'roots> {
    /// Reads `input_dir/<file_name>`, whose name was checked, if it is a regular file of at most `limit` bytes.
    ///
    /// # Errors
    /// The image's fault (missing, unreadable, empty, too large, no regular file), or the node's if it does not have
    /// the folder.
    pub(crate) fn read(&self, file_name: &str, limit: u64) -> Result<Vec<u8>, Trouble> {
        let path = self.base.join(INPUT).join(file_name);
        // Without waiting: opening a FIFO would otherwise block until somebody writes to it, for ever.
        let mut options = OpenOptions::new();
        options.read(true).nonblock(true);
        let opened =
            self.root.open_with(&path, &options).map_err(|error| self.open_trouble(&error, file_name))?;
        read_regular(opened, file_name, limit)
    }

    /// Reads two ranges (start and length in bytes) of `input_dir/<file_name>`, whose name was checked.
    ///
    /// # Errors
    /// As [`read`](Self::read); the image's fault also if the file is shorter, or more than `limit` bytes are asked for.
    pub(crate) fn read_ranges(
        &self,
        file_name: &str,
        ranges: [(u64, u64); 2],
        limit: u64,
    ) -> Result<[Vec<u8>; 2], Trouble> {
        let path = self.base.join(INPUT).join(file_name);
        let mut options = OpenOptions::new();
        options.read(true).nonblock(true);
        let mut file =
            self.root.open_with(&path, &options).map_err(|error| self.open_trouble(&error, file_name))?;
        let mut read = |(start, length): (u64, u64)| {
            let mut bytes = Vec::new();
            file.seek(SeekFrom::Start(start))?;
            file.by_ref().take(length.min(limit)).read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        let unreadable =
            |error: io::Error| Trouble::Image(FailureKind::Unreadable, unreadable_words(file_name, &error));
        let [first, second] = ranges;
        let found = [read(first).map_err(unreadable)?, read(second).map_err(unreadable)?];
        if found[0].len() as u64 != first.1 || found[1].len() as u64 != second.1 {
            let why = format!("{file_name:?} is shorter than when it was cut: copy it again from its source");
            return Err(Trouble::Image(FailureKind::Truncated, why));
        }
        Ok(found)
    }

    /// Writes a new temporary file of `parts`, one behind the other; `path` is relative to `output_dir`.
    ///
    /// # Errors
    /// As [`TemporaryFile::write`].
    pub(crate) fn write_temporary(
        &self,
        path: &str,
        parts: &[&[u8]],
        missing: Missing,
    ) -> Result<TemporaryFile<'roots>, Trouble> {
        let shown = self.shown.join(OUTPUT).join(path);
        TemporaryFile::write(self.root, self.base.join(OUTPUT).join(path), shown, parts, missing)
    }

    /// Where the result of `file_name` belongs, relative to the root.
    pub(crate) fn final_path(&self, file_name: &str) -> PathBuf {
        self.base.join(OUTPUT).join(file_name)
    }

    fn open_trouble(&self, error: &io::Error, file_name: &str) -> Trouble {
        if !self.root.is_dir(self.base.join(INPUT)) {
            let folder = self.shown.join(INPUT);
            let why =
                format!("this node sees no folder {folder:?}: share it with the node, or send images inline");
            return Trouble::Node(FaultKind::NoAccess, why);
        }
        match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => Trouble::Image(
                FailureKind::NotFound,
                format!("{file_name:?} is not in {INPUT}: put it there and submit again"),
            ),
            // The sandbox's own refusal has no error number of the operating system.
            ErrorKind::PermissionDenied if error.raw_os_error().is_none() => {
                log::warn!("refused: {file_name:?} in {:?} leads out of the data root", self.shown);
                Trouble::Image(
                    FailureKind::Unreadable,
                    format!(
                        "{file_name:?} leads out of the data root by a symbolic link, as every link with an absolute path does: put the file itself there"
                    ),
                )
            }
            _ => Trouble::Image(FailureKind::Unreadable, unreadable_words(file_name, error)),
        }
    }
}

fn unreadable_words(file_name: &str, error: &io::Error) -> String {
    format!("{file_name:?} cannot be read ({error}): let the node's user read it")
}

fn read_regular(file: File, file_name: &str, limit: u64) -> Result<Vec<u8>, Trouble> {
    let unreadable =
        |error: io::Error| Trouble::Image(FailureKind::Unreadable, unreadable_words(file_name, &error));
    let too_large = || {
        let why = format!("{file_name:?} is larger than {limit} bytes: raise --max-image-bytes or shrink it");
        Trouble::Image(FailureKind::TooLarge, why)
    };
    let metadata = file.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        let why = format!("{file_name:?} is a folder, a pipe or a device, not a regular file: put one there");
        return Err(Trouble::Image(FailureKind::Unreadable, why));
    }
    if metadata.len() > limit {
        return Err(too_large());
    }
    // One byte more than it should be, so that growing files show and the last read finds the end without growing.
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0).saturating_add(1));
    let read = file.take(limit.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(unreadable)?;
    if bytes.len() as u64 > limit {
        return Err(too_large());
    }
    if bytes.is_empty() {
        return Err(Trouble::Image(
            FailureKind::Empty,
            format!("{file_name:?} has no bytes; copy it again from its source"),
        ));
    }
    Ok(bytes)
}

#[cfg(test)]
#[path = "roots_tests.rs"]
mod tests;
