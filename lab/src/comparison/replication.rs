//! What one job made of one strategy under one seed.

use cluster::Admission;
use std::collections::BTreeMap;

/// The figures of one finished job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replication {
    /// Label of the run, if runs are told apart.
    pub label: Option<String>,
    /// The strategy in its full form.
    pub strategy: String,
    /// Whether nodes might refuse.
    pub admission: Admission,
    /// The operation in its full form.
    pub operation: String,
    /// Names the luck.
    pub seed: u64,
    /// Tasks of the job.
    pub tasks: u64,
    /// Tasks with a result.
    pub done: u64,
    /// From the job's submission to its end, in microseconds.
    pub makespan_us: u64,
    /// From a task's submission to its result, in microseconds, of every task with a result.
    pub latencies_us: Vec<u64>,
    /// Attempts begun.
    pub attempts: u64,
    /// Attempts that nodes refused.
    pub rejections: u64,
    /// Attempts that started late.
    pub delays: u64,
    /// Attempts begun on each node.
    pub node_attempts: BTreeMap<String, u64>,
}
