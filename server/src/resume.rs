//! What the journal tells becomes jobs again: ended ones to be asked about, unfinished ones to go on with.

use crate::accept::Earlier;
use crate::folder::Folder;
use crate::job::{Job, Tasks, Words};
use crate::journal::from_line;
use crate::mix::Mix;
use crate::service::Service;
use crate::shelf::FolderShelf;
use imaging::operation::OperationError;
use journal::book::{Book, Kept};
use journal::bytes::Malformed;
use journal::entry::Entry;
use journal::publication::{Owner, Seen, Shelf as _};
use records::{TaskOutcome, Text};
use scheduler::{Event, GiveUp, JobId, JobSpec, Micros, Strategy, TaskEnd, TaskIndex};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};
use wire::job::{JobReceipt, JobReport, JobRequest, JobSource, SubmitError};
use wire::membership::EventKind;
use wire::stored::{NotStored, Stored as _};

/// Why a job of the journal cannot go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotResumed {
    #[error("{0}")]
    Stored(#[from] NotStored),
    #[error("{0}")]
    Line(#[from] Malformed),
    #[error("{0}")]
    Strategy(#[from] scheduler::StrategyError),
    #[error("{0}")]
    Operation(#[from] OperationError),
}

/// How long the oldest unfinished job was at work before the server ended, as far as the journal knows.
pub(crate) fn head_start(book: &Book) -> Duration {
    let unfinished = book.jobs().filter(|kept| kept.report.is_none());
    unfinished.map(elapsed).max().unwrap_or(Duration::ZERO)
}

fn elapsed(kept: &Kept) -> Duration {
    let nothing = || Text::from("");
    let ended = kept
        .settled
        .values()
        .filter_map(|line| from_line(line, nothing(), nothing(), 0, nothing()).ok().map(|row| row.ended_us));
    Duration::from_micros(ended.max().unwrap_or(0))
}

impl Service {
    /// Takes over the ended jobs of the journal. One that cannot be does not keep the others from it.
    pub(crate) fn remember(&self, book: &Book) {
        for kept in book.jobs() {
            if let Some(report) = &kept.report {
                tell_of(kept, self.recall(kept, report));
            }
        }
    }

    /// Takes over the unfinished jobs of the journal.
    pub(crate) fn go_on_with(&self, book: &Book) {
        for kept in book.jobs().filter(|kept| kept.report.is_none()) {
            match self.go_on(kept) {
                Ok(Some(why)) => {
                    let key = &kept.accepted.key;
                    log::error!(
                        "job '{key}' waits until its client asks again, or for the next start: {why}"
                    );
                    self.put_off.add(kept);
                }
                resumed => tell_of(kept, resumed.map(drop)),
            }
        }
    }

    /// Has the journal forget its unfinished jobs: another server has gone on with them.
    pub(crate) fn forget_unfinished(&self, book: &Book) {
        for kept in book.jobs().filter(|kept| kept.report.is_none()) {
            self.forget(kept);
        }
    }

    fn forget(&self, kept: &Kept) {
        log::warn!("job '{}' has moved to another server: it does not go on here", kept.accepted.key);
        let forgotten = Entry::Ended { key: kept.accepted.key.clone(), report: Vec::new() };
        self.engine.means.journal.note(forgotten);
    }

    /// An ended job, for whoever asks for its report.
    pub(crate) fn recall(&self, kept: &Kept, report: &[u8]) -> Result<(), NotResumed> {
        let report = JobReport::from_bytes(report)?;
        self.clear_after(kept)?;
        let tasks = Tasks::synthetic(0, Duration::ZERO);
        let job =
            self.make(kept, JobReceipt::from_bytes(&kept.accepted.receipt)?, tasks, self.engine.now())?;
        if self.is_succeeded(kept)? {
            // It was about to see that when it ended.
            job.depose();
        }
        job.close();
        job.finish(report);
        self.book().enter(&job);
        Ok(())
    }

    /// Whether another server took an ended job over before it could see the end.
    fn is_succeeded(&self, kept: &Kept) -> Result<bool, NotResumed> {
        let request = JobRequest::from_bytes(&kept.accepted.request)?;
        let JobSource::Folder { path, .. } = request.source else { return Ok(false) };
        let folder = Folder { base: PathBuf::from(path), images: Vec::new(), skipped: 0 };
        let (key, epoch) = (kept.accepted.key.clone(), kept.accepted.epoch);
        let owner = Owner { key, epoch, incarnation: self.engine.means.incarnation };
        Ok(FolderShelf::new(&folder, false).is_succeeded(&owner).unwrap_or(false))
    }

    /// Clears what an ended job left in its folder, if the server ended before it could.
    fn clear_after(&self, kept: &Kept) -> Result<(), NotResumed> {
        let request = JobRequest::from_bytes(&kept.accepted.request)?;
        let JobSource::Folder { path, .. } = request.source else { return Ok(()) };
        let folder = Folder { base: PathBuf::from(path), images: Vec::new(), skipped: 0 };
        let shelf = FolderShelf::new(&folder, false);
        let key = &kept.accepted.key;
        if let Ok(Some(seen)) = shelf.owner()
            && seen.key == key.escape_default().to_string()
            && seen.epoch <= kept.accepted.epoch
        {
            let Seen { epoch, incarnation, .. } = seen;
            shelf.give_back(&Owner { key: key.clone(), epoch, incarnation });
        }
        Ok(())
    }

    fn make(
        &self,
        kept: &Kept,
        receipt: JobReceipt,
        tasks: Tasks,
        submitted: Micros,
    ) -> Result<Arc<Job>, NotResumed> {
        let request = JobRequest::from_bytes(&kept.accepted.request)?;
        let words = Words::new(&request, &receipt);
        let at = UNIX_EPOCH + Duration::from_micros(kept.accepted.at_us);
        let mut book = self.book();
        let id = JobId(book.next);
        book.next += 1;
        drop(book);
        let job = Job::new(id, request, receipt, tasks, words, submitted, at);
        job.raise_epoch(kept.accepted.epoch);
        Ok(Arc::new(job))
    }

    /// An unfinished job goes on where the journal ends. Answers why it has to wait, if it has to: its folder is away or
    /// has no room, or another job is at work there.
    pub(crate) fn go_on(&self, kept: &Kept) -> Result<Option<String>, NotResumed> {
        let request = JobRequest::from_bytes(&kept.accepted.request)?;
        if self.place_elsewhere(&kept.accepted.key, kept.accepted.epoch, &request).is_some() {
            self.forget(kept);
            return Ok(None);
        }
        // Its records from now on; those of tasks that ended before are written there again.
        let run_folder = self.terms.run_folder.to_string_lossy().into_owned();
        let receipt = JobReceipt { run_folder, ..JobReceipt::from_bytes(&kept.accepted.receipt)? };
        let strategy: Strategy = receipt.strategy.parse()?;
        let strategy = strategy.with_admission(receipt.admission);
        let tasks = tasks(&request, &receipt, kept)?;
        if let Err(why) = self.book().check_output(&tasks) {
            return Ok(Some(why.to_string()));
        }
        let spec = self.spec(&request, strategy, &receipt, &tasks);
        let submitted = Micros(self.engine.now().0.saturating_sub(crate::ledger::micros(elapsed(kept))));
        let job = self.make(kept, receipt, tasks, submitted)?;
        let (done, deposed) = match self.take_shelf(&job, &kept.published) {
            Ok(done) => (done, None),
            // The journal keeps the job.
            Err(SubmitError::Invalid { why, .. }) => return Ok(Some(why)),
            Err(why) => (std::collections::BTreeSet::new(), Some(why)),
        };
        let mut earlier = Earlier::default();
        let mut cancelled = false;
        for (&task, line) in &kept.settled {
            cancelled |= earlier.add_line(&job, task, line, done.contains(&task), &self.engine.means.run)?;
        }
        for &task in done.iter().filter(|task| !kept.settled.contains_key(task)) {
            earlier.add_done(&job, task, &self.engine.means.run);
        }
        self.book().enter(&job);
        let key = &job.receipt.job_key;
        let text = format!(
            "job {key} goes on after a restart: {} of {} tasks ended before",
            kept.settled.len(),
            job.tasks.count()
        );
        log::info!("{text}");
        self.engine.means.events.note(EventKind::JobResumed, key, text);
        if let Some(why) = deposed {
            log::error!("job '{}' cannot go on: {why}", job.receipt.job_key);
            job.depose();
        }
        self.start_again(&job, spec, earlier, cancelled);
        Ok(None)
    }

    fn start_again(&self, job: &Arc<Job>, spec: JobSpec, earlier: Earlier, cancelled: bool) {
        self.start(job, spec, earlier);
        if cancelled || job.is_deposed() {
            self.engine.tell(Event::JobCancelled { job: job.id });
        }
    }
}

fn tell_of(kept: &Kept, resumed: Result<(), NotResumed>) {
    if let Err(why) = resumed {
        log::error!("job '{}' of the journal cannot go on: {why}", kept.accepted.key);
    }
}

/// The tasks as they were accepted: images that came or went since change nothing.
fn tasks(request: &JobRequest, receipt: &JobReceipt, kept: &Kept) -> Result<Tasks, NotResumed> {
    Ok(match &request.source {
        JobSource::Folder { path, transfer, division, .. } => {
            let base = Path::new(path).canonicalize().unwrap_or_else(|_| PathBuf::from(path));
            let images = kept.accepted.names.clone();
            let folder = Folder { base, images, skipped: receipt.skipped };
            Tasks::images(folder, *transfer, Mix::parse(&request.operation)?, *division)
        }
        JobSource::Synthetic { service, .. } | JobSource::Open { service, .. } => {
            Tasks::synthetic(u32::try_from(receipt.tasks).unwrap_or(u32::MAX), *service)
        }
    })
}

impl Earlier {
    /// A task whose end is in the journal. One whose result is gone is open again, and so is one that was given up
    /// because the job was cancelled; answers whether it was.
    fn add_line(
        &mut self,
        job: &Job,
        task: u32,
        line: &[u8],
        is_there: bool,
        run: &Text,
    ) -> Result<bool, Malformed> {
        if task as usize >= job.tasks.count() {
            return Err(Malformed("a task of this job"));
        }
        let name = job.tasks.name(task as usize);
        let key = Text::clone(&job.words.job_key);
        let row = from_line(line, Text::clone(run), key, u64::from(task), name)?;
        let end = match row.outcome {
            TaskOutcome::Done if !is_there => return Ok(false),
            TaskOutcome::Cancelled => return Ok(true),
            TaskOutcome::Done => TaskEnd::Done,
            TaskOutcome::Failed => TaskEnd::Failed,
            TaskOutcome::GivenUp => TaskEnd::GaveUp(GiveUp::NoNode),
        };
        self.ended.push((TaskIndex(task), end));
        self.rows.push(row);
        Ok(false)
    }
}
