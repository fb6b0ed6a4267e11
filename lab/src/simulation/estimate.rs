//! About how long an experiment takes in virtual time, from a few runs on trial.

use super::scenario::scenario;
use crate::design::Design;
use luck::Seed;
use std::time::{Duration, Instant};

/// How long runs are tried before the rest is reckoned from them.
const TRIAL: Duration = Duration::from_millis(300);

/// About how long the replications that are run at least take on so many threads, without the writing of rows. None if the
/// file does not say what a task takes.
pub fn expected_time(design: &Design, threads: usize) -> Option<Duration> {
    let begun = Instant::now();
    let (mut tried, mut all) = (0.0, 0.0);
    for cell in &design.cells {
        let tasks = f64::from(cell.setting.arrivals.tasks());
        let work = cell.setting.work.as_ref()?;
        for policy in &design.policies {
            all += tasks * design.replications.at_least as f64;
            if begun.elapsed() < TRIAL {
                let one = scenario(&cell.setting, work, policy, Seed(design.seed), "");
                simulator::simulate(&one).ok()?;
                tried += tasks;
            }
        }
    }
    Some(begun.elapsed().mul_f64(all / f64::max(tried, 1.0) / threads as f64))
}
