//! Jobs as they are shown.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
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
    /// `host:port` of the server that has it.
    pub(crate) server: String,
    /// Count of its submissions: of two servers with the same job the one with the higher epoch has it.
    pub(crate) epoch: u64,
}

pub(crate) const fn state_word(state: JobState) -> &'static str {
    match state {
        JobState::Running => "running",
        JobState::Done => "done",
        JobState::Partial => "partial",
        JobState::Cancelled => "cancelled",
        JobState::NoNode => "no_node",
        JobState::Other(_) => "unknown",
    }
}

impl Job {
    /// Whether it is not known to have ended; it may be paused.
    pub(crate) fn is_running(&self) -> bool {
        matches!(self.state.as_str(), "running" | "paused" | "unknown")
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

/// All jobs of several servers, each where it is by now; the newest first.
pub(crate) fn merged<'lists>(lists: impl IntoIterator<Item = &'lists [Job]>) -> Vec<Job> {
    let mut best: BTreeMap<&str, &Job> = BTreeMap::new();
    for job in lists.into_iter().flatten() {
        let rank = |job: &Job| (job.epoch, job.is_running());
        best.entry(&job.key)
            .and_modify(|known| {
                if rank(job) > rank(known) {
                    *known = job
                }
            })
            .or_insert(job);
    }
    let mut jobs: Vec<Job> = best.into_values().cloned().collect();
    jobs.sort_by(|a, b| b.submitted_ms.cmp(&a.submitted_ms).then_with(|| a.key.cmp(&b.key)));
    jobs
}

impl Job {
    /// A job as the server at `server` sees it.
    pub(crate) fn of(view: JobView, server: &str) -> Job {
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
            server: server.to_owned(),
            epoch: view.request.epoch,
        };
        job.update(&view.progress);
        job
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::strategies::tests::job;

    #[test]
    fn a_job_that_another_server_took_over_is_shown_where_it_is() {
        let at = |key: &str, state: &str, server: &str, epoch| Job {
            server: server.to_owned(),
            epoch,
            ..job(key, "random", state)
        };
        let first = [at("a", "cancelled", "h:1", 1), at("b", "running", "h:1", 3), at("c", "done", "h:1", 1)];
        let second = [at("a", "running", "h:2", 2), at("b", "done", "h:2", 2)];
        let both = merged([first.as_slice(), second.as_slice()]);
        let seen: Vec<_> =
            both.iter().map(|job| (job.key.as_str(), job.state.as_str(), job.server.as_str())).collect();
        assert_eq!(seen, [("a", "running", "h:2"), ("b", "running", "h:1"), ("c", "done", "h:1")]);
        assert_eq!(merged([second.as_slice(), first.as_slice()]), both, "the order of servers says nothing");
    }

    #[test]
    fn the_newest_job_comes_first() {
        let at = |key: &str, submitted_ms| Job { submitted_ms, ..job(key, "random", "done") };
        let jobs = merged([[at("a", 1), at("b", 3)].as_slice(), [at("c", 2)].as_slice()]);
        assert_eq!(jobs.iter().map(|job| job.key.as_str()).collect::<Vec<_>>(), ["b", "c", "a"]);
    }
}
