//! A gate lets a fixed number of attempts through at once and keeps a bounded, first-come queue before it.
//!
//! A node has two: its slots, which an attempt holds from admission to its reply, sleep included, and its cores,
//! which it holds only while it works on pixels. Attempts that sleep therefore occupy a slot but no processor.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Lets `capacity` holders through at once; `queue_bound` more may wait.
#[derive(Debug)]
pub(crate) struct Gate {
    state: Mutex<State>,
    /// Told when nobody holds a permit and nobody waits.
    idle: Condvar,
    capacity: usize,
    queue_bound: usize,
}

#[derive(Debug)]
struct State {
    free: usize,
    /// Only filled while `free` is 0: a permit that comes back goes straight to the first in line.
    waiting: VecDeque<Arc<Waiter>>,
    closed: bool,
}

/// One place in the queue.
#[derive(Debug, Default)]
struct Waiter {
    answer: Mutex<Option<Result<(), Refusal>>>,
    answered: Condvar,
}

/// Why somebody was not let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Every permit is held and the queue is full.
    Full,
    /// The gate closed before their turn came.
    Closed,
}

/// The right to be inside; it ends with the value.
#[derive(Debug)]
#[must_use]
pub(crate) struct Permit<'gate>(&'gate Gate);

/// How many are inside and before a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Occupancy {
    /// Holders of a permit.
    pub(crate) inside: usize,
    /// Waiting for one.
    pub(crate) queued: usize,
}

/// No holder of these locks can panic half-way through a change, so a poisoned lock guards whole data.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Gate {
    /// A gate for `capacity` holders (at least 1) with `queue_bound` places before it (0: nobody waits).
    pub(crate) fn new(capacity: usize, queue_bound: usize) -> Gate {
        let capacity = capacity.max(1);
        let state = State { free: capacity, waiting: VecDeque::new(), closed: false };
        Gate { state: Mutex::new(state), idle: Condvar::new(), capacity, queue_bound }
    }

    /// Waits for a permit, in the order of arrival.
    ///
    /// # Errors
    /// At once if the queue is full, and as soon as the gate closes.
    pub(crate) fn enter(&self) -> Result<Permit<'_>, Refusal> {
        let waiter = {
            let mut state = lock(&self.state);
            if state.closed {
                return Err(Refusal::Closed);
            }
            if state.free > 0 {
                state.free -= 1;
                return Ok(Permit(self));
            }
            if state.waiting.len() >= self.queue_bound {
                return Err(Refusal::Full);
            }
            let waiter = Arc::new(Waiter::default());
            state.waiting.push_back(Arc::clone(&waiter));
            waiter
        };
        waiter.wait().map(|()| Permit(self))
    }

    /// Lets nobody in any more and sends away all who wait; those inside stay until they leave.
    pub(crate) fn close(&self) {
        let waiting = {
            let mut state = lock(&self.state);
            state.closed = true;
            std::mem::take(&mut state.waiting)
        };
        for waiter in waiting {
            waiter.tell(Err(Refusal::Closed));
        }
        self.tell_if_idle(&lock(&self.state));
    }

    /// Waits at most `limit` until nobody is inside; answers whether that came.
    pub(crate) fn wait_until_idle(&self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        let mut state = lock(&self.state);
        while state.free < self.capacity {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = self.idle.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// How many are inside and before the gate.
    pub(crate) fn occupancy(&self) -> Occupancy {
        let state = lock(&self.state);
        Occupancy { inside: self.capacity - state.free, queued: state.waiting.len() }
    }

    fn leave(&self) {
        let mut state = lock(&self.state);
        match state.waiting.pop_front() {
            Some(next) => {
                drop(state);
                next.tell(Ok(()));
            }
            None => {
                state.free += 1;
                self.tell_if_idle(&state);
            }
        }
    }

    fn tell_if_idle(&self, state: &State) {
        // Nobody waits for idleness before the gate closes, and a needless notification costs a system call.
        if state.closed && state.free == self.capacity {
            self.idle.notify_all();
        }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.0.leave();
    }
}

impl Waiter {
    fn tell(&self, answer: Result<(), Refusal>) {
        *lock(&self.answer) = Some(answer);
        self.answered.notify_one();
    }

    fn wait(&self) -> Result<(), Refusal> {
        let mut answer = lock(&self.answer);
        loop {
            if let Some(answer) = *answer {
                return answer;
            }
            answer = self.answered.wait(answer).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::thread;

    /// Blocks until `count` wait before the gate; the yield is politeness, not synchronisation.
    fn until_queued(gate: &Gate, count: usize) {
        while gate.occupancy().queued != count {
            thread::yield_now();
        }
    }

    #[test]
    fn lets_through_its_capacity_and_no_more() {
        let gate = Gate::new(2, 0);
        let first = gate.enter().unwrap();
        let _second = gate.enter().unwrap();
        assert_eq!(gate.enter().unwrap_err(), Refusal::Full);
        drop(first);
        assert!(gate.enter().is_ok());
        assert_eq!(gate.occupancy(), Occupancy { inside: 1, queued: 0 });
    }

    #[test]
    fn serves_the_queue_in_the_order_of_arrival() {
        let gate = Gate::new(1, 8);
        let (sender, order) = mpsc::channel();
        thread::scope(|scope| {
            let holder = gate.enter().unwrap();
            for number in 0..8 {
                let (gate, sender) = (&gate, sender.clone());
                scope.spawn(move || {
                    let permit = gate.enter().unwrap();
                    sender.send(number).unwrap();
                    drop(permit);
                });
                until_queued(gate, number + 1);
            }
            assert_eq!(gate.enter().unwrap_err(), Refusal::Full, "the queue has 8 places");
            drop(holder);
        });
        assert_eq!(order.try_iter().collect::<Vec<_>>(), (0..8).collect::<Vec<_>>());
        assert_eq!(gate.occupancy(), Occupancy { inside: 0, queued: 0 });
    }

    #[test]
    fn closing_sends_the_queue_away_and_leaves_holders_alone() {
        let gate = Gate::new(1, 4);
        thread::scope(|scope| {
            let holder = gate.enter().unwrap();
            let waiters: Vec<_> = (0..3).map(|_| scope.spawn(|| gate.enter().map(drop))).collect();
            until_queued(&gate, 3);
            gate.close();
            for waiter in waiters {
                assert_eq!(waiter.join().unwrap(), Err(Refusal::Closed));
            }
            assert_eq!(gate.enter().map(drop), Err(Refusal::Closed));
            assert!(!gate.wait_until_idle(Duration::ZERO), "the holder is still inside");
            let waits = scope.spawn(|| gate.wait_until_idle(Duration::from_secs(600)));
            drop(holder);
            assert!(waits.join().unwrap());
        });
    }

    #[test]
    fn never_more_inside_than_the_capacity_whatever_the_order() {
        let gate = Gate::new(3, 64);
        let inside = std::sync::atomic::AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        let permit = gate.enter().unwrap();
                        let now = inside.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1;
                        assert!(now <= 3, "{now} inside");
                        thread::yield_now();
                        inside.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
                        drop(permit);
                    }
                });
            }
        });
        assert_eq!(gate.occupancy(), Occupancy { inside: 0, queued: 0 });
    }
}
