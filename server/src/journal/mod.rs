//! The journal on a disk: one file that every thread may add to, with one flush for all who wait at the same time.
//!
//! Whoever must be sure waits in [`Journal::commit`]. The first who finds nobody writing writes everything that has
//! gathered, as one frame, and flushes it; those who came meanwhile are the next frame. There is no thread in here.

mod fault;
mod file;
mod line;

pub(crate) use file::{Durability, OpenError, peek};
pub(crate) use line::{from_line, to_line};

use file::FileMedium;
use journal::book::Book;
use journal::bytes::Put;
use journal::entry::Entry;
use journal::log::{Confirm, Log, LogError, Medium};
use std::io;
use std::path::Path;
use std::process;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

/// Jobs whose reports are kept after their end.
pub(crate) const MOST_ENDED: usize = 1_000;
/// Entries nobody waits for are written when there are this many.
const MOST_GATHERED: usize = 4_096;
/// Below this size a journal is not compacted while the server runs, in bytes.
/// Servers beside this one read it whole when they are handed a job.
const SMALLEST_COMPACTED: u64 = 4 << 20;
/// Exit status when it is not certain what is on the disk.
const UNCERTAIN: i32 = 70;

type AnyMedium = Box<dyn Medium<Error = io::Error> + Send>;

/// Why an entry is not in the journal.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the journal cannot be written ({0}): free space where --state points")]
pub(crate) struct NotWritten(Arc<str>);

/// The server's journal.
#[derive(Debug)]
pub(crate) struct Journal {
    state: Mutex<State>,
    written: Condvar,
    confirm: Confirm,
}

#[derive(Debug)]
struct State {
    /// Nobody is writing if it is here.
    log: Option<Log<AnyMedium>>,
    book: Book,
    gathered: Vec<Entry>,
    /// What the gathered entries will hear.
    batch: Arc<Batch>,
    compact_above: u64,
}

/// Entries that are written together, and what came of it.
#[derive(Debug, Default)]
struct Batch(OnceLock<Result<(), NotWritten>>);

impl Journal {
    /// Opens the journal in `folder`, makes it if there is none, and answers what it tells.
    ///
    /// # Errors
    /// If another server has it open, it is damaged, or the disk fails.
    pub(crate) fn open(folder: &Path, durability: Durability) -> Result<(Journal, Book), OpenError> {
        let (medium, bytes) = FileMedium::open(folder, durability)?;
        Journal::resume(Box::new(medium), &bytes, durability.confirm())
            .map_err(|cause| cause.in_folder(folder))
    }

    fn resume(
        medium: AnyMedium,
        bytes: &[u8],
        confirm: Confirm,
    ) -> Result<(Journal, Book), file::BadJournal> {
        let replayed = journal::frame::replay(bytes)?;
        let mut book = Book::new(MOST_ENDED);
        for frame in &replayed.frames {
            Entry::all(frame.payload)?.into_iter().for_each(|entry| book.apply(entry));
        }
        let torn = bytes.len() - replayed.end;
        if torn > 0 {
            log::warn!(
                "cut {torn} bytes off the journal that a crash left unfinished: nothing in them was promised"
            );
        }
        let mut log = Log::resume(medium, &replayed, bytes.len() as u64)?;
        // Written anew at every start, and not only to make it short: if a flush failed in an earlier life, the system
        // may show bytes that the disk does not have, and only bytes that are written again get there.
        log.compact(&book.snapshot()).map_err(|error| match error {
            LogError::Refused(cause) | LogError::Broken(cause) => cause,
            LogError::BrokenBefore => io::Error::other("the journal broke earlier"),
        })?;
        let state = State {
            compact_above: compact_above(log.length()),
            log: Some(log),
            book: book.clone(),
            gathered: Vec::new(),
            batch: Arc::default(),
        };
        Ok((Journal { state: Mutex::new(state), written: Condvar::new(), confirm }, book))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Whatever panicked, the state is whole between two statements.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an entry that is written with the next one that somebody waits for.
    pub(crate) fn note(&self, entry: Entry) {
        let mut state = self.lock();
        state.gathered.push(entry);
        if state.gathered.len() >= MOST_GATHERED {
            let batch = Arc::clone(&state.batch);
            // Nobody depends on it.
            let _ = self.wait_for(state, &batch);
        }
    }

    /// Adds an entry and returns when it is in the journal, as certainly as the server was told to make it.
    ///
    /// # Errors
    /// If it is not there: the disk is full. If it is not certain, the process ends.
    pub(crate) fn commit(&self, entry: Entry) -> Result<(), NotWritten> {
        self.commit_all([entry])
    }

    /// Adds entries of which all are in the journal or none, as [`Journal::commit`] does one.
    ///
    /// # Errors
    /// As [`Journal::commit`].
    pub(crate) fn commit_all(&self, entries: impl IntoIterator<Item = Entry>) -> Result<(), NotWritten> {
        let mut state = self.lock();
        state.gathered.extend(entries);
        let batch = Arc::clone(&state.batch);
        self.wait_for(state, &batch)
    }

    /// Whether the journal tells the end of the job whose key, escaped as in an owner's file, is this one.
    pub(crate) fn tells_the_end_of(&self, escaped: &str) -> bool {
        let state = self.lock();
        let mut ended = state.book.jobs().filter(|kept| kept.report.is_some());
        ended.any(|kept| kept.accepted.key.escape_default().to_string() == escaped)
    }

    /// Writes what has gathered.
    pub(crate) fn close(&self) {
        let state = self.lock();
        if !state.gathered.is_empty() {
            let batch = Arc::clone(&state.batch);
            if let Err(error) = self.wait_for(state, &batch) {
                log::warn!("{error}");
            }
        }
    }

    fn wait_for<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        batch: &Arc<Batch>,
    ) -> Result<(), NotWritten> {
        loop {
            if let Some(outcome) = batch.0.get() {
                return outcome.clone();
            }
            state = match state.log.take() {
                Some(log) => self.write(state, log),
                None => self.written.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// Writes everything that has gathered, without the lock.
    fn write<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        mut log: Log<AnyMedium>,
    ) -> MutexGuard<'a, State> {
        let entries = std::mem::take(&mut state.gathered);
        let batch = std::mem::take(&mut state.batch);
        drop(state);
        let mut put = Put::default();
        entries.iter().for_each(|entry| entry.put(&mut put));
        let outcome = log.write(&put.0, self.confirm).map_err(not_written);
        let mut state = self.lock();
        if outcome.is_ok() {
            entries.into_iter().for_each(|entry| state.book.apply(entry));
            if log.length() > state.compact_above {
                let snapshot = state.book.snapshot();
                drop(state);
                if let Err(cause) = log.compact(&snapshot).map_err(not_written) {
                    log::warn!("the journal cannot be compacted: {cause}");
                }
                state = self.lock();
                state.compact_above = compact_above(log.length());
            }
        }
        // Only the writer of a batch sets its outcome.
        let _ = batch.0.set(outcome);
        state.log = Some(log);
        self.written.notify_all();
        state
    }
}

fn compact_above(length: u64) -> u64 {
    SMALLEST_COMPACTED.max(4 * length)
}

/// Ends the process where going on would mean to promise what the disk may not hold.
fn not_written(error: LogError<io::Error>) -> NotWritten {
    match error {
        LogError::Refused(cause) => NotWritten(cause.to_string().into()),
        LogError::Broken(_) | LogError::BrokenBefore => {
            log::error!(
                "the journal's disk fails ({error}) and nothing more can be promised: the server stops; mend the disk \
                 and start it again, unfinished jobs go on"
            );
            process::exit(UNCERTAIN);
        }
    }
}

#[cfg(test)]
mod tests;
