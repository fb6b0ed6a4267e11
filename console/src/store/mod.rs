//! Files inside the data root, and nothing outside it.
//!
//! Every file is opened relative to a directory handle that was opened at the start, so neither `..` nor a symbolic
//! link, nor one that is swapped meanwhile, leads out.

mod abandoned;
mod name;
mod upload;
mod weights;

pub(crate) use upload::Upload;

use cap_fs_ext::OpenOptionsSyncExt as _;
use cap_std::ambient_authority;
use cap_std::fs::{Dir, File, OpenOptions};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::sync::Mutex;

/// Where the images of a job are, below its folder.
pub(crate) const INPUT: &str = "input_dir";
/// Where its results belong.
pub(crate) const OUTPUT: &str = "output_dir";
/// Where uploads are kept, below the data root.
const UPLOADS: &str = "uploads";
/// Names that one list holds at most.
pub(crate) const MOST_NAMES: usize = 100_000;

/// The data root.
#[derive(Debug)]
pub(crate) struct Store {
    given: PathBuf,
    real: PathBuf,
    dir: Dir,
    weights: weights::Weights,
    /// Held while an upload is cleared, or noted as one that has a job.
    clearing: Mutex<()>,
}

/// What cannot be had from the data root.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error(
        "{0:?} is not inside the console's data root {1:?}: start the server with --console-data on a folder above it"
    )]
    Outside(PathBuf, PathBuf),
    #[error("there is no folder {0:?} in the console's data root {1:?}: name one that has an input_dir")]
    NoFolder(PathBuf, PathBuf),
    #[error("there is no {0:?}")]
    Missing(String),
    #[error("{0}")]
    Refused(String),
    #[error("{what:?}: {cause}")]
    Io { what: String, cause: io::Error },
}

impl StoreError {
    fn io(what: impl Into<String>, cause: io::Error) -> StoreError {
        let what = what.into();
        match cause.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => StoreError::Missing(what),
            _ => StoreError::Io { what, cause },
        }
    }
}

/// Which side of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Before,
    After,
}

/// An image of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Image {
    pub(crate) name: String,
    /// Size of the result in bytes, if there is one.
    pub(crate) result_bytes: Option<u64>,
}

impl Store {
    /// Opens the data root at `path`.
    pub(crate) fn open(path: &Path) -> io::Result<Store> {
        let real = path.canonicalize()?;
        let dir = Dir::open_ambient_dir(&real, ambient_authority())?;
        Ok(Store {
            given: std::path::absolute(path)?,
            real,
            dir,
            weights: weights::Weights::default(),
            clearing: Mutex::new(()),
        })
    }

    /// The root as people know it.
    pub(crate) fn root(&self) -> &Path {
        &self.real
    }

    /// A folder that somebody names, absolute or relative to the root, as servers are to be told of it.
    pub(crate) fn folder(&self, named: &str) -> Result<JobFolder<'_>, StoreError> {
        let asked = Path::new(named);
        let outside = || StoreError::Outside(asked.to_owned(), self.given.clone());
        if named.contains('\0') {
            return Err(outside());
        }
        let inside = asked.strip_prefix(&self.real).or_else(|_| asked.strip_prefix(&self.given));
        let relative = match inside {
            Ok(rest) => rest,
            Err(_) if asked.is_relative() => asked,
            Err(_) => return Err(outside()),
        };
        let relative = plain(relative).ok_or_else(outside)?;
        let dir =
            if relative.as_os_str().is_empty() { self.dir.try_clone() } else { self.dir.open_dir(&relative) };
        let dir = dir.map_err(|cause| match cause.kind() {
            // So a link that leads out is answered.
            io::ErrorKind::PermissionDenied => outside(),
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
                StoreError::NoFolder(asked.to_owned(), self.given.clone())
            }
            _ => StoreError::io(named, cause),
        })?;
        Ok(JobFolder { path: self.real.join(relative), dir, _root: self })
    }
}

/// A folder with `input_dir` and `output_dir` in it.
#[derive(Debug)]
pub(crate) struct JobFolder<'store> {
    /// Absolute, as servers are told of it.
    pub(crate) path: PathBuf,
    dir: Dir,
    _root: &'store Store,
}

impl JobFolder<'_> {
    /// The job's images in the order of their names, each with its result if there is one.
    pub(crate) fn images(&self) -> Result<Vec<Image>, StoreError> {
        let mut names = Vec::new();
        let input = self.dir.open_dir(INPUT).map_err(|cause| StoreError::io(INPUT, cause))?;
        list(&input, "", 0, &mut names).map_err(|cause| StoreError::io(INPUT, cause))?;
        names.sort_unstable();
        let output = self.dir.open_dir(OUTPUT).ok();
        let result = |name: &str| {
            let known = output.as_ref()?.metadata(name).ok()?;
            known.is_file().then(|| known.len())
        };
        Ok(names.into_iter().map(|name| Image { result_bytes: result(&name), name }).collect())
    }

    /// Opens one image. A pipe or a device is refused, and never waited for.
    pub(crate) fn open(&self, side: Side, name: &str) -> Result<File, StoreError> {
        let relative =
            plain(Path::new(name)).filter(|path| !path.as_os_str().is_empty() && !name.contains('\0'));
        let relative =
            relative.ok_or_else(|| StoreError::Refused(format!("{name:?} is no name of an image")))?;
        let folder = if side == Side::Before { INPUT } else { OUTPUT };
        let mut options = OpenOptions::new();
        options.read(true).nonblock(true);
        let file = self.dir.open_with(Path::new(folder).join(relative), &options);
        let file = file.map_err(|cause| StoreError::io(name, cause))?;
        let known = file.metadata().map_err(|cause| StoreError::io(name, cause))?;
        if !known.is_file() {
            return Err(StoreError::Refused(format!("{name:?} is no regular file")));
        }
        Ok(file)
    }

    /// The whole of one image, if it has at most `most` bytes.
    pub(crate) fn read(&self, side: Side, name: &str, most: u64) -> Result<Vec<u8>, StoreError> {
        let mut bytes = Vec::new();
        let file = self.open(side, name)?;
        file.take(most + 1).read_to_end(&mut bytes).map_err(|cause| StoreError::io(name, cause))?;
        if bytes.len() as u64 > most {
            return Err(StoreError::Refused(format!("{name:?} is larger than {most} bytes")));
        }
        Ok(bytes)
    }
}

/// Files below `dir`, hidden ones and links aside, with `/` between folders.
fn list(dir: &Dir, prefix: &str, depth: usize, names: &mut Vec<String>) -> io::Result<()> {
    for entry in dir.entries()? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        if name.starts_with('.') || names.len() >= MOST_NAMES {
            continue;
        }
        let kind = entry.file_type()?;
        if kind.is_dir() && depth < 16 {
            list(&entry.open_dir()?, &format!("{prefix}{name}/"), depth + 1, names)?;
        } else if !kind.is_dir() {
            names.push(format!("{prefix}{name}"));
        }
    }
    Ok(())
}

/// The path without `.`; nothing if it is absolute or climbs.
fn plain(path: &Path) -> Option<PathBuf> {
    path.components()
        .filter(|part| *part != Component::CurDir)
        .map(|part| if let Component::Normal(name) = part { Some(name) } else { None })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn world() -> (tempfile::TempDir, Store) {
        let world = tempfile::tempdir().unwrap();
        fs::create_dir_all(world.path().join("root/photos/input_dir/deep")).unwrap();
        fs::create_dir_all(world.path().join("root/photos/output_dir")).unwrap();
        fs::write(world.path().join("root/photos/input_dir/a.png"), "in").unwrap();
        fs::write(world.path().join("root/photos/input_dir/deep/b.png"), "deep").unwrap();
        fs::write(world.path().join("root/photos/output_dir/a.png"), "result").unwrap();
        fs::create_dir_all(world.path().join("secret/input_dir")).unwrap();
        fs::write(world.path().join("secret/input_dir/key.png"), "key").unwrap();
        let store = Store::open(&world.path().join("root")).unwrap();
        (world, store)
    }

    #[test]
    fn images_and_their_results() {
        let (_world, store) = world();
        let folder = store.folder("photos").unwrap();
        let images = folder.images().unwrap();
        let seen: Vec<_> = images.iter().map(|image| (image.name.as_str(), image.result_bytes)).collect();
        assert_eq!(seen, [("a.png", Some(6)), ("deep/b.png", None)]);
        assert_eq!(folder.read(Side::After, "a.png", 100).unwrap(), b"result");
        assert_eq!(folder.read(Side::Before, "deep/b.png", 100).unwrap(), b"deep");
        assert!(folder.read(Side::After, "a.png", 5).unwrap_err().to_string().contains("larger than 5"));
    }

    #[test]
    fn nothing_outside_the_root_is_found() {
        let (world, store) = world();
        std::os::unix::fs::symlink(world.path().join("secret"), world.path().join("root/link")).unwrap();
        let secret = world.path().join("secret").to_string_lossy().into_owned();
        for bad in ["..", "../secret", "photos/../../secret", &secret, "/etc", "link", "photos\0"] {
            assert!(store.folder(bad).is_err(), "{bad:?}");
        }
        let folder = store.folder("photos").unwrap();
        std::os::unix::fs::symlink(
            world.path().join("secret/input_dir/key.png"),
            world.path().join("root/photos/output_dir/link.png"),
        )
        .unwrap();
        for bad in [
            "../input_dir/a.png",
            "/etc/passwd",
            "",
            ".",
            "link.png",
            "a.png\0",
            "../../../secret/input_dir/key.png",
        ] {
            assert!(folder.read(Side::After, bad, 100).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_absolute_name_of_a_folder_inside_is_fine() {
        let (world, store) = world();
        let named = world.path().join("root/photos").to_string_lossy().into_owned();
        assert_eq!(store.folder(&named).unwrap().path, store.root().join("photos"));
        assert_eq!(store.folder("").unwrap().path, store.root());
    }
}
