//! `lab run`: an experiment file on real processes.

use super::experiment_file::{ExperimentFile, dry_run, farewell};
use super::say::{failure, tell};
use crate::design::{self, Design};
use crate::experiment::Trial;
use crate::experiment::interrupt::Interrupt;
use crate::experiment::jobs::RunError;
use crate::experiment::real::{NotReal, expected_time, real};
use crate::experiment::rounds::{Progress, Rounds, RoundsError};
use crate::findings::{Findings, findings};
use crate::simulation::{Place, SimulationError, folder};
use indicatif::{ProgressBar, ProgressStyle};
use std::error::Error;
use std::process::ExitCode;
use std::time::SystemTime;

/// Run an experiment file on real nodes and a server of this machine, with delays and work as it says
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lab run experiments/quickstart.toml                     every policy on real processes
  lab run experiments/quickstart.toml --dry-run           what would be run
  lab run experiments/original-table.toml --set nodes.delay=50ms --set replications.at_least=3

  lab run FILE --resume results/FOLDER                    go on after an interruption

Tasks arrive as the file says; a task's latency counts from its intended arrival. The wire is this machine's, whatever
the file says. What only the simulator can do is refused with a sentence.
Exit status: 0 done, 1 failure, 2 usage, 99 a threshold of the file is missed, 130 interrupted.")]
pub(super) struct Arguments {
    #[command(flatten)]
    experiment: ExperimentFile,
}

pub(super) fn run(arguments: &Arguments) -> ExitCode {
    let design = match arguments.experiment.design() {
        Ok(design) => design,
        Err(status) => return status,
    };
    if arguments.experiment.dry_run {
        return dry_run(&design, expected_time(&design), "on real nodes");
    }
    match experiment(&arguments.experiment, &design) {
        Ok(findings) => arguments.experiment.report(&findings),
        Err(error) => {
            failure(&*error);
            match error.downcast_ref::<RoundsError>() {
                Some(
                    RoundsError::Run(RunError::Interrupted { status })
                    | RoundsError::Folder(SimulationError::Interrupted { status, .. }),
                ) => ExitCode::from(*status),
                Some(RoundsError::Run(RunError::Refused(_))) => ExitCode::from(2),
                _ if error.is::<NotReal>() => ExitCode::from(2),
                _ => ExitCode::FAILURE,
            }
        }
    }
}

fn experiment(arguments: &ExperimentFile, design: &Design) -> Result<Findings, Box<dyn Error>> {
    let interrupt = Interrupt::listen()?;
    let scratch = tempfile::tempdir()?;
    // Every cell is looked at before the first one is run.
    let check = |cell| real(design, cell, &arguments.results, scratch.path());
    design.cells.iter().try_for_each(|cell| check(cell).map(|_| ()))?;
    let command_line: Vec<String> = std::env::args().collect();
    let place =
        Place { results: &arguments.results, started: SystemTime::now(), command_line: &command_line };
    let resume = arguments.resume.as_deref();
    let results = match resume {
        Some(folder) => {
            folder::check(design, folder)?;
            folder.to_owned()
        }
        None => folder::parent(design, &place)?,
    };
    let mut told = Told { bar: bar(design) };
    let mut cells = Vec::new();
    for cell in &design.cells {
        let parent = (design.cells.len() > 1).then_some(results.as_path());
        let experiment = real(design, cell, &results, scratch.path())?;
        let rounds = Rounds { design, cell, experiment, interrupt: &interrupt, parent, resume };
        cells.push(rounds.run(&mut told)?);
    }
    told.bar.finish_and_clear();
    tell(&farewell(&cells));
    Ok(findings(design, &cells))
}

fn bar(design: &Design) -> ProgressBar {
    let bar = ProgressBar::new(design::plan::most_replications(design));
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} jobs, {eta} left  {msg}") {
        bar.set_style(style);
    }
    bar
}

/// The bar on standard error.
struct Told {
    bar: ProgressBar,
}

impl Progress for Told {
    fn begun(&mut self, trial: &Trial) {
        self.bar.set_message(trial.strategy.clone());
    }

    fn recorded(&mut self) {
        self.bar.inc(1);
    }

    fn enough(&mut self, saved: u64) {
        self.bar.dec_length(saved);
    }
}
