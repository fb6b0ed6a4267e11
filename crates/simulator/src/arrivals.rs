//! When tasks come: all at once, from clients that wait for their answers, or from a world that does not wait.

use crate::Distribution;
use luck::{Purpose, Seed};
use scheduler::Micros;
use std::sync::Arc;

/// How the tasks of a job arrive.
///
/// In the open kinds a task's clock starts at its intended arrival, whatever the system is doing then: nobody waits
/// for a slow answer before sending the next request, so slow answers are not under-counted (no coordinated omission).
#[derive(Clone, Debug, PartialEq)]
pub enum Arrivals {
    /// All at the start of the job.
    AllAtOnce {
        /// How many.
        tasks: u32,
    },
    /// Each of some clients sends a task, waits for its end, thinks, and sends the next.
    Closed {
        /// How many clients.
        clients: u32,
        /// How long a client thinks, also before its first task.
        think: Distribution,
        /// How many tasks in all.
        tasks: u32,
    },
    /// Open: a Poisson process.
    Poisson {
        /// Mean arrivals a second, above zero.
        per_second: f64,
        /// How many tasks.
        tasks: u32,
    },
    /// Open: evenly spaced.
    Constant {
        /// Arrivals a second, above zero.
        per_second: f64,
        /// How many tasks.
        tasks: u32,
    },
    /// Open: at recorded times since the start of the job, in ascending order.
    Trace(Arc<[Micros]>),
}

impl Arrivals {
    /// Tasks in all.
    pub fn tasks(&self) -> u32 {
        match self {
            Arrivals::AllAtOnce { tasks }
            | Arrivals::Closed { tasks, .. }
            | Arrivals::Poisson { tasks, .. }
            | Arrivals::Constant { tasks, .. } => *tasks,
            Arrivals::Trace(times) => u32::try_from(times.len()).unwrap_or(u32::MAX),
        }
    }

    /// When the tasks of an open kind arrive under `seed`, since the job's start; nothing of the others.
    pub fn open_times(&self, seed: Seed) -> Vec<Micros> {
        let mut open = OpenArrivals::new(seed, Micros(0));
        std::iter::from_fn(|| open.next(self)).collect()
    }

    /// What is wrong with it, if anything.
    pub(crate) fn fault(&self) -> Option<&'static str> {
        match self {
            Arrivals::Poisson { per_second, .. } | Arrivals::Constant { per_second, .. }
                if !(per_second.is_finite() && *per_second > 0.0) =>
            {
                Some("its rate is not a number above 0")
            }
            Arrivals::Closed { clients: 0, tasks, .. } if *tasks > 0 => Some("it has tasks but no clients"),
            Arrivals::Closed { think, .. } => think.fault(),
            Arrivals::Trace(times) if !times.is_sorted() => Some("its times do not ascend"),
            Arrivals::Trace(times) if u32::try_from(times.len()).is_err() => {
                Some("it has more than 4294967295 times")
            }
            _ => None,
        }
    }
}

/// The arrival times of an open job, one after the other.
#[derive(Clone, Debug)]
pub(crate) struct OpenArrivals {
    seed: Seed,
    start: Micros,
    /// Since the start, in microseconds, not rounded: rounding errors must not add up.
    clock: f64,
    index: u32,
}

impl OpenArrivals {
    pub(crate) fn new(seed: Seed, start: Micros) -> OpenArrivals {
        OpenArrivals { seed, start, clock: 0.0, index: 0 }
    }

    /// The next arrival, or none if there are no more or the kind is not open.
    pub(crate) fn next(&mut self, arrivals: &Arrivals) -> Option<Micros> {
        if self.index >= arrivals.tasks() {
            return None;
        }
        let index = self.index;
        self.index += 1;
        let since_start = match arrivals {
            Arrivals::AllAtOnce { .. } | Arrivals::Closed { .. } => return None,
            Arrivals::Poisson { per_second, .. } => {
                let gap = self.seed.coin(Purpose::Arrival, u64::from(index), 0).exponential();
                self.clock += 1e6 * gap / per_second;
                self.clock.round() as u64
            }
            Arrivals::Constant { per_second, .. } => (1e6 * f64::from(index) / per_second).round() as u64,
            Arrivals::Trace(times) => times[index as usize].0,
        };
        Some(Micros(self.start.0.saturating_add(since_start)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(arrivals: &Arrivals, seed: u64) -> Vec<u64> {
        let mut open = OpenArrivals::new(Seed(seed), Micros(1_000));
        std::iter::from_fn(|| open.next(arrivals)).map(|time| time.0).collect()
    }

    #[test]
    fn constant_arrivals_do_not_drift() {
        let seen = times(&Arrivals::Constant { per_second: 3.0, tasks: 7 }, 1);
        assert_eq!(seen, [1_000, 334_333, 667_667, 1_001_000, 1_334_333, 1_667_667, 2_001_000]);
    }

    #[test]
    fn poisson_arrivals_have_their_rate_and_their_seed() {
        let process = Arrivals::Poisson { per_second: 250.0, tasks: 40_000 };
        let seen = times(&process, 1);
        assert!(seen.is_sorted());
        let rate = 40_000.0 / ((seen[39_999] - 1_000) as f64 / 1e6);
        assert!((rate / 250.0 - 1.0).abs() < 0.02, "{rate}");
        assert_eq!(seen, times(&process, 1));
        assert_ne!(seen, times(&process, 2));
    }

    #[test]
    fn a_trace_is_repeated() {
        assert_eq!(
            times(&Arrivals::Trace([Micros(0), Micros(5), Micros(5)].into()), 1),
            [1_000, 1_005, 1_005]
        );
    }
}
