//! `lab calibrate`: a model of what was recorded.

use super::say::{answer, failure};
use crate::prediction::calibrate::calibrate;
use crate::prediction::model::Model;
use records::Run;
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

/// Fit a model to recorded runs: probabilities, work, wire
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lab calibrate results/* > model.toml
  lab calibrate results/demo --slots 2 > model.toml    slots are seen only where nodes were full")]
pub(super) struct Arguments {
    /// Folders of runs, or files with the columns of attempts.csv
    #[arg(value_name = "RUN", required = true)]
    runs: Vec<PathBuf>,
    /// Attempts that each node worked on at once [default: as many as were seen]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), env = "BALLAST_MODEL_SLOTS")]
    slots: Option<u32>,
}

pub(super) fn run(arguments: &Arguments) -> ExitCode {
    match model(arguments) {
        Ok(model) => answer(&model.to_toml()),
        Err(error) => failure(&*error),
    }
}

fn model(arguments: &Arguments) -> Result<Model, Box<dyn Error>> {
    let runs = arguments.runs.iter().map(|path| Run::read(path)).collect::<Result<Vec<Run>, _>>()?;
    let mut model = calibrate(&runs)?;
    for node in &mut model.nodes {
        node.slots = arguments.slots.unwrap_or(node.slots);
    }
    Ok(model)
}
