//! The node with the fewest attempts in flight.

use super::{Choice, Cost, Ended, Entry, Policy, Started};
use crate::{NodeFacts, NodeId};

pub(super) const ENTRY: Entry = Entry {
    name: "least_connections",
    help: "fewest attempts in flight, ties at random (nginx least_conn); loses when nodes reject: a node that \
           refuses at once is always the emptiest (a sinkhole)",
    parameters: &[],
    cost: Cost::Constant,
    build: |_| Ok(Box::new(LeastConnections::default())),
};

/// Nodes in buckets by attempts in flight. A start or an end moves a node by one bucket, so the lowest bucket that is
/// not empty is found in constant time, and a random member of it is a fair tie-break.
#[derive(Debug, Default)]
struct LeastConnections {
    buckets: Vec<Vec<NodeId>>,
    /// By node: its attempts in flight, and its place in the bucket while it is up.
    known: Vec<Known>,
    lowest: usize,
}

#[derive(Clone, Copy, Debug, Default)]
struct Known {
    in_flight: usize,
    place: Option<usize>,
}

impl LeastConnections {
    fn insert(&mut self, node: NodeId) {
        let in_flight = self.known[node.index()].in_flight;
        if self.buckets.len() <= in_flight {
            self.buckets.resize_with(in_flight + 1, Vec::new);
        }
        self.known[node.index()].place = Some(self.buckets[in_flight].len());
        self.buckets[in_flight].push(node);
        self.lowest = self.lowest.min(in_flight);
    }

    /// Takes the node out of its bucket; answers whether it was in one.
    fn remove(&mut self, node: NodeId) -> bool {
        let Known { in_flight, place: Some(place) } = self.known[node.index()] else {
            return false;
        };
        let bucket = &mut self.buckets[in_flight];
        bucket.swap_remove(place);
        if let Some(&moved) = bucket.get(place) {
            self.known[moved.index()].place = Some(place);
        }
        self.known[node.index()].place = None;
        true
    }

    fn shift(&mut self, node: NodeId, change: impl Fn(usize) -> usize) {
        let Some(known) = self.known.get(node.index()) else {
            return;
        };
        let in_flight = change(known.in_flight);
        let is_up = self.remove(node);
        self.known[node.index()].in_flight = in_flight;
        if is_up {
            self.insert(node);
        }
    }
}

impl Policy for LeastConnections {
    fn pick(&mut self, choice: &Choice<'_>) -> Option<NodeId> {
        while self.buckets.get(self.lowest)?.is_empty() {
            self.lowest += 1;
        }
        self.buckets[self.lowest..].iter().find_map(|bucket| {
            let start = choice.coin().below(bucket.len());
            // At most one candidate is excluded: of two neighbours in the bucket one is allowed.
            bucket
                .iter()
                .cycle()
                .skip(start)
                .take(bucket.len().min(2))
                .copied()
                .find(|&node| choice.allows(node))
        })
    }

    fn node_up(&mut self, node: NodeId, _facts: &NodeFacts, in_flight: u32) {
        if self.known.len() <= node.index() {
            self.known.resize(node.index() + 1, Known::default());
        }
        self.remove(node);
        self.known[node.index()].in_flight = in_flight as usize;
        self.insert(node);
    }

    fn node_down(&mut self, node: NodeId) {
        self.remove(node);
    }

    fn started(&mut self, started: &Started) {
        self.shift(started.node, |in_flight| in_flight + 1);
    }

    fn ended(&mut self, ended: &Ended<'_>) {
        self.shift(ended.node, |in_flight| in_flight.saturating_sub(1));
    }
}
