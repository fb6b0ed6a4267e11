//! A server that ends leaves its jobs to the next process with the same state.
//!
//! Nothing new begins, attempts in flight may come back and be published, then the folders are given back: no temporary
//! file stays, and a node that answers later finds no folder. What is not done is in the journal as before, so the next
//! process goes on as it does after a crash.

use crate::job::Job;
use crate::service::Service;
use crate::stop::End;
use scheduler::Event;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use wire::job::{JobRequest, SubmitError};

/// Time between two looks at what is in flight.
const LOOK: Duration = Duration::from_millis(20);
/// How long clients are told that their jobs are left: those that follow a job ask more often.
const LAST_WORDS: Duration = Duration::from_millis(300);
/// When a client that is refused may ask again: the next process needs a moment.
const AGAIN_AFTER: Duration = Duration::from_millis(500);

/// The sentence for whoever asks about a job that is left.
pub(crate) fn why(job_key: &str) -> String {
    format!("the server is shutting down, and job '{job_key}' goes on when it is started again")
}

impl Service {
    pub(crate) fn is_leaving(&self) -> bool {
        self.leaving.load(Ordering::Acquire)
    }

    /// Refuses everybody once jobs are left to the next process.
    ///
    /// # Errors
    /// If they are.
    pub(crate) fn check_stays(&self, request: &JobRequest) -> Result<(), SubmitError> {
        if !self.is_leaving() {
            return Ok(());
        }
        let known = self.book().get(&request.job_key).is_some();
        if known {
            return Err(SubmitError::NotNow { why: why(&request.job_key), again_after: AGAIN_AFTER });
        }
        Err(SubmitError::Unavailable { why: "the server is shutting down and takes no new job".to_owned() })
    }

    /// Leaves the unfinished jobs as they are. Attempts in flight get `longest` to come back.
    pub(crate) fn leave_jobs(&self, longest: Duration) -> End {
        self.leaving.store(true, Ordering::Release);
        for job in self.engine.running() {
            self.engine.tell(Event::JobPaused { job: job.id });
        }
        let deadline = Instant::now() + longest;
        while self.unfinished().iter().any(|job| self.is_in_flight(job)) && Instant::now() < deadline {
            std::thread::sleep(LOOK);
        }
        let left = self.unfinished();
        for job in &left {
            job.leave();
            // Who comes back from now on finds no folder, and the journal is as it was.
            self.engine.means.give_back(job);
            log::info!(
                "job '{}' is not done: it goes on when the server is started again with the same --state",
                job.receipt.job_key
            );
        }
        if left.is_empty() {
            return End::Drained;
        }
        std::thread::sleep(LAST_WORDS);
        End::Left
    }

    /// Whether something of the job is on its way: attempts, or its end to the journal.
    fn is_in_flight(&self, job: &Arc<Job>) -> bool {
        if job.is_closed() {
            return job.wait_for_news(Duration::ZERO).is_none();
        }
        self.engine.running_report(job.id).is_some_and(|report| report.progress.in_flight > 0)
    }
}
