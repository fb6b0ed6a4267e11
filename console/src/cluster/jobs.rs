//! Jobs as they are shown.

use serde::{Deserialize, Serialize};
use std::time::UNIX_EPOCH;
use wire::job::{JobProgress, JobSource, JobState, JobView};

/// A job in a list. Times are microseconds unless the name says otherwise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) key: String,
    pub(crate) label: String,
    pub(crate) strategy: String,
    pub(crate) admission: String,
    pub(crate) operation: String,
    /// Text: readers of JSON lose the last digits of such numbers.
    pub(crate) seed: String,
    pub(crate) state: String,
    pub(crate) tasks: u64,
    pub(crate) done: u64,
    pub(crate) failed: u64,
    pub(crate) attempts: u64,
    pub(crate) rejected: u64,
    pub(crate) delayed: u64,
    pub(crate) lost: u64,
    pub(crate) in_flight: u64,
    pub(crate) elapsed_us: u64,
    pub(crate) submitted_ms: u64,
    /// The job's folder; none for synthetic work.
    pub(crate) folder: Option<String>,
    pub(crate) run_folder: String,
}

pub(crate) const fn state_word(state: JobState) -> &'static str {
    match state {
        JobState::Running => "running",
        JobState::Done => "done",
        JobState::Partial => "partial",
        JobState::Cancelled => "cancelled",
        JobState::NoNode => "no_node",
    }
}

impl Job {
    /// Whether it has not ended; it may be paused.
    pub(crate) fn is_running(&self) -> bool {
        self.state == "running" || self.state == "paused"
    }

    /// Takes over where the job stands now.
    pub(crate) fn update(&mut self, progress: &JobProgress) {
        let paused = progress.paused && progress.state == JobState::Running;
        self.state = if paused { "paused" } else { state_word(progress.state) }.to_owned();
        self.tasks = progress.tasks;
        self.done = progress.done;
        self.failed = progress.failed;
        self.attempts = progress.attempts;
        self.rejected = progress.rejected;
        self.delayed = progress.delayed;
        self.lost = progress.lost;
        self.in_flight = progress.in_flight;
        self.elapsed_us = u64::try_from(progress.elapsed.as_micros()).unwrap_or(u64::MAX);
    }
}

impl From<JobView> for Job {
    fn from(view: JobView) -> Job {
        let since_1970 = view.submitted.duration_since(UNIX_EPOCH).unwrap_or_default();
        let folder = match view.request.source {
            JobSource::Folder { path, .. } => Some(path),
            JobSource::Synthetic { .. } | JobSource::Open { .. } => None,
        };
        let mut job = Job {
            key: view.receipt.job_key,
            label: view.request.label.unwrap_or_default(),
            strategy: view.receipt.strategy,
            admission: view.receipt.admission.to_string(),
            operation: view.receipt.operation,
            seed: view.receipt.seed.to_string(),
            state: String::new(),
            tasks: 0,
            done: 0,
            failed: 0,
            attempts: 0,
            rejected: 0,
            delayed: 0,
            lost: 0,
            in_flight: 0,
            elapsed_us: 0,
            submitted_ms: u64::try_from(since_1970.as_millis()).unwrap_or(0),
            folder,
            run_folder: view.receipt.run_folder,
        };
        job.update(&view.progress);
        job
    }
}
