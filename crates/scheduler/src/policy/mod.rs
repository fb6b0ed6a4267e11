//! Who gets the next attempt: one policy a file, all of them in [`ALL`].
//!
//! A policy keeps what it needs of each node, hears of every start and end (also of other jobs' attempts, for a node
//! is as busy as it is, whoever keeps it busy) and picks among the nodes that are up. Retry, back-off, give-up and
//! ejection are not its business.
//!
//! To add one: copy `random.rs`, add one line to [`ALL`]; the conformance test runs over the whole table.

mod choice;
mod least_connections;
mod load_aware;
mod parameters;
mod power_of_two;
mod random;
mod round_robin;
mod weighted_response_time;
mod weights;

pub use choice::Choice;
pub use parameters::{BadParameter, Parameter, Parameters};

use crate::{Micros, NodeFacts, NodeId, Observation};
use std::fmt::Debug;

/// Picks nodes. It owns no clock and no generator: time and luck come with each call.
pub trait Policy: Send + Debug {
    /// Picks one of the candidates, of which there is at least one, or holds the task until something changes.
    fn pick(&mut self, choice: &Choice<'_>) -> Option<NodeId>;

    /// A node takes work from now on: a new one, or one that was away. It may have attempts in flight.
    fn node_up(&mut self, _node: NodeId, _facts: &NodeFacts, _in_flight: u32) {}

    /// A node takes no work for now. Its attempts in flight will still end.
    fn node_down(&mut self, _node: NodeId) {}

    /// An attempt began on a node.
    fn started(&mut self, _node: NodeId, _now: Micros) {}

    /// An attempt ended on a node.
    fn ended(&mut self, _node: NodeId, _observation: &Observation, _now: Micros) {}
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
    least_connections::ENTRY,
    weighted_response_time::ENTRY,
    power_of_two::ENTRY,
    load_aware::ENTRY,
];

/// The entry of that name.
pub fn find(name: &str) -> Option<&'static Entry> {
    ALL.iter().find(|entry| entry.name == name)
}
