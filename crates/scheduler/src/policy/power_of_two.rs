//! Two nodes at random, the less busy one of them.

use super::{Choice, Cost, Entry, Policy};
use crate::NodeId;

pub(super) const ENTRY: Entry = Entry {
    name: "power_of_two",
    help: "two distinct nodes at random, fewer attempts in flight wins (Mitzenmacher 2001); loses to the exact \
           minimum when one scheduler sees everything",
    parameters: &[],
    cost: Cost::Constant,
    build: |_| Ok(Box::new(PowerOfTwo)),
};

#[derive(Debug)]
struct PowerOfTwo;

impl Policy for PowerOfTwo {
    fn pick(&mut self, choice: &Choice<'_>) -> Option<NodeId> {
        let first_index = choice.coin().below(choice.len());
        let first = choice.at(first_index);
        if choice.len() == 1 {
            return Some(first);
        }
        // A draw among the others: indices from the first one on move up by one.
        let other = choice.coin().next().below(choice.len() - 1);
        let second = choice.at(other + usize::from(other >= first_index));
        Some(if choice.in_flight(second) < choice.in_flight(first) { second } else { first })
    }
}
