//! `lab replay`: had another strategy been used, how long would each recorded job have taken?

use super::say::{answer, failure};
use crate::prediction::replay::{Replayed, decisions, replay};
use evidence::comparison::render::grid;
use evidence::statistics::geometric_mean;
use records::Run;
use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

/// Put another strategy on recorded arrivals, work, wire and luck
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lab replay results/demo --strategy power_of_two          what every job would have taken
  lab replay results/demo --strategy random --log log.txt  and what the scheduler would have decided in the first one")]
pub(super) struct Arguments {
    /// The folder of a run
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// The strategy to put in the place of the recorded ones
    #[arg(long, value_name = "NAME", env = "BALLAST_STRATEGY")]
    strategy: String,
    /// Attempts that each node worked on at once [default: as many as were seen]
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
    let mut run = Run::read(&arguments.run)?;
    if let Some(key) = &arguments.job {
        run.jobs.retain(|job| *job.job_key == **key);
    }
    let jobs = replay(&run, &arguments.strategy, arguments.slots)?;
    let Some(first) = run.jobs.first().filter(|_| !jobs.is_empty()) else {
        return Err(format!("no finished job to replay in '{}'", arguments.run.display()).into());
    };
    if let Some(path) = &arguments.log {
        let log = decisions(&run, first, &arguments.strategy, arguments.slots)?;
        fs::write(path, log).map_err(|error| format!("cannot write '{}': {error}", path.display()))?;
    }
    Ok(text(&arguments.strategy, &jobs))
}

fn text(strategy: &str, jobs: &[Replayed]) -> String {
    let columns = ["strategy", "seed", "recorded ms", "replayed ms", "alike", "with the other ms", "ratio"];
    let ms = |us: u64| format!("{:.1}", us as f64 / 1e3);
    let ratio = |job: &Replayed| job.other_us as f64 / job.own_us.max(1) as f64;
    let rows = jobs.iter().map(|job| {
        let alike = if job.is_exact {
            "exact".to_owned()
        } else {
            format!("{} of {}", job.attempts_alike, job.attempts)
        };
        vec![
            job.recorded_strategy.clone(),
            job.seed.to_string(),
            ms(job.recorded_us),
            ms(job.own_us),
            alike,
            ms(job.other_us),
            format!("{:.3}", ratio(job)),
        ]
    });
    let mut text = grid(&columns, rows.collect());
    text.push_str(&format!(
        "\nreplayed: the job again under its own strategy; what differs from recorded is the model's error.\n\
         alike: attempts that the replay begins on the same node with the same outcome; exact: every time too.\n\
         ratio: with {strategy} over replayed.\n",
    ));
    let mut recorded: Vec<&str> = Vec::new();
    for job in jobs {
        if !recorded.contains(&job.recorded_strategy.as_str()) {
            recorded.push(&job.recorded_strategy);
        }
    }
    for own in recorded {
        let ratios: Vec<f64> = jobs.iter().filter(|job| job.recorded_strategy == own).map(ratio).collect();
        if let Some(mean) = geometric_mean(&ratios) {
            text.push_str(&format!(
                "Had you used {strategy}, jobs of {own} would have taken {mean:.3} times as long.\n"
            ));
        }
    }
    text
}
