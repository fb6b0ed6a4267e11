//! The node with the least expected completion time under what was learned of its rejections, delays and speed.

use super::belief::{ALARM, Belief, Learning, MEMORY, RESET, SAMPLING};
use super::by_node::ByNode;
use super::draws::lowest;
use super::times::Times;
use super::{Choice, Cost, Ended, Entry, Policy};
use crate::{NodeFacts, NodeId};

pub(super) const ENTRY: Entry = Entry {
    name: "load_aware",
    help: "least expected completion time from learned load probabilities, service times and attempts in flight, by \
           Thompson sampling (Thompson 1933) with a change-point reset (Page 1954); loses a little where all nodes \
           are alike, and binds tasks to queues that late binding would keep",
    parameters: &[SAMPLING, MEMORY, RESET, ALARM],
    cost: Cost::Linear,
    build: |parameters| {
        Ok(Box::new(LoadAware {
            learning: Learning::read(parameters)?,
            beliefs: ByNode::default(),
            times: Times::default(),
        }))
    },
};

#[derive(Debug)]
struct LoadAware {
    learning: Learning,
    beliefs: ByNode<Belief>,
    times: Times,
}

impl Policy for LoadAware {
    fn pick(&mut self, choice: &Choice<'_>) -> Option<NodeId> {
        let fresh = Belief::default();
        lowest(choice, |node, coin| {
            let belief = self.beliefs.get(node).unwrap_or(&fresh);
            self.times.completion(node, belief.probability(&self.learning, coin), choice)
        })
    }

    fn node_up(&mut self, node: NodeId, _facts: &NodeFacts, _in_flight: u32) {
        self.beliefs.enter(node);
    }

    fn ended(&mut self, ended: &Ended<'_>) {
        self.times.hear(ended);
        if self.beliefs.enter(ended.node).hear(ended, &self.learning) {
            let others = self.beliefs.iter_mut().filter(|(node, _)| *node != ended.node);
            others.for_each(|(_, belief)| belief.doubt());
        }
    }
}
