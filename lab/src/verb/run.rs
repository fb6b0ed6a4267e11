//! `lab run`: an experiment file on real processes.

use super::say::{answer, failure, tell};
use super::simulate::{farewell, report};
use crate::design::{self, Cell, Design};
use crate::experiment::interrupt::Interrupt;
use crate::experiment::jobs::RunError;
use crate::experiment::real::{NotReal, expected_time, real};
use crate::experiment::runner::{Observer, run as run_experiment};
use crate::experiment::{Experiment, Trial};
use crate::findings::{Findings, findings};
use crate::simulation::CellResult;
use crate::simulation::folder::{Place, annotate, parent};
use evidence::comparison::render::Format;
use evidence::comparison::source::{By, replications};
use indicatif::{ProgressBar, ProgressStyle};
use records::Run;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;
use wire::job::JobReport;

/// Run an experiment file on real nodes and a server of this machine, with delays and work as it says
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lab run experiments/quickstart.toml                     every policy on real processes
  lab run experiments/quickstart.toml --dry-run           what would be run
  lab run experiments/original-table.toml --set nodes.delay=50ms --set replications.at_least=3

Only batches, and closed arrivals without a think time, can be had of real nodes; they run replications.at_least
seeds. The wire is this machine's, whatever the file says.
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
        let time = expected_time(&design).map_or(String::new(), |time| {
            format!(
                "time: about {} on real nodes\n",
                humantime::format_duration(std::time::Duration::from_secs(1 + time.as_secs()))
            )
        });
        return answer(&(design::plan::plan(&design) + &time));
    }
    match experiment(arguments, &design) {
        Ok(findings) => report(&findings, arguments.format),
        Err(error) => {
            failure(&*error);
            match error.downcast_ref::<RunError>() {
                Some(RunError::Interrupted { status }) => ExitCode::from(*status),
                Some(RunError::Refused(_)) => ExitCode::from(2),
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
    let results = parent(design, &place)?;
    let bar =
        ProgressBar::new(design.replications.at_least * (design.cells.len() * design.policies.len()) as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} jobs, {eta} left  {msg}") {
        bar.set_style(style);
    }
    let mut cells = Vec::new();
    for cell in &design.cells {
        let experiment = real(design, cell, &results, scratch.path())?;
        cells.push(run_cell(design, cell, &experiment, &interrupt, &bar)?);
    }
    bar.finish_and_clear();
    tell(&farewell(&cells));
    Ok(findings(design, &cells))
}

fn run_cell(
    design: &Design,
    cell: &Cell,
    experiment: &Experiment,
    interrupt: &Interrupt,
    bar: &ProgressBar,
) -> Result<CellResult, Box<dyn Error>> {
    let mut told = Told { bar, given_up: Vec::new() };
    let finished = run_experiment(experiment, interrupt, &mut told)?;
    let folders: Vec<&Path> = finished.run_folders.iter().map(PathBuf::as_path).collect();
    folders.iter().try_for_each(|folder| annotate(design, cell, folder))?;
    let runs = folders.iter().map(|folder| Run::read(folder)).collect::<Result<Vec<Run>, _>>()?;
    let (replications, mut warnings) = replications(&runs, By::Strategy);
    warnings.extend(told.given_up);
    warnings.extend(finished.failures);
    let folder = folders.first().map(|folder| folder.to_path_buf()).unwrap_or_default();
    Ok(CellResult { label: cell.label.clone(), folder, replications, warnings })
}

/// The bar on standard error, and what was given up.
struct Told<'a> {
    bar: &'a ProgressBar,
    given_up: Vec<String>,
}

impl Observer for Told<'_> {
    fn begun(&mut self, _index: usize, trial: &Trial) {
        self.bar.set_message(trial.strategy.clone());
    }

    fn ended(&mut self, _report: &JobReport) {
        self.bar.inc(1);
    }

    fn given_up(&mut self, trial: &Trial) -> bool {
        self.bar.inc(1);
        self.given_up.push(format!(
            "{} was given up under seed {}, because no node took work; it is left out",
            trial.strategy, trial.seed
        ));
        true
    }
}
