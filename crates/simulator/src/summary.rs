//! What is kept of a run when its rows are not: means, quantiles and where the time went.

use crate::engine::NodeTotals;
use crate::observe::TaskSeen;
use hdrhistogram::Histogram;
use scheduler::{JobCounts, JobEnd, Micros, TaskEnd};
use std::time::Duration;

/// A finished simulation.
#[derive(Clone, Debug)]
pub struct Run {
    /// When the last job was drained.
    pub end: Micros,
    /// By job, in the scenario's order.
    pub jobs: Vec<JobSummary>,
    /// By node, in the scenario's order.
    pub nodes: Vec<NodeTotals>,
    /// Events that the simulation took.
    pub events: u64,
}

/// A finished job.
#[derive(Clone, Debug)]
pub struct JobSummary {
    /// How it ended; none if the horizon came before its start.
    pub end: Option<JobEnd>,
    /// What it took.
    pub counts: JobCounts,
    /// From its start to its end.
    pub makespan: Duration,
    /// Arrivals that were dropped because too many tasks were open.
    pub dropped: u64,
    /// Attempts by node.
    pub attempts_by_node: Vec<u64>,
    /// Its finished tasks, without those of the warm-up.
    pub tasks: TaskSummary,
}

/// Statistics of finished tasks.
#[derive(Clone, Debug)]
pub struct TaskSummary {
    count: u64,
    attempts: u64,
    latency_us: u128,
    squared_us: f64,
    parts_us: [u128; 6],
    delayed: u64,
    histogram: Histogram<u64>,
}

/// Mean seconds of each part of a task's time. They add up to the mean latency.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MeanParts {
    /// On the wire.
    pub wire: f64,
    /// In lost attempts.
    pub lost: f64,
    /// Waiting at the scheduler.
    pub waiting: f64,
    /// Waiting at the node.
    pub queue: f64,
    /// The injected delay.
    pub delay: f64,
    /// The work itself.
    pub service: f64,
}

impl TaskSummary {
    pub(crate) fn new() -> TaskSummary {
        #[expect(clippy::expect_used, reason = "three digits are within what the histogram allows")]
        let histogram = Histogram::new(3).expect("three significant digits");
        let [count, attempts, delayed] = [0; 3];
        TaskSummary { count, attempts, latency_us: 0, squared_us: 0.0, parts_us: [0; 6], delayed, histogram }
    }

    pub(crate) fn hear(&mut self, seen: &TaskSeen) {
        if seen.end != TaskEnd::Done {
            return;
        }
        let latency = us(seen.latency());
        self.count += 1;
        self.attempts += u64::from(seen.attempts);
        self.latency_us += u128::from(latency);
        self.squared_us += (latency as f64).powi(2);
        let parts = &seen.parts;
        let all = [parts.wire, parts.lost, parts.waiting, parts.queue, parts.delay, parts.service];
        for (sum, part) in self.parts_us.iter_mut().zip(all) {
            *sum += u128::from(us(part));
        }
        self.delayed += u64::from(!parts.delay.is_zero());
        // The histogram grows by itself: there is nothing that it could refuse.
        let recorded = self.histogram.record(latency);
        debug_assert!(recorded.is_ok(), "{recorded:?}");
    }

    /// Finished tasks.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Mean latency in seconds, from the intended arrival to the end.
    pub fn mean(&self) -> f64 {
        self.latency_us as f64 / 1e6 / self.count.max(1) as f64
    }

    /// Standard deviation of latency in seconds.
    pub fn standard_deviation(&self) -> f64 {
        let mean = self.mean();
        (self.squared_us / 1e12 / self.count.max(1) as f64 - mean * mean).max(0.0).sqrt()
    }

    /// The latency in seconds below which the given share of tasks ended, to three digits.
    pub fn quantile(&self, share: f64) -> f64 {
        self.histogram.value_at_quantile(share) as f64 / 1e6
    }

    /// Mean attempts a finished task.
    pub fn attempts(&self) -> f64 {
        self.attempts as f64 / self.count.max(1) as f64
    }

    /// Share of finished tasks whose successful attempt started late.
    pub fn delayed_share(&self) -> f64 {
        self.delayed as f64 / self.count.max(1) as f64
    }

    /// Where the mean time went.
    pub fn parts(&self) -> MeanParts {
        let [wire, lost, waiting, queue, delay, service] =
            self.parts_us.map(|sum| sum as f64 / 1e6 / self.count.max(1) as f64);
        MeanParts { wire, lost, waiting, queue, delay, service }
    }
}

fn us(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

impl MeanParts {
    /// The mean latency.
    pub fn sum(&self) -> f64 {
        self.wire + self.lost + self.waiting + self.queue + self.delay + self.service
    }
}
