//! What will happen, in the order of time; at the same time, in the order of planning.

use scheduler::{Micros, NodeId};
use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, VecDeque};

/// Names a flight; it is void once the flight's stamp has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FlightRef {
    pub(super) slot: u32,
    pub(super) stamp: u32,
}

/// Something that will happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    /// A node that hangs by the given fault may have been silent for too long.
    Silent(u32, u32),
    /// Nodes tell their load probability anew.
    Announce,
    /// All that is still open is cancelled.
    Horizon,
}

/// An event that will happen later, sorted by time and then by the order of planning.
#[derive(Clone, Copy, Debug)]
struct Later {
    at: Micros,
    sequence: u64,
    what: What,
}

impl Later {
    /// Both in one number: one comparison without a branch.
    const fn key(&self) -> u128 {
        (self.at.0 as u128) << 64 | self.sequence as u128
    }
}

impl PartialEq for Later {
    fn eq(&self, other: &Later) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Later {}

impl PartialOrd for Later {
    fn partial_cmp(&self, other: &Later) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Later {
    fn cmp(&self, other: &Later) -> Ordering {
        self.key().cmp(&other.key())
    }
}

/// The queue of events.
#[derive(Debug, Default)]
pub(super) struct Calendar {
    heap: BinaryHeap<Reverse<Later>>,
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
            self.heap.push(Reverse(Later { at, sequence: self.sequence, what }));
        }
    }

    /// When the next event is due.
    pub(super) fn peek(&self) -> Option<Micros> {
        if self.at_once.is_empty() { self.heap.peek().map(|Reverse(later)| later.at) } else { Some(self.now) }
    }

    /// The next event; time moves on to it.
    pub(super) fn pop(&mut self) -> Option<What> {
        self.events += 1;
        if let Some(what) = self.at_once.pop_front() {
            return Some(what);
        }
        let Reverse(later) = self.heap.pop()?;
        self.now = later.at;
        Some(later.what)
    }

    /// Time moves on to something that was planned elsewhere.
    pub(super) fn move_to(&mut self, at: Micros) {
        self.events += 1;
        self.now = self.now.max(at);
    }
}
