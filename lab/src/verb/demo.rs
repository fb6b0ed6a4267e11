//! `lab demo`, or just `lab`: every strategy on real processes over real sockets, and which one won.

use super::say::{answer, tell};
use crate::dataset::{self, Dataset, Size};
use crate::experiment::interrupt::Interrupt;
use crate::experiment::jobs::RunError;
use crate::experiment::runner::{Finished, Observer, run as run_experiment};
use crate::experiment::{Experiment, Trial};
use crate::local_cluster::{ClusterPlan, LocalCluster, console};
use cluster::Probability;
use evidence::comparison::render::{Format, render};
use evidence::comparison::source::{By, replications};
use evidence::comparison::{Comparison, compare};
use indicatif::{ProgressBar, ProgressStyle};
use luck::Seed;
use records::Run;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use tempfile::TempDir;
use wire::division::Division;
use wire::job::{JobReport, JobSource, Transfer};

/// Start four nodes and a server, run every strategy, tell which one won (done when no verb is given)
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exit status: 0 done, 1 failure, 2 usage, 3 some images failed, 4 no usable node, 130 interrupted.")]
pub(super) struct Arguments {
    /// Folder whose `input_dir` holds your images; results appear in its `output_dir` [default: made photographs]
    #[arg(long, value_name = "DIR", env = "BALLAST_DATA")]
    data: Option<PathBuf>,
    /// Strategies to compare
    #[arg(long, value_delimiter = ',', value_name = "NAMES", default_value = STRATEGIES, env = "BALLAST_STRATEGIES")]
    strategies: Vec<String>,
    /// Jobs of each strategy, each under a seed that all strategies share
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=10_000), env = "BALLAST_REPLICATIONS")]
    replications: u64,
    /// Names the luck of all jobs
    #[arg(long, value_name = "S", default_value_t = 1, env = "BALLAST_SEED")]
    seed: u64,
    /// Load probability of each node, one a node
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "P,…",
        default_value = "0.8,0.6,0.5,0.2",
        env = "BALLAST_LOADS"
    )]
    loads: Vec<Probability>,
    /// How late a delayed attempt starts
    #[arg(long, value_name = "TIME", default_value = "50ms", value_parser = humantime::parse_duration, env = "BALLAST_DELAY")]
    delay: Duration,
    /// Attempts that each node works on at once, sleeping ones included
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = slots, env = "BALLAST_SLOTS")]
    slots: usize,
    /// Operation, or chain of operations, on each image
    #[arg(long, value_name = "NAME", default_value = "edges", env = "BALLAST_OPERATION")]
    operation: String,
    /// Most attempts in flight at once
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..), env = "BALLAST_MAX_IN_FLIGHT")]
    max_in_flight: u32,
    /// Folder of the CSV files
    #[arg(long, value_name = "DIR", default_value = "results", env = "BALLAST_RESULTS")]
    results: PathBuf,
    /// Where the console is served to browsers while jobs run, or at the next free port; or off
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:5005", value_parser = console::parse, env = "BALLAST_CONSOLE")]
    console: String,
    /// Keep nodes, server and console after the comparison, until Ctrl-C
    #[arg(long, env = "BALLAST_STAY")]
    stay: bool,
    /// How the comparison is printed
    #[arg(long, value_enum, default_value_t = Format::Table, env = "BALLAST_FORMAT")]
    format: Format,
}

/// The strategies that the demonstration compares.
const STRATEGIES: &str = "random,load_balancing,round_robin,least_connections,weighted_response_time,power_of_two,\
                          load_aware,ballast";

/// The photographs that are made when no folder is given.
const PHOTOGRAPHS: Dataset = Dataset {
    count: 100,
    size: Size { width: 320, height: 240 },
    format: dataset::Format::Mix,
    seed: Seed(1),
};

fn slots(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(slots) if slots >= 1 => Ok(slots),
        _ => Err("not a whole number from 1 up, such as 2".to_owned()),
    }
}

pub(super) fn run(arguments: &Arguments) -> ExitCode {
    match demonstrate(arguments) {
        Ok(status) => status,
        Err(error) => {
            tell(&format!("lab: {error}"));
            status_of(&*error)
        }
    }
}

/// 2 for a folder that is not there or a job that the server refuses as asked, 4 without a usable node, the signal's for an interruption.
fn status_of(error: &(dyn Error + 'static)) -> ExitCode {
    if error.is::<NoFolder>() {
        return ExitCode::from(2);
    }
    match error.downcast_ref::<RunError>() {
        Some(RunError::Refused(_)) => ExitCode::from(2),
        Some(RunError::NoNode { .. }) => ExitCode::from(4),
        Some(RunError::Interrupted { status }) => ExitCode::from(*status),
        _ => ExitCode::FAILURE,
    }
}

fn demonstrate(arguments: &Arguments) -> Result<ExitCode, Box<dyn Error>> {
    let interrupt = Interrupt::listen()?;
    let data = Data::prepare(arguments.data.as_deref())?;
    let experiment = experiment(arguments, data.folder.clone())?;
    let mut told = Told::new(&experiment, &data);
    if arguments.stay {
        let console = experiment.cluster.console.clone();
        told.stay =
            Some(Stay { interrupt: interrupt.clone(), console, format: arguments.format, printed: None });
    }
    let finished = run_experiment(&experiment, &interrupt, &mut told)?;
    told.bar.finish_and_clear();
    let printed = match told.stay.and_then(|stay| stay.printed) {
        Some(printed) => printed?,
        None => answer(&render(&comparison(&finished)?, arguments.format)),
    };
    tell(&farewell(&finished));
    if finished.failures.is_empty() {
        return Ok(printed);
    }
    tell(&format!("lab: {} failed:", count(finished.failures.len() as u64, "image", "images")));
    finished.failures.iter().for_each(|failure| tell(&format!("  {failure}")));
    Ok(ExitCode::from(3))
}

/// The folder of images that was asked for is not to be had.
#[derive(Debug, thiserror::Error)]
#[error("'{path}': {cause}; name a folder whose input_dir holds images")]
struct NoFolder {
    path: String,
    cause: std::io::Error,
}

/// The images, and the temporary folder that holds them if they were made.
struct Data {
    folder: PathBuf,
    about: String,
    _made: Option<TempDir>,
}

impl Data {
    fn prepare(given: Option<&Path>) -> Result<Data, Box<dyn Error>> {
        if let Some(folder) = given {
            let folder = folder
                .canonicalize()
                .map_err(|cause| NoFolder { path: folder.display().to_string(), cause })?;
            let about = format!("the images of {}", folder.join("input_dir").display());
            return Ok(Data { folder, about, _made: None });
        }
        let made = tempfile::tempdir()?;
        PHOTOGRAPHS.write(made.path())?;
        let about = format!("{} made photographs of {}", PHOTOGRAPHS.count, PHOTOGRAPHS.size);
        Ok(Data { folder: made.path().canonicalize()?, about, _made: Some(made) })
    }
}

fn experiment(arguments: &Arguments, folder: PathBuf) -> Result<Experiment, Box<dyn Error>> {
    let path =
        folder.to_str().ok_or("the data folder's path is not UTF-8, as paths on the wire are; rename it")?;
    let source = JobSource::Folder {
        path: path.to_owned(),
        recursive: false,
        transfer: Transfer::Shared,
        division: Division::default(),
    };
    Ok(Experiment {
        cluster: ClusterPlan {
            nodes: ClusterPlan::nodes_with(&arguments.loads),
            delay: arguments.delay,
            slots: arguments.slots,
            data_root: folder,
            results: arguments.results.clone(),
            label: "demo".to_owned(),
            decisions: true,
            console: console::free_address(&arguments.console),
            go_on: None,
        },
        source,
        open: None,
        operation: arguments.operation.clone(),
        strategies: arguments.strategies.clone(),
        seed: arguments.seed,
        replications: arguments.replications,
        max_in_flight: Some(arguments.max_in_flight),
        max_attempts: None,
    })
}

fn comparison(finished: &Finished) -> Result<Comparison, Box<dyn Error>> {
    let runs =
        finished.run_folders.iter().map(|folder| Run::read(folder)).collect::<Result<Vec<Run>, _>>()?;
    let (replications, warnings) = replications(&runs, By::Label);
    Ok(compare(replications, None, warnings)?)
}

fn farewell(finished: &Finished) -> String {
    let folders: Vec<String> =
        finished.run_folders.iter().map(|folder| folder.display().to_string()).collect();
    let folders = folders.join(" ");
    format!("The rows behind it: {folders} (attempts.csv, tasks.csv, jobs.csv). Again: lab compare {folders}")
}

fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// How often somebody who stays looks whether to go.
const GLANCE: Duration = Duration::from_millis(100);

/// What keeps the cluster after its last job.
struct Stay {
    interrupt: Interrupt,
    console: Option<String>,
    format: Format,
    /// What became of the comparison, once it was printed.
    printed: Option<Result<ExitCode, Box<dyn Error>>>,
}

impl Stay {
    fn until_told(&mut self, finished: &Finished) {
        let compared = comparison(finished).map(|compared| answer(&render(&compared, self.format)));
        let good = compared.is_ok();
        self.printed = Some(compared);
        if !good {
            return;
        }
        let watch = self.console.as_ref().map(|address| format!(" Watch them at http://{address}/."));
        tell(&format!("Nodes and server go on until Ctrl-C.{}", watch.unwrap_or_default()));
        while self.interrupt.asked().is_none() {
            std::thread::sleep(GLANCE);
        }
    }
}

/// Tells on standard error what goes on; the bar hides itself where nobody watches.
struct Told {
    introduction: String,
    bar: ProgressBar,
    stay: Option<Stay>,
}

impl Told {
    fn new(experiment: &Experiment, data: &Data) -> Told {
        let loads: Vec<String> = experiment.cluster.nodes.iter().map(|node| node.load.to_string()).collect();
        let jobs = experiment.trials().len();
        let watch =
            experiment.cluster.console.as_ref().map(|address| format!("\nWatch it at http://{address}/"));
        let introduction = format!(
            "{} nodes (load {}, delay {}, {} slots each) and a server run as processes on this machine.\n\
             {} under {}: {} over {}.{}",
            loads.len(),
            loads.join(" "),
            humantime::format_duration(experiment.cluster.delay),
            experiment.cluster.slots,
            count(experiment.strategies.len() as u64, "strategy", "strategies"),
            count(experiment.replications, "seed", "seeds"),
            count(jobs as u64, "job", "jobs"),
            data.about,
            watch.unwrap_or_default(),
        );
        let bar = ProgressBar::new(jobs as u64);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} jobs, {eta} left  {msg}") {
            bar.set_style(style);
        }
        Told { introduction, bar, stay: None }
    }
}

impl Observer for Told {
    fn started(&mut self, _cluster: &LocalCluster) {
        tell(&self.introduction);
    }

    fn begun(&mut self, _index: usize, trial: &Trial) {
        self.bar.set_message(trial.strategy.clone());
    }

    fn ended(&mut self, _report: &JobReport) {
        self.bar.inc(1);
    }

    fn finished(&mut self, finished: &Finished) {
        if let Some(stay) = &mut self.stay {
            self.bar.finish_and_clear();
            stay.until_told(finished);
        }
    }
}
