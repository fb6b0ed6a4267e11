//! How an attempt ended and what was seen of it.

use std::time::Duration;

/// How an attempt ended. A rejection is an outcome like the others, not an error, and never looks like speed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// There is a result.
    Done,
    /// The node refused.
    Rejected,
    /// The task itself is at fault (an unreadable image): no other node would do better.
    Failed,
    /// The node or the wire is at fault: another node may do better.
    Lost(LossReason),
    /// No answer within the attempt's time.
    TimedOut,
    /// Given up by the driver because the result was no longer wanted.
    Cancelled,
}

/// What lost an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LossReason {
    /// No connection could be made: the node is down.
    Unreachable,
    /// The connection broke with the attempt on it.
    Broken,
    /// The node answered that it lacks something: access, disk, memory.
    Fault,
}

/// What the node measured of an attempt, where it tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NodeTimes {
    /// Waiting for a slot.
    pub queue: Duration,
    /// The injected delay; zero if there was none.
    pub delay: Duration,
    /// The work proper.
    pub service: Duration,
}

/// Everything a policy may learn from an ended attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observation {
    /// How it ended.
    pub outcome: Outcome,
    /// From start to end, as the driver saw it.
    pub round_trip: Duration,
    /// What the node measured; none for nodes of the original's interface and for attempts without a result.
    pub node: Option<NodeTimes>,
}

impl Default for Observation {
    fn default() -> Observation {
        Observation { outcome: Outcome::Done, round_trip: Duration::ZERO, node: None }
    }
}
