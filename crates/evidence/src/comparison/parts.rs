//! Where a task's time went, exactly: its parts add up to its latency.

use records::{AttemptOutcome, AttemptRow, TaskRow};
use std::ops::{Add, Div};

/// Where a task's time went, in microseconds, or a sum of such.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parts<T> {
    /// On the wire: round trips of attempts that were refused, and the wire's part of the one that succeeded.
    pub wire: T,
    /// In attempts that were lost or timed out.
    pub lost: T,
    /// Waiting at the scheduler: for a node, in back-off, or for the attempt before a hedge.
    pub waiting: T,
    /// Waiting at the node for a slot.
    pub queue: T,
    /// The injected delay.
    pub delay: T,
    /// The work itself.
    pub service: T,
}

/// The names of the parts, in their order.
pub const PARTS: [&str; 6] = ["wire", "lost", "waiting", "queue", "delay", "service"];

impl<T: Copy> Parts<T> {
    /// The parts in the order of [`PARTS`].
    pub const fn all(&self) -> [T; 6] {
        [self.wire, self.lost, self.waiting, self.queue, self.delay, self.service]
    }

    /// Parts from their values in the order of [`PARTS`].
    pub const fn from_all([wire, lost, waiting, queue, delay, service]: [T; 6]) -> Parts<T> {
        Parts { wire, lost, waiting, queue, delay, service }
    }

    /// Each part changed by `change`.
    pub fn map<U: Copy>(&self, change: impl Fn(T) -> U) -> Parts<U> {
        Parts::from_all(self.all().map(change))
    }
}

impl Parts<f64> {
    /// The latency that the parts add up to, in seconds if they are.
    pub fn sum_s(&self) -> f64 {
        self.all().iter().sum()
    }
}

impl<T: Copy + Add<Output = T>> Add for Parts<T> {
    type Output = Parts<T>;

    fn add(self, other: Parts<T>) -> Parts<T> {
        let ([a, b, c, d, e, f], [u, v, w, x, y, z]) = (self.all(), other.all());
        Parts::from_all([a + u, b + v, c + w, d + x, e + y, f + z])
    }
}

impl Div<f64> for Parts<f64> {
    type Output = Parts<f64>;

    fn div(self, by: f64) -> Parts<f64> {
        self.map(|part| part / by)
    }
}

/// What the attempts at one task add up to, taken in as their rows come.
#[derive(Clone, Copy, Debug, Default)]
pub struct Attempts {
    refused_us: u64,
    lost_us: u64,
    winner: Option<Winner>,
}

#[derive(Clone, Copy, Debug)]
struct Winner {
    begun_us: u64,
    total_us: u64,
    wire_us: u64,
    queue_us: u64,
    delay_us: u64,
}

impl Attempts {
    /// Takes in an attempt.
    pub fn hear(&mut self, attempt: &AttemptRow) {
        match attempt.outcome {
            AttemptOutcome::Rejected => self.refused_us += attempt.total_us,
            AttemptOutcome::Lost | AttemptOutcome::TimedOut => self.lost_us += attempt.total_us,
            AttemptOutcome::Done => {
                let end = |winner: &Winner| winner.begun_us.saturating_add(winner.total_us);
                let own = Winner {
                    begun_us: attempt.begun_us,
                    total_us: attempt.total_us,
                    wire_us: attempt.wire_us,
                    queue_us: attempt.queue_us,
                    delay_us: attempt.delay_us,
                };
                if self.winner.as_ref().is_none_or(|winner| end(&own) < end(winner)) {
                    self.winner = Some(own);
                }
            }
            AttemptOutcome::Failed | AttemptOutcome::Cancelled => {}
        }
    }

    /// Where the time of the task went; none without an attempt that succeeded.
    ///
    /// Attempts before the one that succeeded may overlap with it (hedges): what does not fit before its start is left
    /// out, so that the parts always add up to the latency.
    pub fn parts(&self, task: &TaskRow) -> Option<Parts<i64>> {
        let winner = self.winner?;
        let before = winner.begun_us.saturating_sub(task.submitted_us);
        let refused = self.refused_us.min(before);
        let lost = self.lost_us.min(before - refused);
        let whole = |us: u64| i64::try_from(us).unwrap_or(i64::MAX);
        let [refused, lost, latency, total] = [refused, lost, task.latency_us, winner.total_us].map(whole);
        let [wire, queue, delay] = [winner.wire_us, winner.queue_us, winner.delay_us].map(whole);
        Some(Parts {
            wire: refused + wire,
            lost,
            waiting: latency - refused - lost - total,
            queue,
            delay,
            service: total - wire - queue - delay,
        })
    }
}
