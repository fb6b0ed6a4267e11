//! The node with the least expected completion time under its true load probability.

use super::draws::lowest;
use super::late_binding::{Knowledge, LateBinding};
use super::times::Times;
use super::{Choice, Cost, Ended, Entry, Parameter, Policy};
use crate::NodeId;

pub(super) const ENTRY: Entry = Entry {
    name: "oracle",
    help: "least expected completion time, as load_aware, but told every node's load probability: the yardstick of \
           what learning costs. Greedy, so no optimum: it loses to binding=late, which keeps the queue to itself. Where \
           nodes do not tell it knows nothing",
    parameters: &[Parameter {
        name: "binding",
        default: "early",
        help: "early sends each task at once, as load_aware; late waits for a free slot, as ballast",
    }],
    cost: Cost::Linear,
    build: |parameters| {
        Ok(match parameters.word("binding", &["early", "late"])? {
            "late" => Box::new(LateBinding::new(Knowledge::Told(Times::default()), false, None)),
            _ => Box::new(Oracle::default()),
        })
    },
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
