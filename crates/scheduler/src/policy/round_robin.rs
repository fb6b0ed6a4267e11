//! In turn.

use super::{Choice, Cost, Entry, Policy};
use crate::NodeId;

pub(super) const ENTRY: Entry = Entry {
    name: "round_robin",
    help: "in turn; loses when nodes differ, and with many schedulers that step in phase",
    parameters: &[],
    cost: Cost::Logarithmic,
    build: |_| Ok(Box::new(RoundRobin { next: NodeId(0) })),
};

/// Remembers a node and not an index, so that a node that leaves or joins does not shift the turn of the others.
#[derive(Debug)]
struct RoundRobin {
    /// The lowest number that has not had its turn.
    next: NodeId,
}

impl Policy for RoundRobin {
    fn pick(&mut self, choice: &Choice<'_>) -> Option<NodeId> {
        let eligible = choice.nodes().eligible();
        let place = eligible.partition_point(|&node| node < self.next);
        // At most one candidate is excluded, so one of two neighbours in turn is allowed.
        let turn = eligible.iter().cycle().skip(place % eligible.len()).take(2).copied();
        let picked = turn.into_iter().find(|&node| choice.allows(node))?;
        self.next = NodeId(picked.0 + 1);
        Some(picked)
    }
}
