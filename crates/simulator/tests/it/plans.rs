//! Scenarios that several tests use.

use cluster::{ChangingLoad, Probability};
use luck::Seed;
use simulator::{Arrivals, Distribution, JobPlan, NodePlan, Scenario, Work};
use std::time::Duration;

pub(crate) const MS: Duration = Duration::from_millis(1);

pub(crate) fn load(probability: f64, delay: Duration) -> ChangingLoad {
    ChangingLoad::both(Probability::new(probability).unwrap().into(), delay)
}

pub(crate) fn node(name: usize, slots: u32, probability: f64) -> NodePlan {
    NodePlan {
        load: load(probability, 300 * MS),
        wire: Distribution::Uniform { low: MS, high: 3 * MS },
        ..NodePlan::new(format!("n{name}"), slots)
    }
}

pub(crate) fn job(strategy: &str, seed: u64, arrivals: Arrivals) -> JobPlan {
    let work = Work::ByTask(Distribution::Exponential { mean: 50 * MS });
    JobPlan::new(strategy.parse().unwrap(), Seed(seed), arrivals, work)
}

/// Five unlike nodes and a Poisson stream that keeps them half busy.
pub(crate) fn mixed(strategy: &str, seed: u64, tasks: u32) -> Scenario {
    let nodes = [0.1, 0.3, 0.5, 0.7, 0.9].into_iter().enumerate().map(|(name, p)| node(name, 4, p));
    Scenario::new(nodes.collect(), job(strategy, seed, Arrivals::Poisson { per_second: 40.0, tasks }))
}

/// Every strategy by itself, and some with wrappers.
pub(crate) fn strategies() -> Vec<String> {
    let mut all = scheduler::Strategy::names();
    all.push("power_of_two+hedge[after=100ms,copies=3,idle=0]".to_owned());
    all.push("random+hedge+retry_budget".to_owned());
    all
}
