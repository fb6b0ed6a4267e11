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
    threshold: bool,
    hedge: Option<HedgeRule>,
    rows: ByNode<Row>,
    /// Expected times of the nodes that are up and have a free slot, and of all that are up.
    free: Tournament,
    up: Tournament,
    speeds: Speeds,
    coin: Coin,
}

#[derive(Clone, Copy, Debug, Default)]
struct Row {
    is_up: bool,
    slots: u32,
    in_flight: u32,
    /// The load probability that the node tells, 0 if it tells none.
    told: f64,
    /// The expected time of a task in microseconds, as drawn last; 0 before the first draw.
    time: f64,
}

impl LateBinding {
    pub(super) fn new(knowledge: Knowledge, threshold: bool, hedge: Option<HedgeRule>) -> LateBinding {
        LateBinding {
            knowledge,
            threshold,
            hedge,
            rows: ByNode::default(),
            free: Tournament::default(),
            up: Tournament::default(),
            speeds: Speeds::default(),
            // Replaced by the luck of the job's first decision.
            coin: Seed(0).coin(Purpose::Belief, 0, 0),
        }
    }

    /// Draws the node's expected time anew and enters it where it belongs.
    fn redraw(&mut self, node: NodeId) {
        self.coin = self.coin.next();
        let row = self.rows.enter(node);
        let slots = f64::from(row.slots);
        if row.time > 0.0 {
            self.speeds.remove(row.time, slots);
        }
        let time = match &self.knowledge {
            Knowledge::Nothing => 1.0,
            Knowledge::Learned(beliefs) => beliefs.time(node, self.coin),
            Knowledge::Told(times) => times.refusals(node, row.told) + times.work(node, row.told),
        };
        // Nodes of which the same is known take turns at random.
        row.time = time * (1.0 + 1e-6 * self.coin.next().uniform());
        if row.is_up {
            self.speeds.add(row.time, slots);
        } else {
            row.time = 0.0;
        }
        let (is_up, has_free, time) = (row.is_up, row.in_flight < row.slots, row.time);
        self.up.set(node, is_up.then_some(time));
        self.free.set(node, (is_up && has_free).then_some(time));
    }

    fn next_overdue(&mut self, now: Micros) -> Option<NodeId> {
        match &mut self.knowledge {
            Knowledge::Learned(beliefs) => beliefs.next_overdue(now),
            Knowledge::Nothing | Knowledge::Told(_) => None,
        }
    }

    /// Whether a faster node is expected to be done sooner, though it has to become free first: the `waiting` tasks
    /// take their turns on all nodes that are faster than the best free one, and these are all busy.
    fn is_worth_waiting(&self, time: f64, without: Option<NodeId>, waiting: usize) -> bool {
        let Some((_, fastest)) = self.up.lowest(without) else {
            return false;
        };
        let left_out =
            without.and_then(|node| self.rows.get(node)).filter(|row| row.is_up && row.time < time);
        let left_out = left_out.map_or(0.0, |row| f64::from(row.slots) / row.time.max(1.0));
        let rate = self.speeds.faster_than(time) - left_out;
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
        let waits =
            self.threshold && !choice.is_copy() && self.is_worth_waiting(time, without, choice.waiting());
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
