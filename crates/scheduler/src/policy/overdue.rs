//! Attempts that take so long that they must have been delayed, before they end.
//!
//! A delay is known for sure only when the attempt ends. Who waits for that hears of the free ones first: for as long
//! as a delay lasts every node looks better than it is, and then all bad news come at once, like a change.

use crate::{Micros, NodeId};
use std::collections::VecDeque;
use std::time::Duration;

/// Attempts in flight whose delay is not known yet.
#[derive(Debug, Default)]
pub(super) struct Overdue {
    /// In the order of their begins; those that have ended are still in it.
    waiting: VecDeque<Waiting>,
    /// By slot of the attempts in flight.
    slots: Vec<State>,
    begun: u64,
}

#[derive(Clone, Copy, Debug)]
struct Waiting {
    node: NodeId,
    began: Micros,
    slot: u32,
    number: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    /// Tells an attempt from earlier ones in the same slot; 0 for none.
    number: u64,
    is_overdue: bool,
}

impl Overdue {
    /// An attempt began.
    pub(super) fn began(&mut self, node: NodeId, slot: u32, began: Micros) {
        self.begun += 1;
        let number = self.begun;
        if self.slots.len() <= slot as usize {
            self.slots.resize(slot as usize + 1, State::default());
        }
        self.slots[slot as usize] = State { number, is_overdue: false };
        self.waiting.push_back(Waiting { node, began, slot, number });
    }

    /// The node of the next attempt that is older than `limit`.
    pub(super) fn next(&mut self, now: Micros, limit: Duration) -> Option<NodeId> {
        while let Some(&Waiting { node, began, slot, number }) = self.waiting.front() {
            let state = &mut self.slots[slot as usize];
            let is_old = now.since(began) > limit;
            if state.number == number && !is_old {
                return None;
            }
            self.waiting.pop_front();
            if state.number == number {
                state.is_overdue = true;
                return Some(node);
            }
        }
        None
    }

    /// An attempt ended; answers whether it was taken for delayed before.
    pub(super) fn ended(&mut self, slot: u32) -> bool {
        self.slots.get_mut(slot as usize).is_some_and(|state| std::mem::take(state).is_overdue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_each_overdue_attempt_once() {
        let mut overdue = Overdue::default();
        let limit = Duration::from_micros(10);
        overdue.began(NodeId(4), 0, Micros(0));
        overdue.began(NodeId(5), 1, Micros(1));
        overdue.began(NodeId(6), 2, Micros(9));
        assert_eq!(overdue.next(Micros(10), limit), None);
        assert!(!overdue.ended(1));
        // Slot 1 is used again by an attempt that is not old.
        overdue.began(NodeId(7), 1, Micros(11));
        assert_eq!(overdue.next(Micros(15), limit), Some(NodeId(4)));
        assert_eq!(overdue.next(Micros(15), limit), None);
        assert!(overdue.ended(0));
        assert_eq!(overdue.next(Micros(40), limit), Some(NodeId(6)));
        assert_eq!(overdue.next(Micros(40), limit), Some(NodeId(7)));
        assert_eq!(overdue.next(Micros(40), limit), None);
    }
}
