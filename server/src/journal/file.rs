//! The journal's file and its folder: every write and flush checked.

use super::fault::Fault;
use clap::ValueEnum;
use journal::bytes::Malformed;
use journal::frame::ReplayError;
use journal::log::{Confirm, Medium};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// The journal's file.
const JOURNAL: &str = "journal";
/// A compacted journal that is being made.
const NEXT: &str = "journal.next";
/// Held while a server runs.
const LOCK: &str = "lock";

/// What the server's promises survive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Durability {
    /// The end of every process, by whatever signal; not a power cut
    Process,
    /// Also a power cut: journal, results and folders are flushed to the disk
    Power,
}

impl Durability {
    pub(crate) const fn confirm(self) -> Confirm {
        match self {
            Durability::Process => Confirm::Written,
            Durability::Power => Confirm::Synced,
        }
    }
}

impl std::fmt::Display for Durability {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(if *self == Durability::Power { "power" } else { "process" })
    }
}

/// Why a journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error(
        "another server works with the state in {0:?}: stop it, or give each server a --name or a --state of its own"
    )]
    Taken(PathBuf),
    #[error(
        "the state in {folder:?} cannot be used ({cause}): let the server's user write there, or give --state"
    )]
    Folder { folder: PathBuf, cause: io::Error },
    #[error("the journal {path:?} cannot be used: {cause}; {}", cause.remedy())]
    Bad { path: PathBuf, cause: BadJournal },
}

/// What is wrong with a journal's bytes.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadJournal {
    #[error("{0}")]
    Replay(#[from] ReplayError),
    #[error("it is whole, and says what this version does not understand: {0}")]
    Malformed(#[from] Malformed),
    #[error("{0}")]
    Disk(#[from] io::Error),
}

impl BadJournal {
    fn remedy(&self) -> &'static str {
        match self {
            BadJournal::Disk(_) => {
                "nothing of it is lost: free space there or mend the disk, and start the server again"
            }
            BadJournal::Malformed(_) | BadJournal::Replay(ReplayError::Foreign) => {
                "start the version of the server that wrote it, or move it away to start without its jobs"
            }
            BadJournal::Replay(ReplayError::Damaged { .. }) => "move it away to start without its jobs",
        }
    }

    pub(super) fn in_folder(self, folder: &Path) -> OpenError {
        OpenError::Bad { path: folder.join(JOURNAL), cause: self }
    }
}

/// The journal's file.
#[derive(Debug)]
pub(super) struct FileMedium {
    folder: PathBuf,
    file: File,
    /// A compacted journal that is whole and has not taken the other's place.
    next: Option<File>,
    durability: Durability,
    /// Held as long as the server lives; the system gives it back however that ends.
    _lock: File,
    fault: Fault,
}

impl FileMedium {
    /// The journal in `folder`, and its bytes.
    pub(super) fn open(folder: &Path, durability: Durability) -> Result<(FileMedium, Vec<u8>), OpenError> {
        let wrap = |cause| OpenError::Folder { folder: folder.to_owned(), cause };
        fs::create_dir_all(folder).map_err(wrap)?;
        let lock = File::create(folder.join(LOCK)).map_err(wrap)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(OpenError::Taken(folder.to_owned())),
            Err(TryLockError::Error(cause)) => return Err(wrap(cause)),
        }
        let mut file = open(&folder.join(JOURNAL)).map_err(wrap)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(wrap)?;
        let mut medium = FileMedium {
            folder: folder.to_owned(),
            file,
            next: None,
            durability,
            _lock: lock,
            fault: Fault::asked_for(folder),
        };
        medium.sync_folder().map_err(wrap)?;
        Ok((medium, bytes))
    }

    fn sync_folder(&mut self) -> io::Result<()> {
        match self.durability {
            Durability::Process => Ok(()),
            Durability::Power => self.fault.flush(|| File::open(&self.folder)?.sync_all()),
        }
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).append(true).create(true).open(path)
}

/// The bytes of the journal of another server, which may be writing it at this moment.
pub(crate) fn peek(folder: &Path) -> io::Result<Vec<u8>> {
    fs::read(folder.join(JOURNAL))
}

impl Medium for FileMedium {
    type Error = io::Error;

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.fault.write(&mut self.file, bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        match self.durability {
            Durability::Process => Ok(()),
            Durability::Power => self.fault.flush(|| self.file.sync_data()),
        }
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.file.set_len(length)
    }

    fn prepare(&mut self, bytes: &[u8]) -> io::Result<()> {
        let path = self.folder.join(NEXT);
        // One that a crash left is nobody's.
        let _ = fs::remove_file(&path);
        let made = open(&path).and_then(|mut file| {
            self.fault.write(&mut file, bytes)?;
            if self.durability == Durability::Power {
                self.fault.flush(|| file.sync_all())?;
            }
            Ok(file)
        });
        match made {
            Ok(file) => self.next = Some(file),
            Err(cause) => {
                let _ = fs::remove_file(&path);
                return Err(cause);
            }
        }
        Ok(())
    }

    fn swap(&mut self) -> io::Result<()> {
        let next = self.next.take().ok_or_else(|| io::Error::other("nothing was prepared"))?;
        fs::rename(self.folder.join(NEXT), self.folder.join(JOURNAL))?;
        self.file = next;
        self.sync_folder()
    }
}
