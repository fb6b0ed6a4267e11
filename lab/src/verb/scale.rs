//! `lab scale`: what more nodes bring, on real processes.

use super::say::{answer, failure, tell};
use crate::benchmark::plain_loop;
use crate::dataset::{self, Dataset, Size};
use crate::experiment::Experiment;
use crate::experiment::interrupt::Interrupt;
use crate::experiment::jobs::Jobs;
use crate::local_cluster::{ClusterPlan, LocalCluster};
use crate::prediction::scale::{Measured, Scaling};
use cluster::Probability;
use luck::Seed;
use std::error::Error;
use std::path::{Path, PathBuf};
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
    /// Rounds; in each every number of nodes has one job. Another round before them warms up
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

/// The processes of one number of nodes.
struct Site {
    nodes: u32,
    experiment: Experiment,
    cluster: LocalCluster,
}

fn measure(arguments: &Arguments) -> Result<String, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let data = folder.path().canonicalize()?;
    if arguments.service.is_none() {
        photographs(arguments, &data)?;
    }
    let interrupt = Interrupt::listen()?;
    let start = |&nodes: &u32| -> Result<Site, Box<dyn Error>> {
        let experiment = experiment(arguments, nodes, data.clone())?;
        Ok(Site { nodes, cluster: LocalCluster::start(&experiment.cluster)?, experiment })
    };
    let sites: Vec<Site> = arguments.nodes.iter().map(start).collect::<Result<_, _>>()?;
    let jobs: Vec<Jobs<'_>> = sites.iter().map(|site| Jobs::on(&site.cluster, &interrupt)).collect();
    let of_site = |site: &Site| Measured { nodes: site.nodes, seconds: Vec::new() };
    let mut measured: Vec<Measured> = sites.iter().map(of_site).collect();
    let mut central = Vec::new();
    // All have a turn in every round, so that what else the machine does falls on all alike. The first round warms up.
    for round in 0..=arguments.replications {
        let alone = centralised(arguments, &data)?;
        let turn = usize::try_from(round).unwrap_or(0);
        for place in (0..sites.len()).map(|place| (place + turn) % sites.len()) {
            let seconds = one_job(&jobs[place], &sites[place].experiment, turn)?;
            if round > 0 {
                measured[place].seconds.push(seconds);
            }
        }
        if round > 0 {
            central.push(alone);
            tell(&format!("round {round} of {}", arguments.replications));
        }
    }
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let processors = arguments.service.is_none().then(|| u32::try_from(processors).unwrap_or(u32::MAX));
    Ok(Scaling { tasks: u64::from(arguments.tasks), central, measured, processors }.text())
}

/// Seconds of the experiment's job in a round.
fn one_job(jobs: &Jobs<'_>, experiment: &Experiment, round: usize) -> Result<f64, Box<dyn Error>> {
    let trial = experiment.trials().into_iter().nth(round).ok_or("there are fewer jobs than rounds")?;
    let (_, report) = jobs.run(experiment.request(trial))?;
    match report.failures.first() {
        Some(failure) => Err(format!("{}: {}", failure.file_name, failure.why).into()),
        None => Ok(report.progress.elapsed.as_secs_f64()),
    }
}

fn photographs(arguments: &Arguments, data: &Path) -> Result<(), Box<dyn Error>> {
    let photographs = Dataset {
        count: arguments.tasks as usize,
        size: Size { width: 816, height: 612 },
        format: dataset::Format::Mix,
        seed: Seed(1),
    };
    photographs.write(data)?;
    Ok(())
}

/// Seconds that one thread takes without any network; tasks that sleep would sleep one after the other.
fn centralised(arguments: &Arguments, data: &Path) -> Result<f64, Box<dyn Error>> {
    if let Some(service) = arguments.service {
        return Ok(service.as_secs_f64() * f64::from(arguments.tasks));
    }
    let operation = arguments.operation.parse().map_err(|error| format!("{error}"))?;
    let (input, output) = (data.join("input_dir"), data.join("centralised"));
    Ok(plain_loop::run_on(1, &input, &output, &operation)?.as_secs_f64())
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
        replications: arguments.replications + 1,
        // Two for each slot: one works while the other's images travel.
        max_in_flight: Some(2 * nodes * arguments.slots),
        max_attempts: None,
    })
}
