//! The names of an experiment file and what stands behind them, as they are read: nothing is checked across fields yet.

use super::values::{Each, One};
use cluster::Profile;
use evidence::comparison::Metric;
use scheduler::Strategy;
use serde::Deserialize;
use simulator::Distribution;
use std::path::PathBuf;
use std::time::Duration;

/// The whole file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    pub(super) name: String,
    #[serde(default)]
    pub(super) about: String,
    #[serde(default = "one")]
    pub(super) seed: u64,
    pub(super) policies: Vec<One<Strategy>>,
    pub(super) baseline: Option<One<Strategy>>,
    pub(super) metric: Option<Metric>,
    #[serde(default)]
    pub(super) records: Records,
    pub(super) nodes: Nodes,
    pub(super) arrivals: Arrivals,
    pub(super) work: Work,
    #[serde(default)]
    pub(super) scheduler: Scheduler,
    #[serde(default)]
    pub(super) faults: Vec<Fault>,
    #[serde(default)]
    pub(super) replications: Replications,
    /// Read apart, where each value is put into the file in turn: here only its name is known.
    #[serde(default, rename = "sweep")]
    _sweep: toml::Table,
    #[serde(default)]
    pub(super) thresholds: Vec<Threshold>,
}

const fn one() -> u64 {
    1
}

/// Which rows are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Records {
    #[default]
    All,
    Summary,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nodes {
    pub(super) count: Option<u32>,
    pub(super) slots: Option<Each<u32>>,
    pub(super) queue: Option<Each<u32>>,
    pub(super) load: Option<Each<Profile>>,
    pub(super) reject_probability: Option<Each<Profile>>,
    pub(super) delay_probability: Option<Each<Profile>>,
    pub(super) delay: Option<Each<Duration>>,
    pub(super) speed: Option<Each<f64>>,
    pub(super) processors: Option<Each<u32>>,
    pub(super) wire: Option<Each<Distribution>>,
    pub(super) tells_load: Option<bool>,
}

/// The kinds of arrivals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    Batch,
    Closed,
    Poisson,
    Constant,
    Trace,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Arrivals {
    pub(super) kind: Kind,
    pub(super) tasks: Option<u32>,
    pub(super) rate: Option<One<f64>>,
    pub(super) clients: Option<u32>,
    pub(super) think: Option<One<Distribution>>,
    pub(super) times_s: Option<Vec<f64>>,
    pub(super) file: Option<PathBuf>,
    pub(super) column: Option<String>,
    pub(super) max_open: Option<u32>,
    pub(super) warm_up: Option<WarmUp>,
}

/// `"mser"`, `"none"`, or a number of tasks.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "warm_up is \"mser\", \"none\" or a number of tasks")]
pub(super) enum WarmUp {
    Tasks(u32),
    Rule(WarmUpRule),
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum WarmUpRule {
    Mser,
    None,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Work {
    pub(super) service: Option<One<Distribution>>,
    pub(super) drawn: Option<Drawn>,
    pub(super) data: Option<PathBuf>,
    pub(super) operation: Option<String>,
}

/// Whose chance the service time is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Drawn {
    Task,
    Attempt,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scheduler {
    pub(super) count: Option<u32>,
    pub(super) max_in_flight: Option<u32>,
    pub(super) max_attempts: Option<u32>,
    pub(super) attempt_timeout: Option<One<Duration>>,
    pub(super) stale: Option<One<Duration>>,
    pub(super) hand_over: Option<One<Duration>>,
    pub(super) cancellation: Option<Cancellation>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Cancellation {
    Ignored,
    Dequeued,
    Aborted,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fault {
    pub(super) node: u32,
    pub(super) kind: FaultKind,
    pub(super) from: One<Duration>,
    pub(super) until: One<Duration>,
    pub(super) factor: Option<One<f64>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum FaultKind {
    Crash,
    Hang,
    Slow,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Replications {
    pub(super) at_least: Option<u64>,
    pub(super) at_most: Option<u64>,
    pub(super) half_width: Option<One<f64>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Threshold {
    pub(super) policy: One<Strategy>,
    pub(super) cell: Option<String>,
    pub(super) measure: super::Measure,
    pub(super) at_most: Option<One<f64>>,
    pub(super) at_least: Option<One<f64>>,
}
