//! Late binding, learned load probabilities and gated hedging together: this project's own.

use super::belief::{ALARM, Learning, MEMORY, RESET, SAMPLING};
use super::beliefs::Beliefs;
use super::late_binding::{Knowledge, LateBinding};
use super::{Cost, Entry};
use crate::{HedgeAfter, HedgeRule};

pub(super) const ENTRY: Entry = Entry {
    name: "ballast",
    help: "tasks wait in one queue for the free slot with the least expected time under load probabilities that are \
           learned by Thompson sampling with a change-point reset; brings +hedge[after=auto,copies=8] with \
           it. Loses a little to plain late binding where all nodes are alike, and needs to see all of a node's work",
    parameters: &[SAMPLING, MEMORY, RESET, ALARM],
    cost: Cost::Logarithmic,
    build: |parameters| {
        let hedge = HedgeRule { after: HedgeAfter::Doubt, copies: 8, idle: 0.2, budget: 1.0 };
        let beliefs = Beliefs::new(Learning::read(parameters)?);
        Ok(Box::new(LateBinding::new(Knowledge::Learned(beliefs), false, Some(hedge))))
    },
};
