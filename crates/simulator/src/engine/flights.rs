//! Attempts under way: where each of them is and what its node makes of it.

use super::calendar::FlightRef;
use scheduler::{Attempt, Micros, Outcome};
use std::collections::VecDeque;
use std::time::Duration;

/// Where an attempt is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// On its way to the node.
    Outward,
    /// Waiting for a slot.
    Queued,
    /// In a slot, asleep or at work.
    InSlot,
    /// Never to be answered.
    Stuck,
    /// On its way back.
    Homeward,
}

/// An attempt under way.
#[derive(Debug)]
pub(super) struct Flight {
    /// The scheduler's token; none once it was given back (a time-out) while the node still works on it.
    pub(super) attempt: Option<Attempt>,
    pub(super) stamp: u32,
    pub(super) stage: Stage,
    pub(super) job: u32,
    pub(super) node: u32,
    pub(super) task: u32,
    pub(super) number: u32,
    /// When a thread took it, and its round trip began.
    pub(super) set_out: Micros,
    /// The wire's way back.
    pub(super) back: Duration,
    pub(super) reached: Micros,
    pub(super) entered: Micros,
    pub(super) delay: Duration,
    pub(super) service: Duration,
    pub(super) outcome: Outcome,
    pub(super) reason: &'static str,
}

/// All flights, by slot of a slab, and by the number of their attempt for those that are cancelled.
#[derive(Debug, Default)]
pub(super) struct Flights {
    slab: Vec<Flight>,
    free: Vec<u32>,
}

impl Flights {
    pub(super) fn insert(&mut self, flight: Flight) -> FlightRef {
        if let Some(slot) = self.free.pop() {
            let stamp = self.slab[slot as usize].stamp;
            self.slab[slot as usize] = Flight { stamp, ..flight };
            return FlightRef { slot, stamp };
        }
        self.slab.push(Flight { stamp: 0, ..flight });
        FlightRef { slot: (self.slab.len() - 1) as u32, stamp: 0 }
    }

    /// The flight, unless what was planned for it is void.
    pub(super) fn get(&mut self, flight: FlightRef) -> Option<&mut Flight> {
        self.slab.get_mut(flight.slot as usize).filter(|known| known.stamp == flight.stamp)
    }

    /// The present name of the flight in a slot.
    pub(super) fn named(&self, slot: u32) -> FlightRef {
        FlightRef { slot, stamp: self.slab[slot as usize].stamp }
    }

    /// Makes everything void that was planned for the flight; answers its new name.
    pub(super) fn renew(&mut self, flight: FlightRef) -> FlightRef {
        let known = &mut self.slab[flight.slot as usize];
        known.stamp = known.stamp.wrapping_add(1);
        FlightRef { slot: flight.slot, stamp: known.stamp }
    }

    pub(super) fn remove(&mut self, flight: FlightRef) {
        self.renew(flight);
        self.slab[flight.slot as usize].attempt = None;
        self.slab[flight.slot as usize].stage = Stage::Homeward;
        self.free.push(flight.slot);
    }

    /// The flights that a node has, in a slot or waiting, in the order of the slab.
    pub(super) fn at_node(&self, node: u32) -> Vec<FlightRef> {
        let there =
            |flight: &&Flight| flight.node == node && matches!(flight.stage, Stage::Queued | Stage::InSlot);
        let slots = (0u32..).zip(&self.slab).filter(|(_, flight)| there(flight));
        slots.map(|(slot, flight)| FlightRef { slot, stamp: flight.stamp }).collect()
    }
}

/// The flights of one scheduler by the number of their attempt. Numbers only grow and old ones end, so a window does.
#[derive(Debug, Default)]
pub(super) struct ByNumber {
    first: u64,
    window: VecDeque<u32>,
}

/// In the window: the attempt has ended.
const ENDED: u32 = u32::MAX;

impl ByNumber {
    pub(super) fn insert(&mut self, number: u64, slot: u32) {
        if self.window.is_empty() {
            self.first = number;
        }
        while self.first + (self.window.len() as u64) < number {
            self.window.push_back(ENDED);
        }
        self.window.push_back(slot);
    }

    pub(super) fn get(&self, number: u64) -> Option<u32> {
        let place = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.window.get(place).copied().filter(|slot| *slot != ENDED)
    }

    pub(super) fn remove(&mut self, number: u64) {
        let Some(place) = number.checked_sub(self.first) else { return };
        if let Some(entry) = self.window.get_mut(place as usize) {
            *entry = ENDED;
        }
        while self.window.front() == Some(&ENDED) {
            self.window.pop_front();
            self.first += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_forgets_what_ended() {
        let mut by_number = ByNumber::default();
        for number in [1, 2, 5] {
            by_number.insert(number, 10 + number as u32);
        }
        assert_eq!((by_number.get(1), by_number.get(3), by_number.get(5)), (Some(11), None, Some(15)));
        by_number.remove(2);
        assert_eq!(by_number.window.len(), 5);
        by_number.remove(1);
        assert_eq!((by_number.first, by_number.window.len()), (5, 1));
        assert_eq!((by_number.get(1), by_number.get(5), by_number.get(6)), (None, Some(15), None));
    }
}
