//! What is in flight, by slot of the attempt's token.

use crate::{JobId, Micros, NodeId, TaskIndex};

/// An attempt that has begun and was not given back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flight {
    pub(crate) id: u64,
    pub(crate) job: JobId,
    pub(crate) task: TaskIndex,
    pub(crate) node: NodeId,
    pub(crate) started: Micros,
    /// Whether another attempt at the task was in flight when this one began.
    pub(crate) is_copy: bool,
    /// Attempts in flight on the node when this one began, itself included.
    pub(crate) in_flight_then: u32,
    /// Whether its node fell silent and its task was handed on. It holds up nobody any more.
    pub(crate) is_deserted: bool,
}

/// All attempts in flight. Slots are used again, so tables by slot stay as small as the peak.
#[derive(Debug, Default)]
pub(crate) struct Flights {
    slots: Vec<Option<Flight>>,
    free: Vec<u32>,
    copies: usize,
    deserted: usize,
}

impl Flights {
    pub(crate) fn count(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Those that somebody still waits for.
    pub(crate) fn awaited(&self) -> usize {
        self.count() - self.deserted
    }

    /// Deserts all attempts on a node; answers the ones that were not before.
    pub(crate) fn desert(&mut self, node: NodeId) -> Vec<Flight> {
        let flights = self.slots.iter_mut().flatten();
        let deserted: Vec<Flight> = flights
            .filter(|flight| flight.node == node && !flight.is_deserted)
            .map(|flight| {
                flight.is_deserted = true;
                *flight
            })
            .collect();
        self.deserted += deserted.len();
        deserted
    }

    /// How many of them are copies.
    pub(crate) fn copies(&self) -> usize {
        self.copies
    }

    pub(crate) fn insert(&mut self, flight: Flight) -> u32 {
        self.copies += usize::from(flight.is_copy);
        if let Some(slot) = self.free.pop() {
            self.slots[slot as usize] = Some(flight);
            return slot;
        }
        self.slots.push(Some(flight));
        (self.slots.len() - 1) as u32
    }

    pub(crate) fn get(&self, slot: u32) -> Option<&Flight> {
        self.slots.get(slot as usize)?.as_ref()
    }

    /// Whether the attempt of that number is in that slot and somebody waits for it.
    pub(crate) fn has(&self, slot: u32, id: u64) -> bool {
        self.get(slot).is_some_and(|flight| flight.id == id && !flight.is_deserted)
    }

    pub(crate) fn remove(&mut self, slot: u32) -> Option<Flight> {
        let flight = self.slots[slot as usize].take()?;
        self.free.push(slot);
        self.copies -= usize::from(flight.is_copy);
        self.deserted -= usize::from(flight.is_deserted);
        Some(flight)
    }

    pub(crate) fn of(&self, job: JobId) -> impl Iterator<Item = &Flight> {
        self.slots.iter().flatten().filter(move |flight| flight.job == job)
    }
}
