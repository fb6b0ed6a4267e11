//! `lab replay`: does the scheduler decide the same again, and had another strategy been used, how long would each
//! recorded job have taken?

use super::say::{answer, failure};
use crate::prediction::decisions::decide_again;
use crate::prediction::replay::{Replayed, decisions, replay};
use evidence::comparison::render::grid;
use evidence::statistics::geometric_mean;
use records::Run;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Let the scheduler decide again what was recorded, or put another strategy on recorded arrivals, work, wire and luck
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A run on real nodes has a decision log where its server was started with --decisions, as those of lab run, lab validate
and the demonstration are. Whatever threads and network did, the scheduler's decisions follow from what it was told: the
replay tells a new one the same and compares, byte for byte.

Exit status: 0 the same again, 1 failure or another decision, 2 usage.

Examples:
  lab replay results/demo                                  does the scheduler decide the same again
  lab replay results/demo --strategy power_of_two          what every job would have taken
  lab replay results/demo --strategy random --log log.txt  and what the scheduler would have decided in the first one")]
pub(super) struct Arguments {
    /// The folder of a run
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// The strategy to put in the place of the recorded ones [default: each job's own]
    #[arg(long, value_name = "NAME", env = "BALLAST_STRATEGY")]
    strategy: Option<String>,
    /// Attempts that each node worked on at once [default: as many as it told, else as many as were seen]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), env = "BALLAST_MODEL_SLOTS")]
    slots: Option<u32>,
    /// Replay only this job
    #[arg(long, value_name = "KEY", env = "BALLAST_REPLAY_JOB")]
    job: Option<String>,
    /// File for the decisions in the first job that is replayed, a line each
    #[arg(long, value_name = "FILE", env = "BALLAST_REPLAY_LOG")]
    log: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> ExitCode {
    match replayed(arguments) {
        Ok(text) => answer(&text),
        Err(error) => failure(&*error),
    }
}

fn replayed(arguments: &Arguments) -> Result<String, Box<dyn Error>> {
    let again = again(&arguments.run)?;
    let mut run = Run::read(&arguments.run)?;
    if let Some(key) = &arguments.job {
        run.jobs.retain(|job| *job.job_key == **key);
    }
    let strategy = arguments.strategy.as_deref();
    let jobs = replay(&run, strategy, arguments.slots)?;
    let Some(first) = run.jobs.first().filter(|_| !jobs.is_empty()) else {
        return Err(format!("no finished job to replay in '{}'", arguments.run.display()).into());
    };
    if let Some(path) = &arguments.log {
        let log = decisions(&run, first, strategy.unwrap_or(&first.strategy), arguments.slots)?;
        fs::write(path, log).map_err(|error| format!("cannot write '{}': {error}", path.display()))?;
    }
    Ok(again + &text(strategy, &jobs))
}

/// A sentence on the decision log.
fn again(run: &Path) -> Result<String, Box<dyn Error>> {
    Ok(match decide_again(run)? {
        None => "There is no decision log in this run: a server writes one with --decisions.\n\n".to_owned(),
        Some(again) => {
            let torn = if again.is_torn { " Its last lines are torn and left out." } else { "" };
            format!(
                "decisions.log: the scheduler, told the same {} events of {} jobs, gives all {} lines again, byte for \
                 byte.{torn}\n\n",
                again.events, again.jobs, again.lines
            )
        }
    })
}

fn text(strategy: Option<&str>, jobs: &[Replayed]) -> String {
    let mut columns = vec!["strategy", "seed", "recorded ms", "replayed ms", "alike"];
    columns.extend(strategy.iter().flat_map(|_| ["with the other ms", "ratio"]));
    let ms = |us: u64| format!("{:.1}", us as f64 / 1e3);
    let ratio = |job: &Replayed, other_us: u64| other_us as f64 / job.own_us.max(1) as f64;
    let rows = jobs.iter().map(|job| {
        let alike = if job.is_exact {
            "exact".to_owned()
        } else {
            format!("{} of {}", job.attempts_alike, job.attempts)
        };
        let mut cells = vec![
            job.recorded_strategy.clone(),
            job.seed.to_string(),
            ms(job.recorded_us),
            ms(job.own_us),
            alike,
        ];
        cells.extend(job.other_us.iter().flat_map(|&other| [ms(other), format!("{:.3}", ratio(job, other))]));
        cells
    });
    let mut text = grid(&columns, rows.collect());
    text.push_str(
        "\nreplayed: the job again under its own strategy, on modelled nodes; what differs from recorded is the model's error.\n\
         alike: attempts that this replay begins on the same node with the same outcome; exact: every time too.\n",
    );
    let Some(strategy) = strategy else { return text };
    text.push_str(&format!("ratio: with {strategy} over replayed.\n"));
    let mut recorded: Vec<&str> = Vec::new();
    for job in jobs {
        if !recorded.contains(&job.recorded_strategy.as_str()) {
            recorded.push(&job.recorded_strategy);
        }
    }
    for own in recorded {
        let ratios: Vec<f64> = jobs
            .iter()
            .filter(|job| job.recorded_strategy == own)
            .filter_map(|job| Some(ratio(job, job.other_us?)))
            .collect();
        if let Some(mean) = geometric_mean(&ratios) {
            text.push_str(&format!(
                "Had you used {strategy}, jobs of {own} would have taken {mean:.3} times as long.\n"
            ));
        }
    }
    text
}
