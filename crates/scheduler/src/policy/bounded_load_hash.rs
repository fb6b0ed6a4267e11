//! The node to which the task's number hashes, unless it has more than its share.

use super::by_node::ByNode;
use super::{Choice, Cost, Entry, Parameter, Policy};
use crate::{NodeFacts, NodeId, TaskIndex};
use luck::{Purpose, Seed};
use std::collections::BTreeMap;

pub(super) const ENTRY: Entry = Entry {
    name: "bounded_load_hash",
    help: "consistent hashing of the task's number, onwards round the ring from nodes with more than factor x their \
           share of what is in flight (Mirrokni, Thorup and Zadimoghaddam 2018; Envoy's bounded-load hashing): the \
           same image goes to the same node, whose cache may know it; loses where there is nothing to remember, for it spreads load no better than random",
    parameters: &[Parameter {
        name: "factor",
        default: "1.25",
        help: "most attempts in flight as a multiple of the fair share, 1.01 to 100",
    }],
    cost: Cost::Logarithmic,
    build: |parameters| {
        Ok(Box::new(BoundedLoadHash {
            factor: parameters.number("factor", 1.01, 100.0)?,
            ring: BTreeMap::new(),
            points: ByNode::default(),
        }))
    },
};

/// Points on the ring by slot of a node: the more, the more even the shares.
const POINTS_BY_SLOT: u32 = 8;
/// Most points of one node.
const MOST_POINTS: u32 = 128;
/// Nodes over their bound that a decision passes by before it takes the least busy of them.
const MOST_STEPS: usize = 64;

#[derive(Debug)]
struct BoundedLoadHash {
    factor: f64,
    ring: BTreeMap<u64, NodeId>,
    /// How many points the node has.
    points: ByNode<u32>,
}

/// Where a node's points and a task lie on the ring. Not the job's luck: the same in every job, or no cache would help.
fn point(what: u64, number: u64) -> u64 {
    Seed(0).coin(Purpose::Derive, what, number).bits()
}

fn place(task: TaskIndex) -> u64 {
    point(u64::MAX, u64::from(task.0))
}

impl BoundedLoadHash {
    fn bound(&self, node: NodeId, choice: &Choice<'_>) -> f64 {
        let share = f64::from(choice.slots(node)) / choice.nodes().eligible_slots() as f64;
        (self.factor * share * (choice.nodes().eligible_in_flight() + 1) as f64).ceil()
    }
}

impl Policy for BoundedLoadHash {
    fn pick(&mut self, choice: &Choice<'_>) -> Option<NodeId> {
        let start = place(choice.task());
        let onwards = self.ring.range(start..).chain(self.ring.range(..start)).map(|(_, &node)| node);
        let mut least: Option<(u32, NodeId)> = None;
        for node in onwards.filter(|&node| choice.allows(node)).take(MOST_STEPS) {
            let in_flight = choice.in_flight(node);
            if f64::from(in_flight) < self.bound(node, choice) {
                return Some(node);
            }
            if least.is_none_or(|(fewest, _)| in_flight < fewest) {
                least = Some((in_flight, node));
            }
        }
        least.map(|(_, node)| node)
    }

    fn node_up(&mut self, node: NodeId, facts: &NodeFacts, _in_flight: u32) {
        self.node_down(node);
        let count = (facts.slots.saturating_mul(POINTS_BY_SLOT)).min(MOST_POINTS);
        *self.points.enter(node) = count;
        for number in 0..count {
            self.ring.insert(point(u64::from(node.0), u64::from(number)), node);
        }
    }

    fn node_down(&mut self, node: NodeId) {
        let count = std::mem::take(self.points.enter(node));
        for number in 0..count {
            self.ring.remove(&point(u64::from(node.0), u64::from(number)));
        }
    }
}
