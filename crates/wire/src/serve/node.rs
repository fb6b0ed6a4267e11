//! A compute node's service behind the generated handler.

use crate::node::{AttemptRequest, CompatibleAnswer, NodeService, SharedFile};
use cluster::Admission;
use idl::ballast::{self, BallastNodeSyncHandler, InvalidRequest};
use idl::server_compute::ServerComputeSyncHandler;
use std::sync::Arc;

/// The node behind the port.
pub(super) struct Node(pub(super) Arc<dyn NodeService>);

impl BallastNodeSyncHandler for Node {
    fn handle_ping(&self) -> thrift::Result<()> {
        Ok(())
    }

    fn handle_describe(&self) -> thrift::Result<ballast::NodeDescription> {
        Ok(self.0.describe().into())
    }

    fn handle_status(&self) -> thrift::Result<ballast::NodeStatus> {
        Ok(self.0.status().into())
    }

    fn handle_attempt(&self, request: ballast::AttemptRequest) -> thrift::Result<ballast::AttemptReply> {
        let request = AttemptRequest::try_from(request).map_err(InvalidRequest::from)?;
        Ok(self.0.attempt(request)?.into())
    }
}

impl ServerComputeSyncHandler for Node {
    fn handle_delayed_execute(&self, base_path: String, file_name: String) -> thrift::Result<String> {
        self.execute(Admission::MustAccept, base_path, file_name)
    }

    fn handle_execute(&self, base_path: String, file_name: String) -> thrift::Result<String> {
        self.execute(Admission::MayReject, base_path, file_name)
    }
}

impl Node {
    fn execute(&self, admission: Admission, base_path: String, file_name: String) -> thrift::Result<String> {
        match self.0.execute(admission, SharedFile { base_path, file_name }) {
            Ok(CompatibleAnswer::Success) => Ok("Success".to_owned()),
            Ok(CompatibleAnswer::Rejected) => Ok("Rejected".to_owned()),
            Err(why) => Err(super::refusal(why)),
        }
    }
}
