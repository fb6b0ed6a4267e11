//! Calls to a compute node, ours or the original's.

use super::error::{Breakage, CallError};
use super::exchange::{Input, Output, Raised, Terms};
use super::pool::Pool;
use super::settings::PoolSettings;
use crate::convert::Unfit;
use crate::message::walk::LargeField;
use crate::node::{
    AttemptError, AttemptReply, AttemptRequest, CompatibleAnswer, NodeDescription, NodeStatus, SharedFile,
};
use crate::version;
use cluster::Admission;
use idl::ballast::{self as interface, BallastNodeSyncClient, TBallastNodeSyncClient};
use idl::server_compute::TServerComputeSyncClient;
use std::io::{ErrorKind, Read as _};
use std::net::TcpStream;
use std::time::Duration;

/// An attempt's result, inline.
const ATTEMPT_RESULT: LargeField = LargeField { method: "attempt", outer: 0, inner: 7 };

/// Calls one compute node, over as many connections as calls are in flight. Share it between threads.
#[derive(Debug)]
pub struct NodeClient {
    pool: Pool,
}

/// What kind of program answers at a node's address.
#[derive(Clone, Debug, PartialEq)]
pub enum Peer {
    /// One that speaks our interface.
    Ballast(NodeDescription),
    /// One that speaks only the original's, as far as one can tell.
    Compatible(Evidence),
}

/// Why a node is taken for one of the original's kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Evidence {
    /// It said that it does not know our method.
    UnknownMethod,
    /// Twice it closed the connection upon our method, and left one open on which it was asked nothing. A node of ours
    /// that ends at the wrong moment may look so too, hence the difference.
    ClosedConnection,
}

/// How long a connection has to stay open on which nothing is asked.
const QUIET: Duration = Duration::from_millis(200);

/// Whether a peer closes a connection on which it was asked nothing, or takes none.
fn closes_unasked(address: &str) -> bool {
    let waited = TcpStream::connect(address).and_then(|mut stream| {
        stream.set_read_timeout(Some(QUIET))?;
        stream.read(&mut [0])
    });
    !matches!(waited, Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut))
}

type Client<'r, 'e> = BallastNodeSyncClient<Input<'r, 'e>, Output<'r, 'e>>;

impl NodeClient {
    /// A client of the node at `address`, a `host:port`. Connects with the first call.
    pub fn new(address: impl Into<String>, settings: PoolSettings) -> NodeClient {
        NodeClient { pool: Pool::new(address.into(), settings) }
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
        self.plain("ping", time_out, true, |mut client| client.ping())
    }

    /// What the node tells of itself.
    ///
    /// # Errors
    /// [`CallError::UnknownMethod`] from a node of the original's kind; see also [`NodeClient::identify`].
    pub fn describe(&self, time_out: Duration) -> Result<NodeDescription, CallError> {
        let described = self.plain("describe", time_out, true, |mut client| client.describe())?;
        NodeDescription::try_from(described).map_err(|unfit| self.unfit(unfit))
    }

    /// Finds out whether the node is ours or of the original's kind.
    ///
    /// # Errors
    /// If the node did not answer at all; [`CallError::Unfit`] if it speaks an interface that this build does not.
    pub fn identify(&self, time_out: Duration) -> Result<Peer, CallError> {
        let closed = |error: &CallError| matches!(error, CallError::Broken { how: Breakage::Closed, .. });
        let described = match self.describe(time_out) {
            Err(error) if closed(&error) => self.describe(time_out),
            other => other,
        };
        match described {
            Ok(description) => match version::check(&description.interface_version, crate::INTERFACE_VERSION)
            {
                Ok(()) => Ok(Peer::Ballast(description)),
                Err(why) => Err(self.unfit(Unfit { field: "interface_version", why })),
            },
            Err(CallError::UnknownMethod { .. }) => Ok(Peer::Compatible(Evidence::UnknownMethod)),
            // A wire that is cut closes every connection, and says nothing about the node behind it.
            Err(error) if closed(&error) && !closes_unasked(self.address()) => {
                Ok(Peer::Compatible(Evidence::ClosedConnection))
            }
            Err(error) => Err(error),
        }
    }

    /// The node's counters.
    ///
    /// # Errors
    /// If no answer came in time.
    pub fn status(&self, time_out: Duration) -> Result<NodeStatus, CallError> {
        let status = self.plain("status", time_out, true, |mut client| client.status())?;
        NodeStatus::try_from(status).map_err(|unfit| self.unfit(unfit))
    }

    /// One try at one task. Waits for a connection if the pool's bound is reached, for as long as for the answer.
    ///
    /// # Errors
    /// Outside what went wrong on the way, inside what the node answered instead of a result.
    pub fn attempt(
        &self,
        request: &AttemptRequest,
        time_out: Duration,
    ) -> Result<Result<AttemptReply, AttemptError>, CallError> {
        let terms = Terms { method: "attempt", time_out, repeatable: false, large: Some(ATTEMPT_RESULT) };
        let request = interface::AttemptRequest::from(request);
        let returned = self.pool.call(terms, |input, output| Client::new(input, output).attempt(request));
        let answer = match returned {
            Ok(reply) => AttemptReply::try_from(reply).map(Ok),
            Err(Raised::User(exception)) => match attempt_error(exception) {
                Some(error) => error.map(Err),
                None => return Err(self.unknown_exception()),
            },
            Err(Raised::Call(error)) => return Err(error),
        };
        answer.map_err(|unfit| self.unfit(unfit))
    }

    /// The original's call, for nodes of the original's kind.
    ///
    /// # Errors
    /// If no answer came in time, or another one than the original's two.
    pub fn execute(
        &self,
        admission: Admission,
        file: &SharedFile,
        time_out: Duration,
    ) -> Result<CompatibleAnswer, CallError> {
        let SharedFile { base_path, file_name } = file.clone();
        let answer = match admission {
            Admission::MayReject => {
                self.plain("execute", time_out, false, |mut client| client.execute(base_path, file_name))
            }
            Admission::MustAccept => self.plain("delayed_execute", time_out, false, |mut client| {
                client.delayed_execute(base_path, file_name)
            }),
        }?;
        // Other programs of this kind put more words around the two; the original's server looks for them so.
        if answer.contains("Rejected") {
            Ok(CompatibleAnswer::Rejected)
        } else if answer.contains("Success") {
            Ok(CompatibleAnswer::Success)
        } else {
            let start: String = answer.chars().take(200).collect();
            Err(CallError::Unfit {
                address: self.pool.address.clone(),
                field: "answer of execute",
                why: format!("'{start}' is neither Success nor Rejected"),
            })
        }
    }

    /// Closes connections that have been idle for longer than they may. Peers that give each connection a thread are
    /// grateful for a call of this every second.
    pub fn close_expired(&self) {
        self.pool.close_expired();
    }

    /// Connections that wait for a call, and connections that carry one.
    pub fn connections(&self) -> (usize, usize) {
        self.pool.counts()
    }

    /// A call whose only answer is its value.
    fn plain<T>(
        &self,
        method: &'static str,
        time_out: Duration,
        repeatable: bool,
        invoke: impl for<'r, 'e> FnOnce(Client<'r, 'e>) -> thrift::Result<T>,
    ) -> Result<T, CallError> {
        let terms = Terms { method, time_out, repeatable, large: None };
        self.pool.call(terms, |input, output| invoke(Client::new(input, output))).map_err(|raised| {
            match raised {
                Raised::Call(error) => error,
                Raised::User(_) => self.unknown_exception(),
            }
        })
    }

    fn unfit(&self, unfit: Unfit) -> CallError {
        self.pool.unfit(unfit)
    }

    fn unknown_exception(&self) -> CallError {
        self.pool.unknown_exception()
    }
}

/// The exception of the interface that a node raised.
fn attempt_error(exception: Box<dyn std::error::Error + Send + Sync>) -> Option<Result<AttemptError, Unfit>> {
    let exception = match exception.downcast::<interface::Rejected>() {
        Ok(rejected) => return Some((*rejected).try_into()),
        Err(other) => other,
    };
    let exception = match exception.downcast::<interface::TaskFailed>() {
        Ok(failed) => return Some((*failed).try_into()),
        Err(other) => other,
    };
    let exception = match exception.downcast::<interface::NodeFault>() {
        Ok(fault) => return Some((*fault).try_into()),
        Err(other) => other,
    };
    let invalid = exception.downcast::<interface::InvalidRequest>().ok()?;
    Some(Ok((*invalid).into()))
}
