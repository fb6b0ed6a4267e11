//! Tasks wait in one queue and are bound to a node only when it has a free slot.

use super::belief::Learning;
use super::beliefs::Beliefs;
use super::by_node::ByNode;
use super::speeds::Speeds;
use super::times::Times;
use super::tournament::Tournament;
use super::{Choice, Cost, Ended, Entry, Parameter, Policy, Started};
use crate::{HedgeRule, Micros, NodeFacts, NodeId};
use luck::{Coin, Purpose, Seed};

pub(super) const ENTRY: Entry = Entry {
    name: "late_binding",
    help: "tasks wait in one queue, and a random free slot takes the next (central pull; late binding as in Sparrow, \
           Ousterhout and others 2013): the wait of one fast server for all (M/M/k). Loses where nodes reject: the \
           one that refuses is always free, the twin of the sinkhole; threshold=slow_server holds tasks for faster \
           nodes instead (Lin and Kumar 1984), which loses when delays are rare and long: a fast node that is full is \
           full of delayed attempts and stays so",
    parameters: &[Parameter {
        name: "threshold",
        default: "none",
        help: "none takes any free slot; slow_server waits for a faster node while that is expected to be sooner",
    }],
    cost: Cost::Logarithmic,
    build: |parameters| {
        let threshold = parameters.word("threshold", &["none", "slow_server"])? == "slow_server";
        let knowledge = match threshold {
            true => Knowledge::Learned(Beliefs::new(Learning::greedy())),
            false => Knowledge::Nothing,
        };
        Ok(Box::new(LateBinding::new(knowledge, threshold, None)))
    },
};

/// Beliefs that are drawn anew with each decision. Draws of a node are kept until it is heard of, which makes a decision
/// O(log n); without new draws a node that had one bad one would never be heard of again.
const REDRAWS: usize = 2;

/// What is known of the nodes.
#[derive(Debug)]
pub(super) enum Knowledge {
    /// All nodes are alike.
    Nothing,
    /// What was learned.
    Learned(Beliefs),
    /// The load probabilities that the nodes tell, and what attempts take.
    Told(Times),
}

/// The policy behind `late_binding`, `ballast` and the late oracle.
#[derive(Debug)]
pub(super) struct LateBinding {
    knowledge: Knowledge,
    /// None if any free slot is taken.
    queue: Option<Queue>,
    hedge: Option<HedgeRule>,
    rows: ByNode<Row>,
    /// Expected times of the nodes that are up and have a free slot.
    free: Tournament,
    coin: Coin,
}

/// What tells whether to wait for a node that is full.
#[derive(Debug, Default)]
struct Queue {
    /// Expected times of all nodes that are up.
    times: Tournament,
    speeds: Speeds,
}

#[derive(Clone, Copy, Debug, Default)]
struct Row {
    is_up: bool,
    slots: u32,
    in_flight: u32,
    /// The load probability that the node tells, 0 if it tells none.
    told: f64,
    /// The expected time of a task in microseconds, as drawn last; none while it is not up.
    time: Option<f64>,
}

impl LateBinding {
    pub(super) fn new(knowledge: Knowledge, threshold: bool, hedge: Option<HedgeRule>) -> LateBinding {
        LateBinding {
            knowledge,
            queue: threshold.then(Queue::default),
            hedge,
            rows: ByNode::default(),
            free: Tournament::default(),
            // Replaced by the luck of the job's first decision.
            coin: Seed(0).coin(Purpose::Belief, 0, 0),
        }
    }

    /// Draws the node's expected time anew and enters it where it belongs.
    fn redraw(&mut self, node: NodeId) {
        self.coin = self.coin.next();
        let row = self.rows.enter(node);
        let time = match &self.knowledge {
            Knowledge::Nothing => 1.0,
            Knowledge::Learned(beliefs) => beliefs.time(node, self.coin),
            Knowledge::Told(times) => times.refusals(node, row.told) + times.work(node, row.told),
        };
        // Nodes of which the same is known take turns at random.
        let time = row.is_up.then(|| time * (1.0 + 1e-6 * self.coin.next().uniform()));
        if let Some(queue) = &mut self.queue {
            queue.change(node, row.time, time, f64::from(row.slots));
        }
        row.time = time;
        self.free.set(node, time.filter(|_| row.in_flight < row.slots));
    }

    fn next_overdue(&mut self, now: Micros) -> Option<NodeId> {
        match &mut self.knowledge {
            Knowledge::Learned(beliefs) => beliefs.next_overdue(now),
            Knowledge::Nothing | Knowledge::Told(_) => None,
        }
    }
}

impl Queue {
    fn change(&mut self, node: NodeId, before: Option<f64>, now: Option<f64>, slots: f64) {
        if let Some(time) = before {
            self.speeds.remove(time, slots);
        }
        if let Some(time) = now {
            self.speeds.add(time, slots);
        }
        self.times.set(node, now);
    }

    /// Whether a faster node is expected to be done sooner, though it has to become free first: the `waiting` tasks
    /// take their turns on all nodes that are faster than the best free one, and these are all busy. `without` is the
    /// node that is no candidate, and its rate.
    fn is_worth_waiting(&self, time: f64, without: Option<(NodeId, f64)>, waiting: usize) -> bool {
        let Some((_, fastest)) = self.times.lowest(without.map(|(node, _)| node)) else {
            return false;
        };
        let rate = self.speeds.faster_than(time) - without.map_or(0.0, |(_, rate)| rate);
        fastest < time && rate > 0.0 && time > fastest + waiting as f64 / rate
    }
}

impl Policy for LateBinding {
    fn pick(&mut self, choice: &Choice<'_>) -> Option<NodeId> {
        self.coin = choice.coin();
        while let Some(node) = self.next_overdue(choice.now()) {
            self.redraw(node);
        }
        for _ in 0..REDRAWS.min(choice.nodes().eligible().len()) {
            if let Knowledge::Learned(beliefs) = &mut self.knowledge {
                let node = beliefs.fade_next(choice.nodes().eligible());
                self.redraw(node);
            }
        }
        let without = choice.excluded();
        let (node, time) = self.free.lowest(without)?;
        let waits = self.queue.as_ref().filter(|_| !choice.is_copy()).is_some_and(|queue| {
            let row = without.and_then(|node| self.rows.get(node));
            let faster = row.and_then(|row| row.time.filter(|&other| other < time).map(|time| (row, time)));
            let rate = faster.map_or(0.0, |(row, time)| f64::from(row.slots) / time.max(1.0));
            queue.is_worth_waiting(time, without.map(|node| (node, rate)), choice.waiting())
        });
        (!waits).then_some(node)
    }

    fn hedge(&self) -> Option<HedgeRule> {
        self.hedge
    }

    fn node_up(&mut self, node: NodeId, facts: &NodeFacts, in_flight: u32) {
        self.node_down(node);
        let row = self.rows.enter(node);
        let told = facts.load_probability.unwrap_or(0.0);
        *row = Row { is_up: true, slots: facts.slots, in_flight, told, ..*row };
        self.redraw(node);
    }

    fn node_down(&mut self, node: NodeId) {
        self.rows.enter(node).is_up = false;
        self.redraw(node);
    }

    fn started(&mut self, started: &Started) {
        self.rows.enter(started.node).in_flight += 1;
        if let Knowledge::Learned(beliefs) = &mut self.knowledge {
            beliefs.started(started);
        }
        self.redraw(started.node);
    }

    fn ended(&mut self, ended: &Ended<'_>) {
        let row = self.rows.enter(ended.node);
        row.in_flight = row.in_flight.saturating_sub(1);
        match &mut self.knowledge {
            Knowledge::Nothing => {}
            Knowledge::Learned(beliefs) => beliefs.ended(ended),
            Knowledge::Told(times) => times.hear(ended),
        }
        self.redraw(ended.node);
    }
}
