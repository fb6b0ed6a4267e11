//! `lab scale`: what more nodes bring, on real processes.

use super::say::{answer, failure, tell};
use crate::benchmark::plain_loop;
use crate::dataset::{self, Dataset, Size};
use crate::experiment::Experiment;
use crate::experiment::interrupt::Interrupt;
use crate::experiment::runner::{Observer, run as run_experiment};
use crate::local_cluster::ClusterPlan;
use crate::prediction::scale::{Measured, text};
use cluster::Probability;
use evidence::statistics::{interval_of_mean, mean};
use luck::Seed;
use records::Run;
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use wire::division::Division;
use wire::job::{JobSource, Transfer};

/// Measure the same work centralised and on more and more nodes: speedup, efficiency, Amdahl's law
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Nodes on one machine share its processors: images scale as far as there are cores. --service measures what the system
itself adds, with tasks that hold a slot without burning a processor.

Examples:
  lab scale                             photographs, centralised and on 1, 2, 4, 8 nodes
  lab scale --service 20ms --tasks 400  tasks that sleep")]
pub(super) struct Arguments {
    /// Numbers of nodes
    #[arg(long, value_delimiter = ',', value_name = "N,…", default_value = "1,2,4,8", value_parser = clap::value_parser!(u32).range(1..=64), env = "BALLAST_SCALE_NODES")]
    nodes: Vec<u32>,
    /// Tasks of a job
    #[arg(long, value_name = "N", default_value_t = 96, value_parser = clap::value_parser!(u32).range(1..), env = "BALLAST_PREDICT_TASKS")]
    tasks: u32,
    /// Hold a slot for so long instead of working on images
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration, env = "BALLAST_SERVICE")]
    service: Option<Duration>,
    /// Operation on each image
    #[arg(long, value_name = "NAME", default_value = "edges", env = "BALLAST_OPERATION")]
    operation: String,
    /// Strategy
    #[arg(long, value_name = "NAME", default_value = "least_connections", env = "BALLAST_STRATEGY")]
    strategy: String,
    /// Attempts that each node works on at once
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..), env = "BALLAST_SLOTS")]
    slots: u32,
    /// Jobs of each number of nodes
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=1_000), env = "BALLAST_REPLICATIONS")]
    replications: u64,
    /// Folder of the CSV files
    #[arg(long, value_name = "DIR", default_value = "results", env = "BALLAST_RESULTS")]
    results: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> ExitCode {
    match measure(arguments) {
        Ok(text) => answer(&text),
        Err(error) => failure(&*error),
    }
}

fn measure(arguments: &Arguments) -> Result<String, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let data = folder.path().canonicalize()?;
    let central_s = match arguments.service {
        Some(service) => service.as_secs_f64() * f64::from(arguments.tasks),
        None => centralised(arguments, &data)?,
    };
    let interrupt = Interrupt::listen()?;
    let mut measured = Vec::new();
    for &nodes in &arguments.nodes {
        let finished = run_experiment(&experiment(arguments, nodes, data.clone())?, &interrupt, &mut Silent)?;
        let runs =
            finished.run_folders.iter().map(|folder| Run::read(folder)).collect::<Result<Vec<Run>, _>>()?;
        let jobs = runs.iter().flat_map(|run| &run.jobs);
        let seconds: Vec<f64> = jobs.map(|job| job.makespan_us as f64 / 1e6).collect();
        let half_width = interval_of_mean(&seconds, 0.95).map(|interval| interval.half_width());
        let seconds = mean(&seconds).ok_or("no job ended with results")?;
        tell(&format!("{nodes} nodes: {seconds:.3} s"));
        measured.push(Measured { nodes, seconds, half_width });
    }
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let shared = match arguments.service {
        Some(_) => String::new(),
        None => format!("All nodes share the {processors} processors of this machine.\n"),
    };
    Ok(text(u64::from(arguments.tasks), Some(central_s), &measured) + &shared)
}

/// Seconds that one thread takes for the photographs, which are made first. The fastest of several rounds.
fn centralised(arguments: &Arguments, data: &std::path::Path) -> Result<f64, Box<dyn Error>> {
    let photographs = Dataset {
        count: arguments.tasks as usize,
        size: Size { width: 816, height: 612 },
        format: dataset::Format::Mix,
        seed: Seed(1),
    };
    photographs.write(data)?;
    let operation = arguments.operation.parse().map_err(|error| format!("{error}"))?;
    let mut fastest = Duration::MAX;
    for _ in 0..arguments.replications {
        let (input, output) = (data.join("input_dir"), data.join("centralised"));
        fastest = fastest.min(plain_loop::run_on(1, &input, &output, &operation)?);
    }
    Ok(fastest.as_secs_f64())
}

fn experiment(arguments: &Arguments, nodes: u32, data: PathBuf) -> Result<Experiment, Box<dyn Error>> {
    let path =
        data.to_str().ok_or("the temporary folder's path is not UTF-8, as paths on the wire are")?.to_owned();
    let source = match arguments.service {
        Some(service) => JobSource::Synthetic { tasks: u64::from(arguments.tasks), service },
        None => JobSource::Folder {
            path,
            recursive: false,
            transfer: Transfer::Shared,
            division: Division::default(),
        },
    };
    Ok(Experiment {
        cluster: ClusterPlan {
            nodes: ClusterPlan::nodes_with(&vec![Probability::ZERO; nodes as usize]),
            delay: Duration::ZERO,
            slots: arguments.slots as usize,
            data_root: data,
            results: arguments.results.clone(),
            label: format!("scale-{nodes}"),
            decisions: false,
            console: None,
            go_on: None,
        },
        source,
        open: None,
        operation: arguments.operation.clone(),
        strategies: vec![arguments.strategy.clone()],
        seed: 1,
        replications: arguments.replications,
        // Two for each slot: one works while the other's images travel.
        max_in_flight: Some(2 * nodes * arguments.slots),
        max_attempts: None,
    })
}

struct Silent;

impl Observer for Silent {}
