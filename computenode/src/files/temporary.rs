//! A result on its way: a new file that vanishes unless it was finished.

use super::OUTPUT;
use crate::trouble::Trouble;
use cap_std::fs::{Dir, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use wire::node::FaultKind;

/// What to do about folders that are not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// Make them.
    Make,
    /// Write nothing: whoever made them has removed them, and wants nothing more.
    Refuse,
}

/// A file that this attempt alone has created. Dropping it removes it, unless it was kept or published.
#[derive(Debug)]
pub(crate) struct TemporaryFile<'root> {
    root: &'root Dir,
    file: cap_std::fs::File,
    /// Relative to `root`.
    path: PathBuf,
    /// For messages: the path that people know.
    shown: PathBuf,
    finished: bool,
}

impl<'root> TemporaryFile<'root> {
    /// Creates `path` below `root` and writes all `parts`, one behind the other.
    ///
    /// # Errors
    /// The node's fault: the disk is full, the file is there already (the same attempt came twice), its folder is not
    /// there and is not to be made, or it cannot be written. Nothing is left behind then.
    pub(crate) fn write(
        root: &'root Dir,
        path: PathBuf,
        shown: PathBuf,
        parts: &[&[u8]],
        missing: Missing,
    ) -> Result<TemporaryFile<'root>, Trouble> {
        let file = create_new(root, &path, missing).map_err(|error| write_trouble(&error, &shown))?;
        let mut temporary = TemporaryFile { root, file, path, shown, finished: false };
        // The flush says that nothing may stay in a buffer of ours whose loss nobody would notice.
        let file = &mut temporary.file;
        match parts.iter().try_for_each(|part| file.write_all(part)).and_then(|()| file.flush()) {
            Ok(()) => Ok(temporary),
            Err(error) => Err(write_trouble(&error, &temporary.shown)),
        }
    }

    /// Returns when the file's bytes survive a power cut.
    ///
    /// # Errors
    /// The node's fault: that is not certain. It is not tried again, since a second try may say that all is well when
    /// the bytes are gone.
    pub(crate) fn flush_to_disk(&self) -> Result<(), Trouble> {
        self.file.sync_all().map_err(|error| write_trouble(&error, &self.shown))
    }

    /// Leaves the file for the server to rename.
    pub(crate) fn keep(mut self) {
        self.finished = true;
    }

    /// Gives the file its final name in one step: who looks sees the whole new file, or what was there before.
    ///
    /// # Errors
    /// The node's fault: the final name cannot be written. The temporary file is removed then.
    pub(crate) fn publish(mut self, final_path: &Path) -> Result<(), Trouble> {
        if let Some(folder) = final_path.parent() {
            self.root.create_dir_all(folder).map_err(|error| write_trouble(&error, &self.shown))?;
        }
        self.root
            .rename(&self.path, self.root, final_path)
            .map_err(|error| write_trouble(&error, &self.shown))?;
        self.finished = true;
        Ok(())
    }
}

impl Drop for TemporaryFile<'_> {
    fn drop(&mut self) {
        if self.finished {
            return;
        }
        if let Err(error) = self.root.remove_file(&self.path) {
            log::warn!("cannot remove the unfinished result {:?}: {error}", self.shown);
        }
    }
}

/// How often missing folders are made again before the caller is told.
const MOST_TRIES: usize = 16;

/// Creates the file exclusively; its folders only when they turn out to be missing, which is once a job. A server that
/// cleans up after another job may remove an empty folder in the very moment in which it is needed: then once more.
fn create_new(root: &Dir, path: &Path, missing_folders: Missing) -> io::Result<cap_std::fs::File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    if missing_folders == Missing::Refuse {
        return root.open_with(path, &options);
    }
    let missing = |error: &io::Error| error.kind() == ErrorKind::NotFound;
    for _ in 1..MOST_TRIES {
        match root.open_with(path, &options) {
            Err(error) if missing(&error) => {}
            outcome => return outcome,
        }
        if let Some(folder) = path.parent()
            && let Err(error) = root.create_dir_all(folder)
            && !missing(&error)
        {
            return Err(error);
        }
    }
    root.open_with(path, &options)
}

fn write_trouble(error: &io::Error, shown: &Path) -> Trouble {
    let shown = shown.display().to_string();
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Trouble::Node(
            FaultKind::DiskFull,
            format!("no space is left to write {shown:?} ({error}): free some on this node's disk"),
        ),
        ErrorKind::NotFound => Trouble::Node(
            FaultKind::WriteFailed,
            format!(
                "the folder of {shown:?} is gone: the server removed it with its job, or another one has taken the \
                 job over"
            ),
        ),
        ErrorKind::AlreadyExists => Trouble::Node(
            FaultKind::WriteFailed,
            format!("{shown:?} exists already: the same attempt came twice and is not run again"),
        ),
        _ => Trouble::Node(
            FaultKind::WriteFailed,
            format!(
                "cannot write {shown:?} ({error}): make {OUTPUT} writable for this node, inside its data root"
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cap_std::ambient_authority;

    struct Fixture {
        folder: tempfile::TempDir,
        root: Dir,
    }

    impl Fixture {
        fn new() -> Fixture {
            let folder = tempfile::tempdir().unwrap();
            let root = Dir::open_ambient_dir(folder.path(), ambient_authority()).unwrap();
            Fixture { folder, root }
        }

        fn write(&self, path: &str, bytes: &[u8]) -> Result<TemporaryFile<'_>, Trouble> {
            TemporaryFile::write(&self.root, path.into(), path.into(), &[bytes], Missing::Make)
        }

        fn content(&self, path: &str) -> Option<Vec<u8>> {
            std::fs::read(self.folder.path().join(path)).ok()
        }
    }

    #[test]
    fn vanishes_unless_it_is_finished() {
        let at = Fixture::new();
        let unfinished = at.write("a/b/c.tmp", b"x").unwrap();
        assert_eq!(at.content("a/b/c.tmp").as_deref(), Some(&b"x"[..]));
        drop(unfinished);
        assert_eq!(at.content("a/b/c.tmp"), None);

        at.write("kept.tmp", b"y").unwrap().keep();
        assert_eq!(at.content("kept.tmp").as_deref(), Some(&b"y"[..]));
    }

    #[test]
    fn publishing_replaces_the_old_result_and_makes_folders() {
        let at = Fixture::new();
        at.write("final/cat.png", b"old").unwrap().keep();
        at.write("one.tmp", b"new").unwrap().publish(Path::new("final/cat.png")).unwrap();
        assert_eq!(at.content("final/cat.png").as_deref(), Some(&b"new"[..]));
        at.write("two.tmp", b"deep").unwrap().publish(Path::new("x/y/z.png")).unwrap();
        assert_eq!(at.content("x/y/z.png").as_deref(), Some(&b"deep"[..]));
        assert_eq!((at.content("one.tmp"), at.content("two.tmp")), (None, None));
    }

    #[test]
    fn a_repeated_attempt_does_not_touch_the_file_of_the_first() {
        let at = Fixture::new();
        at.write("a.tmp", b"first").unwrap().keep();
        let trouble = at.write("a.tmp", b"second").unwrap_err();
        assert!(matches!(&trouble, Trouble::Node(FaultKind::WriteFailed, why) if why.contains("came twice")));
        assert_eq!(at.content("a.tmp").as_deref(), Some(&b"first"[..]));
    }

    #[test]
    fn a_failed_publication_leaves_nothing() {
        let at = Fixture::new();
        std::fs::create_dir_all(at.folder.path().join("taken/inside")).unwrap();
        let trouble = at.write("a.tmp", b"x").unwrap().publish(Path::new("taken")).unwrap_err();
        assert!(matches!(trouble, Trouble::Node(FaultKind::WriteFailed, _)), "{trouble:?}");
        assert_eq!(at.content("a.tmp"), None);
    }

    #[test]
    fn folders_that_others_clear_away_are_made_again() {
        let at = Fixture::new();
        for _ in 0..3 {
            // The unfinished file goes with its handle, and the folders are empty again.
            assert!(at.write("shop/job/a.tmp", b"x").is_ok());
            for folder in ["shop/job", "shop"] {
                std::fs::remove_dir(at.folder.path().join(folder)).unwrap();
            }
        }
        assert!(at.write("shop/job/a.tmp", b"x").is_ok());
    }

    #[test]
    fn a_folder_that_was_removed_is_not_made_again() {
        let at = Fixture::new();
        let path = PathBuf::from("shop/job/7/a.tmp");
        let trouble =
            TemporaryFile::write(&at.root, path.clone(), path, &[b"x"], Missing::Refuse).unwrap_err();
        assert!(matches!(&trouble, Trouble::Node(FaultKind::WriteFailed, why) if why.contains("is gone")));
        assert!(!at.folder.path().join("shop").exists());
    }

    #[test]
    fn a_full_disk_is_told_apart() {
        let trouble = write_trouble(&io::Error::from(ErrorKind::StorageFull), Path::new("out/a.tmp"));
        assert!(matches!(&trouble, Trouble::Node(FaultKind::DiskFull, why) if why.contains("out/a.tmp")));
        let trouble = write_trouble(&io::Error::from(ErrorKind::PermissionDenied), Path::new("out/a.tmp"));
        assert!(matches!(trouble, Trouble::Node(FaultKind::WriteFailed, _)));
    }
}
