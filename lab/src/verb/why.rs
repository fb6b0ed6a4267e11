//! `lab why`: where the time of recorded runs went, and why one policy beats another.

use super::say::{answer, failure};
use crate::findings::why_text;
use clap::ValueEnum as _;
use evidence::comparison::group::group;
use evidence::comparison::render::Format;
use evidence::comparison::source::{By, summarised};
use evidence::comparison::{ComparisonError, Metric, Replication};
use evidence::explanation::explain;
use records::{Run, SummaryRow, read_rows};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Say where the time of a run's tasks went, by policy, and why the winner wins
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lab why results/20261120T174451Z-demo-1     a run, real or simulated
  lab why results/FOLDER --metric mean        by the mean latency instead of the makespan")]
pub(super) struct Arguments {
    /// Folders of runs, or of an experiment with several
    #[arg(value_name = "RUN", required = true)]
    runs: Vec<PathBuf>,
    /// Strategy that the winner is compared with [default: random if it is there, else the first]
    #[arg(long, value_name = "NAME", env = "BALLAST_BASELINE")]
    baseline: Option<String>,
    /// What decides who wins [default: what the experiment says, else the makespan]
    #[arg(long, value_enum, env = "BALLAST_METRIC")]
    metric: Option<Metric>,
    /// How it is printed; json and csv have the table of `lab compare` only
    #[arg(long, value_enum, default_value_t = Format::Table, env = "BALLAST_FORMAT")]
    format: Format,
}

pub(super) fn run(arguments: &Arguments) -> ExitCode {
    match text(arguments) {
        Ok(text) => answer(&text),
        Err(error) => failure(&*error),
    }
}

fn text(arguments: &Arguments) -> Result<String, Box<dyn std::error::Error>> {
    let mut folders = Vec::new();
    for path in &arguments.runs {
        folders.extend(runs_in(path)?);
    }
    let mut texts = Vec::new();
    for folder in &folders {
        let run = Recorded::read(folder)?;
        let groups = group(run.replications);
        if groups.is_empty() {
            return Err(ComparisonError::Nothing { why: run.warnings }.into());
        }
        let called = |name: &str| groups.iter().position(|group| group.key.strategy == name);
        let baseline = match &arguments.baseline {
            Some(name) => {
                called(name).ok_or_else(|| format!("{}: no strategy '{name}' in it", folder.display()))?
            }
            None => called("random").unwrap_or(0),
        };
        let metric = arguments.metric.unwrap_or(run.metric);
        let explanation = explain(&groups, baseline, metric, run.nodes);
        let heading = if folders.len() > 1 { format!("== {} ==\n", run.label) } else { String::new() };
        let warnings: String = run.warnings.iter().map(|warning| format!("warning: {warning}\n")).collect();
        texts.push(heading + &why_text(&explanation, arguments.format) + &warnings);
    }
    Ok(texts.join("\n"))
}

/// The path itself, or the run folders in it if it is an experiment's with several cells.
pub(super) fn runs_in(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    let is_run = |folder: &Path| folder.join("attempts.csv").exists();
    if !path.is_dir() || is_run(path) {
        return Ok(vec![path.to_owned()]);
    }
    let entries = path.read_dir()?.map(|entry| entry.map(|entry| entry.path()));
    let mut inside: Vec<PathBuf> = entries.collect::<Result<_, _>>()?;
    inside.retain(|folder| is_run(folder));
    inside.sort();
    Ok(if inside.is_empty() { vec![path.to_owned()] } else { inside })
}

/// What is needed of a run.
struct Recorded {
    label: String,
    replications: Vec<Replication>,
    nodes: usize,
    metric: Metric,
    /// What was left out.
    warnings: Vec<String>,
}

impl Recorded {
    fn read(folder: &Path) -> Result<Recorded, records::RecordsError> {
        let mut run = Run::read(folder)?;
        let summaries = read_rows::<SummaryRow>(folder).map(|(rows, _)| rows).unwrap_or_default();
        if !summaries.is_empty() {
            // A row of theirs is a replication of all its schedulers, where the rows of jobs are of one each.
            run.tasks.clear();
        }
        let manifest = run.manifest.clone();
        let manifest = manifest.as_ref();
        let (replications, warnings) = summarised(&[(run, summaries)], By::Strategy);
        let setting = manifest.and_then(|manifest| manifest.settings.get("metric"));
        let machines =
            manifest.map_or(0, |own| own.machines.iter().filter(|line| line.starts_with("node")).count());
        Ok(Recorded {
            label: manifest.map(|manifest| manifest.label.clone()).unwrap_or_default(),
            replications,
            nodes: machines,
            metric: setting.and_then(|key| Metric::from_str(key, true).ok()).unwrap_or_default(),
            warnings,
        })
    }
}
