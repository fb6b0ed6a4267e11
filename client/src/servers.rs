//! Which servers there are, and the talk with one of them.

use crate::arguments::Arguments;
use crate::error::ClientError;
use crate::interrupt::Interrupt;
use cluster::{Address, Machines};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, TryRecvError};
use std::thread;
use std::time::{Duration, Instant};
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
    /// The server takes no new work now, and that passes: nobody leads, or the server is started anew. A sentence without
    /// its full stop.
    NotNow(String),
    /// The server had the job, or may have had it, and does not answer any more. What is known of it.
    Lost(String),
    /// The user wanted to stop while the server was silent.
    Interrupted,
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

/// How long it may take to say that it lives.
const SIGN_OF_LIFE: Duration = Duration::from_secs(2);

/// Time between two questions for a sign of life.
const BETWEEN_SIGNS: Duration = Duration::from_millis(500);

/// How long it may take for what needs no looking.
const ANSWER: Duration = Duration::from_secs(10);

/// A talk with one server.
pub(crate) struct Conversation(Arc<ServerClient>);

/// How often a blocked call looks whether the user wants to stop.
const LOOK: Duration = Duration::from_millis(20);

impl Conversation {
    pub(crate) fn new(server: &Address, credentials: Credentials) -> Conversation {
        let settings = PoolSettings { connections: 2, credentials, ..PoolSettings::default() };
        Conversation(Arc::new(ServerClient::new(server.to_string(), settings)))
    }

    /// Whether the server's process answers: one that is frozen still has a port that takes connections.
    pub(crate) fn check(&self) -> Result<(), Trouble> {
        match self.0.ping(SIGN_OF_LIFE) {
            // What else there is to say of it the submission will say.
            Ok(()) | Err(CallError::UnknownMethod { .. }) => Ok(()),
            Err(CallError::Unreachable { why, .. }) => {
                Err(Trouble::Unusable(format!("cannot reach the server at {}: {why}", self.0.address())))
            }
            Err(error) => Err(Trouble::Unusable(format!("the server cannot be used: {error}"))),
        }
    }

    /// Hands the job in. The user is told if the server is silent meanwhile: it may have taken the job.
    pub(crate) fn submit(&self, request: &JobRequest, interrupt: &Interrupt) -> Result<JobReceipt, Trouble> {
        let address = self.0.address();
        let (client, job) = (Arc::clone(&self.0), request.clone());
        let mut is_told = interrupt.asked();
        let mut pulse = Pulse::of(&self.0);
        let look = || {
            if interrupt.asked() && !is_told {
                is_told = true;
                eprintln!(
                    "client: cancelling the job as soon as the server answers; once more to leave at once"
                );
            }
            pulse.feel()
        };
        match patiently(move || client.submit(&job, SUBMIT), look)? {
            Ok(Ok(receipt)) => Ok(receipt),
            Ok(Err(SubmitError::Invalid { field, why })) => Err(Trouble::Invalid { field, why }),
            Ok(Err(SubmitError::Unavailable { why })) => {
                Err(Trouble::Unusable(format!("the server at {address} takes no job now: {why}")))
            }
            Ok(Err(SubmitError::NotNow { why, .. })) => {
                Err(Trouble::NotNow(format!("the server at {address} takes no job now: {why}")))
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

    /// Where the job stands; the call is given up as soon as the user wants to stop.
    pub(crate) fn progress(
        &self,
        job_key: &str,
        wait: Duration,
        interrupt: &Interrupt,
    ) -> Result<JobProgress, Trouble> {
        let (client, key) = (Arc::clone(&self.0), job_key.to_owned());
        let was_asked = interrupt.asked();
        let stop = || !was_asked && interrupt.asked();
        known(patiently(
            move || client.progress(&key, wait),
            || if stop() { Err(Trouble::Interrupted) } else { Ok(()) },
        )?)
    }

    pub(crate) fn report(&self, job_key: &str) -> Result<JobReport, Trouble> {
        known(self.0.report(job_key, ANSWER))
    }

    pub(crate) fn cancel(&self, job_key: &str) -> Result<(), Trouble> {
        known(self.0.cancel(job_key, ANSWER))
    }
}

/// Whether a server lives that may take long to answer another call: it is asked for a sign of life now and then.
struct Pulse {
    client: Arc<ServerClient>,
    felt: Instant,
    asked: Option<mpsc::Receiver<Result<(), CallError>>>,
}

impl Pulse {
    fn of(client: &Arc<ServerClient>) -> Pulse {
        Pulse { client: Arc::clone(client), felt: Instant::now(), asked: None }
    }

    /// Never waits.
    fn feel(&mut self) -> Result<(), Trouble> {
        match self.asked.as_ref().map(mpsc::Receiver::try_recv) {
            None if self.felt.elapsed() < BETWEEN_SIGNS => {}
            None => {
                let (answer, answered) = mpsc::channel();
                let client = Arc::clone(&self.client);
                let asking = thread::Builder::new().name("pulse".to_owned()).spawn(move || {
                    // Nobody listens any more if the other call has ended.
                    let _ = answer.send(client.ping(SIGN_OF_LIFE));
                });
                // Without a thread for it the call's own time-out is what is left.
                self.asked = asking.is_ok().then_some(answered);
                self.felt = Instant::now();
            }
            Some(Err(TryRecvError::Empty)) => {}
            Some(Ok(Ok(()) | Err(CallError::UnknownMethod { .. })) | Err(TryRecvError::Disconnected)) => {
                self.asked = None;
                self.felt = Instant::now();
            }
            Some(Ok(Err(error))) => return Err(lost(&error)),
        }
        Ok(())
    }
}

/// Carries a call out on a thread of its own, and looks meanwhile whether to go on waiting for it.
fn patiently<T: Send + 'static>(
    call: impl FnOnce() -> T + Send + 'static,
    mut look: impl FnMut() -> Result<(), Trouble>,
) -> Result<T, Trouble> {
    let (answer, answered) = mpsc::channel();
    let asking = thread::Builder::new().name("call".to_owned()).spawn(move || {
        // Nobody listens any more if the user wanted to stop.
        let _ = answer.send(call());
    });
    asking.map_err(|error| Trouble::Lost(format!("no thread can be had: {error}")))?;
    loop {
        match answered.recv_timeout(LOOK) {
            Ok(answer) => return Ok(answer),
            Err(RecvTimeoutError::Timeout) => look()?,
            Err(RecvTimeoutError::Disconnected) => {
                return Err(Trouble::Lost("the call ended without an answer".to_owned()));
            }
        }
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
