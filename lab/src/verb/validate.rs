//! `lab validate`: real processes and their prediction side by side, and whether the prediction is good enough.

use super::predict::predict;
use super::say::{answer, failure, tell};
use crate::experiment::interrupt::Interrupt;
use crate::experiment::runner::{Observer, run as run_experiment};
use crate::experiment::{Experiment, Trial};
use crate::local_cluster::ClusterPlan;
use crate::prediction::agreement::{Agreement, agreement};
use crate::prediction::calibrate::calibrate;
use crate::prediction::model::Model;
use crate::prediction::scenario::Change;
use cluster::{Admission, Probability};
use evidence::comparison::source::{By, replications};
use indicatif::ProgressBar;
use records::Run;
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use wire::job::{JobReport, JobSource};

/// Run strategies on real nodes, predict them from the first one's records, and compare the two
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The model is fitted to the jobs of the first strategy alone, so the others are predicted and not described.
Tasks hold a slot without burning a processor, so that many nodes fit on one machine.

With RUN nothing is run: a recorded real run, such as one of lab run, is predicted from the records of its first strategy.

Goals: each mean within 5 %, each p99 within 10 %, Kendall's rank correlation of the strategies by mean latency at least 0.9
(over all pairs; those that differ in reality, and reality with itself, are printed beside it).
Exit status: 0 all reached, 1 failure, 2 usage, 99 a goal is missed.

Examples:
  lab validate                                              20 nodes, delay 300 ms
  lab validate results/FOLDER                               what lab run has recorded
  lab validate --strategies random,power_of_two --replications 3")]
pub(super) struct Arguments {
    /// Folders of real runs, or of an experiment with several, to predict instead of running anything
    #[arg(value_name = "RUN")]
    runs: Vec<PathBuf>,
    /// Strategies; the model is fitted to the first one that may be refused
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "NAMES",
        default_value = "load_balancing,random,round_robin,least_connections,power_of_two,load_aware",
        env = "BALLAST_STRATEGIES"
    )]
    strategies: Vec<String>,
    /// Load probability of each node, one a node
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "P,…",
        default_value = "0,0,0.1,0.1,0.2,0.2,0.3,0.3,0.4,0.4,0.5,0.5,0.6,0.6,0.7,0.7,0.8,0.8,0.9,0.9",
        env = "BALLAST_LOADS"
    )]
    loads: Vec<Probability>,
    /// How late a delayed attempt starts
    #[arg(long, value_name = "TIME", default_value = "300ms", value_parser = humantime::parse_duration, env = "BALLAST_DELAY")]
    delay: Duration,
    /// Attempts that each node works on at once
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..), env = "BALLAST_SLOTS")]
    slots: u32,
    /// Tasks of a job
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..), env = "BALLAST_PREDICT_TASKS")]
    tasks: u64,
    /// How long a task holds its slot
    #[arg(long, value_name = "TIME", default_value = "50ms", value_parser = humantime::parse_duration, env = "BALLAST_SERVICE")]
    service: Duration,
    /// Most attempts in flight at once
    #[arg(long, value_name = "N", default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..), env = "BALLAST_MAX_IN_FLIGHT")]
    max_in_flight: u32,
    /// Jobs of each strategy, each under a seed that all strategies share
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=10_000), env = "BALLAST_REPLICATIONS")]
    replications: u64,
    /// Names the luck of all jobs
    #[arg(long, value_name = "S", default_value_t = 1, env = "BALLAST_SEED")]
    seed: u64,
    /// Folder of the CSV files
    #[arg(long, value_name = "DIR", default_value = "results", env = "BALLAST_RESULTS")]
    results: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> ExitCode {
    let agreements = if arguments.runs.is_empty() {
        validate(arguments).map(|one| vec![(String::new(), one)])
    } else {
        recorded(&arguments.runs)
    };
    match agreements {
        Ok(agreements) => report(&agreements),
        Err(error) => failure(&*error),
    }
}

/// Prints what was found; 99 if a goal is missed.
fn report(agreements: &[(String, Agreement)]) -> ExitCode {
    let headed = |(name, agreement): &(String, Agreement)| match name.as_str() {
        "" => agreement.text(),
        name => format!("== {name} ==\n{}", agreement.text()),
    };
    let printed = answer(&agreements.iter().map(headed).collect::<Vec<_>>().join("\n"));
    let missed: Vec<String> = agreements.iter().flat_map(|(_, agreement)| agreement.missed()).collect();
    if missed.is_empty() {
        return printed;
    }
    missed.iter().for_each(|missed| tell(&format!("lab: goal missed: {missed}")));
    ExitCode::from(99)
}

/// Recorded runs, each predicted from its first strategy that may be refused.
fn recorded(paths: &[PathBuf]) -> Result<Vec<(String, Agreement)>, Box<dyn Error>> {
    let mut agreements = Vec::new();
    for path in paths {
        for folder in super::why::runs_in(path)? {
            let run = Run::read(&folder)?;
            let mut strategies: Vec<String> = Vec::new();
            for job in &run.jobs {
                if !strategies.contains(&job.strategy.to_string()) {
                    strategies.push(job.strategy.to_string());
                }
            }
            // One that must be accepted throws no coin of rejection: little is learned from it.
            let rejecting = run.jobs.iter().find(|job| job.admission == Admission::MayReject);
            let fitted_to = rejecting.or(run.jobs.first()).ok_or("no job ended with results")?;
            let model = calibrate(&of_strategy(std::slice::from_ref(&run), &fitted_to.strategy))?;
            let agreement = against(&model, &fitted_to.strategy, &strategies, std::slice::from_ref(&run))?;
            agreements.push((folder.display().to_string(), agreement));
        }
    }
    Ok(agreements)
}

fn validate(arguments: &Arguments) -> Result<Agreement, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let experiment = Experiment {
        cluster: ClusterPlan {
            nodes: ClusterPlan::nodes_with(&arguments.loads),
            delay: arguments.delay,
            slots: arguments.slots as usize,
            data_root: folder.path().canonicalize()?,
            results: arguments.results.clone(),
            label: "validate".to_owned(),
            decisions: true,
            console: None,
            go_on: None,
        },
        source: JobSource::Synthetic { tasks: arguments.tasks, service: arguments.service },
        open: None,
        operation: "edges".to_owned(),
        strategies: arguments.strategies.clone(),
        seed: arguments.seed,
        replications: arguments.replications,
        max_in_flight: Some(arguments.max_in_flight),
        max_attempts: None,
    };
    let mut bar = Bar(ProgressBar::new(experiment.trials().len() as u64));
    let finished = run_experiment(&experiment, &Interrupt::listen()?, &mut bar)?;
    bar.0.finish_and_clear();
    let real =
        finished.run_folders.iter().map(|folder| Run::read(folder)).collect::<Result<Vec<Run>, _>>()?;
    let told: Vec<String> = finished.run_folders.iter().map(|folder| folder.display().to_string()).collect();
    tell(&format!("The rows behind it: {}", told.join(" ")));
    compare(arguments, &real)
}

/// Predicts every strategy from the records of one.
fn compare(arguments: &Arguments, real: &[Run]) -> Result<Agreement, Box<dyn Error>> {
    let fitted_to = known(real, &arguments.strategies).ok_or("no job ended with results")?;
    let mut model = calibrate(&of_strategy(real, &fitted_to))?;
    model.max_in_flight = arguments.max_in_flight;
    against(&model, &fitted_to, &arguments.strategies, real)
}

/// The prediction of `strategies` by a model that was fitted to one, against what really was.
fn against(
    model: &Model,
    fitted_to: &str,
    strategies: &[String],
    real: &[Run],
) -> Result<Agreement, Box<dyn Error>> {
    let fitted = model.nodes.iter().filter(|node| node.reject_is_exact && node.delay_is_exact).count();
    tell(&format!(
        "The model is fitted to {fitted_to}; on {fitted} of {} nodes one probability explains every coin.",
        model.nodes.len()
    ));
    let seeds: Vec<u64> = model.seeds.iter().filter_map(|seed| seed.parse().ok()).collect();
    let predicted = predict(model, strategies, &seeds, &Change::default())?;
    Ok(agreement(replications(real, By::Strategy).0, replications(&predicted, By::Strategy).0))
}

/// The full name of the first strategy with a job.
fn known(real: &[Run], strategies: &[String]) -> Option<String> {
    let jobs = || real.iter().flat_map(|run| &run.jobs);
    let begins = |name: &str| jobs().find(|job| job.strategy.split('[').next() == name.split('[').next());
    strategies.iter().find_map(|name| begins(name)).map(|job| job.strategy.to_string())
}

/// The runs with the jobs of one strategy only.
fn of_strategy(real: &[Run], strategy: &str) -> Vec<Run> {
    real.iter()
        .map(|run| {
            let mut run = run.clone();
            run.jobs.retain(|job| &*job.strategy == strategy);
            let keys: Vec<_> = run.jobs.iter().map(|job| job.job_key.clone()).collect();
            run.attempts.retain(|row| keys.contains(&row.job_key));
            run.tasks.retain(|row| keys.contains(&row.job_key));
            run
        })
        .collect()
}

struct Bar(ProgressBar);

impl Observer for Bar {
    fn begun(&mut self, _index: usize, trial: &Trial) {
        self.0.set_message(trial.strategy.clone());
    }

    fn ended(&mut self, _report: &JobReport) {
        self.0.inc(1);
    }
}
