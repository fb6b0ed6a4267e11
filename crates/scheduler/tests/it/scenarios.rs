//! The scenarios under which policies are compared: twenty nodes of ten slots, exponential service of 50 ms, delays of
//! 3 s, 2 ms of wire.

use crate::cluster::{Cluster, ModelNode, Story, Times};
use luck::{Purpose, Seed};
use scheduler::{JobSpec, Micros, Settings};
use std::time::Duration;

/// What makes the scenarios differ.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    pub(crate) loads: Vec<f64>,
    /// Tasks a second; all at once if there is none.
    pub(crate) rate: Option<f64>,
    pub(crate) tasks: u32,
    pub(crate) slots: u32,
    pub(crate) service: Duration,
    pub(crate) times: Times,
}

const NODES: u32 = 20;

/// Load probabilities from 0.05 to 0.95 in even steps.
fn graded() -> Vec<f64> {
    (0..NODES).map(|node| 0.05 + 0.9 * f64::from(node) / f64::from(NODES - 1)).collect()
}

impl Scenario {
    /// Graded loads at a quarter of what the nodes can do.
    pub(crate) fn graded(rate: f64) -> Scenario {
        Scenario {
            loads: graded(),
            rate: Some(rate),
            tasks: 30_000,
            slots: 10,
            service: Duration::from_millis(50),
            times: Times {
                delay: Duration::from_secs(3),
                wire: Duration::from_millis(2),
                exponential: true,
                rotation: None,
            },
        }
    }

    /// Graded loads that change places once a minute.
    pub(crate) fn rotating() -> Scenario {
        let mut scenario = Scenario::graded(50.0);
        scenario.times.rotation = Some(Duration::from_secs(60));
        scenario.tasks = 30_000;
        scenario
    }

    /// Nodes that neither refuse nor delay, one slot each.
    pub(crate) fn plain(utilisation: f64) -> Scenario {
        let mut scenario = Scenario::graded(utilisation * f64::from(NODES));
        scenario.loads = vec![0.0; NODES as usize];
        scenario.service = Duration::from_secs(1);
        scenario.slots = 1;
        scenario.times.wire = Duration::ZERO;
        scenario
    }

    /// A thousand tasks at once on graded loads.
    pub(crate) fn batch() -> Scenario {
        Scenario { rate: None, tasks: 1_000, ..Scenario::graded(0.0) }
    }

    /// Seconds in which the nodes together could do `tasks` tasks, refusals aside: no policy without hedging is faster.
    pub(crate) fn fluid_bound(&self) -> f64 {
        f64::from(self.tasks) / self.capacity()
    }

    /// Tasks a second that the nodes together can do.
    pub(crate) fn capacity(&self) -> f64 {
        let rate = |load: &f64| {
            let wire = self.times.wire.as_secs_f64() / (1.0 - load).max(1e-9);
            f64::from(self.slots)
                / (wire + self.service.as_secs_f64() + load * self.times.delay.as_secs_f64())
        };
        self.loads.iter().map(rate).sum()
    }

    pub(crate) fn run(&self, strategy: &str, seed: u64) -> Story {
        let nodes = self.loads.iter().map(|&load| ModelNode {
            slots: self.slots,
            service: self.service,
            ..ModelNode::new(load)
        });
        let seed = Seed(seed);
        let spec = JobSpec::new(self.tasks, strategy.parse().unwrap(), seed);
        let cluster = Cluster::new(nodes.collect()).without_log().times(self.times);
        let cluster = match self.rate {
            None => cluster.submit_at(Micros(0), 1, spec),
            Some(rate) => {
                let mut at = 0.0;
                let arrivals = (0..u64::from(self.tasks)).map(|task| {
                    at += seed.coin(Purpose::Arrival, task, 0).exponential() / rate;
                    Micros((at * 1e6) as u64)
                });
                cluster.submit_open(spec, arrivals.collect())
            }
        };
        cluster.run(Settings::default())
    }

    /// The mean response time in seconds over `seeds`, the first tenth of each run left out as warm-up.
    pub(crate) fn mean(&self, strategy: &str, seeds: u64) -> f64 {
        let run = |seed| {
            let responses = self.run(strategy, seed).responses;
            let settled = &responses[responses.len() / 10..];
            settled.iter().map(Duration::as_secs_f64).sum::<f64>() / settled.len() as f64
        };
        (1..=seeds).map(run).sum::<f64>() / seeds as f64
    }

    /// The mean makespan in seconds over `seeds`.
    pub(crate) fn makespan(&self, strategy: &str, seeds: u64) -> f64 {
        (1..=seeds).map(|seed| self.run(strategy, seed).finished.0 as f64 / 1e6).sum::<f64>() / seeds as f64
    }
}
