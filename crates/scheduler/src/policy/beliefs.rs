//! What is believed of all nodes, and learned from all attempts.

use super::belief::{Belief, Learning};
use super::by_node::ByNode;
use super::overdue::Overdue;
use super::times::Times;
use super::{Choice, Ended, Started};
use crate::{Micros, NodeId, Outcome};
use luck::Coin;
use std::time::Duration;

/// An attempt that has taken this many times the mean service time is taken for delayed.
const OVERDUE: f64 = 5.0;

/// Beliefs by node, and what attempts take.
#[derive(Debug)]
pub(super) struct Beliefs {
    learning: Learning,
    nodes: ByNode<Belief>,
    times: Times,
    overdue: Overdue,
    /// Where the round of fading is.
    turn: usize,
}

impl Beliefs {
    pub(super) fn new(learning: Learning) -> Beliefs {
        Beliefs {
            learning,
            nodes: ByNode::default(),
            times: Times::default(),
            overdue: Overdue::default(),
            turn: 0,
        }
    }

    /// Expected time in microseconds until a task sent to `node` now is done there, under a load probability that is
    /// drawn from the belief or is its mean.
    pub(super) fn completion(&self, node: NodeId, choice: &Choice<'_>, coin: Coin) -> f64 {
        self.times.completion(node, self.loaded(node, coin), choice)
    }

    /// Likewise if a slot is free.
    pub(super) fn time(&self, node: NodeId, coin: Coin) -> f64 {
        let loaded = self.loaded(node, coin);
        self.times.refusals(node, loaded) + self.times.work(node, loaded)
    }

    fn loaded(&self, node: NodeId, coin: Coin) -> f64 {
        self.nodes.get(node).copied().unwrap_or_default().probability(&self.learning, coin)
    }

    /// An attempt began. If it has to wait for a slot its age says nothing of the node's load.
    pub(super) fn started(&mut self, started: &Started) {
        if !started.has_to_wait {
            self.overdue.began(started.node, started.slot, started.now);
        }
    }

    /// Learns of one attempt that has become overdue by `now`; answers its node. To be called until there is none.
    pub(super) fn next_overdue(&mut self, now: Micros) -> Option<NodeId> {
        let limit = Duration::from_secs_f64(OVERDUE * self.times.service_of_all() / 1e6);
        let node = self.overdue.next(now, limit)?;
        self.see(node, true);
        Some(node)
    }

    /// The next node in the round of those that take work, a little of whose evidence is forgotten. To be called a fixed
    /// number of times a decision.
    pub(super) fn fade_next(&mut self, eligible: &[NodeId]) -> NodeId {
        self.turn = (self.turn + 1) % eligible.len();
        let node = eligible[self.turn];
        self.nodes.enter(node).fade(&self.learning);
        node
    }

    /// Learns from an attempt that has ended.
    pub(super) fn ended(&mut self, ended: &Ended<'_>) {
        self.times.hear(ended);
        let was_overdue = self.overdue.ended(ended.slot);
        match (ended.observation.outcome, ended.observation.node) {
            (Outcome::Rejected, _) => self.see(ended.node, true),
            (Outcome::Done, times) => {
                if ended.may_reject {
                    self.see(ended.node, false);
                }
                // A node of the original's interface does not say whether it delayed; what was overdue was.
                match (times.map(|times| !times.delay.is_zero()), was_overdue) {
                    (Some(delayed), false) => self.see(ended.node, delayed),
                    (Some(false), true) => self.nodes.enter(ended.node).correct(),
                    (None, false) => self.see(ended.node, false),
                    (Some(true) | None, true) => {}
                }
            }
            _ => {}
        }
    }

    /// Sees one coin. If the node is believed to have changed, all that is believed of the others is in doubt.
    fn see(&mut self, node: NodeId, loaded: bool) {
        if self.nodes.enter(node).see(loaded, &self.learning) {
            let others = self.nodes.iter_mut().filter(|(other, _)| *other != node);
            others.for_each(|(_, belief)| belief.doubt());
        }
    }
}
