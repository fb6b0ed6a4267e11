//! How the strategies did, side by side: sums over the jobs that ended while the console watched.

use super::jobs::Job;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Sums over the ended jobs of one strategy.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Performance {
    pub(crate) strategy: String,
    pub(crate) admission: String,
    pub(crate) jobs: u64,
    pub(crate) running: u64,
    pub(crate) done: u64,
    pub(crate) failed: u64,
    pub(crate) attempts: u64,
    pub(crate) rejected: u64,
    pub(crate) delayed: u64,
    pub(crate) lost: u64,
    /// Sum of the jobs' times from submission to end.
    pub(crate) elapsed_us: u64,
}

/// The ledger of strategies. Every job counts once.
#[derive(Debug, Default)]
pub(crate) struct Strategies {
    counted: BTreeSet<String>,
    ended: BTreeMap<(String, String), Performance>,
}

impl Strategies {
    /// Counts the jobs that have ended and were not counted yet.
    pub(crate) fn hear(&mut self, jobs: &[Job]) {
        for job in jobs.iter().filter(|job| !job.is_running()) {
            if self.counted.insert(job.key.clone()) {
                let sums = self.ended.entry(key(job)).or_insert_with(|| named(job));
                add(sums, job);
                sums.jobs += 1;
                sums.elapsed_us += job.elapsed_us;
            }
        }
    }

    /// Every strategy that has a job, ended or running, by name.
    pub(crate) fn table(&self, jobs: &[Job]) -> Vec<Performance> {
        let mut table = self.ended.clone();
        for job in jobs.iter().filter(|job| job.is_running()) {
            table.entry(key(job)).or_insert_with(|| named(job)).running += 1;
        }
        table.into_values().collect()
    }
}

fn key(job: &Job) -> (String, String) {
    (job.strategy.clone(), job.admission.clone())
}

fn named(job: &Job) -> Performance {
    Performance { strategy: job.strategy.clone(), admission: job.admission.clone(), ..Performance::default() }
}

fn add(sums: &mut Performance, job: &Job) {
    sums.done += job.done;
    sums.failed += job.failed;
    sums.attempts += job.attempts;
    sums.rejected += job.rejected;
    sums.delayed += job.delayed;
    sums.lost += job.lost;
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn job(key: &str, strategy: &str, state: &str) -> Job {
        Job {
            key: key.to_owned(),
            label: String::new(),
            strategy: strategy.to_owned(),
            admission: "may-reject".to_owned(),
            operation: "edges".to_owned(),
            seed: "1".to_owned(),
            state: state.to_owned(),
            tasks: 10,
            done: 10,
            failed: 0,
            attempts: 15,
            rejected: 5,
            delayed: 2,
            lost: 0,
            in_flight: 0,
            elapsed_us: 1_000,
            submitted_ms: 0,
            folder: None,
            run_folder: String::new(),
            server: "h:1".to_owned(),
            epoch: 1,
        }
    }

    #[test]
    fn a_job_counts_once_and_when_it_has_ended() {
        let mut strategies = Strategies::default();
        let jobs = [job("a", "random", "done"), job("b", "random", "running"), job("c", "p2c", "partial")];
        strategies.hear(&jobs);
        strategies.hear(&jobs);
        let table = strategies.table(&jobs);
        let seen: Vec<_> =
            table.iter().map(|row| (row.strategy.as_str(), row.jobs, row.running, row.done)).collect();
        assert_eq!(seen, [("p2c", 1, 0, 10), ("random", 1, 1, 10)]);
    }
}
