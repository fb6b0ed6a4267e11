//! A model as something to simulate, with whatever is to be different.

use super::PredictionError;
use super::model::{Model, NodeModel};
use cluster::{ChangingLoad, Probability};
use luck::{Purpose, Seed};
use scheduler::{Micros, Strategy};
use simulator::{Arrivals, Distribution, JobPlan, NodePlan, Scenario, Work};
use std::time::Duration;

/// What is to be different from the model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Change {
    /// Number of nodes; more than the model has repeat it from the first.
    pub nodes: Option<usize>,
    /// Load probabilities for both coins, one a node; if there are fewer they repeat.
    pub loads: Vec<Probability>,
    /// How late delayed attempts start.
    pub delay: Option<Duration>,
    /// Attempts that each node works on at once.
    pub slots: Option<u32>,
    /// Number of tasks; more than the model has repeat it from the first.
    pub tasks: Option<u32>,
    /// Most attempts in flight at once.
    pub max_in_flight: Option<u32>,
    /// Tasks a second that arrive at random, instead of the recorded arrivals.
    pub rate: Option<f64>,
}

/// One job of `strategy` under `seed` on the model's nodes.
///
/// # Errors
/// If the strategy is unknown or a change makes no sense.
pub fn scenario(
    model: &Model,
    strategy: &str,
    seed: u64,
    change: &Change,
) -> Result<Scenario, PredictionError> {
    let strategy: Strategy = strategy.parse().map_err(|error| PredictionError::Change(format!("{error}")))?;
    let seed = Seed(seed);
    let arrivals = arrivals(model, change)?;
    let work = Work::Recorded(work(model, seed, arrivals.tasks()).into());
    let key = format!("{strategy} {}", seed.0);
    let mut job = JobPlan::new(strategy, seed, arrivals, work);
    job.key = key.into();
    job.spec.max_in_flight = change.max_in_flight.unwrap_or(model.max_in_flight);
    let count = change.nodes.unwrap_or(model.nodes.len());
    if count == 0 || job.spec.max_in_flight == 0 || change.slots == Some(0) {
        return Err(PredictionError::Change("nodes, slots and attempts in flight are at least 1".to_owned()));
    }
    let mut scenario = Scenario::new((0..count).map(|index| node(model, index, change)).collect(), job);
    scenario.hand_over = Duration::from_nanos((1e3 * model.hand_over_us) as u64);
    scenario.check()?;
    Ok(scenario)
}

fn arrivals(model: &Model, change: &Change) -> Result<Arrivals, PredictionError> {
    let recorded = u32::try_from(model.work_us.len()).unwrap_or(u32::MAX);
    let tasks = change.tasks.unwrap_or(recorded);
    if let Some(per_second) = change.rate {
        return Ok(Arrivals::Poisson { per_second, tasks });
    }
    if model.arrivals_us.is_empty() {
        return Ok(Arrivals::AllAtOnce { tasks });
    }
    if change.tasks.is_some_and(|tasks| tasks as usize > model.arrivals_us.len()) {
        let most = model.arrivals_us.len();
        return Err(PredictionError::Change(format!(
            "the model has {most} arrivals: give a --rate for more tasks"
        )));
    }
    Ok(Arrivals::Trace(model.arrivals_us.iter().take(tasks as usize).map(|&us| Micros(us)).collect()))
}

/// The work of each task, its spread drawn once for each.
fn work(model: &Model, seed: Seed, tasks: u32) -> Vec<Duration> {
    (0..tasks.max(1))
        .map(|task| {
            let base = model.work_us[task as usize % model.work_us.len()];
            let place = seed.coin(Purpose::Service, u64::from(task), 0).below(model.work_spread.len());
            Duration::from_nanos((1e3 * base * model.work_spread[place]) as u64)
        })
        .collect()
}

/// Node `index` of a cluster that may be larger than the recorded one.
fn node(model: &Model, index: usize, change: &Change) -> NodePlan {
    let known = &model.nodes[index % model.nodes.len()];
    let name = match index / model.nodes.len() {
        0 => known.name.clone(),
        lap => format!("{}-{}", known.name, lap + 1),
    };
    NodePlan {
        slots: change.slots.unwrap_or(known.slots),
        queue_bound: known.queue.unwrap_or(u32::MAX),
        speed: known.speed,
        load: load(known, change.loads.get(index % change.loads.len().max(1)), change.delay),
        wire: Distribution::Empirical(known.wire_us.iter().map(|&us| Duration::from_micros(us)).collect()),
        tells_load: true,
        ..NodePlan::new(name, known.slots)
    }
}

fn load(known: &NodeModel, other: Option<&Probability>, delay: Option<Duration>) -> ChangingLoad {
    let probability = |value| other.copied().unwrap_or(Probability::clamped(value));
    ChangingLoad {
        reject: probability(known.reject).into(),
        delay: probability(known.delay).into(),
        delay_time: delay.unwrap_or(Duration::from_micros(known.delay_us)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::model::examples::model;
    use super::*;

    #[test]
    fn a_larger_cluster_repeats_the_nodes() {
        let change = Change { nodes: Some(5), slots: Some(3), ..Change::default() };
        let scenario = scenario(&model(), "random", 1, &change).unwrap();
        let names: Vec<&str> = scenario.nodes.iter().map(|node| &*node.name).collect();
        assert_eq!(names, ["node0", "node1", "node0-2", "node1-2", "node0-3"]);
        assert!(scenario.nodes.iter().all(|node| node.slots == 3));
    }

    #[test]
    fn other_loads_and_delays_take_the_place_of_the_fitted_ones() {
        let loads = vec![Probability::clamped(0.5)];
        let change = Change { loads, delay: Some(Duration::from_secs(3)), ..Change::default() };
        let scenario = scenario(&model(), "random", 1, &change).unwrap();
        let half = ChangingLoad::both(Probability::clamped(0.5).into(), Duration::from_secs(3));
        assert!(scenario.nodes.iter().all(|node| node.load == half));
    }

    #[test]
    fn what_cannot_be_says_why() {
        let fault =
            |strategy, change: Change| scenario(&model(), strategy, 1, &change).unwrap_err().to_string();
        assert!(fault("best", Change::default()).contains("best"));
        assert!(fault("random", Change { nodes: Some(0), ..Change::default() }).contains("at least 1"));
        let mut open = model();
        open.arrivals_us = vec![0, 5, 9];
        let change = Change { tasks: Some(4), ..Change::default() };
        let fault = scenario(&open, "random", 1, &change).unwrap_err().to_string();
        assert_eq!(fault, "the model has 3 arrivals: give a --rate for more tasks");
    }
}
