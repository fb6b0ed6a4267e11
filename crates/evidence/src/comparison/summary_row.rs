//! Replications as rows of `summary.csv`, and back.

use super::{Latency, Parts, Replication};
use records::{JobOutcome, SummaryRow, Text};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Nodes beyond which the counts by node are left out of the row.
const MOST_NODES: usize = 1_000;

/// The row of a replication of `jobs` jobs that ended as `state`, in the run of that name and label.
pub fn to_row(
    replication: &Replication,
    run: &Text,
    label: &str,
    jobs: u64,
    state: JobOutcome,
) -> SummaryRow {
    let latency = replication.latency;
    let parts = latency
        .map(|latency| latency.parts)
        .unwrap_or_default()
        .map(|seconds| (seconds * 1e9).round() as u64);
    let us =
        |of: fn(&Latency) -> f64| latency.as_ref().map_or(0, |latency| (of(latency) * 1e6).round() as u64);
    SummaryRow {
        run: Text::clone(run),
        label: label.into(),
        strategy: replication.strategy.as_str().into(),
        admission: replication.admission,
        operation: replication.operation.as_str().into(),
        seed: replication.seed,
        jobs,
        state,
        tasks: replication.tasks,
        done: replication.done,
        dropped: replication.dropped,
        makespan_us: replication.makespan_us,
        warm_up: latency.map_or(0, |latency| latency.warm_up),
        mean_ns: parts.all().iter().sum(),
        wire_ns: parts.wire,
        lost_ns: parts.lost,
        waiting_ns: parts.waiting,
        queue_ns: parts.queue,
        delay_ns: parts.delay,
        service_ns: parts.service,
        deviation_us: us(|latency| latency.deviation_s),
        p50_us: us(|latency| latency.p50_s),
        p95_us: us(|latency| latency.p95_s),
        p99_us: us(|latency| latency.p99_s),
        attempts: replication.attempts,
        rejected: replication.rejections,
        delayed: replication.delays,
        lost: replication.lost,
        wasted: replication.wasted,
        delayed_tasks: latency.map_or(0, |latency| latency.delayed),
        nodes: nodes_text(replication).into(),
        source: replication.source.as_str().into(),
        transfer: replication.transfer.as_str().into(),
    }
}

/// The replication of a row; none of jobs that ended without results.
pub fn from_row(row: &SummaryRow) -> Option<Replication> {
    if !matches!(row.state, JobOutcome::Done | JobOutcome::Partial) {
        return None;
    }
    let nanoseconds = [row.wire_ns, row.lost_ns, row.waiting_ns, row.queue_ns, row.delay_ns, row.service_ns];
    let latency = Latency {
        warm_up: row.warm_up,
        tasks: row.done.saturating_sub(row.warm_up),
        delayed: row.delayed_tasks,
        parts: Parts::from_all(nanoseconds.map(|ns| ns as f64 / 1e9)),
        deviation_s: row.deviation_us as f64 / 1e6,
        p50_s: row.p50_us as f64 / 1e6,
        p95_s: row.p95_us as f64 / 1e6,
        p99_s: row.p99_us as f64 / 1e6,
    };
    let (node_attempts, node_rejections) = nodes(&row.nodes);
    Some(Replication {
        label: None,
        strategy: row.strategy.to_string(),
        admission: row.admission,
        operation: row.operation.to_string(),
        source: row.source.to_string(),
        transfer: row.transfer.to_string(),
        seed: row.seed,
        tasks: row.tasks,
        done: row.done,
        dropped: row.dropped,
        makespan_us: row.makespan_us,
        latencies_us: Vec::new(),
        latency: (row.done > 0).then_some(latency),
        attempts: row.attempts,
        rejections: row.rejected,
        delays: row.delayed,
        lost: row.lost,
        wasted: row.wasted,
        node_attempts,
        node_rejections,
    })
}

fn nodes_text(replication: &Replication) -> String {
    let mut text = String::new();
    if replication.node_attempts.len() > MOST_NODES {
        return text;
    }
    for (node, attempts) in &replication.node_attempts {
        let rejected = replication.node_rejections.get(node).copied().unwrap_or(0);
        let space = if text.is_empty() { "" } else { " " };
        // Writing to a String cannot fail.
        let _ = write!(text, "{space}{node}={attempts}/{rejected}");
    }
    text
}

fn nodes(text: &str) -> (BTreeMap<String, u64>, BTreeMap<String, u64>) {
    let (mut attempts, mut rejections) = (BTreeMap::new(), BTreeMap::new());
    for part in text.split(' ') {
        let counts = part.split_once('=').and_then(|(node, counts)| Some((node, counts.split_once('/')?)));
        if let Some((node, (begun, rejected))) = counts
            && let (Ok(begun), Ok(rejected)) = (begun.parse(), rejected.parse::<u64>())
        {
            attempts.insert(node.to_owned(), begun);
            if rejected > 0 {
                rejections.insert(node.to_owned(), rejected);
            }
        }
    }
    (attempts, rejections)
}

#[cfg(test)]
mod tests {
    use super::super::examples::three_strategies;
    use super::*;

    #[test]
    fn a_row_gives_its_replication_back() {
        for mut replication in three_strategies() {
            let row = to_row(&replication, &"run".into(), "label", 1, JobOutcome::Done);
            assert_eq!(
                row.mean_ns,
                row.wire_ns + row.lost_ns + row.waiting_ns + row.queue_ns + row.delay_ns + row.service_ns
            );
            let back = from_row(&row).unwrap();
            replication.latencies_us.clear();
            replication.node_rejections.retain(|_, count| *count > 0);
            let (known, read) = (replication.latency.take().unwrap(), back.latency.unwrap());
            assert_eq!(Replication { latency: None, ..back }, replication);
            assert_eq!((known.warm_up, known.tasks, known.delayed), (read.warm_up, read.tasks, read.delayed));
            assert!(
                (known.parts.sum_s() - read.parts.sum_s()).abs() < 5e-9
                    && (known.p99_s - read.p99_s).abs() < 1e-6
            );
        }
    }

    #[test]
    fn what_was_given_up_is_no_replication() {
        let row = to_row(&three_strategies()[0], &"run".into(), "label", 1, JobOutcome::NoNode);
        assert_eq!(from_row(&row), None);
    }
}
