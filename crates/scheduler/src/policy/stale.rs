//! A policy that reads a bulletin board: what it knows of nodes is renewed at ticks and stale between them.
//!
//! With old information everybody who looks at it runs to the same node, its own earlier decisions included (herding;
//! Mitzenmacher, "How useful is old information?", 2000). A scheduler that sees its own attempts has no such board;
//! this is for experiments on what it would cost.

use super::{Choice, Ended, Policy, Started};
use crate::{HedgeRule, Micros, NodeFacts, NodeId, Observation};
use std::collections::VecDeque;
use std::time::Duration;

/// Tells `inner` of starts and ends at multiples of `period` only.
#[derive(Debug)]
pub(crate) struct Stale {
    inner: Box<dyn Policy>,
    period: u64,
    /// What is not on the board yet, in the order of its happening.
    notices: VecDeque<Notice>,
    /// By node: attempts in flight as the board shows them.
    board: Vec<u32>,
}

/// Something that the policy will hear of.
#[derive(Debug)]
enum Notice {
    Started(Started),
    Ended { ended: Ended<'static>, observation: Observation },
}

impl Notice {
    const fn happened(&self) -> Micros {
        match self {
            Notice::Started(started) => started.now,
            Notice::Ended { ended, .. } => ended.now,
        }
    }
}

/// Stands where an observation is kept beside its notice.
const KEPT_BESIDE: Observation =
    Observation { outcome: crate::Outcome::Done, round_trip: Duration::ZERO, node: None };

impl Stale {
    pub(crate) fn new(inner: Box<dyn Policy>, period: Duration) -> Stale {
        let period = u64::try_from(period.as_micros()).unwrap_or(u64::MAX).max(1);
        Stale { inner, period, notices: VecDeque::new(), board: Vec::new() }
    }

    /// Puts on the board what happened up to `until`.
    fn renew(&mut self, until: Micros) {
        while self.notices.front().is_some_and(|notice| notice.happened() <= until) {
            match self.notices.pop_front() {
                Some(Notice::Started(started)) => {
                    self.change(started.node, 1);
                    self.inner.started(&started);
                }
                Some(Notice::Ended { ended, observation }) => {
                    self.change(ended.node, -1);
                    self.inner.ended(&Ended { observation: &observation, ..ended });
                }
                None => return,
            }
        }
    }

    fn change(&mut self, node: NodeId, by: i32) {
        if let Some(in_flight) = self.board.get_mut(node.index()) {
            *in_flight = in_flight.saturating_add_signed(by);
        }
    }
}

impl Policy for Stale {
    fn pick(&mut self, choice: &Choice<'_>) -> Option<NodeId> {
        let tick = choice.now().0 / self.period * self.period;
        self.renew(Micros(tick));
        self.inner.pick(&choice.clone().with_board(&self.board))
    }

    fn hedge(&self) -> Option<HedgeRule> {
        self.inner.hedge()
    }

    fn node_up(&mut self, node: NodeId, facts: &NodeFacts, in_flight: u32) {
        // Who comes and goes is known at once, and with it all that happened before.
        self.renew(Micros(u64::MAX));
        if self.board.len() <= node.index() {
            self.board.resize(node.index() + 1, 0);
        }
        self.board[node.index()] = in_flight;
        self.inner.node_up(node, facts, in_flight);
    }

    fn node_down(&mut self, node: NodeId) {
        self.renew(Micros(u64::MAX));
        self.inner.node_down(node);
    }

    fn started(&mut self, started: &Started) {
        self.notices.push_back(Notice::Started(*started));
    }

    fn ended(&mut self, ended: &Ended<'_>) {
        let kept = Ended { observation: &KEPT_BESIDE, ..*ended };
        self.notices.push_back(Notice::Ended { ended: kept, observation: *ended.observation });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Nodes, Strategy};
    use luck::{Purpose, Seed};

    fn two_nodes() -> Nodes {
        let mut nodes = Nodes::default();
        for node in [NodeId(0), NodeId(1)] {
            nodes.enter(node, NodeFacts::default());
            nodes.set_health(node, crate::health::Health::Up);
        }
        nodes
    }

    #[test]
    fn starts_show_at_the_next_tick() {
        let nodes = two_nodes();
        let strategy: Strategy = "least_connections".parse().unwrap();
        let mut stale = Stale::new(strategy.build().unwrap(), Duration::from_micros(100));
        stale.node_up(NodeId(0), &NodeFacts::default(), 1);
        stale.node_up(NodeId(1), &NodeFacts::default(), 0);
        let mut pick = |now| {
            let coin = Seed(1).coin(Purpose::Pick, now, 1);
            let node = stale.pick(&Choice::new(&nodes, None, Micros(now), coin).unwrap()).unwrap();
            let slot = u32::try_from(now).unwrap();
            stale.started(&Started { node, now: Micros(now), slot, has_to_wait: false });
            node.0
        };
        // Until 100 the board shows node 1 empty; then it shows its four attempts, and node 0 is the emptier one.
        assert_eq!([10, 20, 30, 99].map(&mut pick), [1, 1, 1, 1]);
        assert_eq!([101, 150, 199].map(&mut pick), [0, 0, 0]);
    }
}
