//! Work on all processors whose results are taken in order: what comes out does not depend on the number of threads.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// How far work may run ahead of what was taken, in pieces for each thread: bounds the memory of waiting results.
const AHEAD: usize = 4;

struct Shared<R> {
    state: Mutex<State<R>>,
    changed: Condvar,
}

struct State<R> {
    next: usize,
    taken: usize,
    ready: BTreeMap<usize, R>,
    stopped: bool,
}

impl<R> Shared<R> {
    fn lock(&self) -> MutexGuard<'_, State<R>> {
        // A thread that panics holds no lock: it only takes and gives numbers and results.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&'a self, guard: MutexGuard<'a, State<R>>) -> MutexGuard<'a, State<R>> {
        self.changed.wait(guard).unwrap_or_else(PoisonError::into_inner)
    }
}

/// Stops everybody when a thread ends early, by a panic.
struct StopsAll<'a, R>(&'a Shared<R>);

impl<R> Drop for StopsAll<'_, R> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.lock().stopped = true;
            self.0.changed.notify_all();
        }
    }
}

/// Does `work` on each of `0..count` on `threads` threads and gives the results to `take` in ascending order, on the
/// caller's thread, until it breaks.
pub fn in_order<R: Send, B>(
    count: usize,
    threads: usize,
    work: impl Fn(usize) -> R + Sync,
    mut take: impl FnMut(usize, R) -> ControlFlow<B>,
) -> ControlFlow<B> {
    let threads = threads.clamp(1, count.max(1));
    let state = State { next: 0, taken: 0, ready: BTreeMap::new(), stopped: false };
    let shared = Shared { state: Mutex::new(state), changed: Condvar::new() };
    let worker = || {
        let _stops = StopsAll(&shared);
        loop {
            let mut state = shared.lock();
            while !state.stopped && state.next < count && state.next >= state.taken + AHEAD * threads {
                state = shared.wait(state);
            }
            if state.stopped || state.next >= count {
                return;
            }
            let index = state.next;
            state.next += 1;
            drop(state);
            let result = work(index);
            shared.lock().ready.insert(index, result);
            shared.changed.notify_all();
        }
    };
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(worker);
        }
        for index in 0..count {
            let mut state = shared.lock();
            let result = loop {
                if let Some(result) = state.ready.remove(&index) {
                    break result;
                }
                if state.stopped {
                    // A worker panicked; the scope passes it on.
                    return ControlFlow::Continue(());
                }
                state = shared.wait(state);
            };
            state.taken = index + 1;
            drop(state);
            shared.changed.notify_all();
            if let ControlFlow::Break(answer) = take(index, result) {
                shared.lock().stopped = true;
                shared.changed.notify_all();
                return ControlFlow::Break(answer);
            }
        }
        ControlFlow::Continue(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn squares(count: usize, threads: usize) -> Vec<usize> {
        let mut seen = Vec::new();
        let end = in_order(
            count,
            threads,
            |index| index * index,
            |index, square| {
                assert_eq!(index, seen.len());
                seen.push(square);
                ControlFlow::<()>::Continue(())
            },
        );
        assert_eq!(end, ControlFlow::Continue(()));
        seen
    }

    #[test]
    fn in_ascending_order_on_any_number_of_threads() {
        let expected: Vec<usize> = (0..200).map(|index| index * index).collect();
        for threads in [0, 1, 2, 7] {
            assert_eq!(squares(200, threads), expected);
        }
        assert!(squares(0, 4).is_empty());
    }

    #[test]
    fn stops_when_enough_is_taken() {
        let done = AtomicUsize::new(0);
        let work = |index| {
            done.fetch_add(1, Ordering::Relaxed);
            index
        };
        let end = in_order(1_000, 2, work, |index, _| {
            if index == 10 { ControlFlow::Break("enough") } else { ControlFlow::Continue(()) }
        });
        assert_eq!(end, ControlFlow::Break("enough"));
        assert!(done.load(Ordering::Relaxed) <= 11 + 2 * AHEAD, "{done:?}");
    }

    #[test]
    #[should_panic(expected = "a scoped thread panicked")]
    fn a_panic_is_passed_on() {
        let work = |index| assert!(index < 5, "on purpose");
        let _ = in_order(100, 2, work, |_, ()| ControlFlow::<()>::Continue(()));
    }
}
