//! Plays a scenario and gives its rows as if they had been recorded, so that every figure is made in the same way.

use super::PredictionError;
use records::Run;
use simulator::{Collected, Rows, Scenario, simulate_into};
use std::path::PathBuf;

/// Simulated time has no date.
const NO_DATE: &str = "";

/// The records of `scenario` under `label`.
///
/// # Errors
/// If it cannot be simulated.
pub fn play(scenario: &Scenario, label: &str) -> Result<Run, PredictionError> {
    let mut rows = Rows::new(scenario, label.into(), label, NO_DATE, Collected::default());
    simulate_into(scenario, &mut rows)?;
    let Collected { attempts, tasks, jobs } = rows.sink;
    Ok(Run {
        path: PathBuf::from(label),
        manifest: None,
        attempts,
        tasks,
        jobs,
        nodes: Vec::new(),
        torn_rows: 0,
    })
}
