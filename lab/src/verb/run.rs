//! `lab run`: an experiment file on real processes.

use super::say::{answer, failure, tell};
use super::simulate::{about, farewell, report};
use crate::design::{self, Design};
use crate::experiment::Trial;
use crate::experiment::interrupt::Interrupt;
use crate::experiment::jobs::RunError;
use crate::experiment::real::{NotReal, expected_time, real};
use crate::experiment::rounds::{Progress, Rounds, RoundsError};
use crate::findings::{Findings, findings};
use crate::simulation::{Place, SimulationError, folder};
use evidence::comparison::render::Format;
use indicatif::{ProgressBar, ProgressStyle};
use std::error::Error;
use std::path::PathBuf;
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
    /// The experiment, in TOML
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// A value in place of the file's, such as nodes.slots=2; may be given several times
    #[arg(long, value_name = "PATH=VALUE", env = "BALLAST_SET", value_delimiter = ';')]
    set: Vec<String>,
    /// Say what would be run, and run nothing
    #[arg(long, env = "BALLAST_DRY_RUN")]
    dry_run: bool,
    /// Go on with an experiment that was interrupted: its folder
    #[arg(long, value_name = "FOLDER", env = "BALLAST_RESUME")]
    resume: Option<PathBuf>,
    /// Folder of the records
    #[arg(long, value_name = "DIR", default_value = "results", env = "BALLAST_RESULTS")]
    results: PathBuf,
    /// How the comparisons are printed
    #[arg(long, value_enum, default_value_t = Format::Table, env = "BALLAST_FORMAT")]
    format: Format,
}

pub(super) fn run(arguments: &Arguments) -> ExitCode {
    let design = match design::load(&arguments.file, &arguments.set) {
        Ok(design) => design,
        Err(error) => {
            tell(&format!("lab: {}: {error}", arguments.file.display()));
            return ExitCode::from(2);
        }
    };
    if arguments.dry_run {
        let time = expected_time(&design).map(|time| about(time, "on real nodes")).unwrap_or_default();
        return answer(&(design::plan::plan(&design) + &time));
    }
    match experiment(arguments, &design) {
        Ok(findings) => report(&findings, arguments.format),
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

fn experiment(arguments: &Arguments, design: &Design) -> Result<Findings, Box<dyn Error>> {
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
