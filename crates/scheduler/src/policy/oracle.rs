//! The node with the least expected completion time under its true load probability.

use super::draws::lowest;
use super::times::Times;
use super::{Choice, Cost, Ended, Entry, Policy};
use crate::NodeId;

pub(super) const ENTRY: Entry = Entry {
    name: "oracle",
    help: "least expected completion time, as load_aware, but told every node's load probability: the yardstick of \
           what learning costs. Greedy, so no optimum: it binds a task to a queue that late binding would keep. \
           Where nodes do not tell it knows nothing",
    parameters: &[],
    cost: Cost::Linear,
    build: |_| Ok(Box::new(Oracle::default())),
};

#[derive(Debug, Default)]
struct Oracle {
    times: Times,
}

impl Policy for Oracle {
    fn pick(&mut self, choice: &Choice<'_>) -> Option<NodeId> {
        lowest(choice, |node, _| {
            let told = choice.nodes().get(node).and_then(|entry| entry.facts().load_probability);
            self.times.completion(node, told.unwrap_or(0.0), choice)
        })
    }

    fn ended(&mut self, ended: &Ended<'_>) {
        self.times.hear(ended);
    }
}
