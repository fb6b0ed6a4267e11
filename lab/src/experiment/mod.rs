//! Every strategy under every seed on one cluster: what to run, in which order.
//!
//! Reading order: this file (pure), [`real`] (of an experiment file, pure), [`runner`] and [`jobs`] (start the processes and submit
//! the jobs), [`rounds`] (of an experiment file: until the intervals are narrow enough), [`interrupt`].

pub mod interrupt;
pub mod jobs;
pub mod real;
pub mod rounds;
pub mod runner;

use crate::local_cluster::ClusterPlan;
use luck::Seed;
use simulator::Arrivals;
use wire::job::JobSource;

/// What to run.
#[derive(Clone, Debug, PartialEq)]
pub struct Experiment {
    /// The processes.
    pub cluster: ClusterPlan,
    /// The work of every job.
    pub source: JobSource,
    /// When the tasks of synthetic jobs arrive, if not at once.
    pub open: Option<Open>,
    /// A chain of operations, such as `edges`.
    pub operation: String,
    /// Strategies to compare.
    pub strategies: Vec<String>,
    /// Names the luck of the whole experiment.
    pub seed: u64,
    /// Jobs of each strategy, each under a seed of its own that all strategies share.
    pub replications: u64,
    /// Most attempts in flight at once; the server's default if not given.
    pub max_in_flight: Option<u32>,
    /// Attempts after which a task is given up; the server's default if not given.
    pub max_attempts: Option<u32>,
}

/// Tasks that arrive over time, at the same times under the same seed.
#[derive(Clone, Debug, PartialEq)]
pub struct Open {
    /// The process, of an open kind.
    pub arrivals: Arrivals,
    /// Arrivals that find this many tasks open are dropped.
    pub max_open: Option<u32>,
}

/// One job of an experiment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    /// The strategy.
    pub strategy: String,
    /// Names its luck.
    pub seed: u64,
}

impl Experiment {
    /// All jobs in the order in which they are run.
    ///
    /// Seed by seed, so that an experiment that is cut short has compared all strategies; within a seed the order
    /// turns by one with each seed, so that none is always the first or always follows the same other one.
    pub fn trials(&self) -> Vec<Trial> {
        (0..self.replications).flat_map(|replication| self.trials_of(replication)).collect()
    }

    /// The jobs of one replication in their order.
    pub fn trials_of(&self, replication: u64) -> Vec<Trial> {
        let mut strategies = self.strategies.clone();
        let by = usize::try_from(replication % strategies.len().max(1) as u64).unwrap_or(0);
        strategies.rotate_left(by);
        let seed = seed_of_replication(self.seed, replication);
        strategies.into_iter().map(|strategy| Trial { strategy, seed }).collect()
    }
}

/// The seed that all strategies share in one replication: below 2^53, so that every reader of a CSV keeps its digits.
pub(crate) fn seed_of_replication(seed: u64, replication: u64) -> u64 {
    Seed(seed).derive(replication).0 >> 11
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::time::Duration;

    fn experiment(strategies: &[&str], replications: u64) -> Experiment {
        let cluster = ClusterPlan {
            nodes: Vec::new(),
            delay: Duration::ZERO,
            slots: 1,
            data_root: "/data".into(),
            results: "results".into(),
            label: "test".to_owned(),
            decisions: false,
            console: None,
            go_on: None,
        };
        Experiment {
            cluster,
            source: JobSource::Synthetic { tasks: 1, service: Duration::ZERO },
            open: None,
            operation: "edges".to_owned(),
            strategies: strategies.iter().map(|&name| name.to_owned()).collect(),
            seed: 1,
            replications,
            max_in_flight: None,
            max_attempts: None,
        }
    }

    #[test]
    fn every_strategy_meets_every_seed_once() {
        let trials = experiment(&["a", "b", "c"], 4).trials();
        let distinct: BTreeSet<_> = trials.iter().map(|trial| (trial.strategy.clone(), trial.seed)).collect();
        assert_eq!((trials.len(), distinct.len()), (12, 12));
        let seeds: BTreeSet<u64> = trials.iter().map(|trial| trial.seed).collect();
        assert_eq!(seeds.len(), 4);
        assert!(seeds.iter().all(|&seed| seed < 1 << 53));
    }

    #[test]
    fn no_strategy_is_always_first() {
        let trials = experiment(&["a", "b", "c"], 3).trials();
        let order: Vec<&str> = trials.iter().map(|trial| trial.strategy.as_str()).collect();
        assert_eq!(order, ["a", "b", "c", "b", "c", "a", "c", "a", "b"]);
    }

    #[test]
    fn the_seed_reaches_the_trials() {
        let mut other = experiment(&["a"], 3);
        other.seed = 2;
        assert_ne!(experiment(&["a"], 3).trials(), other.trials());
        assert_eq!(experiment(&["a"], 3).trials(), experiment(&["a"], 3).trials());
        assert!(experiment(&[], 3).trials().is_empty());
    }
}
