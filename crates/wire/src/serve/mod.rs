//! The serving side: one port that answers our interface and the original's, in every dialect, whoever calls.

mod accept;
mod connection;
mod counters;
mod ending;
mod links;
mod node;
mod rates;
mod server;

use crate::job::ServerService;
use crate::message::budget::Budget;
use crate::message::limits::Limits;
use crate::message::walk::LargeField;
use crate::node::NodeService;
use connection::Port;
pub use counters::Counters;
use counters::Counting;
use idl::ballast::{BallastNodeSyncProcessor, BallastServerSyncProcessor};
use links::Links;
use rates::Meters;
pub use rates::Rates;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use thrift::server::TProcessor;
use thrift::{ApplicationError, ApplicationErrorKind};

/// An attempt's image, inline.
const ATTEMPT_SOURCE: LargeField = LargeField { method: "attempt", outer: 1, inner: 10 };

/// Serves a compute node's interface, and the original's beside it.
///
/// # Errors
/// If the listener has no address or no thread can be started.
pub fn serve_node(
    listener: TcpListener,
    service: Arc<dyn NodeService>,
    limits: Limits,
) -> io::Result<Running> {
    let processor = Box::new(BallastNodeSyncProcessor::new(node::Node(service)));
    accept::start(listener, port(processor, Some(ATTEMPT_SOURCE), limits, Arc::default()))
}

/// Serves a server's interface, and the original's beside it.
///
/// # Errors
/// If the listener has no address or no thread can be started.
pub fn serve_server(
    listener: TcpListener,
    service: Arc<dyn ServerService>,
    limits: Limits,
) -> io::Result<Running> {
    let counting = Arc::<Counting>::default();
    let server = server::Server { service, counting: Arc::clone(&counting) };
    let processor = Box::new(BallastServerSyncProcessor::new(server));
    accept::start(listener, port(processor, None, limits, counting))
}

fn port(
    processor: Box<dyn TProcessor + Send + Sync>,
    large: Option<LargeField>,
    limits: Limits,
    counting: Arc<Counting>,
) -> Port {
    Port {
        processor,
        large,
        budget: Budget::new(limits.buffered_bytes),
        links: Links::new(limits.connections, !limits.credentials.is_open()),
        meters: Meters::new(limits.rates),
        limits,
        counting,
        stopping: AtomicBool::new(false),
    }
}

/// A port that is being served. Dropping it stops it without grace.
pub struct Running {
    address: SocketAddr,
    port: Arc<Port>,
    acceptor: Option<JoinHandle<()>>,
}

/// A look at a port from elsewhere, for monitors.
#[derive(Clone)]
pub struct PortWatch(Arc<Port>);

impl PortWatch {
    /// What happened so far.
    pub fn counters(&self) -> Counters {
        self.0.counting.read()
    }

    /// Connections open now.
    pub fn connections(&self) -> usize {
        self.0.links.count()
    }
}

impl std::fmt::Debug for PortWatch {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("PortWatch").field("counters", &self.counters()).finish_non_exhaustive()
    }
}

/// How a port's end went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StopReport {
    /// Connections that were still at work when the grace ended, and were cut.
    pub cut: usize,
}

impl Running {
    /// Where it listens, with the port that was really taken.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// What happened so far.
    pub fn counters(&self) -> Counters {
        self.port.counting.read()
    }

    /// Connections open now.
    pub fn connections(&self) -> usize {
        self.port.links.count()
    }

    /// A look at it that others may keep.
    pub fn watch(&self) -> PortWatch {
        PortWatch(Arc::clone(&self.port))
    }

    /// Stops: takes no new connection and no new call, lets the calls at work answer until `grace` ends, cuts the rest.
    pub fn stop(mut self, grace: Duration) -> StopReport {
        self.end(grace)
    }

    fn end(&mut self, grace: Duration) -> StopReport {
        let Some(acceptor) = self.acceptor.take() else { return StopReport { cut: 0 } };
        self.port.stopping.store(true, Ordering::Release);
        self.port.links.end_reading();
        // A blocked accept wakes by a connection only. One that fails for want of descriptors is not blocked.
        while !acceptor.is_finished() {
            let woken =
                TcpStream::connect_timeout(&accept::reachable(self.address), Duration::from_millis(100));
            if woken.is_ok() {
                break;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        // The loop's thread cannot fail but by a panic, after which there is nothing left to stop.
        let _ = acceptor.join();
        // Connections that came in between.
        self.port.links.end_reading();
        StopReport { cut: self.port.links.drain(grace) }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end(Duration::ZERO);
    }
}

impl std::fmt::Debug for Running {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Running")
            .field("address", &self.address)
            .field("counters", &self.counters())
            .finish_non_exhaustive()
    }
}

/// A sentence for a caller of the original's interface, which has no exceptions of its own.
fn refusal(why: String) -> thrift::Error {
    thrift::Error::Application(ApplicationError::new(ApplicationErrorKind::InternalError, why))
}
