//! A job's folder: which of its files are images, and where the results belong.

use crate::owners::gone_is_fine;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Where the images are, below the data folder.
pub(crate) const INPUT: &str = "input_dir";
/// Where the results belong, below the data folder.
pub(crate) const OUTPUT: &str = "output_dir";
/// Where unfinished results are, below [`OUTPUT`].
pub(crate) const TEMPORARY: &str = ".ballast";

/// Endings of the names of eligible files, in any case. What a file really is its first bytes say, on the node.
const EXTENSIONS: [&str; 8] = ["png", "jpg", "jpeg", "bmp", "gif", "webp", "tif", "tiff"];

/// The eligible files of a data folder.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Folder {
    /// The data folder, absolute and without symbolic links.
    pub(crate) base: PathBuf,
    /// Names relative to `input_dir`, with `/` between folders, sorted.
    pub(crate) images: Vec<String>,
    /// Files that are no images by their names, or have names that are not UTF-8.
    pub(crate) skipped: u64,
}

/// Why a folder cannot be a job.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FolderError {
    #[error("the data path {0:?} is not absolute: the client makes it so, other callers must")]
    Relative(PathBuf),
    #[error("there is no folder {path:?}: name a folder with an {INPUT} in it, as the server sees it")]
    Missing { path: PathBuf },
    #[error("{path:?} is not a folder: name the folder that holds {INPUT}")]
    NoFolder { path: PathBuf },
    #[error("{path:?} has no {INPUT}: put the images into a folder of that name there")]
    NoInput { path: PathBuf },
    #[error("{path:?} cannot be read ({cause}): let the server's user read it")]
    Unreadable { path: PathBuf, cause: io::Error },
    #[error("{path:?} holds no image ({skipped} other files): eligible are names that end in .{}", EXTENSIONS.join(", ."))]
    Empty { path: PathBuf, skipped: u64 },
    #[error(
        "results cannot be written to {path:?} ({cause}): make it a folder that the server's user may write"
    )]
    Unwritable { path: PathBuf, cause: io::Error },
    #[error("the data path {0:?} is not UTF-8, and only such text travels: rename the folder")]
    NotText(PathBuf),
}

impl Folder {
    /// Lists the folder at `path`, and makes sure that results can be written.
    pub(crate) fn open(path: &Path, recursive: bool) -> Result<Folder, FolderError> {
        if !path.is_absolute() {
            return Err(FolderError::Relative(path.to_owned()));
        }
        let base = path.canonicalize().map_err(|cause| match cause.kind() {
            io::ErrorKind::NotFound => FolderError::Missing { path: path.to_owned() },
            io::ErrorKind::NotADirectory => FolderError::NoFolder { path: path.to_owned() },
            _ => FolderError::Unreadable { path: path.to_owned(), cause },
        })?;
        if !base.is_dir() {
            return Err(FolderError::NoFolder { path: base });
        }
        if base.to_str().is_none() {
            return Err(FolderError::NotText(base));
        }
        let input = base.join(INPUT);
        if !input.is_dir() {
            return Err(FolderError::NoInput { path: base });
        }
        let mut folder = Folder { base, images: Vec::new(), skipped: 0 };
        folder
            .list(&input, "", recursive)
            .map_err(|cause| FolderError::Unreadable { path: input.clone(), cause })?;
        folder.images.sort_unstable();
        if folder.images.is_empty() {
            return Err(FolderError::Empty { path: input, skipped: folder.skipped });
        }
        folder.prepare_output()?;
        Ok(folder)
    }

    /// Where the results really come to lie: two data folders may have one `output_dir`, by a symbolic link.
    pub(crate) fn place(&self) -> PathBuf {
        let output = self.base.join(OUTPUT);
        output.canonicalize().unwrap_or(output)
    }

    fn list(&mut self, path: &Path, prefix: &str, recursive: bool) -> io::Result<()> {
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            let file_name = entry.file_name();
            let Some(name) = file_name.to_str() else {
                log::warn!("skipped {:?}: its name is not UTF-8, and only such text travels", entry.path());
                self.skipped += 1;
                continue;
            };
            // A symbolic link counts as what it leads to; the node decides whether it may follow.
            let kind = entry.file_type()?;
            let is_folder = if kind.is_symlink() { entry.path().is_dir() } else { kind.is_dir() };
            if is_folder {
                if recursive && !kind.is_symlink() {
                    self.list(&entry.path(), &format!("{prefix}{name}/"), true)?;
                }
            } else if is_eligible(name) {
                self.images.push(format!("{prefix}{name}"));
            } else {
                self.skipped += 1;
            }
        }
        Ok(())
    }

    /// Makes `output_dir` and tries to write there, so that a job fails before its work and not after it.
    fn prepare_output(&self) -> Result<(), FolderError> {
        let output = self.base.join(OUTPUT);
        // Not in the folder of temporary files: a late attempt of an earlier job may just be cleaning that up.
        let probe = output.join(format!("{TEMPORARY}-probe-{}", std::process::id()));
        let tried = fs::create_dir_all(&output)
            .and_then(|()| fs::write(&probe, b""))
            // Another submission to this folder may have just removed it, as it has the same name then.
            .and_then(|()| gone_is_fine(fs::remove_file(&probe)));
        tried.map_err(|cause| FolderError::Unwritable { path: output, cause })
    }
}

fn is_eligible(name: &str) -> bool {
    let extension = Path::new(name).extension().and_then(OsStr::to_str);
    extension.is_some_and(|extension| EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(extension)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(INPUT)).unwrap();
        for file in files {
            let path = folder.path().join(INPUT).join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, b"x").unwrap();
        }
        folder
    }

    #[test]
    fn lists_images_of_any_case_in_order() {
        let folder =
            data(&["b.PNG", "a.jpg", "c.Jpeg", "notes.txt", "d", "e.tiff", "sub/f.webp", "[g] h.gif"]);
        let flat = Folder::open(folder.path(), false).unwrap();
        assert_eq!(flat.images, ["[g] h.gif", "a.jpg", "b.PNG", "c.Jpeg", "e.tiff"]);
        assert_eq!(flat.skipped, 2);
        let deep = Folder::open(folder.path(), true).unwrap();
        assert_eq!(deep.images.last().unwrap(), "sub/f.webp");
        assert!(folder.path().join(OUTPUT).is_dir());
    }

    #[test]
    fn submissions_at_the_same_moment_do_not_disturb_each_other() {
        let folder = data(&["a.png"]);
        let many = || (0..200).for_each(|_| drop(Folder::open(folder.path(), false).unwrap()));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(many);
            }
        });
        assert_eq!(fs::read_dir(folder.path().join(OUTPUT)).unwrap().count(), 0, "nothing is left");
    }

    #[test]
    fn says_what_is_wrong_with_a_folder() {
        let error = |path: &Path| Folder::open(path, false).unwrap_err().to_string();
        let empty = data(&["readme.md"]);
        assert!(error(empty.path()).contains("holds no image (1 other files)"));
        assert!(error(&empty.path().join("nowhere")).starts_with("there is no folder"));
        assert!(error(&empty.path().join("input_dir")).contains("has no input_dir"));
        assert!(error(&empty.path().join("input_dir/readme.md")).contains("is not a folder"));
        assert!(error(Path::new("data")).contains("not absolute"));
        let blocked = data(&["a.png"]);
        fs::write(blocked.path().join(OUTPUT), b"a file").unwrap();
        assert!(error(blocked.path()).contains("results cannot be written"));
    }
}
