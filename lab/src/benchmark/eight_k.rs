//! One photograph of 8K over four nodes against what the cores allow one process, and a node's memory for a whole one.

use super::photographs::{cluster_ticks, complete, since, spread};
use super::usage::{memory_kib, processor_ticks};
use super::{BenchmarkError, Figure, Goal, NODES, plain_loop, plan, request, temporary_folder};
use crate::dataset::{Dataset, Format, Size};
use crate::experiment::interrupt::Interrupt;
use crate::experiment::jobs::{Jobs, RunError};
use crate::local_cluster::{ClusterPlan, LocalCluster};
use cluster::Probability;
use evidence::statistics::LogRatios;
use imaging::operation::Operation;
use luck::Seed;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, thread};
use wire::division::{CutKind, Division, Way};
use wire::job::{JobSource, Transfer};

const PHOTOGRAPH: Dataset =
    Dataset { count: 1, size: Size { width: 7_680, height: 4_320 }, format: Format::Jpg, seed: Seed(1) };
/// How many equal photographs each core of the one process does, and how many jobs we: processor time is told in
/// hundredths of a second, too coarse for one.
const EACH: usize = 3;
/// What a node may use beside three times the decoded image, in kibibytes.
const ALLOWANCE_KIB: u64 = 16 * 1024;
/// The ways to cut that are measured: the client's words for them, and parts.
const CUTS: [(&str, Option<u32>); 2] = [("--segments 4", Some(4)), ("--segments auto", None)];

/// What one photograph took.
#[derive(Clone, Copy, Debug)]
struct Cost {
    seconds: f64,
    /// Processor time, where it is told.
    ticks: Option<f64>,
}

/// One round: the same photograph in one process that keeps all cores busy with whole ones, and cut, one at a time.
struct Round {
    process: Cost,
    cut: [Cost; CUTS.len()],
}

/// Measures `rounds` rounds and a node's memory. Without `/proc` there are only figures of time.
///
/// # Errors
/// If the processes cannot be started or a photograph fails.
pub fn measure(interrupt: &Interrupt, rounds: usize) -> Result<Vec<Figure>, BenchmarkError> {
    let (_guard, folder) = temporary_folder()?;
    PHOTOGRAPH.write(&folder)?;
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let many = copies(&folder, cores * EACH)?;
    let cluster = LocalCluster::start(&plan(&folder, Probability::ZERO, 10, Duration::ZERO))?;
    let jobs = Jobs::on(&cluster, interrupt);
    // The first round finds cold caches and empty memory on either side, and does not count.
    let measured = (0..=rounds)
        .map(|_| {
            if let Some(status) = interrupt.asked() {
                return Err(RunError::Interrupted { status }.into());
            }
            round(&cluster, &jobs, &folder, &many, cores)
        })
        .collect::<Result<Vec<_>, BenchmarkError>>()?;
    drop(cluster);
    let mut figures = figures(&measured[1..], cores);
    figures.extend(peak_kib(interrupt, &folder)?.map(memory));
    Ok(figures)
}

/// A folder with so many copies of the photograph.
fn copies(folder: &Path, count: usize) -> Result<PathBuf, BenchmarkError> {
    let many = folder.join("many");
    let fault = |source| BenchmarkError::File { path: many.clone(), source };
    fs::create_dir_all(&many).map_err(fault)?;
    let photograph = folder.join("input_dir").join(PHOTOGRAPH.file_name(0));
    for copy in 0..count {
        fs::copy(&photograph, many.join(format!("{copy}.jpg"))).map_err(fault)?;
    }
    Ok(many)
}

fn round(
    cluster: &LocalCluster,
    jobs: &Jobs<'_>,
    folder: &Path,
    many: &Path,
    cores: usize,
) -> Result<Round, BenchmarkError> {
    let edges = Operation::parse("edges")
        .map_err(|error| BenchmarkError::PlainLoop { path: many.to_owned(), why: error.to_string() })?;
    let images = (cores * EACH) as f64;
    let before = processor_ticks(std::process::id());
    let seconds = plain_loop::run_on(cores, many, &folder.join("plain"), &edges)?.as_secs_f64() / images;
    let ticks = since(before, processor_ticks(std::process::id())).map(|ticks| ticks / images);
    let mut cut = [Cost { seconds, ticks }; CUTS.len()];
    for (cost, (_, parts)) in cut.iter_mut().zip(CUTS) {
        *cost = cut_in(parts, cluster, jobs, folder)?;
    }
    Ok(Round { process: Cost { seconds, ticks }, cut })
}

/// The photograph in parts, `EACH` times one after the other.
fn cut_in(
    parts: Option<u32>,
    cluster: &LocalCluster,
    jobs: &Jobs<'_>,
    folder: &Path,
) -> Result<Cost, BenchmarkError> {
    let way = Way::Segments { parts, cut: CutKind::Rows };
    let before = cluster_ticks(cluster);
    let mut seconds = 0.0;
    for _ in 0..EACH {
        seconds += job(jobs, folder, way)?.as_secs_f64();
    }
    let ticks = since(before, cluster_ticks(cluster)).map(|ticks| ticks / EACH as f64);
    Ok(Cost { seconds: seconds / EACH as f64, ticks })
}

fn job(jobs: &Jobs<'_>, folder: &Path, way: Way) -> Result<Duration, BenchmarkError> {
    let source = JobSource::Folder {
        path: folder.display().to_string(),
        recursive: false,
        transfer: Transfer::Shared,
        division: Division { way, data_set: false },
    };
    let (_, report) = jobs.run(request(source, "least_connections", 40))?;
    complete(&report)?;
    Ok(report.progress.elapsed)
}

/// The most memory that a node of its own ever had while it did the whole photograph several times.
fn peak_kib(interrupt: &Interrupt, folder: &Path) -> Result<Option<u64>, BenchmarkError> {
    let plan = ClusterPlan {
        nodes: ClusterPlan::nodes_with(&[Probability::ZERO]),
        ..plan(folder, Probability::ZERO, 10, Duration::ZERO)
    };
    let cluster = LocalCluster::start(&plan)?;
    let jobs = Jobs::on(&cluster, interrupt);
    for _ in 0..EACH {
        job(&jobs, folder, Way::Images)?;
    }
    Ok(memory_kib(cluster.nodes()[0].id(), "VmHWM:"))
}

fn figures(rounds: &[Round], cores: usize) -> Vec<Figure> {
    let mut figures = Vec::new();
    for (index, (words, _)) in CUTS.iter().enumerate() {
        let wall =
            LogRatios::of(rounds.iter().map(|round| (round.process.seconds, round.cut[index].seconds)));
        let work = LogRatios::of(
            rounds.iter().filter_map(|round| Some((round.process.ticks?, round.cut[index].ticks?))),
        );
        figures.push(Figure {
            name: format!("8K, {words}: share of the speedup that {cores} cores allow"),
            value: wall.ratio().unwrap_or(f64::NAN),
            unit: "",
            goal: Goal::AtLeast(0.85),
            detail: format!(
                "edges, one at a time over {NODES} nodes, {} ms; one process with a whole image on each of {cores} \
                 cores, {} ms an image{}",
                milliseconds(rounds.iter().map(|round| round.cut[index].seconds)),
                milliseconds(rounds.iter().map(|round| round.process.seconds)),
                spread(&wall)
            ),
        });
        if let Some(ratio) = work.ratio() {
            figures.push(Figure {
                name: format!("8K, {words}: that process's processor time over ours"),
                value: ratio,
                unit: "",
                goal: Goal::AtLeast(0.85),
                detail: format!(
                    "moved less than the time by other work on the machine, but moved{}",
                    spread(&work)
                ),
            });
        }
    }
    figures
}

/// The mean.
fn milliseconds(seconds: impl Iterator<Item = f64>) -> String {
    let (count, sum) = seconds.fold((0.0, 0.0), |(count, sum), seconds| (count + 1.0, sum + seconds));
    format!("{:.0}", 1e3 * sum / count)
}

fn memory(peak_kib: u64) -> Figure {
    let Size { width, height } = PHOTOGRAPH.size;
    let limit = 3 * (u64::from(width) * u64::from(height) * 3 / 1024) + ALLOWANCE_KIB;
    Figure {
        name: "8K, whole: a node's peak memory over its limit".to_owned(),
        value: peak_kib as f64 / limit as f64,
        unit: "",
        goal: Goal::AtMost(1.0),
        detail: format!(
            "edges, {} of {} MiB: three times the decoded image and 16 MiB",
            peak_kib / 1024,
            limit / 1024
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_become_figures() {
        let cost = |seconds, ticks| Cost { seconds, ticks: Some(ticks) };
        let rounds = [(0.100, 20.0), (0.110, 21.0)].map(|(seconds, ticks)| Round {
            process: cost(seconds, ticks),
            cut: [cost(0.120, 22.0), cost(0.140, 23.0)],
        });
        let figures = figures(&rounds, 2);
        let found: Vec<_> = figures.iter().map(|f| (format!("{:.3}", f.value), f.reached())).collect();
        let expected = [("0.874", true), ("0.932", true), ("0.749", false), ("0.891", true)];
        assert_eq!(found, expected.map(|(value, reached)| (value.to_owned(), Some(reached))));
        assert_eq!(memory(300 * 1024).reached(), Some(true));
        assert_eq!(memory(301 * 1024).reached(), Some(false));
    }

    #[test]
    fn without_processor_time_there_are_only_figures_of_time() {
        let cost = Cost { seconds: 1.0, ticks: None };
        assert_eq!(figures(&[Round { process: cost, cut: [cost; CUTS.len()] }], 2).len(), CUTS.len());
    }
}
