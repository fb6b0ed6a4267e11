//! From an examined request to a promise: the folder of results is taken, the job is in the journal.

use crate::book::{invalid, is_same};
use crate::job::{Job, Tasks, Words};
use crate::service::Service;
use crate::shelf::FolderShelf;
use journal::book::{Book, Kept};
use journal::entry::{Accepted, Entry, Output};
use journal::publication::{self, NotPublished};
use luck::Seed;
use records::{TaskOutcome, TaskRow, Text};
use scheduler::{JobId, JobSpec, RetryRule, Strategy, TaskEnd, TaskIndex};
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use wire::job::{JobReceipt, JobRequest, SubmitError};
use wire::membership::EventKind;
use wire::stored::Stored as _;

/// How often a folder is looked at again that another server keeps for a job that has ended, and how long after: it is
/// about to see that in the journal.
const MOST_LOOKS: u32 = 40;
const LOOK: Duration = Duration::from_millis(50);

/// What is known of tasks that ended before the job began here.
#[derive(Debug, Default)]
pub(crate) struct Earlier {
    pub(crate) ended: Vec<(TaskIndex, TaskEnd)>,
    pub(crate) rows: Vec<TaskRow>,
}

/// Where else a submission of a job, or a later one, is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Elsewhere {
    /// A later one was taken there.
    AtWork,
    /// It has ended there.
    Ended,
}

/// The refusal of a submission that another server has gone on with: who asks goes there.
fn elsewhere(why: &str) -> SubmitError {
    SubmitError::Unavailable { why: why.to_owned() }
}

impl Service {
    /// Takes a job, or tells of it again.
    pub(crate) fn take(&self, request: JobRequest) -> Result<JobReceipt, SubmitError> {
        let mut refused = self.take_once(request.clone());
        for _ in 0..MOST_LOOKS {
            if refused.is_ok() || !self.is_held_by_an_ended_job(&request) {
                break;
            }
            thread::sleep(LOOK);
            refused = self.take_once(request.clone());
        }
        refused
    }

    fn take_once(&self, request: JobRequest) -> Result<JobReceipt, SubmitError> {
        self.check_stays(&request)?;
        if let Some(job) = self.book().known(&request)? {
            return self.again(job, request.epoch);
        }
        self.check_open()?;
        if self.goes_on_now(&request.job_key)?
            && let Some(job) = self.book().known(&request)?
        {
            return self.again(job, request.epoch);
        }
        if let Some(receipt) = self.adopt(&request)? {
            return Ok(receipt);
        }
        // An end that could not be written keeps its folder from others.
        self.engine.try_again();
        // Listing a folder takes time: the book stays open to others meanwhile.
        let (strategy, operation, tasks) = self.examine(&request)?;
        self.let_go_of_moved(&tasks);
        let mut book = self.book();
        if let Some(job) = book.known(&request)? {
            return self.again(job, request.epoch);
        }
        // Whoever closes looks at the book afterwards: a job is refused here or seen there.
        self.check_open()?;
        book.check_output(&tasks)?;
        let receipt = self.receipt(&request, &strategy, &operation, &tasks);
        let spec = self.spec(&request, strategy, &receipt, &tasks);
        let id = JobId(book.next);
        book.next += 1;
        let words = Words::new(&request, &receipt);
        let now = (self.engine.now(), SystemTime::now());
        let mut job = Job::new(id, request, receipt.clone(), tasks, words, now.0, now.1);
        if let Some(before) = book.get(&receipt.job_key) {
            job.comes_back(before);
        }
        let job = Arc::new(job);
        // Under the book's lock: nobody is told of a job that is not in the journal.
        let earlier = match self.accept(&job) {
            Ok(earlier) => earlier,
            Err(why) => {
                drop(book);
                // It may have ended elsewhere while this server was about to take it.
                return self.adopt(&job.request)?.ok_or(why);
            }
        };
        book.enter(&job);
        drop(book);
        log::info!(
            "job '{}': {} tasks, {} ({})",
            receipt.job_key,
            receipt.tasks,
            receipt.strategy,
            receipt.admission
        );
        let text = format!("job {} has {} tasks, {}", receipt.job_key, receipt.tasks, receipt.strategy);
        self.engine.means.events.note(EventKind::JobTaken, &receipt.job_key, text);
        self.start(&job, spec, earlier);
        Ok(receipt)
    }

    /// Promises a job: takes its folder, and writes it into the journal.
    pub(crate) fn accept(&self, job: &Job) -> Result<Earlier, SubmitError> {
        self.check_place(job, job.epoch())?;
        let committed = self.published_elsewhere(job);
        let done = self.take_shelf(job, &committed)?;
        let means = &self.engine.means;
        let since_1970 = job.submitted_at.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let accepted = Accepted {
            key: job.receipt.job_key.clone(),
            epoch: job.epoch(),
            at_us: crate::ledger::micros(since_1970),
            request: job.request.to_bytes(),
            receipt: job.receipt.to_bytes(),
            names: match &job.tasks {
                Tasks::Folder { names, .. } => names.iter().map(ToString::to_string).collect(),
                Tasks::Synthetic { .. } => Vec::new(),
            },
        };
        if let Err(why) = means.journal.commit(Entry::Accepted(accepted)) {
            means.give_back(job);
            return Err(SubmitError::Unavailable { why: why.to_string() });
        }
        let key = &job.receipt.job_key;
        for (task, result) in committed.into_iter().filter(|(task, _)| done.contains(task)) {
            means.journal.note(Entry::Published { key: key.clone(), task, result });
        }
        let mut earlier = Earlier::default();
        done.into_iter().for_each(|task| earlier.add_done(job, task, &means.run));
        Ok(earlier)
    }

    /// What the scheduler is told of a job.
    pub(crate) fn spec(
        &self,
        request: &JobRequest,
        strategy: Strategy,
        receipt: &JobReceipt,
        tasks: &Tasks,
    ) -> JobSpec {
        let mut spec = JobSpec::new(tasks.count() as u32, strategy, Seed(receipt.seed));
        spec.max_in_flight = request.max_in_flight.unwrap_or(u32::MAX);
        if tasks.divided().is_some() {
            // Its tasks come as its images are looked at.
            (spec.tasks, spec.sealed) = (0, false);
        }
        spec.retry = self.retry(request);
        spec
    }

    fn retry(&self, request: &JobRequest) -> RetryRule {
        let max_attempts = request.max_attempts.unwrap_or(self.terms.retry.max_attempts).max(1);
        RetryRule { max_attempts, ..self.terms.retry }
    }

    /// Puts an accepted job to work.
    pub(crate) fn start(&self, job: &Arc<Job>, mut spec: JobSpec, earlier: Earlier) {
        let done = earlier.ended.iter().filter(|(_, end)| *end == TaskEnd::Done);
        for (task, _) in done {
            job.claim(task.index());
        }
        if !earlier.ended.is_empty() {
            log::info!(
                "job '{}': {} of {} tasks ended before and are not done again",
                job.receipt.job_key,
                earlier.ended.len(),
                job.tasks.count()
            );
        }
        spec.ended = earlier.ended;
        crate::arrivals::submit(&self.engine, job, spec, earlier.rows);
    }

    /// The same job was submitted once more.
    pub(crate) fn again(&self, job: &Job, epoch: u64) -> Result<JobReceipt, SubmitError> {
        if epoch > job.epoch() {
            // Of a job that has ended: whoever hears of the end under this epoch goes on to another job. An earlier
            // submission that is still on its way to another server must find there that it comes too late.
            if !job.is_closed() {
                self.check_place(job, epoch)?;
            }
            // The journal first: if the process ends before the next line, the next one would take an owner's file of an
            // epoch that its journal does not know for another server's, and let the job go.
            let raised = Entry::Raised { key: job.receipt.job_key.clone(), epoch };
            let raised = self.engine.means.journal.commit(raised);
            raised.map_err(|why| SubmitError::Unavailable { why: why.to_string() })?;
        }
        if job.raise_epoch(epoch) && !job.is_closed() {
            self.take_shelf(job, &BTreeMap::new()).inspect_err(|_| {
                if self.check_place(job, epoch).is_err() {
                    job.depose();
                }
            })?;
        }
        Ok(job.receipt.clone())
    }

    /// Becomes the owner of the job's folder of results. Answers the tasks of `committed` that are done.
    pub(crate) fn take_shelf(
        &self,
        job: &Job,
        committed: &BTreeMap<u32, Output>,
    ) -> Result<BTreeSet<u32>, SubmitError> {
        let Tasks::Folder { folder, names, .. } = &job.tasks else { return Ok(BTreeSet::new()) };
        let means = &self.engine.means;
        let unwritable = |cause: io::Error| {
            invalid(
                "data_path",
                format!(
                    "the results in {:?} cannot be taken charge of ({cause}): the server needs room and the right to write in its output_dir",
                    folder.base
                ),
            )
        };
        let _changes = means.shelves.lock().unwrap_or_else(PoisonError::into_inner);
        if job.is_closed() || job.is_left() {
            // Its folder is given back behind this lock: who took it again now would leave its owner's file there.
            return Ok(BTreeSet::new());
        }
        let shelf = FolderShelf::new(folder, means.durable());
        // Of two servers that come with different jobs at the same moment, the second one is to see the first.
        let _turn = shelf.turn();
        let owner = job.owner(means.incarnation);
        if let Some(other) = shelf.is_taken_from(&owner).map_err(unwritable)? {
            return Err(invalid(
                "data_path",
                format!(
                    "job '{}' of another server is writing to the output_dir of {:?}: wait for its end, or cancel it",
                    other.key, folder.base
                ),
            ));
        }
        let name_of = |task: u32| names.get(task as usize).map(ToString::to_string);
        // Whoever hung before it took the folder must not publish into one that others have used meanwhile.
        // And whoever takes it later than the other server told its end has nothing to do any more.
        let latest = JobRequest { epoch: owner.epoch, ..job.request.clone() };
        let has_moved =
            || self.check_place(job, owner.epoch).is_err() || self.ended_elsewhere(&latest).is_some();
        match publication::take_over::<_, Infallible>(&shelf, &owner, committed, name_of, has_moved) {
            Ok(done) => {
                shelf.make_bench(&owner).map_err(unwritable)?;
                job.hold(shelf.into_held());
                Ok(done)
            }
            Err(NotPublished::Deposed) => {
                shelf.give_back(&owner);
                self.check_place(job, owner.epoch)?;
                Err(elsewhere("a later submission of this job is at work at another server"))
            }
            Err(NotPublished::Shelf(cause)) => Err(unwritable(cause)),
        }
    }

    /// What other servers, whose journals lie beside ours, have published of a job that comes from one of them.
    fn published_elsewhere(&self, job: &Job) -> BTreeMap<u32, Output> {
        let Tasks::Folder { names, mix, divided: None, .. } = &job.tasks else { return BTreeMap::new() };
        // Without a seed of its own the job draws operations by this server's luck, and they drew them by theirs.
        let is_other_work = mix.is_mixed() && job.request.seed.is_none();
        if job.epoch() <= 1 || is_other_work {
            return BTreeMap::new();
        }
        let index: BTreeMap<&str, u32> = names.iter().map(|name| &**name).zip(0..).collect();
        let mut found = BTreeMap::new();
        for kept in self.kept_elsewhere(&job.receipt.job_key) {
            let theirs = kept.published.iter().filter_map(|(&task, output)| {
                let name = kept.accepted.names.get(task as usize)?;
                Some((*index.get(name.as_str())?, output.clone()))
            });
            found.extend(theirs);
        }
        found
    }

    /// Whether this submission of the job may be worked on here.
    fn check_place(&self, job: &Job, epoch: u64) -> Result<(), SubmitError> {
        match self.place_elsewhere(&job.receipt.job_key, epoch, &job.request) {
            None => Ok(()),
            Some(Elsewhere::AtWork) => {
                Err(elsewhere("a later submission of this job is at work at another server"))
            }
            Some(Elsewhere::Ended) => {
                Err(elsewhere("this submission of the job has ended at another server: ask that one"))
            }
        }
    }

    /// What servers whose journals lie beside ours have done about this submission of the job, or a later one.
    pub(crate) fn place_elsewhere(&self, key: &str, epoch: u64, request: &JobRequest) -> Option<Elsewhere> {
        let kept = self.kept_elsewhere(key);
        if kept.iter().any(|kept| kept.accepted.epoch > epoch) {
            return Some(Elsewhere::AtWork);
        }
        let has_ended = |kept: &Kept| {
            kept.accepted.epoch == epoch
                && kept.report.is_some()
                && JobReceipt::from_bytes(&kept.accepted.receipt).is_ok_and(|receipt| {
                    JobRequest::from_bytes(&kept.accepted.request)
                        .is_ok_and(|theirs| is_same(&theirs, receipt.seed, request))
                })
        };
        kept.iter().any(has_ended).then_some(Elsewhere::Ended)
    }

    pub(crate) fn kept_elsewhere(&self, key: &str) -> Vec<Kept> {
        let others = beside(&self.terms.state).into_iter();
        others.filter_map(|state| read_job(&state, key)).collect()
    }
}

/// Everything in the folder in which `state` lies, but `state` itself.
fn beside(state: &Path) -> Vec<PathBuf> {
    let own = state.canonicalize().unwrap_or_default();
    // A bare name has no parent of its own.
    let whole = std::path::absolute(state).unwrap_or_default();
    let entries = whole.parent().and_then(|parent| fs::read_dir(parent).ok());
    let others = entries.into_iter().flatten().flatten().map(|entry| entry.path());
    others.filter(|other| other.canonicalize().is_ok_and(|other| other != own)).collect()
}

/// What the journal in `state` tells of a job, if it is a journal. Its server may be writing it, and it may tell of a
/// thousand other jobs.
fn read_job(state: &Path, key: &str) -> Option<Kept> {
    let bytes = crate::journal::peek(state).ok()?;
    let mut book = Book::new(usize::MAX);
    for frame in journal::frame::replay(&bytes).ok()?.frames {
        let entries = Entry::all(frame.payload).ok()?.into_iter();
        entries.filter(|entry| entry.key() == key).for_each(|entry| book.apply(entry));
    }
    book.job(key).cloned()
}

impl Earlier {
    /// A task whose result is published and of which no more is known.
    pub(crate) fn add_done(&mut self, job: &Job, task: u32, run: &Text) {
        self.ended.push((TaskIndex(task), TaskEnd::Done));
        let nothing = Text::from("");
        self.rows.push(TaskRow {
            run: Text::clone(run),
            job_key: Text::clone(&job.words.job_key),
            task: u64::from(task),
            image: job.tasks.name(task as usize),
            outcome: TaskOutcome::Done,
            reason: Text::from("published before this server took the job over"),
            attempts: 0,
            rejections: 0,
            delays: 0,
            lost: 0,
            node: nothing,
            submitted_us: 0,
            started_us: 0,
            ended_us: 0,
            latency_us: 0,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_that_is_named_without_a_folder_has_others_beside_it() {
        // Tests run in the folder of their crate.
        let found = beside(Path::new("src"));
        let here = |name: &str| std::path::absolute(name).unwrap();
        assert!(found.contains(&here("Cargo.toml")), "{found:?}");
        assert!(!found.contains(&here("src")), "its own is none of the others");
        assert_eq!(beside(&here("src")).len(), found.len());
    }
}
