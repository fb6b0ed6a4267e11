//! What decides who wins: one figure of a replication.

use super::Replication;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A figure of a replication, in seconds; less is better.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Metric {
    /// From the submission of a job to its end: for batches.
    #[default]
    Makespan,
    /// Mean latency of tasks: for tasks that come one after the other.
    Mean,
    /// 99th percentile of the latency of tasks.
    P99,
}

impl Metric {
    /// What it is called in sentences.
    pub const fn name(self) -> &'static str {
        match self {
            Metric::Makespan => "makespan",
            Metric::Mean => "mean latency",
            Metric::P99 => "p99 latency",
        }
    }

    /// What it is called in experiment files.
    pub const fn key(self) -> &'static str {
        match self {
            Metric::Makespan => "makespan",
            Metric::Mean => "mean",
            Metric::P99 => "p99",
        }
    }

    /// Its column in tables.
    pub const fn column(self) -> &'static str {
        match self {
            Metric::Makespan => "makespan s",
            Metric::Mean => "mean s",
            Metric::P99 => "p99 s",
        }
    }

    /// The figure; none of a job that finished nothing, however soon it gave up.
    pub fn of(self, replication: &Replication) -> Option<f64> {
        let latency = replication.latency.as_ref();
        match self {
            Metric::Makespan => (replication.done > 0).then_some(replication.makespan_us as f64 / 1e6),
            Metric::Mean => latency.map(|latency| latency.parts.sum_s()),
            Metric::P99 => latency.map(|latency| latency.p99_s),
        }
    }
}
