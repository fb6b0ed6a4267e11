//! What a full disk holds up, and how it goes on by itself when there is room again.
//!
//! A result that the journal does not take is no fault of its node, and the next one would fare no better: the job
//! rests, and its attempts in flight are given back without a loss. A job's end that the journal does not take is told to
//! nobody. Both are tried again by the thread that watches the nodes, and whenever somebody submits a job.

use crate::engine::Engine;
use crate::job::Job;
use crate::journal::NotWritten;
use crate::means::Means;
use journal::entry::Entry;
use scheduler::Event;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use wire::job::JobReport;

/// Jobs that wait for room.
#[derive(Debug, Default)]
pub(crate) struct HeldUp(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    /// Results cannot be published.
    resting: Vec<Arc<Job>>,
    /// Ends cannot be told.
    ended: Vec<Arc<Job>>,
}

impl HeldUp {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a job whose results cannot be published; false if that is known.
    fn rest(&self, job: &Arc<Job>) -> bool {
        let mut waiting = self.lock();
        let is_news = !waiting.resting.iter().any(|known| Arc::ptr_eq(known, job));
        if is_news {
            waiting.resting.push(Arc::clone(job));
        }
        is_news
    }

    fn is_resting(&self, job: &Arc<Job>) -> bool {
        self.lock().resting.iter().any(|known| Arc::ptr_eq(known, job))
    }
}

impl Means {
    /// Keeps a job's end until the journal takes it.
    pub(crate) fn put_off(&self, job: &Arc<Job>, report: JobReport, why: &NotWritten) {
        let mut waiting = self.held_up.lock();
        if !waiting.ended.iter().any(|known| Arc::ptr_eq(known, job)) {
            log::error!("the end of job '{}' cannot be told yet: {why}", job.receipt.job_key);
            waiting.ended.push(Arc::clone(job));
        }
        // Whoever tries again finds the report with the job.
        job.put_off(report, why.to_string());
    }
}

impl Engine {
    /// If the journal does not take a result of the job, nothing more of it begins until it does.
    pub(crate) fn hold_up_if(&self, is_refused: bool, job: &Arc<Job>) {
        if !is_refused {
            return;
        }
        let is_paused = self.running_report(job.id).is_some_and(|report| report.progress.paused);
        if is_paused && !self.means.held_up.is_resting(job) {
            // By an operator, who lets it go on.
            return;
        }
        // In this order: what is noted as resting is let go on after it rests.
        self.tell(Event::JobPaused { job: job.id });
        if self.means.held_up.rest(job) {
            log::error!(
                "job '{}' rests: the journal takes no result, free space for it",
                job.receipt.job_key
            );
        }
    }

    /// Tries again what the journal did not take.
    pub(crate) fn try_again(&self) {
        let held_up = &self.means.held_up;
        let (ended, resting) = {
            let waiting = held_up.lock();
            (waiting.ended.clone(), waiting.resting.clone())
        };
        for job in ended {
            if let Some(report) = job.take_put_off() {
                self.means.finish(&job, report);
            }
        }
        held_up.lock().ended.retain(|job| !job.has_ended());
        for job in resting {
            if job.is_closed() || self.has_room(&job) {
                held_up.lock().resting.retain(|known| !Arc::ptr_eq(known, &job));
                if !job.is_closed() && !job.is_left() {
                    log::info!("job '{}' goes on: the journal takes results again", job.receipt.job_key);
                    self.tell(Event::JobResumed { job: job.id });
                }
            }
        }
    }

    /// Whether the journal takes something about the job: an entry that says what it knows.
    fn has_room(&self, job: &Job) -> bool {
        let known = Entry::Raised { key: job.receipt.job_key.clone(), epoch: job.epoch() };
        self.means.journal.commit(known).is_ok()
    }

    /// Why a job that runs does not go on, if a full disk is the cause.
    pub(crate) fn why_held_up(&self, job: &Arc<Job>) -> Option<String> {
        self.means.held_up.is_resting(job).then(|| {
            "the journal takes no result: free space where --state points, the job goes on by itself then"
                .to_owned()
        })
    }
}
