//! The node that has been idle for longest, else a random one.

use super::by_node::ByNode;
use super::{Choice, Cost, Ended, Entry, Policy, Started};
use crate::{NodeFacts, NodeId};
use std::collections::VecDeque;

pub(super) const ENTRY: Entry = Entry {
    name: "join_idle_queue",
    help: "the node whose slot has been free for longest, a random one when none is free (Lu and others 2011); \
           loses under load, when none is idle and it is random, and to refusals: who refuses is idle again at once",
    parameters: &[],
    cost: Cost::Constant,
    build: |_| Ok(Box::new(JoinIdleQueue::default())),
};

#[derive(Debug, Default)]
struct JoinIdleQueue {
    /// Nodes that reported a free slot, the oldest report first. Each node is in it at most once.
    idle: VecDeque<NodeId>,
    known: ByNode<Known>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Known {
    is_up: bool,
    is_queued: bool,
    in_flight: u32,
    slots: u32,
}

impl JoinIdleQueue {
    /// A node with a free slot reports, unless its report is in the queue.
    fn report(&mut self, node: NodeId) {
        let known = self.known.enter(node);
        if known.is_up && !known.is_queued && known.in_flight < known.slots {
            known.is_queued = true;
            self.idle.push_back(node);
        }
    }
}

impl Policy for JoinIdleQueue {
    fn pick(&mut self, choice: &Choice<'_>) -> Option<NodeId> {
        let mut passed_over = None;
        let mut found = None;
        while let Some(node) = self.idle.pop_front() {
            let known = self.known.enter(node);
            known.is_queued = false;
            if !known.is_up || known.in_flight >= known.slots {
                // The report is out of date: other jobs have taken the slots, or the node is gone.
                continue;
            }
            if choice.allows(node) {
                found = Some(node);
                break;
            }
            passed_over = Some(node);
        }
        // The report of the one node that is left out keeps its place.
        if let Some(node) = passed_over {
            self.known.enter(node).is_queued = true;
            self.idle.push_front(node);
        }
        if let Some(node) = found {
            // It may have more free slots; this one is taken when the attempt starts.
            let known = self.known.enter(node);
            if known.in_flight + 1 < known.slots {
                known.is_queued = true;
                self.idle.push_back(node);
            }
        }
        found.or_else(|| Some(choice.at(choice.coin().below(choice.len()))))
    }

    fn node_up(&mut self, node: NodeId, facts: &NodeFacts, in_flight: u32) {
        let known = self.known.enter(node);
        *known = Known { is_up: true, in_flight, slots: facts.slots, ..*known };
        self.report(node);
    }

    fn node_down(&mut self, node: NodeId) {
        self.known.enter(node).is_up = false;
    }

    fn started(&mut self, started: &Started) {
        self.known.enter(started.node).in_flight += 1;
    }

    fn ended(&mut self, ended: &Ended<'_>) {
        let known = self.known.enter(ended.node);
        known.in_flight = known.in_flight.saturating_sub(1);
        self.report(ended.node);
    }
}
