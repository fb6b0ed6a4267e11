//! What is in flight, by slot of the attempt's token.

use crate::{JobId, Micros, NodeId};

/// An attempt that has begun and was not given back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flight {
    pub(crate) id: u64,
    pub(crate) job: JobId,
    pub(crate) node: NodeId,
    pub(crate) started: Micros,
    /// Attempts in flight on the node when this one began, itself included.
    pub(crate) in_flight_then: u32,
}

/// All attempts in flight. Slots are used again, so tables by slot stay as small as the peak.
#[derive(Debug, Default)]
pub(crate) struct Flights {
    slots: Vec<Option<Flight>>,
    free: Vec<u32>,
}

impl Flights {
    pub(crate) fn count(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    pub(crate) fn insert(&mut self, flight: Flight) -> u32 {
        if let Some(slot) = self.free.pop() {
            self.slots[slot as usize] = Some(flight);
            return slot;
        }
        self.slots.push(Some(flight));
        (self.slots.len() - 1) as u32
    }

    pub(crate) fn remove(&mut self, slot: u32) -> Option<Flight> {
        let flight = self.slots[slot as usize].take()?;
        self.free.push(slot);
        Some(flight)
    }

    pub(crate) fn of(&self, job: JobId) -> impl Iterator<Item = &Flight> {
        self.slots.iter().flatten().filter(move |flight| flight.job == job)
    }
}
