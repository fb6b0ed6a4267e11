//! A server's service behind the generated handler.

use super::counters::Counting;
use crate::convert;
use crate::job::{JobRequest, ServerDescription, ServerService};
use crate::membership::NodeRegistration;
use idl::ballast::{self, BallastServerSyncHandler, InvalidRequest};
use idl::client_server::ClientServerSyncHandler;
use std::sync::Arc;

/// The server behind the port.
pub(super) struct Server {
    pub(super) service: Arc<dyn ServerService>,
    /// What happened at the port, of which the service knows nothing.
    pub(super) counting: Arc<Counting>,
}

impl BallastServerSyncHandler for Server {
    fn handle_describe(&self) -> thrift::Result<ballast::ServerDescription> {
        let described = self.service.describe();
        Ok(ServerDescription { port: self.counting.read(), ..described }.into())
    }

    fn handle_submit(&self, request: ballast::JobRequest) -> thrift::Result<ballast::JobReceipt> {
        let request = JobRequest::try_from(request).map_err(InvalidRequest::from)?;
        Ok(self.service.submit(request)?.into())
    }

    fn handle_progress(&self, request: ballast::ProgressRequest) -> thrift::Result<ballast::JobProgress> {
        Ok(self.service.progress(&request.job_key, convert::wait(request.wait_us))?.into())
    }

    fn handle_report(&self, job_key: String) -> thrift::Result<ballast::JobReport> {
        Ok(self.service.report(&job_key)?.into())
    }

    fn handle_cancel(&self, job_key: String) -> thrift::Result<()> {
        Ok(self.service.cancel(&job_key)?)
    }

    fn handle_jobs(&self, request: ballast::JobsRequest) -> thrift::Result<ballast::JobsReply> {
        let jobs = self.service.jobs(request.running_only.unwrap_or(false));
        Ok(ballast::JobsReply { jobs: jobs.into_iter().map(ballast::JobView::from).collect() })
    }

    fn handle_pause_job(&self, job_key: String) -> thrift::Result<()> {
        Ok(self.service.pause_job(&job_key)?)
    }

    fn handle_resume_job(&self, job_key: String) -> thrift::Result<()> {
        Ok(self.service.resume_job(&job_key)?)
    }

    fn handle_drain(&self, node: String) -> thrift::Result<()> {
        Ok(self.service.drain(&node)?)
    }

    fn handle_resume(&self, node: String) -> thrift::Result<()> {
        Ok(self.service.resume(&node)?)
    }

    fn handle_events(&self, request: ballast::EventsRequest) -> thrift::Result<ballast::EventsReply> {
        Ok(self.service.events(u64::try_from(request.after).unwrap_or(0)).into())
    }

    fn handle_register_node(
        &self,
        registration: ballast::NodeRegistration,
    ) -> thrift::Result<ballast::NodeRegistered> {
        let registration = NodeRegistration::try_from(registration).map_err(InvalidRequest::from)?;
        Ok(self.service.register_node(registration)?.into())
    }
}

impl ClientServerSyncHandler for Server {
    /// The original answers the elapsed seconds as Python writes a float.
    fn handle_submit_request(&self, source_folder: String, is_random: bool) -> thrift::Result<String> {
        let elapsed = self.service.submit_request(&source_folder, is_random).map_err(super::refusal)?;
        Ok(format!("{:?}", elapsed.as_secs_f64()))
    }

    fn handle_ping(&self) -> thrift::Result<()> {
        Ok(())
    }
}
