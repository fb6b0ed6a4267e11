//! One job, attempt by attempt, on the nodes that it ran on.

use super::node_order::node_order;
use records::{AttemptOutcome, AttemptRow, JobRow, Run};
use std::collections::BTreeMap;

/// Most nodes that a timeline shows.
pub const MOST_NODES: usize = 24;

/// Most attempts that a timeline shows.
pub const MOST_ATTEMPTS: usize = 1_500;

/// A job's attempts on their nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeline {
    /// Name of the group that the job belongs to.
    pub strategy: String,
    /// Its seed.
    pub seed: u64,
    /// How long it took.
    pub makespan_us: u64,
    /// Its nodes, in the order of their names.
    pub nodes: Vec<NodeLanes>,
    /// Nodes that are not shown because there are too many.
    pub hidden_nodes: usize,
    /// Attempts that are not shown because there are too many: the latest.
    pub hidden_attempts: usize,
}

/// The attempts on one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeLanes {
    /// The node's name.
    pub node: String,
    /// Attempts that the node accepted; those in one lane do not overlap.
    pub lanes: Vec<Vec<Bar>>,
    /// Attempts that it refused.
    pub refused: Vec<Bar>,
}

/// An attempt. Its stages follow each other in the order of the fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bar {
    /// Index of the task.
    pub task: u64,
    /// Count of attempts at the task, from 1.
    pub attempt: u32,
    /// How it ended.
    pub outcome: AttemptOutcome,
    /// Since the server took the job.
    pub begun_us: u64,
    /// From begun to ended.
    pub total_us: u64,
    /// On the wire, both ways.
    pub wire_us: u64,
    /// Waiting for a slot.
    pub queue_us: u64,
    /// The injected delay.
    pub delay_us: u64,
}

impl Bar {
    fn of(row: &AttemptRow) -> Bar {
        Bar {
            task: row.task,
            attempt: row.attempt,
            outcome: row.outcome,
            begun_us: row.begun_us,
            total_us: row.total_us,
            wire_us: row.wire_us.min(row.total_us),
            queue_us: row.queue_us,
            delay_us: row.delay_us,
        }
    }

    fn end_us(&self) -> u64 {
        self.begun_us.saturating_add(self.total_us)
    }
}

/// The timeline of `job`, a job of `run` that counts in the group named `strategy`.
pub fn timeline(run: &Run, job: &JobRow, strategy: &str) -> Timeline {
    let mut rows: Vec<&AttemptRow> = run.attempts.iter().filter(|row| row.job_key == job.job_key).collect();
    rows.sort_by_key(|row| (row.begun_us, row.task, row.attempt));
    let mut nodes: BTreeMap<(u64, String), Vec<&AttemptRow>> = BTreeMap::new();
    for &row in &rows {
        nodes.entry(node_order(&row.node)).or_default();
    }
    let hidden_nodes = nodes.len().saturating_sub(MOST_NODES);
    while nodes.len() > MOST_NODES {
        nodes.pop_last();
    }
    let shown: Vec<&AttemptRow> =
        rows.into_iter().filter(|row| nodes.contains_key(&node_order(&row.node))).collect();
    for row in shown.iter().take(MOST_ATTEMPTS) {
        nodes.entry(node_order(&row.node)).or_default().push(row);
    }
    Timeline {
        strategy: strategy.to_owned(),
        seed: job.seed,
        makespan_us: job.makespan_us,
        nodes: nodes.into_iter().map(|((_, node), rows)| lanes(&node, &rows)).collect(),
        hidden_nodes,
        hidden_attempts: shown.len().saturating_sub(MOST_ATTEMPTS),
    }
}

/// Puts each attempt into the first lane that is free when it begins.
fn lanes(node: &str, rows: &[&AttemptRow]) -> NodeLanes {
    let mut lanes: Vec<Vec<Bar>> = Vec::new();
    let mut refused = Vec::new();
    for row in rows {
        let bar = Bar::of(row);
        if bar.outcome == AttemptOutcome::Rejected {
            refused.push(bar);
            continue;
        }
        let free = |lane: &&mut Vec<Bar>| lane.last().is_none_or(|last| last.end_us() <= bar.begun_us);
        match lanes.iter_mut().find(free) {
            Some(lane) => lane.push(bar),
            None => lanes.push(vec![bar]),
        }
    }
    NodeLanes { node: node.to_owned(), lanes, refused }
}

#[cfg(test)]
mod tests {
    use super::super::section::examples::{attempt, job, run};
    use super::*;
    use AttemptOutcome::{Done, Rejected};

    #[test]
    fn overlapping_attempts_lie_in_different_lanes() {
        let mut rows = vec![
            attempt("j", 0, 1, Done, 0, 100),
            attempt("j", 1, 1, Done, 50, 100),
            attempt("j", 2, 1, Rejected, 60, 5),
            attempt("j", 2, 1, Done, 100, 10),
            attempt("else", 0, 1, Done, 0, 10),
        ];
        rows.swap(0, 3);
        let run = Run { attempts: rows, ..run("r", &[], &[]) };
        let timeline = timeline(&run, &job("j", "random", 7, 150), "random");
        let [node] = timeline.nodes.as_slice() else { panic!("{timeline:?}") };
        let tasks: Vec<Vec<u64>> =
            node.lanes.iter().map(|lane| lane.iter().map(|bar| bar.task).collect()).collect();
        assert_eq!(tasks, [vec![0, 2], vec![1]]);
        assert_eq!((node.refused.len(), timeline.hidden_nodes, timeline.hidden_attempts), (1, 0, 0));
    }

    #[test]
    fn large_jobs_are_cut_and_say_so() {
        let rows = (0..2_000)
            .map(|task| AttemptRow {
                node: format!("node{:02}", task % 30).into(),
                ..attempt("j", task, 1, Done, task, 1)
            })
            .collect();
        let run = Run { attempts: rows, ..run("r", &[], &[]) };
        let timeline = timeline(&run, &job("j", "random", 7, 150), "random");
        let shown: usize = timeline.nodes.iter().flat_map(|node| &node.lanes).map(Vec::len).sum();
        assert_eq!((timeline.nodes.len(), timeline.hidden_nodes), (24, 6));
        assert_eq!((shown, timeline.hidden_attempts), (1_500, 104));
    }
}
