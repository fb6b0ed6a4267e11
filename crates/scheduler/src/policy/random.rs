//! Uniformly at random: the baseline, and the original's only choice.

use super::{Choice, Cost, Entry, Policy};
use crate::NodeId;

pub(super) const ENTRY: Entry = Entry {
    name: "random",
    help: "uniformly at random, as the original system; loses wherever nodes differ or queues form",
    parameters: &[],
    cost: Cost::Constant,
    build: |_| Ok(Box::new(Random)),
};

#[derive(Debug)]
struct Random;

impl Policy for Random {
    fn pick(&mut self, choice: &Choice<'_>) -> Option<NodeId> {
        Some(choice.at(choice.coin().below(choice.len())))
    }
}
