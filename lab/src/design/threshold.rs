//! What has to come out of an experiment: bounds that make it fail, exit status 99, when they are missed.

use super::Cell;
use super::error::Fault;
use super::fields;
use serde::Deserialize;

/// A figure of a policy in a cell that has a bound.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    /// The policy in its full form.
    pub policy: String,
    /// The cell's label; none for every cell.
    pub cell: Option<String>,
    /// Which figure.
    pub measure: Measure,
    /// It has to be at most this.
    pub at_most: Option<f64>,
    /// It has to be at least this.
    pub at_least: Option<f64>,
}

/// Figures that may have a bound: means over replications.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Makespan in seconds.
    MakespanS,
    /// Mean latency in seconds.
    MeanS,
    /// Median latency in seconds.
    P50S,
    /// 99th percentile of latency in seconds.
    P99S,
    /// The metric over the baseline's, paired by seed.
    Ratio,
    /// Attempts a task.
    Attempts,
    /// Share of tasks without a result.
    FailedShare,
    /// Attempts a task whose result nobody needed.
    Wasted,
    /// Share of all attempts that were refused by nodes which got more than their fair share.
    SinkholeShare,
}

impl Measure {
    /// The name in files and tables.
    pub const fn name(self) -> &'static str {
        match self {
            Measure::MakespanS => "makespan_s",
            Measure::MeanS => "mean_s",
            Measure::P50S => "p50_s",
            Measure::P99S => "p99_s",
            Measure::Ratio => "ratio",
            Measure::Attempts => "attempts",
            Measure::FailedShare => "failed_share",
            Measure::Wasted => "wasted",
            Measure::SinkholeShare => "sinkhole_share",
        }
    }
}

pub(super) fn thresholds(
    given: Vec<fields::Threshold>,
    policies: &[String],
    cells: &[Cell],
) -> Result<Vec<Threshold>, Fault> {
    let one = |(number, threshold): (usize, fields::Threshold)| {
        let at = |name: &str| format!("thresholds.{number}.{name}");
        let policy = threshold.policy.0.to_string();
        if !policies.contains(&policy) {
            return Err(Fault::new(
                at("policy"),
                format!("{policy} is none of the policies: {}", policies.join(", ")),
            ));
        }
        if let Some(label) =
            threshold.cell.as_ref().filter(|label| cells.iter().all(|cell| cell.label != **label))
        {
            let known: Vec<String> = cells.iter().map(|cell| format!("'{}'", cell.label)).collect();
            return Err(Fault::new(
                at("cell"),
                format!("there is no cell '{label}': there are {}", known.join(", ")),
            ));
        }
        let [at_most, at_least] =
            [threshold.at_most, threshold.at_least].map(|bound| bound.map(|bound| bound.0));
        if at_most.is_none() && at_least.is_none() {
            return Err(Fault::new(at("at_most"), "missing: a threshold needs at_most, at_least or both"));
        }
        Ok(Threshold { policy, cell: threshold.cell, measure: threshold.measure, at_most, at_least })
    };
    given.into_iter().enumerate().map(one).collect()
}
