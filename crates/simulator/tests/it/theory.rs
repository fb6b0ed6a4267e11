//! The full simulator, scheduler and all, against closed forms.

use crate::plans::{MS, load};
use cluster::ChangingLoad;
use luck::Seed;
use simulator::theory::{attempts, hedging, jsq, makespan, queues, sinkhole};
use simulator::{Arrivals, Distribution, JobPlan, NodePlan, Processors, Run, Scenario, Work, simulate};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const P: [f64; 5] = [0.1, 0.3, 0.5, 0.7, 0.9];

/// Mean over independent replications, and its standard error.
fn replicate(replications: u64, measure: impl Fn(u64) -> f64) -> (f64, f64) {
    let seen: Vec<f64> = (1..=replications).map(measure).collect();
    let count = replications as f64;
    let mean = seen.iter().sum::<f64>() / count;
    let variance = seen.iter().map(|one| (one - mean).powi(2)).sum::<f64>() / (count - 1.0);
    (mean, (variance / count).sqrt())
}

/// The interval is at most 3 % wide to each side, and the closed form lies within it (four standard errors).
fn agrees((mean, error): (f64, f64), expected: f64) {
    println!(
        "{mean:.5} ± {error:.5}, theory {expected:.5}: {:+.2} standard errors",
        (mean - expected) / error
    );
    assert!(error < 0.0075 * mean, "{mean} +- {error} is too vague");
    assert!((mean - expected).abs() < 4.0 * error, "{mean} +- {error} against {expected}");
}

fn within(share: f64, seen: f64, expected: f64) {
    println!(
        "{seen:.5}, theory {expected:.5}: {:+.2} % of ± {:.0} %",
        100.0 * (seen / expected - 1.0),
        100.0 * share
    );
    assert!((seen / expected - 1.0).abs() < share, "{seen} against {expected}");
}

fn nodes(count: usize, slots: u32, load: &ChangingLoad, wire: Duration) -> Vec<NodePlan> {
    let wire = Distribution::Constant(wire);
    let node = |name| NodePlan {
        load: load.clone(),
        wire: wire.clone(),
        ..NodePlan::new(format!("n{name}"), slots)
    };
    (0..count).map(node).collect()
}

fn run(nodes: Vec<NodePlan>, strategy: &str, seed: u64, arrivals: Arrivals, work: Distribution) -> Run {
    let mut job = JobPlan::new(strategy.parse().unwrap(), Seed(seed), arrivals, Work::ByTask(work));
    job.warm_up = job.arrivals.tasks() / 10;
    if matches!(job.arrivals, Arrivals::AllAtOnce { .. }) {
        job.warm_up = 0;
    }
    simulate(&Scenario::new(nodes, job)).unwrap()
}

/// Mean response time of one node in units of the mean service time.
fn queue(node: NodePlan, rho: f64, work: &Distribution, tasks: u32, seed: u64) -> f64 {
    let capacity = match node.processors {
        Processors::OnePerSlot => f64::from(node.slots),
        Processors::Shared(processors) => f64::from(processors),
    };
    let per_second = rho * capacity / work.mean();
    let arrivals = Arrivals::Poisson { per_second, tasks };
    run(vec![node], "random", seed, arrivals, work.clone()).jobs[0].tasks.mean() / work.mean()
}

#[test]
fn mm1_and_mmk() {
    let memoryless = Distribution::Exponential { mean: 10 * MS };
    let one = replicate(20, |seed| queue(NodePlan::new("n", 1), 0.6, &memoryless, 20_000, seed));
    agrees(one, queues::mmk_response(1, 0.6));
    let ten = replicate(20, |seed| queue(NodePlan::new("n", 10), 0.8, &memoryless, 20_000, seed));
    agrees(ten, queues::mmk_response(10, 8.0));
}

#[test]
fn late_binding_over_nodes_that_are_alike_is_one_queue() {
    let memoryless = Distribution::Exponential { mean: 10 * MS };
    let response = replicate(20, |seed| {
        let nodes = nodes(10, 1, &ChangingLoad::none(), Duration::ZERO);
        let arrivals = Arrivals::Poisson { per_second: 800.0, tasks: 20_000 };
        run(nodes, "late_binding", seed, arrivals, memoryless.clone()).jobs[0].tasks.mean() / 0.01
    });
    agrees(response, queues::mmk_response(10, 8.0));
}

#[test]
fn mg1_first_come_first_served_and_shared() {
    let two_point = Distribution::TwoPoint { low: 10 * MS, high: 100 * MS, high_share: 0.1 };
    let (mean, square) = (two_point.mean(), two_point.second_moment());
    let rate = 0.5 / mean;
    let served = replicate(20, |seed| queue(NodePlan::new("n", 1), 0.5, &two_point, 30_000, seed));
    agrees(served, queues::mg1_response(rate, mean, square) / mean);
    // With a shared processor the response does not depend on the spread of the work.
    let node = || NodePlan { processors: Processors::Shared(1), ..NodePlan::new("n", 1_000_000) };
    let shared = replicate(20, |seed| queue(node(), 0.5, &two_point, 30_000, seed));
    agrees(shared, queues::mg1_shared_response(rate, mean) / mean);
}

#[test]
fn two_choices_follow_the_mean_field() {
    let memoryless = Distribution::Exponential { mean: 10 * MS };
    let response = replicate(6, |seed| {
        let nodes = nodes(400, 1, &ChangingLoad::none(), Duration::ZERO);
        let arrivals = Arrivals::Poisson { per_second: 0.7 * 400.0 * 100.0, tasks: 120_000 };
        run(nodes, "power_of_two", seed, arrivals, memoryless.clone()).jobs[0].tasks.mean() / 0.01
    });
    assert!(response.1 < 0.004 * response.0, "{response:?} is too vague");
    within(0.01, response.0, jsq::response(0.7, 2));
}

#[test]
fn attempts_and_the_selection_effect() {
    // Many slots, so that nobody waits; the tasks come slowly, so that back-off is all that is between attempts.
    let nodes: Vec<NodePlan> = P
        .iter()
        .map(|&p| NodePlan {
            load: load(p, 3 * SECOND),
            wire: Distribution::Constant(2 * MS),
            ..NodePlan::new(format!("{p}"), 1_000_000)
        })
        .collect();
    let arrivals = Arrivals::Poisson { per_second: 100.0, tasks: 200_000 };
    let run = run(nodes, "load_balancing", 1, arrivals, Distribution::Constant(50 * MS));
    let (law, seen) = (attempts::elsewhere(&P), &run.jobs[0].tasks);
    within(0.01, seen.attempts(), law.mean_attempts);
    within(0.01, seen.delayed_share(), law.delayed);
    let parts = seen.parts();
    within(0.01, parts.wire, 0.002 * law.mean_attempts);
    within(0.01, parts.delay, 3.0 * law.delayed);
    assert!(parts.queue == 0.0 && (parts.service - 0.05).abs() < 1e-9);
    within(0.01, seen.mean() - parts.waiting, law.mean_time(0.002, 0.05, 3.0));
    for (node, accepted) in run.nodes.iter().zip(&law.accepted) {
        within(0.03, node.done as f64 / 200_000.0, *accepted);
    }
}

#[test]
fn makespans_of_batches() {
    // Alike nodes, more of them than a task is ever refused, so that back-off plays no part.
    let fleet = || nodes(60, 1_000_000, &load(0.5, 3 * SECOND), 2 * MS);
    let measure = |strategy: &str, tasks: u32, replications: u64| {
        replicate(replications, |seed| {
            let arrivals = Arrivals::AllAtOnce { tasks };
            let run = run(fleet(), strategy, seed, arrivals, Distribution::Constant(50 * MS));
            run.jobs[0].makespan.as_secs_f64()
        })
        .0
    };
    let times = attempts::time_distribution(&[0.5; 60], true, 0.002, 0.05, 3.0);
    within(0.01, measure("load_balancing", 1, 20_000), times.mean_of_max(1));
    for tasks in [10, 100, 1_000] {
        within(0.01, measure("load_balancing", tasks, 400), times.mean_of_max(u64::from(tasks)));
        within(
            0.01,
            measure("random", tasks, 400),
            makespan::must_accept(u64::from(tasks), 0.5, 0.002, 0.05, 3.0),
        );
    }
}

#[test]
fn hedged_tasks() {
    let (p, h, m, s) = (0.5, 0.1, 10, 0.05);
    let fleet = nodes(400, 1_000, &load(p, SECOND), Duration::ZERO);
    let strategy = "random+hedge[after=100ms,copies=16,idle=0,budget=16]";
    let arrivals = Arrivals::Poisson { per_second: 50.0, tasks: 100_000 };
    let run = run(fleet, strategy, 1, arrivals, Distribution::Constant(50 * MS));
    within(0.01, run.jobs[0].tasks.mean(), hedging::mean_time(p, h, m, s));
    within(0.01, run.jobs[0].tasks.attempts(), hedging::mean_copies(p, m));
}

#[test]
fn the_sinkhole_takes_its_share() {
    let one_sink: Vec<f64> = std::iter::repeat_n(0.1, 19).chain([0.99]).collect();
    // By node, tasks a second, and seconds of delay: from half an attempt in flight on a node to seventeen, where the
    // law of very many would be 290 % and 10 % off.
    for (loads, rate, delay) in [
        (one_sink.clone(), 100.0, 0.5),
        (one_sink.clone(), 300.0, 0.5),
        (one_sink, 2_000.0, 0.5),
        (vec![0.8, 0.6, 0.5, 0.2], 5.0, 3.0),
        (vec![0.9, 0.7, 0.5, 0.3, 0.1], 100.0, 0.5),
        (vec![1.0, 0.1, 0.1, 0.1], 40.0, 0.5),
        (vec![0.9, 0.2], 20.0, 0.5),
    ] {
        let fleet: Vec<NodePlan> = loads
            .iter()
            .flat_map(|&p| nodes(1, 1_000_000, &load(p, Duration::from_secs_f64(delay)), 2 * MS))
            .collect();
        let arrivals = Arrivals::Poisson { per_second: rate, tasks: 30_000 };
        let run = run(fleet, "least_connections", 1, arrivals, Distribution::Constant(50 * MS));
        let all: u64 = run.nodes.iter().map(|node| node.attempts).sum();
        let expected = sinkhole::stream(&loads, rate, 0.002, 0.05, delay).unwrap();
        for (_, &p) in loads.iter().enumerate().filter(|(first, p)| !loads[..*first].contains(p)) {
            // Of nodes that are alike the sum: one of them is luck.
            let alike = |other: &usize| loads[*other].to_bits() == p.to_bits();
            let seen: u64 = (0..loads.len()).filter(alike).map(|node| run.nodes[node].attempts).sum();
            let sum: f64 = (0..loads.len()).filter(alike).map(|node| expected[node]).sum();
            within(0.1, seen as f64 / all as f64, sum);
        }
    }
}
