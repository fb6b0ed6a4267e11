//! The node with the least expected completion time under what was learned of its rejections, delays and speed.

use super::belief::{ALARM, Learning, MEMORY, RESET, SAMPLING};
use super::beliefs::Beliefs;
use super::draws::lowest;
use super::{Choice, Cost, Ended, Entry, Policy, Started};
use crate::NodeId;

pub(super) const ENTRY: Entry = Entry {
    name: "load_aware",
    help: "least expected completion time from learned load probabilities, service times and attempts in flight, by \
           Thompson sampling (Thompson 1933) with a change-point reset (Page 1954); loses a little where all nodes \
           are alike, and binds tasks to queues that late binding would keep",
    parameters: &[SAMPLING, MEMORY, RESET, ALARM],
    cost: Cost::Linear,
    build: |parameters| Ok(Box::new(LoadAware { beliefs: Beliefs::new(Learning::read(parameters)?) })),
};

#[derive(Debug)]
struct LoadAware {
    beliefs: Beliefs,
}

impl Policy for LoadAware {
    fn pick(&mut self, choice: &Choice<'_>) -> Option<NodeId> {
        while self.beliefs.next_overdue(choice.now()).is_some() {}
        self.beliefs.fade_next(choice.nodes().eligible());
        lowest(choice, |node, coin| self.beliefs.completion(node, choice, coin))
    }

    fn started(&mut self, started: &Started) {
        self.beliefs.started(started);
    }

    fn ended(&mut self, ended: &Ended<'_>) {
        self.beliefs.ended(ended);
    }
}
