//! What one job made of one strategy under one seed.

use super::parts::Parts;
use crate::statistics::{WarmUp, quantile, standard_deviation};
use cluster::Admission;
use std::collections::BTreeMap;

/// The figures of one finished job.
#[derive(Clone, Debug, PartialEq)]
pub struct Replication {
    /// Label of the run, if runs are told apart.
    pub label: Option<String>,
    /// The strategy in its full form.
    pub strategy: String,
    /// Whether nodes might refuse.
    pub admission: Admission,
    /// The operation in its full form.
    pub operation: String,
    /// The folder of images; empty of synthetic work.
    pub source: String,
    /// How images travelled, `shared` or `inline`; empty of synthetic work.
    pub transfer: String,
    /// Names the luck.
    pub seed: u64,
    /// Tasks of the job.
    pub tasks: u64,
    /// Tasks with a result.
    pub done: u64,
    /// Arrivals that were dropped because too many tasks were open.
    pub dropped: u64,
    /// From the job's submission to its end, in microseconds.
    pub makespan_us: u64,
    /// From a task's submission to its result, in microseconds, of every task with a result; empty if only a summary
    /// is known.
    pub latencies_us: Vec<u64>,
    /// Latencies after the warm-up and where they went; none without a finished task.
    pub latency: Option<Latency>,
    /// Attempts begun.
    pub attempts: u64,
    /// Attempts that nodes refused.
    pub rejections: u64,
    /// Attempts that started late.
    pub delays: u64,
    /// Attempts lost to nodes or wires.
    pub lost: u64,
    /// Attempts whose result nobody needed, because another one had settled their task.
    pub wasted: u64,
    /// Attempts begun on each node.
    pub node_attempts: BTreeMap<String, u64>,
    /// Attempts that each node refused.
    pub node_rejections: BTreeMap<String, u64>,
}

/// A finished task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finished {
    /// Its latency in microseconds.
    pub latency_us: u64,
    /// Where it went.
    pub parts: Parts<i64>,
}

/// Latencies of a job's finished tasks after its warm-up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Latency {
    /// Finished tasks at the beginning that are left out.
    pub warm_up: u64,
    /// Finished tasks that are not left out.
    pub tasks: u64,
    /// Of them, those whose successful attempt started late.
    pub delayed: u64,
    /// Where the mean latency went, in seconds. It is their sum.
    pub parts: Parts<f64>,
    /// Standard deviation of the latencies in seconds.
    pub deviation_s: f64,
    /// Median in seconds.
    pub p50_s: f64,
    /// 95th percentile in seconds.
    pub p95_s: f64,
    /// 99th percentile in seconds.
    pub p99_s: f64,
}

impl Latency {
    /// Of finished tasks in the order of their submission.
    pub fn of(finished: &[Finished], rule: WarmUp) -> Option<Latency> {
        let series: Vec<f64> = finished.iter().map(|task| task.latency_us as f64 / 1e6).collect();
        let warm_up = rule.length(&series);
        let kept = finished.get(warm_up..)?;
        let mut sorted = series[warm_up..].to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |share| quantile(&sorted, share);
        let sum = kept.iter().fold(Parts::<i64>::default(), |sum, task| sum + task.parts);
        Some(Latency {
            warm_up: warm_up as u64,
            tasks: kept.len() as u64,
            delayed: kept.iter().filter(|task| task.parts.delay > 0).count() as u64,
            parts: sum.map(|us| us as f64 / 1e6) / kept.len() as f64,
            deviation_s: standard_deviation(&sorted).unwrap_or(0.0),
            p50_s: at(0.5)?,
            p95_s: at(0.95)?,
            p99_s: at(0.99)?,
        })
    }
}
