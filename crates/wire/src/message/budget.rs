//! How much memory the large messages of a port may take together.
//!
//! Each connection may send a message of many megabytes; a thousand of them at once must not exhaust the machine.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes that a connection needs no share of the budget for.
pub(crate) const FREE_BYTES: usize = 64 * 1024;

/// What is left for the messages of all connections.
#[derive(Debug)]
pub(crate) struct Budget {
    left: AtomicUsize,
}

/// A connection's part of a budget. It goes back when the message is done with.
#[derive(Debug, Default)]
pub(crate) struct Share<'a> {
    budget: Option<&'a Budget>,
    bytes: usize,
}

impl Budget {
    pub(crate) fn new(bytes: usize) -> Budget {
        Budget { left: AtomicUsize::new(bytes) }
    }

    /// What is not taken.
    #[cfg(test)]
    fn left(&self) -> usize {
        self.left.load(Ordering::Relaxed)
    }
}

impl<'a> Share<'a> {
    /// A share of `budget`, without anything yet.
    pub(crate) fn of(budget: &'a Budget) -> Share<'a> {
        Share { budget: Some(budget), bytes: 0 }
    }

    /// Makes the share at least `bytes` large, if so much is left. Small messages need none.
    pub(crate) fn grow_to(&mut self, bytes: usize) -> bool {
        let Some(budget) = self.budget else { return true };
        let more = bytes.saturating_sub(FREE_BYTES).saturating_sub(self.bytes);
        if more == 0 {
            return true;
        }
        let take = |left: usize| left.checked_sub(more);
        let taken = budget.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok();
        if taken {
            self.bytes += more;
        }
        taken
    }

    /// Gives all of it back.
    pub(crate) fn release(&mut self) {
        if let Some(budget) = self.budget
            && self.bytes > 0
        {
            budget.left.fetch_add(self.bytes, Ordering::Relaxed);
            self.bytes = 0;
        }
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        self.release();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_come_out_of_one_budget_and_go_back() {
        let budget = Budget::new(1_000);
        let mut first = Share::of(&budget);
        let mut second = Share::of(&budget);
        assert!(first.grow_to(FREE_BYTES), "small messages are free");
        assert_eq!(budget.left(), 1_000);
        assert!(first.grow_to(FREE_BYTES + 600));
        assert!(first.grow_to(FREE_BYTES + 500), "it has as much");
        assert!(!second.grow_to(FREE_BYTES + 401));
        assert!(second.grow_to(FREE_BYTES + 400));
        assert_eq!(budget.left(), 0);
        first.release();
        assert!(second.grow_to(FREE_BYTES + 1_000));
        drop((first, second));
        assert_eq!(budget.left(), 1_000);
    }

    #[test]
    fn a_share_of_nothing_is_unbounded() {
        assert!(Share::default().grow_to(usize::MAX));
    }
}
