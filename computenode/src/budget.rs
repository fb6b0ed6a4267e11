//! A budget of memory: who works on an image takes what it may need first, and waits until there is so much.
//!
//! Without it eight large images at once take what the machine does not have, and the node dies of it.

use std::sync::{Condvar, Mutex, PoisonError};

/// Bytes that one pixel of an image may take from decoding to encoding; the most that was measured over the formats and
/// operations is 11 (the file itself is counted apart).
const BYTES_A_PIXEL: u64 = 12;
/// Bytes beside the pixels: tables, threads, buffers.
const BESIDE: u64 = 8 << 20;

/// What an image may take: its file, the result's file, and its pixels in the shapes that they go through.
pub(crate) fn need(file_bytes: u64, width: u64, height: u64) -> u64 {
    let pixels = width.saturating_mul(height).saturating_mul(BYTES_A_PIXEL);
    BESIDE.saturating_add(file_bytes.saturating_mul(2)).saturating_add(pixels)
}

/// So much memory, handed out in the order of asking.
#[derive(Debug)]
pub(crate) struct Budget {
    total: u64,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    free: u64,
    /// The number of the next who asks.
    next: u64,
    /// The number of the one whose turn it is: a large need is not passed by small ones for ever.
    turn: u64,
}

/// Memory that is taken until the value is dropped.
#[derive(Debug)]
#[must_use]
pub(crate) struct Share<'budget> {
    budget: &'budget Budget,
    bytes: u64,
}

/// More is needed than there ever is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "working on it may take {} MiB of memory, and this node may use {} (--max-memory): give it more, or use a smaller image",
    .need.div_ceil(1 << 20), .total >> 20
)]
pub(crate) struct NeverEnough {
    need: u64,
    total: u64,
}

impl Budget {
    /// A budget of `total` bytes.
    pub(crate) fn new(total: u64) -> Budget {
        Budget { total, state: Mutex::new(State { free: total, next: 0, turn: 0 }), changed: Condvar::new() }
    }

    /// Waits for `need` bytes, in the order of arrival.
    ///
    /// # Errors
    /// At once if there are never so many.
    pub(crate) fn take(&self, need: u64) -> Result<Share<'_>, NeverEnough> {
        if need > self.total {
            return Err(NeverEnough { need, total: self.total });
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let number = state.next;
        state.next += 1;
        let mut state = self
            .changed
            .wait_while(state, |state| state.turn != number || state.free < need)
            .unwrap_or_else(PoisonError::into_inner);
        state.turn += 1;
        state.free -= need;
        drop(state);
        self.changed.notify_all();
        Ok(Share { budget: self, bytes: need })
    }

    /// How many wait.
    #[cfg(test)]
    fn waiting(&self) -> u64 {
        let state = self.state.lock().unwrap();
        state.next - state.turn
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        self.budget.state.lock().unwrap_or_else(PoisonError::into_inner).free += self.bytes;
        self.budget.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::thread;

    #[test]
    fn never_more_is_out_than_there_is() {
        let budget = Budget::new(100);
        let out = AtomicU64::new(0);
        thread::scope(|scope| {
            for number in 0..8_u64 {
                let (budget, out) = (&budget, &out);
                scope.spawn(move || {
                    for round in 0..100 {
                        let need = 1 + (number * 37 + round * 11) % 100;
                        let share = budget.take(need).unwrap();
                        let now = out.fetch_add(need, Ordering::SeqCst) + need;
                        assert!(now <= 100, "{now} are out");
                        thread::yield_now();
                        out.fetch_sub(need, Ordering::SeqCst);
                        drop(share);
                    }
                });
            }
        });
        drop(budget.take(100).unwrap());
    }

    #[test]
    fn a_small_need_does_not_pass_a_large_one_that_waits() {
        let budget = Budget::new(10);
        thread::scope(|scope| {
            let held = budget.take(5).unwrap();
            let large = scope.spawn(|| drop(budget.take(10).unwrap()));
            while budget.waiting() < 1 {
                thread::yield_now();
            }
            let small = scope.spawn(|| drop(budget.take(1).unwrap()));
            while budget.waiting() < 2 {
                thread::yield_now();
            }
            assert_eq!(budget.waiting(), 2, "there are five bytes, but it is not the small one's turn");
            drop(held);
            large.join().unwrap();
            small.join().unwrap();
        });
    }

    #[test]
    fn what_never_fits_is_told_at_once() {
        let refused = Budget::new(64 << 20).take(need(1 << 20, 4_000, 2_500)).unwrap_err();
        insta::assert_snapshot!(refused, @"working on it may take 125 MiB of memory, and this node may use 64 (--max-memory): give it more, or use a smaller image");
    }
}
