//! Calls to a server: the client program's side.

use super::error::CallError;
use super::exchange::{Input, Output, Raised, Terms};
use super::pool::Pool;
use super::settings::PoolSettings;
use crate::convert::Unfit;
use crate::job::{
    JobProgress, JobReceipt, JobReport, JobRequest, JobView, ServerDescription, SubmitError, UnknownJob,
};
use crate::membership::{NodeRegistered, NodeRegistration, ServerEvents, UnknownNode};
use idl::ballast::{self as interface, BallastServerSyncClient, TBallastServerSyncClient};
use idl::client_server::TClientServerSyncClient;
use std::error::Error;
use std::time::Duration;

/// What a long poll's answer may take beyond the wait that was asked for.
const PROGRESS_MARGIN: Duration = Duration::from_secs(2);

/// Calls one server. Share it between threads.
#[derive(Debug)]
pub struct ServerClient {
    pool: Pool,
}

type Client<'r, 'e> = BallastServerSyncClient<Input<'r, 'e>, Output<'r, 'e>>;

impl ServerClient {
    /// A client of the server at `address`, a `host:port`. Connects with the first call.
    pub fn new(address: impl Into<String>, settings: PoolSettings) -> ServerClient {
        ServerClient { pool: Pool::new(address.into(), settings) }
    }

    /// Whom it calls.
    pub fn address(&self) -> &str {
        &self.pool.address
    }

    /// Asks the process for a sign of life.
    ///
    /// # Errors
    /// If none came in time.
    pub fn ping(&self, time_out: Duration) -> Result<(), CallError> {
        self.call("ping", time_out, true, |mut client| client.ping()).map_err(|raised| self.only_call(raised))
    }

    /// The server and how it sees its nodes.
    ///
    /// # Errors
    /// If no answer came in time; [`CallError::UnknownMethod`] from a server of the original's kind.
    pub fn describe(&self, time_out: Duration) -> Result<ServerDescription, CallError> {
        let described = self.call("describe", time_out, true, |mut client| client.describe());
        let described = described.map_err(|raised| self.only_call(raised))?;
        ServerDescription::try_from(described).map_err(|unfit| self.pool.unfit(unfit))
    }

    /// Hands in a job. The same key and request again answer the same receipt, so a repetition does no harm.
    ///
    /// # Errors
    /// Outside what went wrong on the way, inside why the server does not take the job.
    pub fn submit(
        &self,
        request: &JobRequest,
        time_out: Duration,
    ) -> Result<Result<JobReceipt, SubmitError>, CallError> {
        let request = interface::JobRequest::from(request);
        match self.call("submit", time_out, true, |mut client| client.submit(request)) {
            Ok(receipt) => JobReceipt::try_from(receipt).map(Ok).map_err(|unfit| self.pool.unfit(unfit)),
            Err(Raised::User(exception)) => {
                submit_error(exception).map(Err).ok_or_else(|| self.pool.unknown_exception())
            }
            Err(Raised::Call(error)) => Err(error),
        }
    }

    /// Waits for the job's end, at most `wait`.
    ///
    /// # Errors
    /// Outside what went wrong on the way, inside that the server has no such job.
    pub fn progress(
        &self,
        job_key: &str,
        wait: Duration,
    ) -> Result<Result<JobProgress, UnknownJob>, CallError> {
        let wait_us = i64::try_from(wait.as_micros()).unwrap_or(i64::MAX);
        let request = interface::ProgressRequest { job_key: job_key.to_owned(), wait_us };
        let time_out = wait.saturating_add(PROGRESS_MARGIN);
        let returned = self.call("progress", time_out, true, |mut client| client.progress(request));
        self.of_job(returned, |progress| {
            JobProgress::try_from(progress).map_err(|unfit| self.pool.unfit(unfit))
        })
    }

    /// The whole story of a job.
    ///
    /// # Errors
    /// Outside what went wrong on the way, inside that the server has no such job.
    pub fn report(
        &self,
        job_key: &str,
        time_out: Duration,
    ) -> Result<Result<JobReport, UnknownJob>, CallError> {
        let returned = self.call("report", time_out, true, |mut client| client.report(job_key.to_owned()));
        self.of_job(returned, |report| JobReport::try_from(report).map_err(|unfit| self.pool.unfit(unfit)))
    }

    /// Stops a job: what is done stays, nothing new is begun.
    ///
    /// # Errors
    /// Outside what went wrong on the way, inside that the server has no such job.
    pub fn cancel(&self, job_key: &str, time_out: Duration) -> Result<Result<(), UnknownJob>, CallError> {
        let returned = self.call("cancel", time_out, true, |mut client| client.cancel(job_key.to_owned()));
        self.of_job(returned, Ok)
    }

    /// The jobs that the server knows, the latest first.
    ///
    /// # Errors
    /// If no answer came in time.
    pub fn jobs(&self, running_only: bool, time_out: Duration) -> Result<Vec<JobView>, CallError> {
        let request = interface::JobsRequest { running_only: Some(running_only) };
        let listed = self.call("jobs", time_out, true, |mut client| client.jobs(request));
        let listed = listed.map_err(|raised| self.only_call(raised))?;
        let views = listed.jobs.into_iter().map(JobView::try_from).collect::<Result<_, Unfit>>();
        views.map_err(|unfit| self.pool.unfit(unfit))
    }

    /// Begins no attempt of the job until it is resumed.
    ///
    /// # Errors
    /// Outside what went wrong on the way, inside that the server has no such job.
    pub fn pause_job(&self, job_key: &str, time_out: Duration) -> Result<Result<(), UnknownJob>, CallError> {
        let key = job_key.to_owned();
        let returned = self.call("pause_job", time_out, true, |mut client| client.pause_job(key));
        self.of_job(returned, Ok)
    }

    /// Goes on with a job that was paused.
    ///
    /// # Errors
    /// Outside what went wrong on the way, inside that the server has no such job.
    pub fn resume_job(&self, job_key: &str, time_out: Duration) -> Result<Result<(), UnknownJob>, CallError> {
        let key = job_key.to_owned();
        let returned = self.call("resume_job", time_out, true, |mut client| client.resume_job(key));
        self.of_job(returned, Ok)
    }

    /// Gives the node nothing new until it is resumed or started anew.
    ///
    /// # Errors
    /// Outside what went wrong on the way, inside that the server has no such node.
    pub fn drain(&self, node: &str, time_out: Duration) -> Result<Result<(), UnknownNode>, CallError> {
        let node = node.to_owned();
        self.of_node(self.call("drain", time_out, true, |mut client| client.drain(node)))
    }

    /// Gives a node that was drained work again.
    ///
    /// # Errors
    /// Outside what went wrong on the way, inside that the server has no such node.
    pub fn resume(&self, node: &str, time_out: Duration) -> Result<Result<(), UnknownNode>, CallError> {
        let node = node.to_owned();
        self.of_node(self.call("resume", time_out, true, |mut client| client.resume(node)))
    }

    /// What happened to nodes and jobs since the event numbered `after`, as far as the server keeps it.
    ///
    /// # Errors
    /// If no answer came in time.
    pub fn events(&self, after: u64, time_out: Duration) -> Result<ServerEvents, CallError> {
        let request = interface::EventsRequest { after: i64::try_from(after).unwrap_or(i64::MAX) };
        let listed = self.call("events", time_out, true, |mut client| client.events(request));
        let listed = listed.map_err(|raised| self.only_call(raised))?;
        ServerEvents::try_from(listed).map_err(|unfit| self.pool.unfit(unfit))
    }

    /// Announces a node, or says that it is still there.
    ///
    /// # Errors
    /// Outside what went wrong on the way, inside why the server does not take the node.
    pub fn register_node(
        &self,
        node: &NodeRegistration,
        time_out: Duration,
    ) -> Result<Result<NodeRegistered, SubmitError>, CallError> {
        let node = interface::NodeRegistration::from(node);
        match self.call("register_node", time_out, true, |mut client| client.register_node(node)) {
            Ok(registered) => {
                NodeRegistered::try_from(registered).map(Ok).map_err(|unfit| self.pool.unfit(unfit))
            }
            Err(Raised::User(exception)) => {
                submit_error(exception).map(Err).ok_or_else(|| self.pool.unknown_exception())
            }
            Err(Raised::Call(error)) => Err(error),
        }
    }

    /// The original's call: answers the elapsed seconds as text when all is done.
    ///
    /// # Errors
    /// If no answer came in time; [`CallError::Refused`] with the server's words if the job failed.
    pub fn submit_request(
        &self,
        source_folder: &str,
        is_random: bool,
        time_out: Duration,
    ) -> Result<String, CallError> {
        self.call("submit_request", time_out, false, |mut client| {
            client.submit_request(source_folder.to_owned(), is_random)
        })
        .map_err(|raised| self.only_call(raised))
    }

    /// Connections that wait for a call, and connections that carry one.
    pub fn connections(&self) -> (usize, usize) {
        self.pool.counts()
    }

    fn call<T>(
        &self,
        method: &'static str,
        time_out: Duration,
        repeatable: bool,
        invoke: impl for<'r, 'e> FnOnce(Client<'r, 'e>) -> thrift::Result<T>,
    ) -> Result<T, Raised> {
        let terms = Terms { method, time_out, repeatable, large: None };
        self.pool.call(terms, |input, output| invoke(Client::new(input, output)))
    }

    /// The answer of a method whose only exception is [`UnknownJob`].
    fn of_job<G, T>(
        &self,
        returned: Result<G, Raised>,
        convert: impl FnOnce(G) -> Result<T, CallError>,
    ) -> Result<Result<T, UnknownJob>, CallError> {
        match returned {
            Ok(value) => convert(value).map(Ok),
            Err(Raised::User(exception)) => match exception.downcast::<interface::UnknownJob>() {
                Ok(unknown) => Ok(Err(UnknownJob { job_key: unknown.job_key, why: unknown.why })),
                Err(_) => Err(self.pool.unknown_exception()),
            },
            Err(Raised::Call(error)) => Err(error),
        }
    }

    /// The answer of a method whose only exception is [`UnknownNode`].
    fn of_node(&self, returned: Result<(), Raised>) -> Result<Result<(), UnknownNode>, CallError> {
        match returned {
            Ok(()) => Ok(Ok(())),
            Err(Raised::User(exception)) => match exception.downcast::<interface::UnknownNode>() {
                Ok(unknown) => Ok(Err(UnknownNode { node: unknown.node })),
                Err(_) => Err(self.pool.unknown_exception()),
            },
            Err(Raised::Call(error)) => Err(error),
        }
    }

    fn only_call(&self, raised: Raised) -> CallError {
        match raised {
            Raised::Call(error) => error,
            Raised::User(_) => self.pool.unknown_exception(),
        }
    }
}

/// The exception of the interface that a server raised.
fn submit_error(exception: Box<dyn Error + Send + Sync>) -> Option<SubmitError> {
    match exception.downcast::<interface::InvalidRequest>() {
        Ok(invalid) => Some(SubmitError::Invalid { field: invalid.field, why: invalid.why }),
        Err(other) => {
            let unavailable = other.downcast::<interface::Unavailable>().ok()?;
            let interface::Unavailable { why, again_after_ms } = *unavailable;
            Some(match again_after_ms.and_then(|ms| u64::try_from(ms).ok()) {
                None => SubmitError::Unavailable { why },
                Some(ms) => SubmitError::NotNow { why, again_after: Duration::from_millis(ms) },
            })
        }
    }
}
