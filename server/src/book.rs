//! The jobs that the server knows, by key: those that run, and the latest that have ended.

use crate::job::{Job, Tasks};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use wire::job::{JobRequest, SubmitError};

/// Jobs whose reports are kept after their end.
const MOST_KEPT: usize = 1_000;

/// Jobs by key.
#[derive(Debug, Default)]
pub(crate) struct Book {
    pub(crate) jobs: BTreeMap<String, Arc<Job>>,
    /// Keys in order of submission, for forgetting the oldest.
    pub(crate) order: VecDeque<String>,
    pub(crate) next: u64,
}

/// A request that cannot be served as it stands.
pub(crate) fn invalid(field: &str, why: impl ToString) -> SubmitError {
    SubmitError::Invalid { field: field.to_owned(), why: why.to_string() }
}

impl Book {
    /// The job of that key, if it is known; an error if the key stands for another request.
    pub(crate) fn known(&self, request: &JobRequest) -> Result<Option<&Arc<Job>>, SubmitError> {
        let Some(job) = self.jobs.get(&request.job_key) else { return Ok(None) };
        if job.is_deposed() {
            return if request.epoch > job.request.epoch && job.is_closed() {
                // It comes back under a newer submission.
                Ok(None)
            } else {
                let why = format!("another server goes on with job '{}'", request.job_key);
                Err(SubmitError::Unavailable { why })
            };
        }
        let same = JobRequest { epoch: job.request.epoch, ..request.clone() } == job.request;
        if same {
            Ok(Some(job))
        } else {
            Err(invalid(
                "job_key",
                format!("the key '{}' stands for another job: use a new one", request.job_key),
            ))
        }
    }

    /// Two jobs that write to one folder would mix their results.
    pub(crate) fn check_output(&self, tasks: &Tasks) -> Result<(), SubmitError> {
        let Tasks::Folder { folder, .. } = tasks else { return Ok(()) };
        let writes_there = |job: &&Arc<Job>| match &job.tasks {
            Tasks::Folder { folder: other, .. } => other.base == folder.base && !job.is_closed(),
            Tasks::Synthetic { .. } => false,
        };
        match self.jobs.values().find(writes_there) {
            None => Ok(()),
            Some(job) => Err(invalid(
                "data_path",
                format!(
                    "job '{}' is writing to the output_dir of {:?}: wait for its end, or cancel it",
                    job.receipt.job_key, folder.base
                ),
            )),
        }
    }

    pub(crate) fn enter(&mut self, job: &Arc<Job>) {
        let is_new = self.jobs.insert(job.receipt.job_key.clone(), Arc::clone(job)).is_none();
        if is_new {
            self.order.push_back(job.receipt.job_key.clone());
        }
        for _ in MOST_KEPT..self.order.len() {
            let Some(key) = self.order.pop_front() else { break };
            if self.jobs.get(&key).is_some_and(|job| job.is_closed()) {
                self.jobs.remove(&key);
            } else {
                self.order.push_back(key);
            }
        }
    }
}
