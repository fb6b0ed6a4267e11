//! What will happen, in the order of time; at the same time, in the order of planning.

use scheduler::{Micros, NodeId};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// Names a flight; it is void once the flight's stamp has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FlightRef {
    pub(super) slot: u32,
    pub(super) stamp: u32,
}

/// Something that will happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum What {
    /// A job is submitted.
    Submit(u32),
    /// An open job's next task arrives.
    Arrival(u32),
    /// A client of a closed job has thought.
    Thought(u32),
    /// An attempt reaches its node.
    Reached(FlightRef),
    /// An attempt's injected delay is over.
    Awake(FlightRef),
    /// An attempt's work is done, on a processor of its own.
    Worked(FlightRef),
    /// The next of the attempts that share a node's processors may be done.
    Shared(u32, u32),
    /// An attempt's answer is back.
    Answered(FlightRef),
    /// A probe of a scheduler has ended.
    Probed(u32, NodeId, bool),
    /// A fault of a node begins or ends.
    FaultBegins(u32, u32),
    /// The same, at its end.
    FaultEnds(u32, u32),
    /// All that is still open is cancelled.
    Horizon,
}

/// The queue of events.
#[derive(Debug, Default)]
pub(super) struct Calendar {
    heap: BinaryHeap<Reverse<(Micros, u64, What)>>,
    /// What happens at the very time at which it was planned, first come first served.
    at_once: VecDeque<What>,
    now: Micros,
    sequence: u64,
    /// Events so far.
    pub(super) events: u64,
}

impl Calendar {
    pub(super) fn now(&self) -> Micros {
        self.now
    }

    pub(super) fn add(&mut self, at: Micros, what: What) {
        if at <= self.now {
            self.at_once.push_back(what);
        } else {
            self.sequence += 1;
            self.heap.push(Reverse((at, self.sequence, what)));
        }
    }

    /// When the next event is due.
    pub(super) fn peek(&self) -> Option<Micros> {
        if self.at_once.is_empty() { self.heap.peek().map(|Reverse((at, _, _))| *at) } else { Some(self.now) }
    }

    /// The next event; time moves on to it.
    pub(super) fn pop(&mut self) -> Option<What> {
        self.events += 1;
        if let Some(what) = self.at_once.pop_front() {
            return Some(what);
        }
        let Reverse((at, _, what)) = self.heap.pop()?;
        self.now = at;
        Some(what)
    }

    /// Time moves on to something that was planned elsewhere.
    pub(super) fn move_to(&mut self, at: Micros) {
        self.events += 1;
        self.now = self.now.max(at);
    }
}
