//! What `lab run` and `lab simulate` have in common: one experiment file, read, changed, resumed, printed.

use super::say::{answer, tell};
use crate::design::{self, Design};
use crate::findings::Findings;
use crate::simulation::CellResult;
use evidence::comparison::render::Format;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// The arguments of both verbs.
#[derive(Debug, clap::Args)]
pub(super) struct ExperimentFile {
    /// The experiment, in TOML
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// A value in place of the file's, such as nodes.slots=2 or replications.at_least=5; may be given several times
    #[arg(long, value_name = "PATH=VALUE", env = "BALLAST_SET", value_delimiter = ';')]
    set: Vec<String>,
    /// Say what would be run, and run nothing
    #[arg(long, env = "BALLAST_DRY_RUN")]
    pub(super) dry_run: bool,
    /// Go on with an experiment that was interrupted: its folder
    #[arg(long, value_name = "FOLDER", env = "BALLAST_RESUME")]
    pub(super) resume: Option<PathBuf>,
    /// Folder of the records
    #[arg(long, value_name = "DIR", default_value = "results", env = "BALLAST_RESULTS")]
    pub(super) results: PathBuf,
    /// How the comparisons are printed
    #[arg(long, value_enum, default_value_t = Format::Table, env = "BALLAST_FORMAT")]
    format: Format,
}

impl ExperimentFile {
    /// What the file says, with the changes. A file that cannot be is told, and the exit status is that of wrong usage.
    pub(super) fn design(&self) -> Result<Design, ExitCode> {
        design::load(&self.file, &self.set).map_err(|error| {
            tell(&format!("lab: {}: {error}", self.file.display()));
            ExitCode::from(2)
        })
    }

    /// Prints what was found; 99 if a threshold is missed.
    pub(super) fn report(&self, findings: &Findings) -> ExitCode {
        let printed = answer(&findings.render(self.format));
        if findings.missed().is_empty() {
            return printed;
        }
        findings.missed().iter().for_each(|missed| tell(&format!("lab: threshold missed: {missed}")));
        ExitCode::from(99)
    }
}

/// Prints what would be run, and how long it takes if that is known.
pub(super) fn dry_run(design: &Design, time: Option<Duration>, how: &str) -> ExitCode {
    answer(&(design::plan::plan(design) + &time.map(|time| about(time, how)).unwrap_or_default()))
}

/// The line of a plan that says how long it takes, in whole seconds.
fn about(time: Duration, how: &str) -> String {
    let seconds = Duration::from_secs(1 + time.as_secs());
    format!("time: about {} {how}\n", humantime::format_duration(seconds))
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
