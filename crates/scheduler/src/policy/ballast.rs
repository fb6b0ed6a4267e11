//! Late binding, learned load probabilities and gated hedging together: this project's own.
//!
//! Tasks wait in one queue for the free slot with the least expected time. What a node rejects and delays is learned from
//! both coins of every attempt, and an attempt that is five times as old as the mean service is taken for delayed before it
//! comes back. Whatever is expected to take longer than a new attempt, or is four times as old as any that came back,
//! gets copies, up to eight at a task, while slots are idle and each task affords one: a copy meets a new coin, which is
//! worth more than any choice of nodes where delays are long.
//!
//! Where all nodes are alike and nothing is delayed it ties with plain `late_binding`. It loses where several schedulers
//! share busy nodes, because slots that look free are not: with four at 0.6 of the capacity of twenty graded nodes a task
//! takes 1.4 s, by Prequal 0.8 s, which asks the nodes. And it is not for work that may not be done twice.

use super::belief::{ALARM, Learning, MEMORY, RESET, SAMPLING};
use super::beliefs::Beliefs;
use super::late_binding::{Knowledge, LateBinding};
use super::{Cost, Entry};
use crate::{HedgeAfter, HedgeRule};

pub(super) const ENTRY: Entry = Entry {
    name: "ballast",
    help: "tasks wait in one queue for the free slot with the least expected time under load probabilities that are \
           learned by Thompson sampling with a change-point reset; brings +hedge[after=auto,copies=8] with \
           it. Ties with late binding where all nodes are alike; loses \
           where several schedulers share busy nodes, and must not be used for work that may not be done twice",
    parameters: &[SAMPLING, MEMORY, RESET, ALARM],
    cost: Cost::Logarithmic,
    build: |parameters| {
        let hedge = HedgeRule { after: HedgeAfter::Doubt, copies: 8, idle: 0.2, budget: 1.0 };
        let beliefs = Beliefs::new(Learning::read(parameters)?);
        Ok(Box::new(LateBinding::new(Knowledge::Learned(beliefs), false, Some(hedge))))
    },
};
