//! Uploads: folders of their own below the data root, made by us and named by us.

use super::weights::Weight;
use super::{INPUT, OUTPUT, Store, StoreError, UPLOADS, name};
use cap_std::fs::{Dir, File, OpenOptions};
use imaging::codec::Format;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::time::SystemTime;

/// Names that one clash tries at most.
const MOST_CLASHES: usize = 10_000;

/// Endings that say what the content says.
const ENDINGS: &[&str] = &["png", "jpg", "jpeg", "bmp", "gif", "webp", "tif", "tiff"];

/// A folder that takes images.
#[derive(Debug)]
pub(crate) struct Upload {
    /// Its name below `uploads`, which nobody can guess.
    pub(crate) id: String,
    /// Absolute, as servers are told of it.
    pub(crate) path: PathBuf,
    input: Dir,
}

impl Store {
    /// Makes an empty upload.
    pub(crate) fn new_upload(&self) -> Result<Upload, StoreError> {
        let id = format!(
            "{}-{:016x}",
            records::utc::stamp(SystemTime::now()).to_lowercase(),
            program::chance::draw()
        );
        let below = PathBuf::from(UPLOADS).join(&id);
        let wrap = |cause| StoreError::io(UPLOADS, cause);
        self.dir.create_dir_all(below.join(INPUT)).map_err(wrap)?;
        self.dir.create_dir(below.join(OUTPUT)).map_err(wrap)?;
        self.upload(&id)
    }

    /// An upload by its name.
    pub(crate) fn upload(&self, id: &str) -> Result<Upload, StoreError> {
        if id.is_empty() || !id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
            return Err(StoreError::Refused(format!("{id:?} is no name of an upload")));
        }
        let below = PathBuf::from(UPLOADS).join(id);
        let input = self.dir.open_dir(below.join(INPUT)).map_err(|cause| StoreError::io(id, cause))?;
        Ok(Upload { id: id.to_owned(), path: self.real.join(below), input })
    }

    /// Removes an upload and all that is in it.
    pub(crate) fn remove_upload(&self, id: &str) -> Result<(), StoreError> {
        let upload = self.upload(id)?;
        drop(upload);
        self.weights.forget(id);
        self.dir.remove_dir_all(PathBuf::from(UPLOADS).join(id)).map_err(|cause| StoreError::io(id, cause))
    }
}

/// Whether a folder is called as [`Store::new_upload`] calls them: a time and 16 digits that nobody can guess.
pub(super) fn is_ours(id: &str) -> bool {
    id.split_once('-').is_some_and(|(stamp, chance)| {
        stamp.len() == "20260101t000000z".len()
            && stamp.bytes().all(|byte| byte.is_ascii_digit() || byte == b't' || byte == b'z')
            && chance.len() == 16
            && chance.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

impl Upload {
    /// A file for what is on its way. It counts once [`Upload::keep`] has given it a name.
    pub(crate) fn begin(&self) -> Result<(String, File), StoreError> {
        let temporary = format!(".{:016x}", program::chance::draw());
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        let file =
            self.input.open_with(&temporary, &options).map_err(|cause| StoreError::io(&temporary, cause))?;
        Ok((temporary, file))
    }

    /// Gives a whole file a harmless name like the one that was asked for; answers it.
    pub(crate) fn keep(
        &self,
        temporary: &str,
        mut file: File,
        asked: &str,
        format: Format,
    ) -> Result<String, StoreError> {
        let wrap = |cause| StoreError::io(asked, cause);
        file.flush().map_err(wrap)?;
        drop(file);
        let wanted = name::clean(asked, ending(format), ENDINGS);
        for number in 1..MOST_CLASHES {
            let name = if number == 1 { wanted.clone() } else { name::numbered(&wanted, number) };
            // A link, unlike a renaming, never takes another file's place.
            match self.input.hard_link(temporary, &self.input, &name) {
                Ok(()) => {
                    self.discard(temporary);
                    return Ok(name);
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(wrap(error)),
            }
        }
        Err(StoreError::Refused(format!("too many files are called {wanted:?}")))
    }

    /// Forgets a file that was begun.
    pub(crate) fn discard(&self, temporary: &str) {
        if let Err(error) = self.input.remove_file(temporary) {
            log::warn!("{temporary:?} of upload {} stays: {error}", self.id);
        }
    }

    /// Images and bytes on the disk, one by one. What is on its way has a hidden name.
    pub(super) fn weigh(&self) -> Result<Weight, StoreError> {
        let mut weight = Weight::default();
        let wrap = |cause| StoreError::io(&self.id, cause);
        for entry in self.input.entries().map_err(wrap)? {
            let entry = entry.map_err(wrap)?;
            if !entry.file_name().as_encoded_bytes().starts_with(b".") {
                weight.files += 1;
                weight.bytes += entry.metadata().map_err(wrap)?.len();
            }
        }
        Ok(weight)
    }
}

const fn ending(format: Format) -> &'static str {
    match format {
        Format::Jpeg => "jpg",
        Format::Png => "png",
        Format::Bmp => "bmp",
        Format::Gif => "gif",
        Format::WebP => "webp",
        Format::Tiff => "tiff",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_names_do_not_overwrite_each_other() {
        let root = tempfile::tempdir().unwrap();
        let store = Store::open(root.path()).unwrap();
        let upload = store.new_upload().unwrap();
        assert!(
            is_ours(&upload.id) && !is_ours("holidays") && !is_ours("20260101t000000z-1"),
            "{}",
            upload.id
        );
        let put = |bytes: &[u8]| {
            let (temporary, mut file) = upload.begin().unwrap();
            file.write_all(bytes).unwrap();
            upload.keep(&temporary, file, "../a.png", Format::Png).unwrap()
        };
        assert_eq!((put(b"1"), put(b"22")), ("a.png".to_owned(), "a-2.png".to_owned()));
        assert_eq!(upload.weigh().unwrap(), Weight { files: 2, bytes: 3 });
        assert_eq!(std::fs::read(upload.path.join("input_dir/a.png")).unwrap(), b"1");
        store.remove_upload(&upload.id).unwrap();
        assert!(store.upload(&upload.id).is_err());
    }

    #[test]
    fn names_of_uploads_lead_nowhere() {
        let root = tempfile::tempdir().unwrap();
        let store = Store::open(root.path()).unwrap();
        for bad in ["", "..", "a/b", ".", "x\0"] {
            assert!(store.upload(bad).is_err() && store.remove_upload(bad).is_err(), "{bad:?}");
        }
    }
}
