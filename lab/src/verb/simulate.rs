//! `lab simulate`: an experiment file in virtual time.

use super::say::{answer, failure, tell};
use crate::design::{self, Cell, Design};
use crate::experiment::interrupt::Interrupt;
use crate::findings::{Findings, findings};
use crate::simulation::estimate::expected_time;
use crate::simulation::{CellResult, Options, Place, Progress, SimulationError, simulate};
use evidence::comparison::render::Format;
use indicatif::{ProgressBar, ProgressStyle};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

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
    /// The experiment, in TOML
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// A value in place of the file's, such as nodes.slots=2 or replications.at_least=5; may be given several times
    #[arg(long, value_name = "PATH=VALUE", env = "BALLAST_SET", value_delimiter = ';')]
    set: Vec<String>,
    /// Say what would be run, and run nothing
    #[arg(long, env = "BALLAST_DRY_RUN")]
    dry_run: bool,
    /// Go on with an experiment that was interrupted: its folder
    #[arg(long, value_name = "FOLDER", env = "BALLAST_RESUME")]
    resume: Option<PathBuf>,
    /// Threads at work [default: one a processor]
    #[arg(long, value_name = "N", env = "BALLAST_THREADS", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
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
        let threads = arguments.threads.map_or_else(processors, usize::from);
        let time = expected_time(&design, threads)
            .map(|time| about(time, &format!("in virtual time on {threads} threads")));
        return answer(&(design::plan::plan(&design) + &time.unwrap_or_default()));
    }
    match experiment(arguments, &design) {
        Ok(findings) => report(&findings, arguments.format),
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

/// The line of a plan that says how long it takes, in whole seconds.
pub(super) fn about(time: Duration, how: &str) -> String {
    let seconds = Duration::from_secs(1 + time.as_secs());
    format!("time: about {} {how}\n", humantime::format_duration(seconds))
}

/// Prints what was found; 99 if a threshold is missed.
pub(super) fn report(findings: &Findings, format: Format) -> ExitCode {
    let printed = answer(&findings.render(format));
    if findings.missed().is_empty() {
        return printed;
    }
    findings.missed().iter().for_each(|missed| tell(&format!("lab: threshold missed: {missed}")));
    ExitCode::from(99)
}

fn experiment(arguments: &Arguments, design: &Design) -> Result<Findings, Box<dyn std::error::Error>> {
    let interrupt = Interrupt::listen()?;
    let command_line: Vec<String> = std::env::args().collect();
    let place =
        Place { results: &arguments.results, started: SystemTime::now(), command_line: &command_line };
    let threads = arguments.threads.map_or_else(processors, usize::from);
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

/// Where the rows are.
pub(super) fn farewell(results: &[CellResult]) -> String {
    let folder = match results {
        [one] => Some(one.folder.as_path()),
        several => several.first().and_then(|first| first.folder.parent()),
    };
    let folder = folder.unwrap_or(Path::new(".")).display();
    let cells = if results.len() > 1 { ", a folder a cell" } else { "" };
    format!("The rows behind it: {folder}{cells}. Again: lab why {folder}")
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
