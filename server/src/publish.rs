//! A result of a divided job becomes visible, behind the same fence as every other and without the journal.
//!
//! A divided job that is resumed begins again, so nobody need remember which of its images are there.

use crate::folder::{Folder, OUTPUT};
use crate::job::Job;
use crate::means::Means;
use crate::shelf::{FolderShelf, temporary_name};
use journal::entry::{Fingerprint, Output};
use journal::publication::{self, NotPublished};
use std::convert::Infallible;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::PathBuf;

/// The shelf of a divided job's results.
#[derive(Debug)]
pub(crate) struct Press<'job> {
    pub(crate) job: &'job Job,
    pub(crate) folder: &'job Folder,
    incarnation: u64,
    durable: bool,
    shelf: FolderShelf<'job>,
}

/// A result that is written bit by bit under a temporary name. Dropped before it is published, it leaves nothing.
#[derive(Debug)]
pub(crate) struct Growing {
    file: File,
    /// Relative to `output_dir`.
    name: String,
    path: PathBuf,
    durable: bool,
    is_published: bool,
}

impl Growing {
    /// Creates the file; its folder is there as long as the job is.
    ///
    /// # Errors
    /// If it cannot be created.
    pub(crate) fn create(folder: &Folder, name: String, durable: bool) -> io::Result<Growing> {
        let path = folder.base.join(OUTPUT).join(&name);
        let file = OpenOptions::new().write(true).create_new(true).open(&path)?;
        Ok(Growing { file, name, path, durable, is_published: false })
    }

    /// Writes what follows.
    ///
    /// # Errors
    /// If the disk is full.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    /// Makes the file whole and has `give_name` give it its final name in place of its temporary one.
    ///
    /// # Errors
    /// If the disk is full, or the file does not get its name.
    pub(crate) fn publish(mut self, give_name: impl FnOnce(&str) -> io::Result<()>) -> io::Result<()> {
        self.file.flush()?;
        if self.durable {
            self.file.sync_all()?;
        }
        give_name(&self.name)?;
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

/// Why a result did not get its name, in a sentence with a remedy.
pub(crate) fn failure(cause: &io::Error) -> String {
    match cause.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            format!("no space is left to publish the result ({cause}): free some on the server's disk")
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            format!("the server may not publish the result ({cause}): let it write to output_dir")
        }
        _ => format!("the result cannot be published: {cause}"),
    }
}

impl<'job> Press<'job> {
    /// The press of a job whose images are in `folder`.
    pub(crate) fn new(means: &Means, job: &'job Job, folder: &'job Folder) -> Press<'job> {
        Press {
            job,
            folder,
            incarnation: means.incarnation,
            durable: means.durable(),
            shelf: FolderShelf::new(folder, means.durable()),
        }
    }

    /// Gives a node's temporary file the image's final name.
    ///
    /// # Errors
    /// If somebody else has taken the folder over, the file is gone, or the name cannot be written.
    pub(crate) fn rename(&self, temporary: &str, image: &str) -> io::Result<()> {
        let print = Fingerprint { length: 0, checksum: None };
        let output = Output { print, temporary: temporary.to_owned() };
        let owner = self.job.owner(self.incarnation);
        match publication::publish::<_, Infallible>(&self.shelf, &owner, &output, image, || Ok(())) {
            Ok(()) => Ok(()),
            Err(NotPublished::Shelf(cause)) => Err(cause),
            Err(refused @ NotPublished::Deposed) => {
                self.job.depose_if_open();
                Err(io::Error::other(refused.to_string()))
            }
            Err(NotPublished::Journal(never)) => match never {},
        }
    }

    /// Writes a result under a temporary name, of which `part` tells it from others, and then gives it its final one.
    ///
    /// # Errors
    /// As [`Press::rename`], and if the disk is full. Nothing is left then.
    pub(crate) fn write(&self, part: &str, image: &str, bytes: &[u8]) -> io::Result<()> {
        let mut growing = self.begin(part)?;
        growing.write(bytes)?;
        growing.publish(|temporary| self.rename(temporary, image))
    }

    /// Begins a result under a temporary name, of which `part` tells it from others.
    ///
    /// # Errors
    /// If it cannot be created.
    pub(crate) fn begin(&self, part: &str) -> io::Result<Growing> {
        let temporary = temporary_name(&self.job.owner(self.incarnation), part);
        Growing::create(self.folder, temporary, self.durable)
    }
}
