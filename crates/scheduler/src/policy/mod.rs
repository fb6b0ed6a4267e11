//! Who gets the next attempt: one policy a file, all of them in [`ALL`].
//!
//! A policy keeps what it needs of each node, hears of every start and end (also of other jobs' attempts, for a node
//! is as busy as it is, whoever keeps it busy) and picks among the nodes that are up. Retry, back-off, give-up and
//! ejection are not its business.
//!
//! To add one: copy `random.rs`, add one line to [`ALL`]; the conformance test runs over the whole table.

mod averages;
mod balanced_score;
mod ballast;
mod belief;
mod beliefs;
mod beta;
mod bounded_load_hash;
mod by_node;
mod c3;
mod choice;
mod draws;
mod join_idle_queue;
mod late_binding;
mod least_connections;
mod least_time;
mod load_aware;
mod oracle;
mod overdue;
mod parameters;
mod peak_ewma;
mod power_of_two;
mod prequal;
mod random;
mod round_robin;
mod smooth_weighted_round_robin;
mod speeds;
mod stale;
mod times;
mod tournament;
mod weighted_response_time;
mod weights;

pub use choice::Choice;
pub use parameters::{BadParameter, Parameter, Parameters};
pub(crate) use stale::Stale;

use crate::{HedgeRule, Micros, NodeFacts, NodeId, Observation};
use std::fmt::Debug;

/// Picks nodes. It owns no clock and no generator: time and luck come with each call.
pub trait Policy: Send + Debug {
    /// Picks one of the candidates, of which there is at least one, or holds the task until something changes.
    fn pick(&mut self, choice: &Choice<'_>) -> Option<NodeId>;

    /// The hedging that belongs to this policy, unless the strategy says otherwise.
    fn hedge(&self) -> Option<HedgeRule> {
        None
    }

    /// A node takes work from now on: a new one, or one that was away. It may have attempts in flight.
    fn node_up(&mut self, _node: NodeId, _facts: &NodeFacts, _in_flight: u32) {}

    /// A node takes no work for now. Its attempts in flight will still end.
    fn node_down(&mut self, _node: NodeId) {}

    /// An attempt began on a node.
    fn started(&mut self, _started: &Started) {}

    /// An attempt ended on a node.
    fn ended(&mut self, _ended: &Ended<'_>) {}
}

/// An attempt that has just begun, of any job.
#[derive(Clone, Copy, Debug)]
pub struct Started {
    /// Where it runs.
    pub node: NodeId,
    /// When it began.
    pub now: Micros,
    /// Which of the attempts in flight it is: a small number that is used again after its end.
    pub slot: u32,
    /// Whether more attempts are in flight on the node than it has slots.
    pub has_to_wait: bool,
}

/// An attempt that has just ended, of any job.
#[derive(Clone, Copy, Debug)]
pub struct Ended<'a> {
    /// Where it ran.
    pub node: NodeId,
    /// When it ended.
    pub now: Micros,
    /// When it began.
    pub started: Micros,
    /// As in [`Started::slot`].
    pub slot: u32,
    /// Attempts in flight on the node when it began, itself included.
    pub in_flight_then: u32,
    /// Whether the node was allowed to refuse it.
    pub may_reject: bool,
    /// What was seen of it.
    pub observation: &'a Observation,
}

/// How a decision's time grows with the number of nodes `n`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// Not at all.
    Constant,
    /// With log n.
    Logarithmic,
    /// With n.
    Linear,
}

/// One row of the table of policies.
#[derive(Debug)]
pub struct Entry {
    /// Its name on the command line, in experiment files and in records.
    pub name: &'static str,
    /// One sentence: the rule, where it comes from and when it loses.
    pub help: &'static str,
    /// What can be set.
    pub parameters: &'static [Parameter],
    /// Time of a decision.
    pub cost: Cost,
    /// Makes a fresh one.
    pub build: fn(&Parameters) -> Result<Box<dyn Policy>, BadParameter>,
}

/// Every policy, in the order in which tables show them.
pub static ALL: &[Entry] = &[
    random::ENTRY,
    round_robin::ENTRY,
    smooth_weighted_round_robin::ENTRY,
    least_connections::ENTRY,
    power_of_two::ENTRY,
    join_idle_queue::ENTRY,
    weighted_response_time::ENTRY,
    least_time::ENTRY,
    peak_ewma::ENTRY,
    balanced_score::ENTRY,
    prequal::ENTRY,
    c3::ENTRY,
    bounded_load_hash::ENTRY,
    late_binding::ENTRY,
    load_aware::ENTRY,
    ballast::ENTRY,
    oracle::ENTRY,
];

/// The entry of that name.
pub fn find(name: &str) -> Option<&'static Entry> {
    ALL.iter().find(|entry| entry.name == name)
}
