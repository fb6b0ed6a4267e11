//! What the scheduler wants to be woken for.

use crate::{JobId, Micros, NodeId, TaskIndex};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Due {
    /// A task's back-off is over.
    Retry(JobId, TaskIndex),
    /// It is time to ask a node whether it lives.
    Probe(NodeId),
    /// A job may have waited for a node for too long.
    Patience(JobId),
    /// An attempt has come of the age at which it gets company.
    Hedge,
    /// A policy held a task although nothing was in flight.
    Hold,
}

/// A heap of what is due. Entries that were overtaken by events stay until their time and are then ignored.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    heap: BinaryHeap<Reverse<(Micros, u64, Due)>>,
    /// Breaks ties by order of insertion, so that one seed gives one order.
    sequence: u64,
    announced: Option<Micros>,
}

impl Timers {
    pub(crate) fn add(&mut self, at: Micros, due: Due) {
        self.sequence += 1;
        self.heap.push(Reverse((at, self.sequence, due)));
    }

    /// Takes the earliest entry that is due at `now`.
    pub(crate) fn pop_due(&mut self, now: Micros) -> Option<Due> {
        let Reverse((at, _, _)) = self.heap.peek()?;
        if *at > now {
            return None;
        }
        self.heap.pop().map(|Reverse((_, _, due))| due)
    }

    /// The time to announce, if it differs from the one announced last.
    pub(crate) fn announce(&mut self) -> Option<Micros> {
        let earliest = self.heap.peek().map(|Reverse((at, _, _))| *at);
        if earliest == self.announced {
            return None;
        }
        self.announced = earliest;
        earliest
    }

    /// The announced wake has come: the next announcement must not be suppressed.
    pub(crate) fn woken(&mut self) {
        self.announced = None;
    }
}
