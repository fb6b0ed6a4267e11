//! `lab bench`: what the testbed itself costs, as ratios within one run.

use super::say::{answer, failure, tell};
use crate::benchmark::{
    BenchmarkError, Figure, eight_k, empty_tasks, flood, original, photographs, port, render, takeover,
};
use crate::experiment::interrupt::Interrupt;
use clap::ValueEnum;
use std::path::PathBuf;
use std::process::ExitCode;

/// Measure what the testbed itself costs, against its goals
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lab bench                                everything
  lab bench --only empty-tasks             one measurement
  lab bench --python venv/bin/python       with the original's design, which needs the Python packages
                                           thriftpy2 and opencv-python-headless
  lab bench --strict                       exit status 99 if a goal is missed")]
pub(super) struct Arguments {
    /// Measure only these
    #[arg(long, value_enum, value_delimiter = ',', value_name = "NAMES", env = "BALLAST_BENCH_ONLY")]
    only: Vec<Measurement>,
    /// How often the photographs, small and 8K, and takeovers are measured
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=100), env = "BALLAST_BENCH_ROUNDS")]
    rounds: u64,
    /// The interpreter of the original's design
    #[arg(long, value_name = "FILE", default_value = "python3", env = "BALLAST_PYTHON")]
    python: PathBuf,
    /// Exit with status 99 if a goal is missed
    #[arg(long, env = "BALLAST_BENCH_STRICT")]
    strict: bool,
}

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Measurement {
    /// Tasks without work: rate, and one at a time against a bare round trip
    EmptyTasks,
    /// 1,000 tasks in flight that all sleep three seconds: makespan and memory
    Flood,
    /// One port among a thousand idle, 64 trickling and a nonsensical connection: honest calls and memory
    Port,
    /// 240 photographs against a plain loop and the original's design
    Photographs,
    /// A photograph of 8K cut over four nodes against one process on all cores; memory of a node for a whole one
    EightK,
    /// How long a job stands still when its server is killed or frozen
    Takeover,
}

pub(super) fn run(arguments: &Arguments) -> ExitCode {
    let figures = match measure(arguments) {
        Ok(figures) => figures,
        Err(error) => return failure(&*error),
    };
    let printed = answer(&render(&figures));
    let missed = figures.iter().any(|figure| figure.reached() == Some(false));
    if arguments.strict && missed { ExitCode::from(99) } else { printed }
}

fn measure(arguments: &Arguments) -> Result<Vec<Figure>, Box<dyn std::error::Error>> {
    let interrupt = Interrupt::listen()?;
    let chosen = if arguments.only.is_empty() { Measurement::value_variants() } else { &arguments.only };
    let mut figures = Vec::new();
    for measurement in chosen {
        figures.extend(one(*measurement, arguments, &interrupt)?);
    }
    Ok(figures)
}

fn one(
    measurement: Measurement,
    arguments: &Arguments,
    interrupt: &Interrupt,
) -> Result<Vec<Figure>, BenchmarkError> {
    let rounds = usize::try_from(arguments.rounds).unwrap_or(1);
    match measurement {
        Measurement::EmptyTasks => empty_tasks::measure(interrupt),
        Measurement::Flood => flood::measure(interrupt),
        Measurement::Port => port::measure(),
        Measurement::Photographs => {
            if !original::is_available(&arguments.python) {
                tell(&format!(
                    "without the original's design: {} lacks thriftpy2 or opencv-python-headless; name another --python",
                    arguments.python.display()
                ));
            }
            photographs::measure(interrupt, rounds, &arguments.python)
        }
        Measurement::EightK => eight_k::measure(interrupt, rounds),
        Measurement::Takeover => takeover::measure(rounds),
    }
}
