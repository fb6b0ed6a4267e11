//! A result becomes visible: whole, under its final name, by one atomic rename.

use crate::folder::{Folder, OUTPUT, TEMPORARY};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Component, Path, PathBuf};

/// Renames a node's temporary file to the image's final name.
pub(crate) fn rename(folder: &Folder, temporary: &str, image: &str) -> io::Result<()> {
    let output = folder.base.join(OUTPUT);
    let from = output.join(inside(temporary)?);
    put(&from, &output.join(inside(image)?))
}

/// Writes a result that came inline, first under a temporary name of its own.
pub(crate) fn write(folder: &Folder, name: &str, image: &str, bytes: &[u8]) -> io::Result<()> {
    let mut growing = Growing::create(folder, name)?;
    growing.write(bytes)?;
    growing.publish(folder, image)
}

/// A result that is written bit by bit under a temporary name. Dropped before it is published, it leaves nothing.
#[derive(Debug)]
pub(crate) struct Growing {
    file: File,
    path: PathBuf,
    is_published: bool,
}

impl Growing {
    /// Creates the file.
    pub(crate) fn create(folder: &Folder, name: &str) -> io::Result<Growing> {
        let path = folder.base.join(OUTPUT).join(TEMPORARY).join(name);
        Ok(Growing { file: open_new(&path)?, path, is_published: false })
    }

    /// Writes what follows.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    /// Gives the file the image's final name.
    pub(crate) fn publish(mut self, folder: &Folder, image: &str) -> io::Result<()> {
        self.file.flush()?;
        put(&self.path, &folder.base.join(OUTPUT).join(inside(image)?))?;
        self.is_published = true;
        Ok(())
    }
}

impl Drop for Growing {
    fn drop(&mut self) {
        if !self.is_published {
            // The error that led here is the one to tell.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Removes the temporary file of a result that came too late.
pub(crate) fn discard(folder: &Folder, temporary: &str) {
    if let Ok(name) = inside(temporary) {
        // It may be gone already.
        let _ = fs::remove_file(folder.base.join(OUTPUT).join(name));
        clean_up(folder);
    }
}

/// Removes the job's own folder of temporary files, and the common one when it is empty.
pub(crate) fn clean_up(folder: &Folder) {
    let temporary = folder.base.join(OUTPUT).join(TEMPORARY);
    if let Ok(entries) = fs::read_dir(&temporary) {
        for entry in entries.flatten() {
            // Only empty folders go: other jobs may be at work.
            let _ = fs::remove_dir(entry.path());
        }
    }
    let _ = fs::remove_dir(temporary);
}

/// Gives the file its final name in one step: who looks sees the whole new file, or what was there before.
///
/// An old result trades places with the new one and is removed under the temporary name. A rename onto it would do as
/// much in one call, but file systems make that call slow (ext4 writes the new file's blocks out and frees the old
/// one's while it holds both folders), and every other attempt that ends meanwhile would wait in line.
fn put(from: &Path, to: &Path) -> io::Result<()> {
    if exchange(from, to).is_err() {
        return rename_new(from, to);
    }
    match fs::remove_file(from) {
        Err(error) if error.kind() == io::ErrorKind::IsADirectory => {
            // A folder that stands where a result belongs is not ours to replace.
            exchange(from, to)?;
            Err(error)
        }
        // The old result has left its name already; what is left of it lies among the temporary files.
        _ => Ok(()),
    }
}

fn exchange(from: &Path, to: &Path) -> io::Result<()> {
    Ok(renameat_with(CWD, from, CWD, to, RenameFlags::EXCHANGE)?)
}

/// For a name that is new, and for file systems that cannot exchange.
fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            make_parent(to)?;
            fs::rename(from, to)
        }
        outcome => outcome,
    }
}

/// Tries at a file whose folder a late attempt of an earlier job may just be cleaning up.
const MOST_TRIES: usize = 10;

fn open_new(path: &Path) -> io::Result<File> {
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for _ in 0..MOST_TRIES {
        make_parent(path)?;
        match OpenOptions::new().write(true).create_new(true).open(path) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => last = cause,
            other => return other,
        }
    }
    Err(last)
}

fn make_parent(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)
}

/// A relative name that stays below its folder. The temporary name comes from a node: it is not believed.
pub(crate) fn inside(name: &str) -> io::Result<PathBuf> {
    let path = PathBuf::from(name);
    let stays = !name.is_empty() && path.components().all(|part| matches!(part, Component::Normal(_)));
    stays.then_some(path).ok_or_else(|| {
        io::Error::new(io::ErrorKind::InvalidInput, format!("{name:?} is no name inside {OUTPUT}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(base: &Path) -> Folder {
        Folder { base: base.to_owned(), images: Vec::new(), skipped: 0 }
    }

    #[test]
    fn names_that_leave_the_folder_are_refused() {
        let base = tempfile::tempdir().unwrap();
        for name in ["../x", "/etc/passwd", "", "a/../../x", "."] {
            assert!(rename(&folder(base.path()), name, "a.png").is_err(), "{name}");
        }
    }

    #[test]
    fn an_inline_result_appears_whole_and_leaves_no_temporary_file() {
        let base = tempfile::tempdir().unwrap();
        let folder = folder(base.path());
        write(&folder, "job/1", "sub/a.png", b"pixels").unwrap();
        assert_eq!(fs::read(base.path().join("output_dir/sub/a.png")).unwrap(), b"pixels");
        clean_up(&folder);
        assert!(!base.path().join("output_dir/.ballast").exists());
    }

    #[test]
    fn a_new_result_takes_the_place_of_an_old_one_and_nothing_of_it_is_left() {
        let base = tempfile::tempdir().unwrap();
        let folder = folder(base.path());
        for pixels in [&b"old"[..], b"new", b"newer"] {
            write(&folder, "job/1", "sub/a.png", pixels).unwrap();
            assert_eq!(fs::read(base.path().join("output_dir/sub/a.png")).unwrap(), pixels);
            assert_eq!(fs::read_dir(base.path().join("output_dir/.ballast/job")).unwrap().count(), 0);
        }
    }

    #[test]
    fn a_failed_write_leaves_nothing_behind() {
        let base = tempfile::tempdir().unwrap();
        let folder = folder(base.path());
        fs::create_dir_all(base.path().join("output_dir/a.png/x")).unwrap();
        assert!(write(&folder, "job/1", "a.png", b"pixels").is_err());
        assert_eq!(fs::read_dir(base.path().join("output_dir/.ballast/job")).unwrap().count(), 0);
        assert!(base.path().join("output_dir/a.png/x").is_dir(), "what stood there still stands");
    }
}
