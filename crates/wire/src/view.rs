//! A server and its nodes as the server sees them.

use crate::Counters;
use crate::node::NodeStatus;
use std::time::Duration;

/// How a server sees a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NodeState {
    /// Takes work.
    Up,
    /// Does not answer.
    Down,
    /// Answers, but failed too often of late.
    Ejected,
    /// Finishes what it has.
    Draining,
    /// Gives no sign of life.
    Suspected,
    /// One that a later version of the interface tells, by its number.
    Other(i32),
}

/// One node as the server sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeView {
    /// Name of the node.
    pub name: String,
    /// `host:port`.
    pub address: String,
    /// Its state.
    pub state: NodeState,
    /// Time of the server's run since when it is in that state.
    pub since: Duration,
    /// Attempts begun and not ended.
    pub in_flight: u64,
    /// Attempts begun.
    pub attempts: u64,
    /// Attempts finished.
    pub done: u64,
    /// Attempts refused.
    pub rejected: u64,
    /// Attempts delayed.
    pub delayed: u64,
    /// Attempts lost.
    pub lost: u64,
    /// Mean round trip of finished attempts.
    pub mean_round_trip: Duration,
    /// Attempts that it works on at once, where known.
    pub slots: Option<u32>,
    /// Its load probability, where it tells.
    pub load_probability: Option<f64>,
    /// Speaks only the original's interface.
    pub compatibility: bool,
    /// Came by itself and not from a file.
    pub registered: bool,
    /// Draws another number at each start, where it tells.
    pub incarnation: Option<u64>,
    /// What it told of itself last, and how long ago.
    pub status: Option<(NodeStatus, Duration)>,
}

/// What a server knows of the election in which it takes part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ElectionView {
    /// `host:port` of another server that leads, if one is known to.
    pub leader: Option<String>,
    /// The term under which this server leads, if it does.
    pub term: Option<u64>,
}

/// The server and how it sees its nodes.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerDescription {
    /// Its name in `machine.txt`.
    pub name: String,
    /// Version of the interface that it speaks.
    pub interface_version: String,
    /// Version of the program.
    pub program_version: String,
    /// Drawn at its start.
    pub incarnation: u64,
    /// Time since the start.
    pub uptime: Duration,
    /// Its nodes, in the order of `machine.txt`.
    pub nodes: Vec<NodeView>,
    /// Jobs that run.
    pub jobs_running: u64,
    /// Jobs that ended.
    pub jobs_ended: u64,
    /// Strategies that it knows.
    pub strategies: Vec<String>,
    /// Operations that it knows.
    pub operations: Vec<String>,
    /// What happened at its port; filled in where it is served.
    pub port: Counters,
    /// Servers, as `host:port`, whose running jobs go on here when they do not answer any more.
    pub standby_of: Vec<String>,
    /// Highest epoch of the running jobs, if one runs.
    pub epoch: Option<u64>,
    /// Who leads, where servers elect that.
    pub election: Option<ElectionView>,
}
