//! The table of nodes: what is known of each, and who may be picked.

use crate::NodeId;
use crate::health::{Health, Strikes};

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
}

/// All nodes, by number.
#[derive(Debug, Default)]
pub struct Nodes {
    all: Vec<Node>,
    /// Those that are up, in ascending order: one order for one seed.
    eligible: Vec<NodeId>,
    /// Slots of all eligible nodes.
    slots: u64,
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
            self.all.push(Node { facts, health: Health::Left, strikes, in_flight: 0 });
        } else {
            let was = self.all[node.index()].health;
            self.set_health(node, Health::Left);
            self.all[node.index()].facts = facts;
            self.set_health(node, was);
        }
    }

    /// Changes the health of a node; answers whether its eligibility changed.
    pub(crate) fn set_health(&mut self, node: NodeId, health: Health) -> bool {
        let entry = &mut self.all[node.index()];
        let (was_up, is_up) = (entry.health == Health::Up, health == Health::Up);
        entry.health = health;
        match (was_up, is_up, self.eligible.binary_search(&node)) {
            (false, true, Err(place)) => {
                self.eligible.insert(place, node);
                self.slots += u64::from(entry.facts.slots);
                true
            }
            (true, false, Ok(place)) => {
                self.eligible.remove(place);
                self.slots -= u64::from(entry.facts.slots);
                true
            }
            _ => false,
        }
    }
}
