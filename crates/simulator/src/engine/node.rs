//! A modelled node: slots, a bounded queue, and attempts that share processors.

use super::calendar::FlightRef;
use crate::scenario::{NodePlan, Processors};
use scheduler::Micros;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// What ails a node.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Ailment {
    None,
    Crashed,
    Hung,
    Slow(f64),
}

/// A modelled node.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) free: u32,
    pub(super) queue: VecDeque<FlightRef>,
    pub(super) ailment: Ailment,
    pub(super) sharing: Option<Sharing>,
    pub(super) totals: NodeTotals,
}

/// What a node did in the whole run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NodeTotals {
    /// Attempts that were sent to it.
    pub attempts: u64,
    /// Finished attempts.
    pub done: u64,
    /// Attempts that its load probability refused.
    pub rejected: u64,
    /// Attempts refused because slots and queue were full.
    pub queue_full: u64,
    /// Attempts that started late.
    pub delayed: u64,
    /// Attempts lost with it or never answered.
    pub lost: u64,
    /// Microseconds of slots held by finished attempts: delay and work.
    pub busy_us: u64,
}

impl Node {
    pub(super) fn new(plan: &NodePlan) -> Node {
        let sharing = match plan.processors {
            Processors::OnePerSlot => None,
            Processors::Shared(processors) => Some(Sharing::new(f64::from(processors), plan.speed)),
        };
        Node {
            free: plan.slots,
            queue: VecDeque::new(),
            ailment: Ailment::None,
            sharing,
            totals: NodeTotals::default(),
        }
    }

    /// Attempts at the node, running and waiting.
    pub(super) fn in_flight(&self, slots: u32) -> u32 {
        slots - self.free + self.queue.len() as u32
    }

    /// Forgets all that it had.
    pub(super) fn empty(&mut self, slots: u32) {
        self.free = slots;
        self.queue.clear();
        if let Some(sharing) = &mut self.sharing {
            sharing.clear();
        }
    }

    pub(super) fn slowness(&self) -> f64 {
        if let Ailment::Slow(factor) = self.ailment { factor } else { 1.0 }
    }
}

/// Processor sharing. Every attempt at work gets the same share, so each has had the same amount of work done on it
/// since it joined as any other: one clock of attained work orders them all.
#[derive(Debug)]
pub(super) struct Sharing {
    processors: f64,
    speed: f64,
    /// Work done on an attempt that was there from the start, in microseconds at speed 1.
    attained: f64,
    at: Micros,
    /// By the attained work at which they are done; finite numbers above zero sort like their bits.
    active: BinaryHeap<Reverse<(u64, u64, FlightRef)>>,
    sequence: u64,
    /// Plans of an older stamp are void.
    pub(super) stamp: u32,
}

impl Sharing {
    fn new(processors: f64, speed: f64) -> Sharing {
        let active = BinaryHeap::new();
        Sharing { processors, speed, attained: 0.0, at: Micros(0), active, sequence: 0, stamp: 0 }
    }

    fn clear(&mut self) {
        self.active.clear();
        self.stamp += 1;
    }

    fn rate(&self) -> f64 {
        self.speed * (self.processors / self.active.len().max(1) as f64).min(1.0)
    }

    fn advance(&mut self, now: Micros) {
        self.attained += now.since(self.at).as_micros() as f64 * self.rate();
        self.at = now;
    }

    /// An attempt joins with `work` in microseconds at speed 1.
    pub(super) fn join(&mut self, flight: FlightRef, work: f64, now: Micros) {
        self.advance(now);
        self.sequence += 1;
        let done_at = self.attained + work.max(0.0);
        self.active.push(Reverse((done_at.to_bits(), self.sequence, flight)));
    }

    /// An attempt that is done at `now`, if one is.
    pub(super) fn take_done(&mut self, now: Micros) -> Option<FlightRef> {
        /// Rounding of sums of microseconds; far below the resolution of time.
        const SLACK: f64 = 1e-3;
        self.advance(now);
        let Reverse((done_at, _, flight)) = *self.active.peek()?;
        if f64::from_bits(done_at) > self.attained + SLACK {
            return None;
        }
        self.active.pop();
        if self.active.is_empty() {
            // The clock starts anew in every idle spell, so that its resolution never wears out.
            self.attained = 0.0;
        }
        Some(flight)
    }

    /// An attempt leaves before it is done.
    pub(super) fn leave(&mut self, flight: FlightRef, now: Micros) {
        self.advance(now);
        self.active.retain(|Reverse((_, _, other))| *other != flight);
    }

    /// When the next attempt is done if nobody joins or leaves; every earlier answer is void.
    pub(super) fn plan(&mut self) -> Option<Micros> {
        self.stamp += 1;
        let Reverse((done_at, _, _)) = self.active.peek()?;
        let left = (f64::from_bits(*done_at) - self.attained).max(0.0) / self.rate();
        Some(Micros(self.at.0.saturating_add(left.ceil() as u64)))
    }
}
