//! The theory column: forms that claim a scenario are right about it, and silent about those beyond them.

use crate::plans::{MS, load};
use cluster::ChangingLoad;
use luck::Seed;
use simulator::theory::expect::{Claim, Expectation, Quantity, expectations, fluid_bound};
use simulator::{Arrivals, Distribution, JobPlan, NodePlan, Processors, Scenario, Work, simulate};
use std::time::Duration;

fn fleet(loads: &[f64], slots: u32, wire: Duration) -> Vec<NodePlan> {
    let node = |(name, &p): (usize, &f64)| NodePlan {
        load: if p > 0.0 { load(p, 300 * MS) } else { ChangingLoad::none() },
        wire: Distribution::Constant(wire),
        ..NodePlan::new(format!("n{name}"), slots)
    };
    loads.iter().enumerate().map(node).collect()
}

fn scenario(
    nodes: Vec<NodePlan>,
    strategy: &str,
    seed: u64,
    arrivals: Arrivals,
    work: Distribution,
) -> Scenario {
    let mut job = JobPlan::new(strategy.parse().unwrap(), Seed(seed), arrivals, Work::ByTask(work));
    job.warm_up =
        if matches!(job.arrivals, Arrivals::AllAtOnce { .. }) { 0 } else { job.arrivals.tasks() / 10 };
    Scenario::new(nodes, job)
}

/// Every expectation agrees with the mean over replications.
fn holds(make: impl Fn(u64) -> Scenario, laws: &[&str], tolerance: f64) {
    let expected: Vec<Expectation> = expectations(&make(1));
    let mut named: Vec<&str> = expected.iter().map(|one| one.law).collect();
    named.dedup();
    assert_eq!(named, laws);
    let replications = 12;
    let runs: Vec<_> = (1..=replications).map(|seed| simulate(&make(seed)).unwrap()).collect();
    for one in expected {
        let sum: f64 = runs.iter().map(|run| one.quantity.measured(run).unwrap()).sum();
        let mean = sum / replications as f64;
        let off = (mean - one.value).abs() / one.value.max(1e-9);
        assert!(off < tolerance || mean == one.value, "{one:?}: measured {mean}");
    }
}

fn poisson(per_second: f64) -> Arrivals {
    Arrivals::Poisson { per_second, tasks: 20_000 }
}

const MEMORYLESS: Distribution = Distribution::Exponential { mean: Duration::from_millis(10) };
const CONSTANT: Distribution = Distribution::Constant(Duration::from_millis(10));
const MIXED: [f64; 5] = [0.1, 0.3, 0.5, 0.7, 0.9];
const UNIFORM: &str = "uniform, never the same node twice in a row";
const ACCEPTS: &str = "uniform, must accept";

#[test]
fn forms_agree_with_what_they_claim() {
    let plenty = 1_000_000;
    holds(
        |s| scenario(fleet(&MIXED, 3, MS), "load_balancing", s, poisson(20.0), MEMORYLESS),
        &[UNIFORM],
        0.01,
    );
    holds(|s| scenario(fleet(&MIXED, plenty, MS), "random", s, poisson(90.0), MEMORYLESS), &[ACCEPTS], 0.01);
    let batch = |tasks| Arrivals::AllAtOnce { tasks };
    holds(
        |s| scenario(fleet(&[0.4; 30], plenty, MS), "power_of_two", s, batch(3_000), CONSTANT),
        &[UNIFORM, "batch, may reject"],
        0.02,
    );
    holds(
        |s| scenario(fleet(&MIXED, plenty, MS), "random", s, batch(3_000), CONSTANT),
        &[ACCEPTS, "batch, must accept"],
        0.02,
    );
    holds(
        |s| scenario(fleet(&[0.2; 4], 1, MS), "random", s, poisson(20.0), MEMORYLESS),
        &[ACCEPTS, "M/G/1"],
        0.03,
    );
    holds(
        |s| scenario(fleet(&[0.0; 3], 4, MS), "random", s, poisson(700.0), MEMORYLESS),
        &[ACCEPTS, "M/M/k"],
        0.02,
    );
    let late =
        |s| scenario(fleet(&[0.0; 5], 2, Duration::ZERO), "late_binding", s, poisson(700.0), MEMORYLESS);
    holds(late, &[UNIFORM, "M/M/k"], 0.02);
    let two = |s| scenario(fleet(&[0.0; 200], 1, MS), "power_of_two", s, poisson(10_000.0), MEMORYLESS);
    holds(two, &[UNIFORM, "shortest of d queues, mean field"], 0.03);
    let three = |s| {
        let strategy = "power_of_two[choices=3]";
        scenario(fleet(&[0.0; 200], 1, MS), strategy, s, poisson(14_000.0), MEMORYLESS)
    };
    holds(three, &[UNIFORM, "shortest of d queues, mean field"], 0.03);
    let knows = |s| {
        let mut nodes = fleet(&MIXED, plenty, MS);
        nodes.iter_mut().for_each(|node| node.tells_load = true);
        scenario(nodes, "oracle", s, poisson(90.0), CONSTANT)
    };
    holds(knows, &["the best node, then the second best"], 0.02);
    let hedged = "random+hedge[after=100ms,copies=4,idle=0,budget=16]";
    holds(
        |s| scenario(fleet(&[0.4; 30], plenty, MS), hedged, s, poisson(90.0), CONSTANT),
        &["a copy at every age"],
        0.01,
    );
    holds(
        |s| scenario(fleet(&[0.4; 30], plenty, MS), hedged, s, batch(100), CONSTANT),
        &["a copy at every age"],
        0.02,
    );
    let sink = |s| {
        scenario(fleet(&[0.1, 0.1, 0.1, 0.95], plenty, MS), "least_connections", s, poisson(80.0), CONSTANT)
    };
    holds(sink, &["sinkhole, whole numbers in flight"], 0.1);
    let shared = |s| {
        let mut nodes = fleet(&[0.0], plenty, MS);
        nodes[0].processors = Processors::Shared(1);
        scenario(nodes, "random", s, poisson(50.0), CONSTANT)
    };
    holds(shared, &[ACCEPTS, "M/G/1, shared"], 0.03);
    let open = |s| scenario(fleet(&[0.3; 4], plenty, MS), "random", s, poisson(50.0), MEMORYLESS);
    holds(open, &[ACCEPTS, "M/G/infinity"], 0.03);
}

#[test]
fn forms_are_silent_beyond_their_assumptions() {
    let plain = || scenario(fleet(&MIXED, 3, MS), "load_balancing", 1, poisson(20.0), MEMORYLESS);
    assert!(!expectations(&plain()).is_empty());
    let silent = |change: fn(&mut Scenario)| {
        let mut scenario = plain();
        change(&mut scenario);
        assert_eq!(expectations(&scenario), Vec::new());
    };
    silent(|s| s.jobs[0].spec.strategy = "peak_ewma".parse().unwrap());
    silent(|s| s.jobs[0].spec.strategy = "load_balancing+hedge".parse().unwrap());
    silent(|s| s.jobs[0].attempt_timeout = Some(MS));
    silent(|s| s.nodes[0].queue_bound = 3);
    silent(|s| s.jobs.push(s.jobs[0].clone()));
    silent(|s| s.nodes[1].load.delay = cluster::Probability::ZERO.into());
    silent(|s| {
        s.nodes[1].load = ChangingLoad::both("sine[mean=0.5,amplitude=0.1,period_s=1]".parse().unwrap(), MS)
    });
    // An overloaded queue has no steady state.
    let overloaded = scenario(fleet(&[0.0], 1, MS), "random", 1, poisson(120.0), MEMORYLESS);
    assert!(expectations(&overloaded).iter().all(|one| one.quantity != Quantity::Latency));
}

#[test]
fn no_policy_beats_the_fluid_bound() {
    for strategy in ["random", "load_balancing", "least_connections", "oracle", "ballast"] {
        let batch = Arrivals::AllAtOnce { tasks: 500 };
        let mut scenario = scenario(fleet(&MIXED, 4, MS), strategy, 1, batch, MEMORYLESS);
        scenario.nodes.iter_mut().for_each(|node| node.tells_load = true);
        let Some(bound) = fluid_bound(&scenario) else {
            assert_eq!(strategy, "ballast", "it hedges, so its copies are luck that the bound does not know");
            continue;
        };
        assert_eq!(bound.claim, Claim::LowerBound);
        let run = simulate(&scenario).unwrap();
        assert!(bound.quantity.measured(&run).unwrap() > bound.value, "{strategy}");
    }
}
