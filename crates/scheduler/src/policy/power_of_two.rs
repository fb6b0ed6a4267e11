//! A few nodes at random, the least busy one of them.

use super::draws::{MOST_CHOICES, distinct, lowest_of};
use super::{Choice, Cost, Entry, Parameter, Policy};
use crate::NodeId;

pub(super) const ENTRY: Entry = Entry {
    name: "power_of_two",
    help: "two distinct nodes at random, fewer attempts in flight wins (Mitzenmacher 2001; choices=d gives power of \
           d); loses to the exact minimum when one scheduler sees everything, and to rejections as that does",
    parameters: &[CHOICES],
    cost: Cost::Constant,
    build: |parameters| Ok(Box::new(PowerOfTwo { choices: choices(parameters)? })),
};

/// How many nodes a sampling policy compares.
pub(super) const CHOICES: Parameter =
    Parameter { name: "choices", default: "2", help: "nodes that are compared, 1 to 32; 1 is random" };

/// Reads [`CHOICES`].
pub(super) fn choices(parameters: &super::Parameters) -> Result<usize, super::BadParameter> {
    parameters.number(CHOICES.name, 1, MOST_CHOICES)
}

#[derive(Debug)]
struct PowerOfTwo {
    choices: usize,
}

impl Policy for PowerOfTwo {
    fn pick(&mut self, choice: &Choice<'_>) -> Option<NodeId> {
        let (drawn, _) = distinct(choice, self.choices, choice.coin());
        lowest_of(drawn, |node| f64::from(choice.in_flight(node)))
    }
}
