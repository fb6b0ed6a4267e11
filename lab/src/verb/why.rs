//! `lab why`: where the time of recorded runs went, and why one policy beats another.

use super::say::{answer, failure};
use crate::findings::why_text;
use clap::ValueEnum as _;
use evidence::comparison::group::group;
use evidence::comparison::render::Format;
use evidence::comparison::source::{By, replications};
use evidence::comparison::{Metric, Replication, summary_row};
use evidence::explanation::explain;
use records::{Manifest, Run, SummaryRow, read_rows};
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
        let called = |name: &str| groups.iter().position(|group| group.key.strategy == name);
        let baseline = match &arguments.baseline {
            Some(name) => {
                called(name).ok_or_else(|| format!("{}: no strategy '{name}' in it", folder.display()))?
            }
            None => called("random").unwrap_or(0),
        };
        if groups.is_empty() {
            return Err(format!("{}: no finished job in it", folder.display()).into());
        }
        let metric = arguments.metric.unwrap_or(run.metric);
        let explanation = explain(&groups, baseline, metric, run.nodes);
        let heading = if folders.len() > 1 { format!("== {} ==\n", run.label) } else { String::new() };
        texts.push(heading + &why_text(&explanation, arguments.format));
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
}

impl Recorded {
    fn read(folder: &Path) -> Result<Recorded, records::RecordsError> {
        let manifest = |manifest: Option<&Manifest>, replications: Vec<Replication>| {
            let setting = manifest.and_then(|manifest| manifest.settings.get("metric"));
            let machines = manifest.map_or(0, |manifest| {
                manifest.machines.iter().filter(|line| line.starts_with("node")).count()
            });
            Recorded {
                label: manifest.map(|manifest| manifest.label.clone()).unwrap_or_default(),
                replications,
                nodes: machines,
                metric: setting.and_then(|key| Metric::from_str(key, true).ok()).unwrap_or_default(),
            }
        };
        let run = Run::read(folder)?;
        if let Ok((rows, _)) = read_rows::<SummaryRow>(folder) {
            return Ok(manifest(
                run.manifest.as_ref(),
                rows.iter().filter_map(summary_row::from_row).collect(),
            ));
        }
        let (replications, _) = replications(std::slice::from_ref(&run), By::Strategy);
        Ok(manifest(run.manifest.as_ref(), replications))
    }
}
