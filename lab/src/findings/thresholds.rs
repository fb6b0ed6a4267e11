//! Whether what had to come out came out.

use super::{CellFindings, of_policy};
use crate::design::{Design, Measure, Threshold};
use crate::simulation::CellResult;
use evidence::comparison::Metric;
use evidence::comparison::group::{Group, group};
use evidence::statistics::mean;

/// Thresholds that are missed, a sentence each. A policy without results misses all of its own.
pub(super) fn missed(design: &Design, results: &[CellResult], cells: &[CellFindings]) -> Vec<String> {
    let mut missed = Vec::new();
    for threshold in &design.thresholds {
        let concerned =
            cells.iter().filter(|cell| threshold.cell.as_ref().is_none_or(|label| *label == cell.label));
        for cell in concerned {
            let nodes = design
                .cells
                .iter()
                .find(|own| own.label == cell.label)
                .map_or(1, |own| own.setting.nodes.len());
            let result = results.iter().find(|result| result.label == cell.label);
            let groups = group(result.map(|result| result.replications.clone()).unwrap_or_default());
            let value = of_policy(&groups, &threshold.policy)
                .and_then(|group| figure(threshold.measure, group, cell, nodes));
            missed.extend(judge(threshold, &cell.label, value));
        }
    }
    missed
}

fn judge(threshold: &Threshold, label: &str, value: Option<f64>) -> Option<String> {
    let what = format!("{} of {} in {label}", threshold.measure.name(), threshold.policy);
    let Some(value) = value else {
        return Some(format!("{what}: there is no such figure"));
    };
    let above = threshold.at_most.filter(|bound| value > *bound).map(|bound| ("at most", bound));
    let below = threshold.at_least.filter(|bound| value < *bound).map(|bound| ("at least", bound));
    above.or(below).map(|(wanted, bound)| format!("{what} is {value:.6}, and has to be {wanted} {bound}"))
}

fn figure(measure: Measure, group: &Group, cell: &CellFindings, nodes: usize) -> Option<f64> {
    let latency = |of: fn(&evidence::comparison::Latency) -> f64| {
        mean(&group.figures(|job| job.latency.as_ref().map(of)))
    };
    let per_task = |of: fn(&evidence::comparison::Replication) -> u64| {
        mean(&group.figures(|job| Some(of(job) as f64 / job.tasks.max(1) as f64)))
    };
    match measure {
        Measure::MakespanS => Some(group.mean(Metric::Makespan)),
        Measure::MeanS => latency(|latency| latency.parts.sum_s()),
        Measure::P50S => latency(|latency| latency.p50_s),
        Measure::P99S => latency(|latency| latency.p99_s),
        Measure::Ratio => {
            let rows = &cell.comparison.as_ref()?.rows;
            rows.iter().find(|row| row.summary.name == group.name())?.versus_baseline.ratio
        }
        Measure::Attempts => per_task(|job| job.attempts),
        Measure::FailedShare => per_task(|job| job.tasks.saturating_sub(job.done)),
        Measure::Wasted => per_task(|job| job.wasted),
        Measure::SinkholeShare => {
            mean(&group.figures(|job| Some(evidence::explanation::sinkhole_share(job, nodes))))
        }
    }
}
