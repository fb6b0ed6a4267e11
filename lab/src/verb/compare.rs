//! `lab compare`: which strategy won, of recorded runs.

use evidence::comparison::render::{Format, render};
use evidence::comparison::source::{By, summarised};
use evidence::comparison::{Comparison, Metric, compare_by};
use records::{Run, SummaryRow, read_rows};
use std::path::PathBuf;
use std::process::ExitCode;

/// Compare strategies over recorded runs, paired by seed
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lab compare results/*                          every strategy of every run against `random`
  lab compare results/* --baseline round_robin   against another one
  lab compare before after --by folder           two runs of the same strategy
  lab compare results/* --metric mean            by the mean latency instead of the makespan
  lab compare results/* --format markdown        for a document

Exit status: 0 done, 1 if a run cannot be read or there is nothing to compare, 2 usage.")]
pub(super) struct Arguments {
    /// Folders of runs, or files with the columns of attempts.csv
    #[arg(value_name = "RUN", required = true)]
    runs: Vec<PathBuf>,
    /// Strategy that the ratios refer to [default: random if it is there, else the first]
    #[arg(long, value_name = "NAME", env = "BALLAST_BASELINE")]
    baseline: Option<String>,
    /// What decides who wins
    #[arg(long, value_enum, default_value_t = Metric::Makespan, env = "BALLAST_METRIC")]
    metric: Metric,
    /// How runs are told apart
    #[arg(long, value_enum, default_value_t = By::Label, env = "BALLAST_COMPARE_BY")]
    by: By,
    /// How the comparison is printed
    #[arg(long, value_enum, default_value_t = Format::Table, env = "BALLAST_FORMAT")]
    format: Format,
}

pub(super) fn run(arguments: &Arguments) -> ExitCode {
    match comparison(arguments) {
        Ok(comparison) => super::say::answer(&render(&comparison, arguments.format)),
        Err(error) => super::say::failure(&*error),
    }
}

fn comparison(arguments: &Arguments) -> Result<Comparison, Box<dyn std::error::Error>> {
    let mut runs = Vec::new();
    for path in &arguments.runs {
        for folder in super::why::runs_in(path)? {
            let rows = read_rows::<SummaryRow>(&folder).map(|(rows, _)| rows).unwrap_or_default();
            runs.push((Run::read(&folder)?, rows));
        }
    }
    let (replications, warnings) = summarised(&runs, arguments.by);
    Ok(compare_by(arguments.metric, replications, arguments.baseline.as_deref(), warnings)?)
}
