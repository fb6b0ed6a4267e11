//! One replication: a scenario simulated, its figures, and its rows if they are wanted.

use super::scenario::scenario;
use super::watch::Watch;
use crate::design::Cell;
use evidence::comparison::{Latency, Replication, summary_row};
use luck::Seed;
use records::{SummaryRow, Text};
use scheduler::Strategy;
use simulator::{Collected, Rows, ScenarioError, Work, simulate_into};
use std::collections::BTreeMap;

/// What operations the records tell of simulated work.
const OPERATION: &str = "synthetic";

/// What is to be simulated.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wish<'a> {
    pub(super) cell: &'a Cell,
    pub(super) work: &'a Work,
    pub(super) strategy: &'a Strategy,
    pub(super) seed: u64,
    /// Whether rows are wanted.
    pub(super) all_rows: bool,
    pub(super) run: &'a Text,
    pub(super) started_utc: &'a str,
}

/// What came out.
#[derive(Debug)]
pub(super) struct Replicated {
    pub(super) summary: SummaryRow,
    /// Rows of jobs, and of attempts and tasks if they are wanted.
    pub(super) rows: Collected,
}

pub(super) fn replicate(wish: Wish<'_>) -> Result<Replicated, ScenarioError> {
    let setting = &wish.cell.setting;
    let key = format!("{}/{}", wish.strategy, wish.seed);
    let scenario = scenario(setting, wish.work, wish.strategy, Seed(wish.seed), &key);
    let mut watch = Watch::new(scenario.nodes.len());
    let sink = Sink { all: wish.all_rows, rows: Collected::default() };
    let mut rows = Rows::new(&scenario, Text::clone(wish.run), &wish.cell.label, wish.started_utc, sink);
    let run = simulate_into(&scenario, (&mut watch, &mut rows))?;
    let mut rows = rows.sink.rows;
    // The jobs of several schedulers are one replication.
    rows.jobs.iter_mut().for_each(|job| job.seed = wish.seed);

    let finished = watch.finished();
    let total =
        |figure: fn(&scheduler::JobCounts) -> u64| run.jobs.iter().map(|job| figure(&job.counts)).sum();
    let by_node = |counts: &[u64]| -> BTreeMap<String, u64> {
        let named = scenario.nodes.iter().map(|node| node.name.to_string()).zip(counts.iter().copied());
        named.filter(|(_, count)| *count > 0).collect()
    };
    let makespan = run.jobs.iter().map(|job| job.makespan).max().unwrap_or_default();
    let replication = Replication {
        label: None,
        strategy: wish.strategy.to_string(),
        admission: wish.strategy.admission,
        operation: OPERATION.to_owned(),
        source: String::new(),
        transfer: String::new(),
        seed: wish.seed,
        tasks: total(|counts| counts.tasks),
        done: total(|counts| counts.done),
        dropped: watch.dropped,
        makespan_us: u64::try_from(makespan.as_micros()).unwrap_or(u64::MAX),
        latencies_us: Vec::new(),
        latency: Latency::of(&finished, setting.warm_up),
        attempts: total(|counts| counts.begun),
        rejections: total(|counts| counts.rejected),
        delays: total(|counts| counts.delayed),
        lost: total(|counts| counts.lost),
        wasted: watch.wasted(),
        node_attempts: by_node(&watch.attempts),
        node_rejections: by_node(&watch.rejections),
    };
    let jobs = rows.jobs.len() as u64;
    let summary = summary_row::to_row(&replication, wish.run, &wish.cell.label, jobs, watch.state());
    Ok(Replicated { summary, rows })
}

/// Collects rows of jobs always, and of attempts and tasks if they are wanted.
#[derive(Debug)]
struct Sink {
    all: bool,
    rows: Collected,
}

impl simulator::RowSink for Sink {
    fn attempt(&mut self, row: records::AttemptRow) {
        if self.all {
            self.rows.attempts.push(row);
        }
    }

    fn task(&mut self, row: records::TaskRow) {
        if self.all {
            self.rows.tasks.push(row);
        }
    }

    fn job(&mut self, row: records::JobRow) {
        self.rows.jobs.push(row);
    }
}
