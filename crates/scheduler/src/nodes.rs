//! The table of nodes: what is known of each, and who may be picked.

use crate::health::{Health, Strikes};
use crate::{Micros, NodeId};
use std::time::Duration;

/// What is known of a node from the start.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NodeFacts {
    /// Attempts that it works on at once, at least 1.
    pub slots: u32,
    /// Its load probability, where it tells. Only a policy that is called an oracle may look.
    pub load_probability: Option<f64>,
}

impl Default for NodeFacts {
    /// One slot, nothing told.
    fn default() -> NodeFacts {
        NodeFacts { slots: 1, load_probability: None }
    }
}

/// One node as the scheduler knows it.
#[derive(Clone, Copy, Debug)]
pub struct Node {
    pub(crate) facts: NodeFacts,
    pub(crate) health: Health,
    pub(crate) strikes: Strikes,
    pub(crate) in_flight: u32,
    /// The sum of the begins of what is in flight, in microseconds.
    begins_us: u128,
}

impl Node {
    /// What is known of it from the start.
    pub const fn facts(&self) -> &NodeFacts {
        &self.facts
    }

    /// Whether it takes work.
    pub const fn health(&self) -> Health {
        self.health
    }

    /// Attempts begun on it and not ended, over all jobs.
    pub const fn in_flight(&self) -> u32 {
        self.in_flight
    }

    /// The mean age of its attempts in flight; none without one.
    pub fn mean_age(&self, now: Micros) -> Option<Duration> {
        let begin = self.begins_us.checked_div(u128::from(self.in_flight))?;
        Some(now.since(Micros(u64::try_from(begin).unwrap_or(u64::MAX))))
    }
}

/// All nodes, by number.
#[derive(Debug, Default)]
pub struct Nodes {
    all: Vec<Node>,
    /// Those that are up, in ascending order: one order for one seed.
    eligible: Vec<NodeId>,
    /// Slots of all eligible nodes.
    slots: u64,
    /// Attempts in flight on eligible nodes.
    in_flight: u64,
    /// Slots of eligible nodes in which no attempt is.
    idle: u64,
    ejected: usize,
    health_changes: u64,
}

impl Nodes {
    /// Every node that ever joined, by number.
    pub fn all(&self) -> &[Node] {
        &self.all
    }

    /// The nodes that take work, in ascending order.
    pub fn eligible(&self) -> &[NodeId] {
        &self.eligible
    }

    /// Slots of all nodes that take work.
    pub const fn eligible_slots(&self) -> u64 {
        self.slots
    }

    /// Attempts in flight on all nodes that take work.
    pub const fn eligible_in_flight(&self) -> u64 {
        self.in_flight
    }

    /// Free slots of all nodes that take work. A node with more attempts than slots has none, and no debt.
    pub const fn idle_slots(&self) -> u64 {
        self.idle
    }

    /// Attempts in flight on `node`.
    pub fn in_flight(&self, node: NodeId) -> u32 {
        self.all[node.index()].in_flight
    }

    /// Slots of `node`.
    pub fn slots(&self, node: NodeId) -> u32 {
        self.all[node.index()].facts.slots
    }

    /// The node of that number, if it ever joined.
    pub fn get(&self, node: NodeId) -> Option<&Node> {
        self.all.get(node.index())
    }

    pub(crate) fn get_mut(&mut self, node: NodeId) -> Option<&mut Node> {
        self.all.get_mut(node.index())
    }

    /// Enters a node, or new facts of one that is known. It is not eligible before [`Nodes::set_health`].
    ///
    /// # Panics
    /// If a number is left out: whoever drives numbers the nodes densely.
    pub(crate) fn enter(&mut self, node: NodeId, facts: NodeFacts) {
        let facts = NodeFacts { slots: facts.slots.max(1), ..facts };
        assert!(node.index() <= self.all.len(), "node {} joins before node {}", node.0, self.all.len());
        if node.index() == self.all.len() {
            let strikes = Strikes::default();
            self.all.push(Node { facts, health: Health::Left, strikes, in_flight: 0, begins_us: 0 });
        } else {
            let was = self.all[node.index()].health;
            self.set_health(node, Health::Left);
            self.all[node.index()].facts = facts;
            self.set_health(node, was);
        }
    }

    /// How many nodes are ejected.
    pub const fn ejected(&self) -> usize {
        self.ejected
    }

    /// Counts every change of any node's health, so that who tells of them knows when to look.
    pub const fn health_changes(&self) -> u64 {
        self.health_changes
    }

    /// An attempt began on `node`.
    pub(crate) fn begin(&mut self, node: NodeId, now: Micros) {
        let entry = &mut self.all[node.index()];
        let was_idle = entry.in_flight < entry.facts.slots;
        entry.in_flight += 1;
        entry.begins_us += u128::from(now.0);
        if entry.health == Health::Up {
            self.in_flight += 1;
            self.idle -= u64::from(was_idle);
        }
    }

    /// An attempt that began at `started` ended on `node`.
    pub(crate) fn settle(&mut self, node: NodeId, started: Micros) {
        let entry = &mut self.all[node.index()];
        entry.in_flight -= 1;
        entry.begins_us -= u128::from(started.0);
        if entry.health == Health::Up {
            self.in_flight -= 1;
            self.idle += u64::from(entry.in_flight < entry.facts.slots);
        }
    }

    /// Changes the health of a node; answers whether its eligibility changed.
    pub(crate) fn set_health(&mut self, node: NodeId, health: Health) -> bool {
        let entry = &mut self.all[node.index()];
        let (was_up, is_up) = (entry.health == Health::Up, health == Health::Up);
        self.ejected += usize::from(health == Health::Ejected);
        self.ejected -= usize::from(entry.health == Health::Ejected);
        self.health_changes += u64::from(entry.health != health);
        entry.health = health;
        let idle = u64::from(entry.facts.slots.saturating_sub(entry.in_flight));
        let (slots, in_flight) = (u64::from(entry.facts.slots), u64::from(entry.in_flight));
        match (was_up, is_up, self.eligible.binary_search(&node)) {
            (false, true, Err(place)) => {
                self.eligible.insert(place, node);
                self.slots += slots;
                self.in_flight += in_flight;
                self.idle += idle;
                true
            }
            (true, false, Ok(place)) => {
                self.eligible.remove(place);
                self.slots -= slots;
                self.in_flight -= in_flight;
                self.idle -= idle;
                true
            }
            _ => false,
        }
    }
}
