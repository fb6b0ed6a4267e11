//! `lab simulate`: an experiment file in virtual time.

use super::experiment_file::{ExperimentFile, dry_run, farewell};
use super::say::{failure, tell};
use crate::design::{self, Cell, Design};
use crate::experiment::interrupt::Interrupt;
use crate::findings::{Findings, findings};
use crate::simulation::estimate::expected_time;
use crate::simulation::{Options, Place, Progress, SimulationError, simulate};
use indicatif::{ProgressBar, ProgressStyle};
use std::process::ExitCode;
use std::time::SystemTime;

/// Run an experiment file in virtual time: every policy under every seed in every cell of its sweep
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lab simulate experiments/quickstart.toml                       who wins, by how much, and why
  lab simulate experiments/quickstart.toml --dry-run             what would be run
  lab simulate experiments/quickstart.toml --set nodes.slots=2   with another value, also of what is swept
  lab simulate FILE --resume results/FOLDER                      go on after an interruption

Results and records are the same for any number of threads.
Exit status: 0 done, 1 failure, 2 usage, 99 a threshold of the file is missed, 130 interrupted.")]
pub(super) struct Arguments {
    #[command(flatten)]
    experiment: ExperimentFile,
    /// Threads at work [default: one a processor]
    #[arg(long, value_name = "N", env = "BALLAST_THREADS", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

pub(super) fn run(arguments: &Arguments) -> ExitCode {
    let design = match arguments.experiment.design() {
        Ok(design) => design,
        Err(status) => return status,
    };
    let threads = arguments.threads.map_or_else(processors, usize::from);
    if arguments.experiment.dry_run {
        let how = format!("in virtual time on {threads} threads");
        return dry_run(&design, expected_time(&design, threads), &how);
    }
    match experiment(&arguments.experiment, threads, &design) {
        Ok(findings) => arguments.experiment.report(&findings),
        Err(error) => {
            let status = match error.downcast_ref::<SimulationError>() {
                Some(SimulationError::Interrupted { status, .. }) => ExitCode::from(*status),
                Some(SimulationError::NoService | SimulationError::Scenario { .. }) => ExitCode::from(2),
                _ => ExitCode::FAILURE,
            };
            failure(&*error);
            status
        }
    }
}

fn experiment(
    arguments: &ExperimentFile,
    threads: usize,
    design: &Design,
) -> Result<Findings, Box<dyn std::error::Error>> {
    let interrupt = Interrupt::listen()?;
    let command_line: Vec<String> = std::env::args().collect();
    let place =
        Place { results: &arguments.results, started: SystemTime::now(), command_line: &command_line };
    let options = Options { place, resume: arguments.resume.as_deref(), threads };
    let mut told = Told::new(design);
    let results = simulate(design, &options, &interrupt, &mut told)?;
    told.bar.finish_and_clear();
    tell(&farewell(&results));
    Ok(findings(design, &results))
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The bar on standard error; it hides itself where nobody watches.
struct Told {
    bar: ProgressBar,
}

impl Told {
    fn new(design: &Design) -> Told {
        let bar = ProgressBar::new(design::plan::most_replications(design));
        if let Ok(style) =
            ProgressStyle::with_template("{bar:30} {pos}/{len} replications, {eta} left  {msg}")
        {
            bar.set_style(style);
        }
        Told { bar }
    }
}

impl Progress for Told {
    fn replicated(&mut self, cell: &Cell) {
        self.bar.set_message(cell.label.clone());
        self.bar.inc(1);
    }

    fn enough(&mut self, _cell: &Cell, saved: u64) {
        self.bar.dec_length(saved);
    }
}
