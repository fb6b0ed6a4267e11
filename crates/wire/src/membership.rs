//! Who is in the cluster: nodes that come by themselves, and what happened to nodes and jobs.

use std::time::{Duration, SystemTime};

/// A node that announces itself, or says that it is still there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeRegistration {
    /// `host:port` at which the server is to call it.
    pub address: String,
    /// The name that it would like.
    pub name: String,
    /// Drawn at its start.
    pub incarnation: u64,
}

/// The server's answer to a registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeRegistered {
    /// The name under which the server keeps the node.
    pub name: String,
    /// When to register again at the latest.
    pub again_within: Duration,
    /// Drawn at the server's start.
    pub server_incarnation: u64,
}

/// A name that stands for no node of the server's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the server has no node '{node}'; its description lists those that it has")]
pub struct UnknownNode {
    /// The name asked for.
    pub node: String,
}

/// What kind of thing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// A node came by itself.
    NodeRegistered,
    /// A node takes work: for the first time, or again.
    NodeUp,
    /// A node has given no sign of life for too long.
    NodeSuspected,
    /// A node cannot be reached.
    NodeDown,
    /// A node answers, but lost too many attempts in a row.
    NodeEjected,
    /// A node takes nothing new.
    NodeDraining,
    /// A node that drains has nothing in flight any more.
    NodeDrained,
    /// A node was away for too long and is not asked any more.
    NodeRemoved,
    /// A node is another process than before.
    NodeRestarted,
    /// A job was taken.
    JobTaken,
    /// A job has ended.
    JobEnded,
    /// A job of another server goes on here.
    JobFailedOver,
    /// Another server goes on with the job; this one has let go.
    JobDeposed,
    /// A job was paused.
    JobPaused,
    /// A paused job goes on.
    JobResumed,
    /// A standby knows of a running job of the server that it watches.
    JobWatched,
    /// A kind of a later version, by its number: its sentence can be read all the same.
    Other(i32),
}

impl EventKind {
    /// The kind as one word, such as `node_up`: as histories keep it and people look for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            EventKind::NodeRegistered => "node_registered",
            EventKind::NodeUp => "node_up",
            EventKind::NodeSuspected => "node_suspected",
            EventKind::NodeDown => "node_down",
            EventKind::NodeEjected => "node_ejected",
            EventKind::NodeDraining => "node_draining",
            EventKind::NodeDrained => "node_drained",
            EventKind::NodeRemoved => "node_removed",
            EventKind::NodeRestarted => "node_restarted",
            EventKind::JobTaken => "job_submitted",
            EventKind::JobEnded => "job_ended",
            EventKind::JobFailedOver => "failed_over",
            EventKind::JobDeposed => "job_deposed",
            EventKind::JobPaused => "job_paused",
            EventKind::JobResumed => "job_resumed",
            EventKind::JobWatched => "job_watched",
            EventKind::Other(_) => "other",
        }
    }
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterEvent {
    /// Counts the events of the server's run, from 1.
    pub number: u64,
    /// When.
    pub at: SystemTime,
    /// What.
    pub kind: EventKind,
    /// Name of the node or key of the job.
    pub subject: String,
    /// One sentence.
    pub text: String,
}

/// Events of one server, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerEvents {
    /// At most [`MAX_KEPT_EVENTS`].
    pub events: Vec<ClusterEvent>,
    /// Numbers begin anew with another incarnation.
    pub server_incarnation: u64,
}

/// Events that a server keeps.
pub const MAX_KEPT_EVENTS: usize = 1_000;
