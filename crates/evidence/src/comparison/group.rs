//! A strategy's replications, and what they say together.

use super::{CONFIDENCE, Latency, Metric, Replication};
use crate::statistics::{Interval, LogRatios, geometric_mean, interval_of_mean, mean};
use cluster::Admission;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// What replications have in common to be averaged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Label of the run, if runs are told apart.
    pub label: Option<String>,
    /// The strategy in its full form.
    pub strategy: String,
    /// Whether nodes might refuse.
    pub admission: Admission,
    /// The operation in its full form.
    pub operation: String,
    /// Tasks that a job is offered, dropped ones too.
    pub tasks: u64,
    /// The folder of images; empty of synthetic work, and of folders that are made for a run.
    pub source: String,
    /// How images travel; empty of synthetic work.
    pub transfer: String,
}

/// All jobs of one key, by seed.
#[derive(Clone, Debug)]
pub struct Group {
    /// What they have in common.
    pub key: Key,
    /// Whether another group has the same label and strategy, so that the name must tell the admission.
    name_admission: bool,
    /// Whether another group has the same strategy and did other work, so that the name must tell the work.
    name_work: bool,
    /// Whether another group has the same strategy and images of another folder.
    name_source: bool,
    seeds: BTreeMap<u64, Vec<Replication>>,
}

/// The figures of a group: means over its replications (seeds).
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Summary {
    /// The group's name, unique among the groups.
    pub name: String,
    /// Label of the run, if runs are told apart.
    pub label: Option<String>,
    /// The strategy in its full form.
    pub strategy: String,
    /// `may-reject` or `must-accept`.
    pub admission: &'static str,
    /// Number of seeds.
    pub replications: usize,
    /// Number of jobs; more than seeds if a seed was run several times.
    pub jobs: usize,
    /// Mean makespan in seconds.
    pub makespan_s: f64,
    /// Half-width of its interval; none of one replication.
    pub makespan_half_width_s: Option<f64>,
    /// Finished images a second.
    pub images_per_s: f64,
    /// Mean latency of a task in seconds, as the mean over replications.
    pub latency_mean_s: Option<f64>,
    /// Half-width of its interval; none of one replication.
    pub latency_mean_half_width_s: Option<f64>,
    /// Median latency of a task in seconds, as the mean over replications.
    pub latency_p50_s: Option<f64>,
    /// 95th percentile, likewise.
    pub latency_p95_s: Option<f64>,
    /// 99th percentile, likewise.
    pub latency_p99_s: Option<f64>,
    /// Half-width of its interval; none of one replication.
    pub latency_p99_half_width_s: Option<f64>,
    /// Tasks of a job.
    pub tasks: f64,
    /// Tasks of a job without a result.
    pub failed: f64,
    /// Arrivals of a job that were dropped, because too many tasks were open. They are none of its tasks.
    pub dropped: f64,
    /// Attempts of a job.
    pub attempts: f64,
    /// Rejected attempts of a job.
    pub rejections: f64,
    /// Delayed attempts of a job.
    pub delays: f64,
    /// Attempts of a job that were lost to nodes or wires, timed-out ones included.
    pub lost: f64,
    /// Attempts of a job whose result nobody needed: copies that came late, and those that were cancelled.
    pub wasted: f64,
    /// Share of all attempts by node, in the order of their names.
    pub node_shares: BTreeMap<String, f64>,
}

/// Sorts replications into groups, in the order of their first appearance.
pub fn group(replications: Vec<Replication>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for replication in replications {
        let key = Key {
            label: replication.label.clone(),
            strategy: replication.strategy.clone(),
            admission: replication.admission,
            operation: replication.operation.clone(),
            tasks: replication.tasks + replication.dropped,
            source: lasting(&replication.source).to_owned(),
            transfer: replication.transfer.clone(),
        };
        let index = groups.iter().position(|group| group.key == key).unwrap_or_else(|| {
            groups.push(Group {
                key,
                name_admission: false,
                name_work: false,
                name_source: false,
                seeds: BTreeMap::new(),
            });
            groups.len() - 1
        });
        groups[index].seeds.entry(replication.seed).or_default().push(replication);
    }
    let keys: Vec<Key> = groups.iter().map(|group| group.key.clone()).collect();
    for group in &mut groups {
        let own = &group.key;
        let namesakes = keys.iter().filter(|key| (&key.label, &key.strategy) == (&own.label, &own.strategy));
        let (mut admissions, mut works, mut sources) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for key in namesakes {
            admissions.insert(key.admission.name());
            works.insert(key.work());
            sources.insert(&key.source);
        }
        (group.name_admission, group.name_work) = (admissions.len() > 1, works.len() > 1);
        group.name_source = sources.len() > 1;
    }
    groups
}

/// What folders that are made for one run begin with: each has a name of its own, and all hold the same.
const MADE_FOR_A_RUN: &str = ".tmp";

/// A folder that other runs can have, too, else nothing.
fn lasting(folder: &str) -> &str {
    let name = folder.rsplit('/').next().unwrap_or(folder);
    if name.starts_with(MADE_FOR_A_RUN) { "" } else { folder }
}

impl Key {
    /// What was to be done: operation, number of tasks, folder, way of the images. Jobs of other work cannot be compared.
    pub fn work(&self) -> (&str, u64, &str, &str) {
        (&self.operation, self.tasks, &self.source, &self.transfer)
    }
}

impl Group {
    /// The strategy's name, with label, admission and work where they are needed to tell groups apart.
    pub fn name(&self) -> String {
        let label = self.key.label.as_ref().filter(|label| !label.is_empty());
        let label = label.map_or(String::new(), |label| format!("{label}: "));
        let admission = if self.name_admission { format!(" {}", self.key.admission) } else { String::new() };
        let Key { tasks, operation, source, transfer, .. } = &self.key;
        let source =
            if self.name_source && !source.is_empty() { format!(" of {source}") } else { String::new() };
        let inline = if transfer == "inline" { ", inline" } else { "" };
        let work =
            if self.name_work { format!(" ({tasks} × {operation}{source}{inline})") } else { String::new() };
        format!("{label}{}{admission}{work}", self.key.strategy)
    }

    /// Number of seeds: the n of every interval.
    pub fn replications(&self) -> usize {
        self.seeds.len()
    }

    /// The jobs of each seed, in the order of the seeds.
    pub const fn seeds(&self) -> &BTreeMap<u64, Vec<Replication>> {
        &self.seeds
    }

    /// Whether the two groups met the same luck at least once.
    pub fn shares_a_seed(&self, other: &Group) -> bool {
        self.seeds.keys().any(|seed| other.seeds.contains_key(seed))
    }

    /// Mean makespan in seconds.
    pub fn makespan_s(&self) -> f64 {
        self.mean(Metric::Makespan)
    }

    /// Mean of a metric in seconds; not a number if no task has a result.
    pub fn mean(&self, metric: Metric) -> f64 {
        mean(&self.by_seed(metric)).unwrap_or(f64::NAN)
    }

    /// The interval of the mean of a metric; none of one replication.
    pub fn interval(&self, metric: Metric) -> Option<Interval> {
        interval_of_mean(&self.by_seed(metric), CONFIDENCE)
    }

    /// Paired log ratios of a metric, this group's over the other's, one for each seed that both ran. None of groups that
    /// did other work.
    pub fn ratios(&self, other: &Group, metric: Metric) -> LogRatios {
        let alike = self.key.work() == other.key.work();
        LogRatios::of(self.seeds.iter().filter(|_| alike).filter_map(|(seed, jobs)| {
            let (above, below) = (seed_figure(jobs, metric)?, seed_figure(other.seeds.get(seed)?, metric)?);
            Some((above, below))
        }))
    }

    /// Every job.
    pub fn jobs(&self) -> impl Iterator<Item = &Replication> {
        self.seeds.values().flatten()
    }

    /// A figure of each job, as the mean of each seed's jobs: one value a seed.
    pub fn figures(&self, figure: impl Fn(&Replication) -> Option<f64>) -> Vec<f64> {
        let by_seed =
            self.seeds.values().filter_map(|jobs| mean(&jobs.iter().filter_map(&figure).collect::<Vec<_>>()));
        by_seed.collect()
    }

    fn by_seed(&self, metric: Metric) -> Vec<f64> {
        self.seeds.values().filter_map(|jobs| seed_figure(jobs, metric)).collect()
    }

    /// The figures.
    pub fn summary(&self) -> Summary {
        let per_job = |figure: fn(&Replication) -> u64| -> f64 {
            mean(&self.figures(|job| Some(figure(job) as f64))).unwrap_or(0.0)
        };
        // The quantile of each seed's tasks, averaged over seeds: tasks of one run depend on each other, seeds do not.
        let latency =
            |figure: fn(&Latency) -> f64| mean(&self.figures(|job| job.latency.as_ref().map(figure)));
        let half_width = |metric| self.interval(metric).as_ref().map(Interval::half_width);
        Summary {
            name: self.name(),
            label: self.key.label.clone(),
            strategy: self.key.strategy.clone(),
            admission: self.key.admission.name(),
            replications: self.replications(),
            jobs: self.jobs().count(),
            makespan_s: self.makespan_s(),
            makespan_half_width_s: half_width(Metric::Makespan),
            images_per_s: self.images_per_s(),
            latency_mean_s: latency(|latency| latency.parts.sum_s()),
            latency_mean_half_width_s: half_width(Metric::Mean),
            latency_p50_s: latency(|latency| latency.p50_s),
            latency_p95_s: latency(|latency| latency.p95_s),
            latency_p99_s: latency(|latency| latency.p99_s),
            latency_p99_half_width_s: half_width(Metric::P99),
            tasks: per_job(|job| job.tasks),
            failed: per_job(|job| job.tasks.saturating_sub(job.done)),
            dropped: per_job(|job| job.dropped),
            attempts: per_job(|job| job.attempts),
            rejections: per_job(|job| job.rejections),
            delays: per_job(|job| job.delays),
            lost: per_job(|job| job.lost),
            wasted: per_job(|job| job.wasted),
            node_shares: self.node_shares(),
        }
    }

    fn images_per_s(&self) -> f64 {
        let done: u64 = self.jobs().map(|job| job.done).sum();
        let seconds: f64 = self.jobs().map(|job| job.makespan_us as f64 / 1e6).sum();
        if seconds > 0.0 { done as f64 / seconds } else { 0.0 }
    }

    fn node_shares(&self) -> BTreeMap<String, f64> {
        let mut attempts: BTreeMap<String, u64> = BTreeMap::new();
        for (node, count) in self.jobs().flat_map(|job| &job.node_attempts) {
            *attempts.entry(node.clone()).or_default() += count;
        }
        let total: u64 = attempts.values().sum();
        attempts.into_iter().map(|(node, count)| (node, count as f64 / total.max(1) as f64)).collect()
    }
}

/// The figure that a seed gave, in seconds: the geometric mean if it was run several times.
fn seed_figure(jobs: &[Replication], metric: Metric) -> Option<f64> {
    let figures: Vec<f64> = jobs.iter().filter_map(|job| metric.of(job)).collect();
    geometric_mean(&figures)
}

#[cfg(test)]
mod tests {
    use super::super::examples::{job, three_strategies};
    use super::*;

    #[test]
    fn a_seed_that_was_run_twice_is_one_replication() {
        let groups =
            group(vec![job("even", 1, 1_000_000), job("even", 1, 4_000_000), job("even", 2, 3_000_000)]);
        let summary = groups[0].summary();
        assert_eq!((summary.replications, summary.jobs), (2, 3));
        assert!((summary.makespan_s - 2.5).abs() < 1e-9, "mean of √(1·4) and 3: {}", summary.makespan_s);
    }

    #[test]
    fn the_summary_of_a_known_group() {
        let groups = group(three_strategies());
        let summary = groups[0].summary();
        assert_eq!(summary.name, "random");
        assert_eq!(summary.admission, "must-accept");
        assert_eq!(summary.replications, 5);
        assert!((summary.makespan_s - 1.13).abs() < 1e-9);
        // Deviation 0.1987 s of five: 2.776 × 0.1987 / √5.
        assert!((summary.makespan_half_width_s.unwrap() - 0.2468).abs() < 1e-3);
        assert!((summary.images_per_s - 50.0 / 5.65).abs() < 1e-9);
        assert!((summary.latency_p50_s.unwrap() - 0.55 * 1.13).abs() < 1e-9);
        assert_eq!(summary.node_shares["node0"], 0.5);
    }

    #[test]
    fn only_jobs_of_the_same_images_on_the_same_way_are_averaged() {
        let of = |source: &str, transfer: &str| Replication {
            source: source.to_owned(),
            transfer: transfer.to_owned(),
            ..job("random", 1, 5)
        };
        let jobs = vec![of("/a", "shared"), of("/a", "inline"), of("/b", "shared"), of("/a", "shared")];
        let names: Vec<String> = group(jobs).iter().map(Group::name).collect();
        assert_eq!(
            names,
            ["random (10 × edges of /a)", "random (10 × edges of /a, inline)", "random (10 × edges of /b)"]
        );
        let made = group(vec![of("/tmp/.tmpAbc", "shared"), of("/tmp/.tmpXyz", "shared")]);
        assert_eq!(made.len(), 1, "photographs that are made for each run are the same ones");
    }

    #[test]
    fn admission_is_told_only_where_it_tells_groups_apart() {
        let mut other = job("random", 1, 5);
        other.admission = Admission::MayReject;
        let names: Vec<String> =
            group(vec![job("random", 1, 5), other, job("fast", 1, 5)]).iter().map(Group::name).collect();
        assert_eq!(names, ["random must-accept", "random may-reject", "fast"]);
    }

    #[test]
    fn ratios_are_paired_by_seed() {
        let groups = group(vec![job("a", 1, 10), job("a", 2, 40), job("b", 2, 20), job("b", 3, 7)]);
        let ratios = groups[0].ratios(&groups[1], Metric::Makespan);
        assert_eq!(ratios.len(), 1);
        assert!((ratios.ratio().unwrap() - 2.0).abs() < 1e-9);
    }
}
