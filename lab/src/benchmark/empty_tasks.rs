//! Tasks without work: what the testbed itself costs.

use super::{BenchmarkError, Figure, Goal, NODES, plan, request, temporary_folder};
use crate::experiment::interrupt::Interrupt;
use crate::experiment::jobs::Jobs;
use crate::local_cluster::LocalCluster;
use cluster::Probability;
use std::time::{Duration, Instant};
use wire::job::JobSource;
use wire::{NodeClient, PoolSettings};

/// Tasks of the job that measures the rate.
const MANY: u64 = 100_000;

/// Rounds of one at a time: bare round trips and tasks in turn, so that both see the same machine.
const ROUNDS: u64 = 10;

/// Tasks, and bare round trips, of a round.
const FEW: u64 = 2_000;

/// Attempts in flight while the rate is measured.
const IN_FLIGHT: u32 = 64;

/// Measures the rate of empty tasks, and one at a time against a bare round trip.
///
/// # Errors
/// If a job or a call fails.
pub fn measure(interrupt: &Interrupt) -> Result<Vec<Figure>, BenchmarkError> {
    let (_guard, folder) = temporary_folder()?;
    let cluster = LocalCluster::start(&plan(&folder, Probability::ZERO, 64, Duration::ZERO))?;
    let jobs = Jobs::on(&cluster, interrupt);
    let empty = |tasks| JobSource::Synthetic { tasks, service: Duration::ZERO };
    let seconds = |tasks, in_flight| -> Result<f64, BenchmarkError> {
        let (_, report) = jobs.run(request(empty(tasks), "round_robin", in_flight))?;
        super::photographs::complete(&report)?;
        Ok(report.progress.elapsed.as_secs_f64())
    };
    // A first job opens the connections.
    seconds(FEW, IN_FLIGHT)?;
    let rate = MANY as f64 / seconds(MANY, IN_FLIGHT)?;
    let (mut bare, mut one_at_a_time) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..ROUNDS {
        // The least disturbed round of each: whatever else the machine does can only add time.
        bare = bare.min(bare_round_trip_s(&cluster)?);
        one_at_a_time = one_at_a_time.min(seconds(FEW, 1)? / FEW as f64);
    }
    Ok(vec![
        Figure {
            name: "empty tasks through one server".to_owned(),
            value: rate,
            unit: "a second",
            goal: Goal::AtLeast(20_000.0),
            detail: format!("{MANY} tasks, {NODES} nodes, {IN_FLIGHT} in flight, every attempt a row"),
        },
        Figure {
            name: "one empty task over a bare round trip".to_owned(),
            value: one_at_a_time / bare,
            unit: "",
            goal: Goal::AtMost(2.5),
            detail: format!(
                "{:.0} µs over {:.0} µs, the best of {ROUNDS} rounds of {FEW}",
                one_at_a_time * 1e6,
                bare * 1e6
            ),
        },
    ])
}

/// Mean time of one ping after the other on one connection to a node.
fn bare_round_trip_s(cluster: &LocalCluster) -> Result<f64, BenchmarkError> {
    let node = NodeClient::new(cluster.nodes()[0].address().to_string(), PoolSettings::default());
    let time_out = Duration::from_secs(10);
    node.ping(time_out)?;
    let begun = Instant::now();
    for _ in 0..FEW {
        node.ping(time_out)?;
    }
    Ok(begun.elapsed().as_secs_f64() / FEW as f64)
}
