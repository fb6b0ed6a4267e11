//! `lab predict`: what other strategies, probabilities or clusters would give.

use super::say::{answer, failure};
use crate::prediction::PredictionError;
use crate::prediction::model::Model;
use crate::prediction::scenario::{Change, scenario};
use crate::prediction::world::play;
use cluster::Probability;
use evidence::comparison::render::{Format, render};
use evidence::comparison::source::{By, replications};
use evidence::comparison::{Comparison, Metric, compare_by};
use luck::Seed;
use records::Run;
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Predict strategies on a model of recorded runs
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lab predict model.toml                                      the usual strategies under the recorded luck
  lab predict model.toml --strategy random,power_of_two --loads 0.1,0.9
  lab predict model.toml --nodes 1000 --tasks 100000 --max-in-flight 2000")]
pub(super) struct Arguments {
    /// The file that lab calibrate wrote
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// Strategies to predict
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "NAMES",
        default_value = "random,load_balancing,round_robin,least_connections,power_of_two,load_aware",
        env = "BALLAST_STRATEGIES"
    )]
    strategy: Vec<String>,
    /// Number of nodes; more than the model has repeat it [default: the model's]
    #[arg(long, value_name = "N", env = "BALLAST_PREDICT_NODES")]
    nodes: Option<usize>,
    /// Load probabilities, one a node; fewer repeat [default: the model's]
    #[arg(long, value_delimiter = ',', value_name = "P,…", env = "BALLAST_LOADS")]
    loads: Vec<Probability>,
    /// How late a delayed attempt starts [default: the model's]
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration, env = "BALLAST_DELAY")]
    delay: Option<Duration>,
    /// Attempts that each node works on at once [default: the model's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), env = "BALLAST_SLOTS")]
    slots: Option<u32>,
    /// Number of tasks; more than the model has repeat it [default: the model's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), env = "BALLAST_PREDICT_TASKS")]
    tasks: Option<u32>,
    /// Most attempts in flight at once [default: the model's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), env = "BALLAST_MAX_IN_FLIGHT")]
    max_in_flight: Option<u32>,
    /// Tasks a second that arrive at random [default: the recorded arrivals]
    #[arg(long, value_name = "N", env = "BALLAST_PREDICT_RATE")]
    rate: Option<f64>,
    /// Seeds: the model's first, then new ones [default: as many as the model has]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=100_000), env = "BALLAST_REPLICATIONS")]
    replications: Option<u64>,
    /// What decides who wins
    #[arg(long, value_enum, default_value_t = Metric::Makespan, env = "BALLAST_METRIC")]
    metric: Metric,
    /// How the comparison is printed
    #[arg(long, value_enum, default_value_t = Format::Table, env = "BALLAST_FORMAT")]
    format: Format,
}

pub(super) fn run(arguments: &Arguments) -> ExitCode {
    match comparison(arguments) {
        Ok(comparison) => answer(&render(&comparison, arguments.format)),
        Err(error) => failure(&*error),
    }
}

fn comparison(arguments: &Arguments) -> Result<Comparison, Box<dyn Error>> {
    let model = Model::read(&arguments.model)?;
    let change = Change {
        nodes: arguments.nodes,
        loads: arguments.loads.clone(),
        delay: arguments.delay,
        slots: arguments.slots,
        tasks: arguments.tasks,
        max_in_flight: arguments.max_in_flight,
        rate: arguments.rate,
    };
    let seeds = seeds(&model, arguments.replications);
    let (replications, warnings) =
        replications(&predict(&model, &arguments.strategy, &seeds, &change)?, By::Label);
    Ok(compare_by(arguments.metric, replications, None, warnings)?)
}

/// The model's seeds, cut or continued to the wanted number.
fn seeds(model: &Model, wanted: Option<u64>) -> Vec<u64> {
    let mut seeds: Vec<u64> = model.seeds.iter().filter_map(|seed| seed.parse().ok()).collect();
    let wanted = wanted.map_or(seeds.len().max(1), |wanted| usize::try_from(wanted).unwrap_or(usize::MAX));
    let first = Seed(seeds.first().copied().unwrap_or(1));
    // Below 2^53, so that every reader of a CSV keeps its digits.
    let more = (1..).map(|part| first.derive(part).0 >> 11);
    let missing = wanted.saturating_sub(seeds.len());
    seeds.extend(more.take(missing));
    seeds.truncate(wanted);
    seeds
}

/// Every strategy under every seed.
pub(super) fn predict(
    model: &Model,
    strategies: &[String],
    seeds: &[u64],
    change: &Change,
) -> Result<Vec<Run>, PredictionError> {
    let trials = seeds.iter().flat_map(|&seed| strategies.iter().map(move |strategy| (strategy, seed)));
    trials.map(|(strategy, seed)| play(&scenario(model, strategy, seed, change)?, "predicted")).collect()
}
