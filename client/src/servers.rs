//! Which servers there are, and the talk with one of them.

use crate::arguments::Arguments;
use crate::error::ClientError;
use cluster::{Address, Machines};
use std::time::Duration;
use wire::job::{JobProgress, JobReceipt, JobReport, JobRequest, SubmitError, UnknownJob};
use wire::{CallError, Credentials, PoolSettings, ServerClient};

/// The server of the command line, or else those of `machine.txt` in failover order.
///
/// # Errors
/// If `machine.txt` is needed and cannot be used.
pub fn addresses(arguments: &Arguments) -> Result<Vec<Address>, ClientError> {
    if let Some(server) = &arguments.server {
        return Ok(vec![server.clone()]);
    }
    let machines = Machines::load(&arguments.machines)?;
    Ok(machines.servers().map(|machine| machine.address.clone()).collect())
}

/// Why a talk ended before the job did.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The server cannot be reached, or takes no new work: another may. A sentence without its full stop.
    Unusable(String),
    /// The server had the job, or may have had it, and does not answer any more. What is known of it.
    Lost(String),
    /// The request cannot be served as it stands, by no server.
    Invalid {
        /// The field at fault, as the interface names it.
        field: String,
        /// The server's sentence.
        why: String,
    },
}

/// How long a server may take to look through the folder and take the job.
const SUBMIT: Duration = Duration::from_secs(60);

/// How long it may take for what needs no looking.
const ANSWER: Duration = Duration::from_secs(10);

/// A talk with one server.
pub(crate) struct Conversation(ServerClient);

impl Conversation {
    pub(crate) fn new(server: &Address, credentials: Credentials) -> Conversation {
        let settings = PoolSettings { connections: 1, credentials, ..PoolSettings::default() };
        Conversation(ServerClient::new(server.to_string(), settings))
    }

    pub(crate) fn submit(&self, request: &JobRequest) -> Result<JobReceipt, Trouble> {
        let address = self.0.address();
        match self.0.submit(request, SUBMIT) {
            Ok(Ok(receipt)) => Ok(receipt),
            Ok(Err(SubmitError::Invalid { field, why })) => Err(Trouble::Invalid { field, why }),
            Ok(Err(SubmitError::Unavailable { why })) => {
                Err(Trouble::Unusable(format!("the server at {address} takes no job now: {why}")))
            }
            Err(CallError::Unreachable { why, .. }) => {
                Err(Trouble::Unusable(format!("cannot reach the server at {address}: {why}")))
            }
            Err(CallError::UnknownMethod { .. }) => Err(Trouble::Unusable(format!(
                "the server at {address} knows only the original's interface, not jobs of ours"
            ))),
            Err(error) if error.never_begun() => {
                Err(Trouble::Unusable(format!("the server cannot be used: {error}")))
            }
            Err(error) => Err(lost(&error)),
        }
    }

    pub(crate) fn progress(&self, job_key: &str, wait: Duration) -> Result<JobProgress, Trouble> {
        known(self.0.progress(job_key, wait))
    }

    pub(crate) fn report(&self, job_key: &str) -> Result<JobReport, Trouble> {
        known(self.0.report(job_key, ANSWER))
    }

    pub(crate) fn cancel(&self, job_key: &str) -> Result<(), Trouble> {
        known(self.0.cancel(job_key, ANSWER))
    }
}

fn known<T>(answer: Result<Result<T, UnknownJob>, CallError>) -> Result<T, Trouble> {
    match answer {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(unknown)) => Err(lost(&unknown)),
        Err(error) => Err(lost(&error)),
    }
}

fn lost(error: &dyn std::fmt::Display) -> Trouble {
    Trouble::Lost(error.to_string())
}
