//! Runs an experiment: starts the processes, submits job after job, follows each to its end.

use super::interrupt::Interrupt;
use super::{Experiment, Trial};
use crate::local_cluster::{LocalCluster, LocalClusterError};
use std::path::PathBuf;
use std::process;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use wire::job::{JobReceipt, JobReport, JobRequest, JobState, SubmitError, UnknownJob};
use wire::{CallError, PoolSettings, ServerClient};

/// How long a server on this machine may take for an answer.
const ANSWER_TIME: Duration = Duration::from_secs(10);

/// How long one question for the progress waits: the delay with which Ctrl-C is heard.
const FOLLOW_TIME: Duration = Duration::from_millis(100);

/// An experiment that went through.
#[derive(Clone, Debug, Default)]
pub struct Finished {
    /// Folders of the records, one a server.
    pub run_folders: Vec<PathBuf>,
    /// Images that failed in every job alike, with their reasons: as the first job told them.
    pub failures: Vec<String>,
}

/// Why an experiment did not go through.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The processes could not be started.
    #[error(transparent)]
    Cluster(#[from] LocalClusterError),
    /// The server does not take the job as it stands.
    #[error("{0}")]
    Refused(SubmitError),
    /// No node took work.
    #[error("{strategy} under seed {seed} was given up: {why}")]
    NoNode {
        /// The job's strategy.
        strategy: String,
        /// The job's seed.
        seed: u64,
        /// The server's words.
        why: String,
    },
    /// The server was lost.
    #[error("{source}{last_words}")]
    Call {
        /// What happened to the call.
        source: CallError,
        /// The end of the server's log.
        last_words: String,
    },
    /// The server forgot the job, so it must have been started anew.
    #[error(transparent)]
    Forgotten(#[from] UnknownJob),
    /// The user asked for an end.
    #[error("interrupted: the processes are stopped, finished jobs are in the records")]
    Interrupted {
        /// Exit status that the signal asks for.
        status: u8,
    },
}

/// What the runner tells while it runs.
pub trait Observer {
    /// All processes are ready.
    fn started(&mut self, _cluster: &LocalCluster) {}
    /// Job `index` of all is submitted.
    fn begun(&mut self, _index: usize, _trial: &Trial) {}
    /// A job ended.
    fn ended(&mut self, _report: &JobReport) {}
}

/// Runs all trials on one cluster. Whatever happens, no process is left behind.
///
/// # Errors
/// The first reason not to go on.
pub fn run(
    experiment: &Experiment,
    interrupt: &Interrupt,
    observer: &mut dyn Observer,
) -> Result<Finished, RunError> {
    let cluster = LocalCluster::start(&experiment.cluster)?;
    observer.started(&cluster);
    let server = ServerClient::new(cluster.server_address().to_string(), PoolSettings::default());
    let session = Session { experiment, interrupt, cluster: &cluster, server, key: session_key() };
    let mut finished = Finished::default();
    for (index, trial) in experiment.trials().iter().enumerate() {
        observer.begun(index, trial);
        let (receipt, report) = session.run(index, trial)?;
        observer.ended(&report);
        let folder = PathBuf::from(receipt.run_folder);
        if !finished.run_folders.contains(&folder) {
            finished.run_folders.push(folder);
        }
        if finished.failures.is_empty() {
            let sentences =
                report.failures.iter().map(|failure| format!("{}: {}", failure.file_name, failure.why));
            finished.failures = sentences.collect();
        }
    }
    Ok(finished)
}

/// What all jobs of one experiment share.
struct Session<'a> {
    experiment: &'a Experiment,
    interrupt: &'a Interrupt,
    cluster: &'a LocalCluster,
    server: ServerClient,
    key: String,
}

impl Session<'_> {
    fn run(&self, index: usize, trial: &Trial) -> Result<(JobReceipt, JobReport), RunError> {
        let request = self.request(index, trial);
        let submitted = self.server.submit(&request, ANSWER_TIME).map_err(|source| self.lost(source))?;
        let receipt = submitted.map_err(RunError::Refused)?;
        loop {
            let progress =
                self.server.progress(&receipt.job_key, FOLLOW_TIME).map_err(|source| self.lost(source))??;
            if progress.state != JobState::Running {
                break;
            }
            if let Some(status) = self.interrupt.asked() {
                self.server.cancel(&receipt.job_key, ANSWER_TIME).map_err(|source| self.lost(source))??;
                return Err(RunError::Interrupted { status });
            }
        }
        let report =
            self.server.report(&receipt.job_key, ANSWER_TIME).map_err(|source| self.lost(source))??;
        if report.progress.state == JobState::NoNode {
            return Err(RunError::NoNode {
                strategy: trial.strategy.clone(),
                seed: trial.seed,
                why: report.why.unwrap_or_else(|| "no node took work".to_owned()),
            });
        }
        Ok((receipt, report))
    }

    fn request(&self, index: usize, trial: &Trial) -> JobRequest {
        JobRequest {
            job_key: format!("{}-{index}", self.key),
            epoch: 1,
            source: self.experiment.source.clone(),
            strategy: trial.strategy.clone(),
            admission: None,
            operation: self.experiment.operation.clone(),
            seed: Some(trial.seed),
            max_in_flight: self.experiment.max_in_flight,
            max_attempts: self.experiment.max_attempts,
            label: Some(self.experiment.cluster.label.clone()),
        }
    }

    fn lost(&self, source: CallError) -> RunError {
        RunError::Call { source, last_words: self.cluster.server().last_words() }
    }
}

/// Unique for ever among the jobs of this machine: when and by which process.
fn session_key() -> String {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("lab-{}-{}", since_epoch.as_micros(), process::id())
}
