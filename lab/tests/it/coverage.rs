//! Intervals over seeds cover what they promise, on a queue and not on made-up numbers; intervals over requests do not.

use evidence::statistics::{Interval, interval_of_mean, mean};
use luck::Seed;
use simulator::bare::{Outcome, Plan, exponential, run};

const EXPERIMENTS: usize = 400;
const REPLICATIONS: usize = 20;
const TASKS: u64 = 4_000;

/// One server, 70 % busy, memoryless, from an empty start.
fn queue(seed: u64) -> Outcome {
    run(Plan { servers: 1, rate: 0.7, choices: 1, tasks: TASKS, service: exponential }, Seed(seed))
}

#[test]
fn nominal_95_percent_covers_93_to_97_over_seeds_and_hardly_ever_over_requests() {
    let runs: Vec<Outcome> = (0..EXPERIMENTS * REPLICATIONS).map(|seed| queue(seed as u64)).collect();
    let means: Vec<f64> = runs.iter().map(|run| run.mean).collect();
    // The transient has no closed form for so many tasks; the mean of all runs is known 20 times better than one
    // experiment's.
    let truth = mean(&means).unwrap();
    let covered = |intervals: Vec<Interval>| {
        intervals.iter().filter(|interval| interval.covers(truth)).count() as f64 / intervals.len() as f64
    };
    let over_seeds =
        covered(means.chunks(REPLICATIONS).map(|means| interval_of_mean(means, 0.95).unwrap()).collect());
    let over_requests = |run: &Outcome| {
        let half_width = 1.96 * run.standard_deviation / (TASKS as f64).sqrt();
        Interval { centre: run.mean, low: run.mean - half_width, high: run.mean + half_width }
    };
    let over_requests = covered(runs.iter().map(over_requests).collect());
    println!("covered: over seeds {over_seeds}, over requests {over_requests}");
    assert!((0.93..=0.97).contains(&over_seeds), "over seeds {over_seeds}, over requests {over_requests}");
    assert!(over_requests < 0.5, "over requests {over_requests}");
}
