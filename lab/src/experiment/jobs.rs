//! Jobs on a local cluster, one after the other: submit, follow to the end, report.

use super::interrupt::Interrupt;
use crate::local_cluster::{LocalCluster, LocalClusterError};
use std::cell::Cell;
use std::process;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use wire::job::{JobReceipt, JobReport, JobRequest, JobState, SubmitError, UnknownJob};
use wire::{CallError, PoolSettings, ServerClient};

/// How long a server on this machine may take for an answer.
const ANSWER_TIME: Duration = Duration::from_secs(10);

/// How long one question for the progress waits: the delay with which Ctrl-C is heard.
const FOLLOW_TIME: Duration = Duration::from_millis(100);

/// Why a job did not go through.
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

/// The client of one cluster's server.
#[derive(Debug)]
pub struct Jobs<'a> {
    cluster: &'a LocalCluster,
    interrupt: &'a Interrupt,
    server: ServerClient,
    key: String,
    submitted: Cell<u64>,
}

impl<'a> Jobs<'a> {
    /// Jobs for `cluster`, cancelled when `interrupt` asks for it.
    pub fn on(cluster: &'a LocalCluster, interrupt: &'a Interrupt) -> Jobs<'a> {
        let server = ServerClient::new(cluster.server_address().to_string(), PoolSettings::default());
        Jobs { cluster, interrupt, server, key: session_key(), submitted: Cell::new(0) }
    }

    /// Submits `request` under a new key and follows the job to its end.
    ///
    /// # Errors
    /// If the job is not taken, is given up, or its server is lost; and when the user asks for an end.
    pub fn run(&self, request: JobRequest) -> Result<(JobReceipt, JobReport), RunError> {
        self.run_seen(request, |_| {})
    }

    /// As [`Jobs::run`]; `taken` sees the receipt before the job is followed.
    ///
    /// # Errors
    /// As [`Jobs::run`].
    pub fn run_seen(
        &self,
        request: JobRequest,
        taken: impl FnOnce(&JobReceipt),
    ) -> Result<(JobReceipt, JobReport), RunError> {
        let number = self.submitted.replace(self.submitted.get() + 1);
        let request = JobRequest { job_key: format!("{}-{number}", self.key), ..request };
        let lost = |source| RunError::Call { source, last_words: self.cluster.server().last_words() };
        let receipt = self.server.submit(&request, ANSWER_TIME).map_err(lost)?.map_err(RunError::Refused)?;
        taken(&receipt);
        loop {
            let progress = self.server.progress(&receipt.job_key, FOLLOW_TIME).map_err(lost)??;
            if progress.state != JobState::Running {
                break;
            }
            if let Some(status) = self.interrupt.asked() {
                self.server.cancel(&receipt.job_key, ANSWER_TIME).map_err(lost)??;
                return Err(RunError::Interrupted { status });
            }
        }
        let report = self.server.report(&receipt.job_key, ANSWER_TIME).map_err(lost)??;
        if report.progress.state == JobState::NoNode {
            return Err(RunError::NoNode {
                strategy: receipt.strategy,
                seed: receipt.seed,
                why: report.why.unwrap_or_else(|| "no node took work".to_owned()),
            });
        }
        Ok((receipt, report))
    }
}

/// Unique for ever among the jobs of this machine: when and by which process.
fn session_key() -> String {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("lab-{}-{}", since_epoch.as_micros(), process::id())
}
