//! The jobs that a server knows, by key: the running ones and the latest ended ones.

use crate::job::{Job, Tasks};
use crate::journal::MOST_ENDED;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use wire::job::{JobRequest, SubmitError};

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

/// Whether `asked` asks for the job that `known` began under the luck of `seed`. Whoever moves a job to another server
/// names its luck, and whoever names none takes what there is.
pub(crate) fn is_same(known: &JobRequest, seed: u64, asked: &JobRequest) -> bool {
    let is_its_luck = asked.seed.is_none_or(|asked| asked == seed);
    is_its_luck && JobRequest { epoch: asked.epoch, seed: asked.seed, ..known.clone() } == *asked
}

impl Book {
    /// Every job.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Job>> {
        self.jobs.values()
    }

    /// The job of that key.
    pub(crate) fn get(&self, key: &str) -> Option<&Arc<Job>> {
        self.jobs.get(key)
    }

    /// The job of that key, if it is known; an error if the key stands for another request.
    pub(crate) fn known(&self, request: &JobRequest) -> Result<Option<&Arc<Job>>, SubmitError> {
        let Some(job) = self.jobs.get(&request.job_key) else { return Ok(None) };
        if job.is_deposed() {
            return if request.epoch > job.epoch() && job.wait(Duration::ZERO).is_some() {
                // It went elsewhere, and now it comes back.
                Ok(None)
            } else {
                let why = format!("another server goes on with job '{}'", request.job_key);
                Err(SubmitError::Unavailable { why })
            };
        }
        if is_same(&job.request, job.receipt.seed, request) {
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
        let place = folder.place();
        let writes_there = |job: &&Arc<Job>| match &job.tasks {
            Tasks::Folder { folder: other, .. } => {
                job.wait(Duration::ZERO).is_none() && !job.is_deposed() && other.place() == place
            }
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
        self.shorten_ended();
        let known = self.jobs.insert(job.receipt.job_key.clone(), Arc::clone(job));
        if known.is_some() {
            return;
        }
        self.order.push_back(job.receipt.job_key.clone());
        for _ in MOST_ENDED..self.order.len() {
            let Some(key) = self.order.pop_front() else { break };
            if self.jobs.get(&key).is_some_and(|job| job.is_closed()) {
                self.jobs.remove(&key);
            } else {
                self.order.push_back(key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use wire::job::JobSource;

    #[test]
    fn a_job_is_the_same_under_its_own_luck_only() {
        let known = JobRequest::new(
            "k",
            JobSource::Synthetic { tasks: 1, service: Duration::ZERO },
            "random",
            "edges",
        );
        let asked = |epoch, seed| JobRequest { epoch, seed, ..known.clone() };
        assert!(is_same(&known, 99, &asked(1, None)), "the same request");
        assert!(is_same(&known, 99, &asked(2, Some(99))), "who moves it names its luck");
        assert!(!is_same(&known, 99, &asked(2, Some(98))));
        assert!(is_same(&asked(2, Some(99)), 99, &asked(1, None)), "who comes back names none");
        assert!(!is_same(&known, 99, &JobRequest { operation: "blur".to_owned(), ..known.clone() }));
    }
}
