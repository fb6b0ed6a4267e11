//! Uploads that nobody made a job of: what they are told by, and how they are cleared.

use super::upload::is_ours;
use super::{OUTPUT, Store, StoreError, UPLOADS};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::time::{Duration, SystemTime};

/// Beside `input_dir` of an upload that was handed in as a job.
const MARK: &str = ".submitted";
/// How long an upload is kept that nothing is put into and no job is made of.
pub(crate) const KEPT: Duration = Duration::from_secs(24 * 3600);
/// Uploads that are cleared at once, and looked at.
const MOST_CLEARED: usize = 1_000;
const MOST_SEEN: usize = 100_000;

impl Store {
    /// Notes that a job is made of `folder`, if it is an upload: it is not cleared any more. Answers whether this was the
    /// first one.
    pub(crate) fn submitted(&self, folder: &Path) -> Result<bool, StoreError> {
        let Some(mark) = self.mark(folder) else { return Ok(false) };
        let _clearing = self.clearing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut options = cap_std::fs::OpenOptions::new();
        match self.dir.open_with(&mark, options.write(true).create_new(true)) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(cause) => Err(StoreError::io(folder.to_string_lossy(), cause)),
        }
    }

    /// Takes the note back that [`Store::submitted`] has made first: no server took the job.
    pub(crate) fn refused(&self, folder: &Path) {
        let gone = self.mark(folder).map(|mark| self.dir.remove_file(mark));
        if let Some(Err(error)) = gone {
            log::warn!("{folder:?} keeps the note that a job was made of it: {error}");
        }
    }

    /// Where the note stands if `folder` is an upload or inside one.
    fn mark(&self, folder: &Path) -> Option<PathBuf> {
        let below = folder.strip_prefix(self.real.join(UPLOADS)).ok()?;
        Some(Path::new(UPLOADS).join(below.components().next()?).join(MARK))
    }

    /// Removes uploads of our making into which nothing was put for [`KEPT`], of which no job was made by a console, in which
    /// no server has put anything, and whose folder `has_job` does not know either. Answers their names.
    pub(crate) fn clear_abandoned(
        &self,
        now: SystemTime,
        has_job: impl Fn(&Path) -> bool,
    ) -> Result<Vec<String>, StoreError> {
        let wrap = |cause| StoreError::io(UPLOADS, cause);
        let uploads = match self.dir.open_dir(UPLOADS) {
            Ok(uploads) => uploads,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(cause) => return Err(wrap(cause)),
        };
        let mut cleared = Vec::new();
        for entry in uploads.entries().map_err(wrap)?.take(MOST_SEEN) {
            let entry = entry.map_err(wrap)?;
            let Ok(id) = entry.file_name().into_string() else { continue };
            let is_upload = is_ours(&id) && entry.file_type().is_ok_and(|kind| kind.is_dir());
            if !is_upload || has_job(&self.real.join(UPLOADS).join(&id)) {
                continue;
            }
            let _clearing = self.clearing.lock().unwrap_or_else(PoisonError::into_inner);
            if self.is_abandoned(&id, now).unwrap_or(false) {
                match self.remove_upload(&id) {
                    Ok(()) => cleared.push(id),
                    Err(error) => log::warn!("an upload that nobody used cannot be cleared: {error}"),
                }
            }
            if cleared.len() >= MOST_CLEARED {
                break;
            }
        }
        Ok(cleared)
    }

    fn is_abandoned(&self, id: &str, now: SystemTime) -> io::Result<bool> {
        let own = self.dir.open_dir(Path::new(UPLOADS).join(id))?;
        if own.try_exists(MARK)? || own.open_dir(OUTPUT)?.entries()?.next().is_some() {
            return Ok(false);
        }
        let changed = |path: &str| Ok::<_, io::Error>(own.metadata(path)?.modified()?.into_std());
        let last = changed(".")?.max(changed(super::INPUT)?);
        Ok(now.duration_since(last).is_ok_and(|age| age > KEPT))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn only_old_uploads_without_a_job_are_cleared() {
        let root = tempfile::tempdir().unwrap();
        let store = Store::open(root.path()).unwrap();
        let upload = || store.new_upload().unwrap();
        let (abandoned, submitted, refused, resulting, known) =
            (upload(), upload(), upload(), upload(), upload());
        fs::write(abandoned.path.join("input_dir/a.png"), "a").unwrap();
        assert!(store.submitted(&submitted.path).unwrap() && !store.submitted(&submitted.path).unwrap());
        assert!(store.submitted(&refused.path).unwrap());
        store.refused(&refused.path);
        fs::create_dir(resulting.path.join("output_dir/.ballast")).unwrap();
        // What is not of our making is nobody's to clear, and neither is what a link leads to.
        fs::create_dir_all(root.path().join("uploads/holidays/input_dir")).unwrap();
        fs::create_dir_all(root.path().join("uploads/holidays/output_dir")).unwrap();
        let link = root.path().join("uploads").join("20260101t000000z-0123456789abcdef");
        std::os::unix::fs::symlink(root.path().join("uploads/holidays"), link).unwrap();
        let has_job = |folder: &Path| folder == known.path;
        let now = SystemTime::now();
        let clear = |now| {
            let mut cleared = store.clear_abandoned(now, has_job).unwrap();
            cleared.sort();
            cleared
        };
        assert_eq!(clear(now + KEPT / 2), Vec::<String>::new(), "they are not old yet");
        let mut expected = vec![abandoned.id.clone(), refused.id.clone()];
        expected.sort();
        assert_eq!(clear(now + 2 * KEPT), expected);
        assert!(!abandoned.path.exists() && submitted.path.exists() && resulting.path.exists());
        assert!(known.path.exists() && root.path().join("uploads/holidays/input_dir").exists());
        assert_eq!(clear(now + 2 * KEPT), Vec::<String>::new());
        assert!(!store.submitted(root.path()).unwrap(), "other folders have no note");
    }

    #[test]
    fn nothing_is_cleared_where_nothing_was_uploaded() {
        let root = tempfile::tempdir().unwrap();
        let store = Store::open(root.path()).unwrap();
        assert_eq!(store.clear_abandoned(SystemTime::now(), |_| false).unwrap(), Vec::<String>::new());
    }
}
