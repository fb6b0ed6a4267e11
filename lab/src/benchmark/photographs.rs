//! Half-megapixel photographs through four nodes, against a plain loop and against the original's design.

use super::original::{self, Original};
use super::usage::processor_ticks;
use super::{BenchmarkError, Figure, Goal, NODES, plain_loop, plan, request, temporary_folder};
use crate::dataset::{Dataset, Format, Size};
use crate::experiment::interrupt::Interrupt;
use crate::experiment::jobs::{Jobs, RunError};
use crate::local_cluster::LocalCluster;
use cluster::Probability;
use evidence::statistics::LogRatios;
use imaging::operation::Operation;
use luck::Seed;
use std::path::Path;
use std::time::Duration;
use wire::division::Division;
use wire::job::{JobReport, JobSource, Transfer};

const SET: Dataset =
    Dataset { count: 240, size: Size { width: 816, height: 612 }, format: Format::Jpg, seed: Seed(1) };

/// What one round measured.
struct Round {
    /// Seconds of the job.
    ours: f64,
    /// Seconds of the plain loop.
    plain: f64,
    /// Seconds of the original's design.
    original: Option<f64>,
    /// Processor time of all processes for the job, and of the lab for the plain loop, where it is told.
    ticks: Option<(f64, f64)>,
}

/// Measures `rounds` rounds, in each of which all rivals do the same photographs one after the other.
///
/// # Errors
/// If a rival fails.
pub fn measure(interrupt: &Interrupt, rounds: usize, python: &Path) -> Result<Vec<Figure>, BenchmarkError> {
    let (_guard, folder) = temporary_folder()?;
    SET.write(&folder)?;
    let original =
        if original::is_available(python) { Some(Original::start(python, &folder)?) } else { None };
    let cluster = LocalCluster::start(&plan(&folder, Probability::ZERO, 10, Duration::ZERO))?;
    let jobs = Jobs::on(&cluster, interrupt);
    let mut measured = Vec::new();
    for _ in 0..rounds {
        if let Some(status) = interrupt.asked() {
            return Err(RunError::Interrupted { status }.into());
        }
        measured.push(round(&cluster, &jobs, &folder, original.as_ref())?);
    }
    Ok(figures(&measured))
}

fn round(
    cluster: &LocalCluster,
    jobs: &Jobs<'_>,
    folder: &Path,
    original: Option<&Original>,
) -> Result<Round, BenchmarkError> {
    let edges = Operation::parse("edges")
        .map_err(|error| BenchmarkError::PlainLoop { path: folder.to_owned(), why: error.to_string() })?;
    let lab_before = processor_ticks(std::process::id());
    let plain = plain_loop::run(&folder.join("input_dir"), &folder.join("plain"), &edges)?.as_secs_f64();
    let plain_ticks = since(lab_before, processor_ticks(std::process::id()));
    let path = folder.display().to_string();
    let source = JobSource::Folder {
        path,
        recursive: false,
        transfer: Transfer::Shared,
        division: Division::default(),
    };
    let cluster_before = cluster_ticks(cluster);
    let (_, report) = jobs.run(request(source, "least_connections", 40))?;
    let our_ticks = since(cluster_before, cluster_ticks(cluster));
    complete(&report)?;
    let original = original.map(|original| original.run(folder)).transpose()?;
    Ok(Round {
        ours: report.progress.elapsed.as_secs_f64(),
        plain,
        original: original.map(|time| time.as_secs_f64()),
        ticks: our_ticks.zip(plain_ticks),
    })
}

/// Processor time of the server and all nodes so far.
pub(super) fn cluster_ticks(cluster: &LocalCluster) -> Option<u64> {
    let processes = cluster.nodes().iter().chain([cluster.server()]);
    processes.map(|process| processor_ticks(process.id())).sum()
}

pub(super) fn since(before: Option<u64>, after: Option<u64>) -> Option<f64> {
    Some(after?.saturating_sub(before?) as f64)
}

/// A job's time counts only if all of its tasks are done.
pub(super) fn complete(report: &JobReport) -> Result<(), BenchmarkError> {
    let (done, tasks) = (report.progress.done, report.progress.tasks);
    if done == tasks { Ok(()) } else { Err(BenchmarkError::Incomplete { failed: tasks - done, tasks }) }
}

fn figures(rounds: &[Round]) -> Vec<Figure> {
    let share = LogRatios::of(rounds.iter().map(|round| (round.plain, round.ours)));
    let speedup = LogRatios::of(rounds.iter().filter_map(|round| Some((round.original?, round.ours))));
    let mut figures = vec![Figure {
        name: "photographs: rate over a plain loop's".to_owned(),
        value: share.ratio().unwrap_or(f64::NAN),
        unit: "",
        goal: Goal::AtLeast(0.9),
        detail: format!("{} photographs of {} over {NODES} nodes{}", SET.count, SET.size, spread(&share)),
    }];
    let work =
        LogRatios::of(rounds.iter().filter_map(|round| round.ticks).map(|(ours, plain)| (plain, ours)));
    if let Some(ratio) = work.ratio() {
        figures.push(Figure {
            name: "photographs: a plain loop's processor time over ours".to_owned(),
            value: ratio,
            unit: "",
            goal: Goal::None,
            detail: format!("about the rates' ratio on a machine with nothing else to do{}", spread(&work)),
        });
    }
    if let Some(ratio) = speedup.ratio() {
        figures.push(Figure {
            name: "photographs: rate over the original's design".to_owned(),
            value: ratio,
            unit: "",
            goal: Goal::AtLeast(3.0),
            detail: format!("a sequential server over {NODES} Python nodes with OpenCV{}", spread(&speedup)),
        });
    }
    figures
}

/// The interval over rounds, where there is one.
pub(super) fn spread(ratios: &LogRatios) -> String {
    ratios.interval(0.95).map_or_else(String::new, |interval| {
        format!(", 95 % [{:.2}, {:.2}] of {} rounds", interval.low, interval.high, ratios.len())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_become_figures() {
        let rounds = [(1.0, 0.95, 4.0), (1.1, 1.0, 4.2), (0.9, 0.88, 3.9)].map(|(ours, plain, original)| {
            Round { ours, plain, original: Some(original), ticks: Some((200.0, 190.0)) }
        });
        insta::assert_snapshot!(super::super::render(&figures(&rounds)), @r"
        figure                                                measured    goal  reached  from
        photographs: rate over a plain loop's                     0.95  ≥ 0.90  yes      240 photographs of 816x612 over 4 nodes, 95 % [0.86, 1.04] of 3 rounds
        photographs: a plain loop's processor time over ours      0.95                   about the rates' ratio on a machine with nothing else to do, 95 % [0.95, 0.95] of 3 rounds
        photographs: rate over the original's design              4.04  ≥ 3.00  yes      a sequential server over 4 Python nodes with OpenCV, 95 % [3.45, 4.74] of 3 rounds
        ");
    }

    #[test]
    fn without_the_original_there_is_no_figure_of_it() {
        assert_eq!(figures(&[Round { ours: 1.0, plain: 0.95, original: None, ticks: None }]).len(), 1);
    }
}
