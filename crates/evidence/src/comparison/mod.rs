//! Which strategy won? Recorded jobs in, summaries and verdicts with their uncertainty out.
//!
//! A **replication** is what one seed made of one strategy. Strategies are paired by seed, because under one seed they
//! met the same luck; a verdict needs an interval that excludes a tie, corrected for the number of comparisons.
//!
//! Reading order: [`parts`] (where a task's time went), [`replication`] (a job's figures), [`source`] (from recorded
//! runs), [`summary_row`], [`metric`] (what decides), [`group`] (a strategy's replications), [`verdict`], [`render`].

pub mod group;
pub mod metric;
pub mod parts;
pub mod render;
pub mod replication;
pub mod source;
pub mod summary_row;
pub mod verdict;

pub use group::{Group, Summary};
pub use metric::Metric;
pub use parts::Parts;
pub use replication::{Finished, Latency, Replication};
pub use verdict::{Overall, Verdict, Versus};

use schemars::JsonSchema;
use serde::Serialize;

/// The family-wise confidence of every interval and verdict.
pub const CONFIDENCE: f64 = 0.95;

/// What `lab compare` found.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Comparison {
    /// Confidence of the intervals, corrected for their number.
    pub confidence: f64,
    /// What decides.
    pub metric: Metric,
    /// Name of the group that ratios refer to.
    pub baseline: String,
    /// Groups in the order of their first job.
    pub rows: Vec<Row>,
    /// Who won over all.
    pub overall: Overall,
    /// What a reader must know before believing it.
    pub warnings: Vec<String>,
}

/// One group and how it compares.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Row {
    /// Its figures.
    #[serde(flatten)]
    pub summary: Summary,
    /// Against the baseline.
    pub versus_baseline: Versus,
}

/// Why there is nothing to compare.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ComparisonError {
    /// No job ended with results.
    #[error("nothing finished in what was given, so there is nothing to compare{}", said(.why))]
    Nothing {
        /// What became of the jobs instead.
        why: Vec<String>,
    },
    /// The baseline does not exist.
    #[error("no strategy '{wanted}' to compare with; there are {}", known.join(", "))]
    NoBaseline {
        /// The name asked for.
        wanted: String,
        /// Names that exist.
        known: Vec<String>,
    },
}

fn said(why: &[String]) -> String {
    if why.is_empty() {
        ": name run folders with finished jobs, such as results/*".to_owned()
    } else {
        format!(": {}", why.join("; "))
    }
}

/// Compares groups of replications by their makespans. The baseline is the one named, else `random`, else the first.
///
/// # Errors
/// If there is no replication, or no group with the baseline's name.
pub fn compare(
    replications: Vec<Replication>,
    baseline: Option<&str>,
    warnings: Vec<String>,
) -> Result<Comparison, ComparisonError> {
    compare_by(Metric::Makespan, replications, baseline, warnings)
}

/// Compares groups of replications by `metric`. The baseline is the one named, else `random`, else the first.
///
/// # Errors
/// If there is no replication, or no group with the baseline's name.
pub fn compare_by(
    metric: Metric,
    replications: Vec<Replication>,
    baseline: Option<&str>,
    mut warnings: Vec<String>,
) -> Result<Comparison, ComparisonError> {
    let groups = group::group(replications);
    if groups.is_empty() {
        return Err(ComparisonError::Nothing { why: warnings });
    }
    let baseline = choose_baseline(&groups, baseline)?;
    let versus = verdict::versus_baseline(&groups, baseline, metric);
    let work = groups[baseline].key.work();
    let alike: Vec<Group> = groups.iter().filter(|group| group.key.work() == work).cloned().collect();
    let overall = verdict::overall(&alike, metric);
    warnings.extend(doubts(&groups, baseline));
    let rows = groups
        .iter()
        .zip(versus)
        .map(|(group, versus_baseline)| Row { summary: group.summary(), versus_baseline })
        .collect();
    let baseline = groups[baseline].name();
    Ok(Comparison { confidence: CONFIDENCE, metric, baseline, rows, overall, warnings })
}

fn choose_baseline(groups: &[Group], wanted: Option<&str>) -> Result<usize, ComparisonError> {
    let called =
        |name: &str| groups.iter().position(|group| group.name() == name || group.key.strategy == name);
    match wanted {
        None => {
            let finished = |index: &usize| groups[*index].jobs().any(|job| job.done > 0);
            Ok(called("random").filter(finished).or_else(|| (0..groups.len()).find(finished)).unwrap_or(0))
        }
        Some(name) => called(name).ok_or_else(|| ComparisonError::NoBaseline {
            wanted: name.to_owned(),
            known: groups.iter().map(Group::name).collect(),
        }),
    }
}

/// What makes a comparison weaker than it looks.
fn doubts(groups: &[Group], baseline: usize) -> Vec<String> {
    let mut doubts = Vec::new();
    let single: Vec<String> =
        groups.iter().filter(|group| group.replications() == 1).map(Group::name).collect();
    if !single.is_empty() {
        doubts.push(format!(
            "n = 1 for {}: one replication has no interval and allows no verdict; run more seeds",
            single.join(", ")
        ));
    }
    let empty = groups.iter().filter(|group| group.jobs().all(|job| job.done == 0));
    doubts.extend(empty.map(|group| {
        format!(
            "{} finished nothing: it has neither a makespan nor latencies, and cannot win or lose",
            group.name()
        )
    }));
    let unpaired: Vec<String> =
        groups.iter().filter(|group| !group.shares_a_seed(&groups[baseline])).map(Group::name).collect();
    if !unpaired.is_empty() {
        doubts.push(format!(
            "{} and {} have no seed in common and cannot be paired; run both under the same --seed",
            groups[baseline].name(),
            unpaired.join(", ")
        ));
    }
    doubts.extend(groups.iter().filter_map(|group| {
        let sum = |figure: fn(&Replication) -> u64| group.jobs().map(figure).sum::<u64>();
        let (dropped, tasks) = (sum(|job| job.dropped), sum(|job| job.tasks));
        (dropped > 0).then(|| {
            format!(
                "{} dropped {:.1} % of the arrivals, because max_open tasks were open: its latencies are of the others",
                group.name(),
                100.0 * dropped as f64 / (dropped + tasks) as f64
            )
        })
    }));
    let work = groups[baseline].key.work();
    let other: Vec<String> =
        groups.iter().filter(|group| group.key.work() != work).map(Group::name).collect();
    if !other.is_empty() {
        doubts.push(format!(
            "{} did other work than {} and cannot win or lose: compare equal operations over equally many images",
            other.join(", "),
            groups[baseline].name()
        ));
    }
    doubts
}

#[doc(hidden)] // for tests, here and in the crates above
pub mod examples {
    //! Made-up replications for tests of this module and its children.

    use super::{Finished, Latency, Parts, Replication};
    use crate::statistics::WarmUp;
    use cluster::Admission;
    use std::collections::BTreeMap;

    /// A job of ten tasks that took `makespan_us`, half of its attempts on each of two nodes.
    pub fn job(strategy: &str, seed: u64, makespan_us: u64) -> Replication {
        let must_accept = strategy == "random";
        let latencies_us: Vec<u64> = (1..=10).map(|tenth| makespan_us * tenth / 10).collect();
        let finished = |&latency_us: &u64| {
            // A millisecond on the wire, the rest is work; three tasks are delayed by half of their time.
            let (all, late) = (latency_us as i64, latency_us > makespan_us * 7 / 10);
            let delay = if late { all / 2 } else { 0 };
            Finished {
                latency_us,
                parts: Parts { wire: 1_000, delay, service: all - 1_000 - delay, ..Parts::default() },
            }
        };
        let finished: Vec<Finished> = latencies_us.iter().map(finished).collect();
        Replication {
            label: None,
            strategy: strategy.to_owned(),
            admission: if must_accept { Admission::MustAccept } else { Admission::MayReject },
            operation: "edges".to_owned(),
            source: String::new(),
            transfer: String::new(),
            seed,
            tasks: 10,
            done: 10,
            makespan_us,
            latencies_us,
            latency: Latency::of(&finished, WarmUp::None),
            dropped: 0,
            lost: 0,
            wasted: 0,
            attempts: if must_accept { 10 } else { 14 },
            rejections: if must_accept { 0 } else { 4 },
            delays: 3,
            node_attempts: BTreeMap::from([("node0".to_owned(), 6), ("node1".to_owned(), 6)]),
            node_rejections: BTreeMap::from([("node1".to_owned(), if must_accept { 0 } else { 4 })]),
        }
    }

    /// Three strategies under five seeds: `fast` beats `random` by about a third under every seed, `even` does not.
    pub fn three_strategies() -> Vec<Replication> {
        let luck = [1_000_000, 1_400_000, 900_000, 1_100_000, 1_250_000];
        let noise = [1.00, 1.02, 0.99, 1.01, 0.98];
        let mut jobs = Vec::new();
        for (index, (shared, own)) in luck.into_iter().zip(noise).enumerate() {
            let scaled = |factor: f64| (f64::from(shared) * factor) as u64;
            jobs.push(job("random", index as u64, u64::from(shared as u32)));
            jobs.push(job("even", index as u64, scaled(own)));
            jobs.push(job("fast", index as u64, scaled(own * 0.65)));
        }
        jobs
    }
}

#[cfg(test)]
mod tests {
    use super::examples::{job, three_strategies};
    use super::*;

    #[test]
    fn the_baseline_is_random_unless_named() {
        assert_eq!(compare(three_strategies(), None, vec![]).unwrap().baseline, "random");
        assert_eq!(compare(three_strategies(), Some("fast"), vec![]).unwrap().baseline, "fast");
        let without = three_strategies().into_iter().filter(|job| job.strategy != "random").collect();
        assert_eq!(compare(without, None, vec![]).unwrap().baseline, "even");
    }

    #[test]
    fn what_cannot_be_compared_says_so() {
        let nothing = |why: Vec<String>| compare(vec![], None, why).unwrap_err().to_string();
        assert_eq!(
            nothing(vec![]),
            "nothing finished in what was given, so there is nothing to compare: name run folders with finished jobs, \
             such as results/*"
        );
        assert!(nothing(vec!["r: all given up".to_owned()]).ends_with("nothing to compare: r: all given up"));
        let error = compare(three_strategies(), Some("best"), vec![]).unwrap_err().to_string();
        assert_eq!(error, "no strategy 'best' to compare with; there are random, even, fast");
    }

    #[test]
    fn what_finished_nothing_neither_leads_nor_is_referred_to() {
        let mut jobs = three_strategies();
        for job in jobs.iter_mut().filter(|job| job.strategy == "random") {
            (job.done, job.makespan_us, job.latency) = (0, 1, None);
        }
        let comparison = compare(jobs, None, vec![]).unwrap();
        assert_eq!((comparison.baseline.as_str(), comparison.overall.best.as_str()), ("even", "fast"));
        let versus = &comparison.rows[0].versus_baseline;
        assert_eq!((versus.verdict, versus.ratio), (Verdict::Unknown, None));
        assert!(comparison.warnings[0].starts_with("random finished nothing"), "{:?}", comparison.warnings);
        let table = render::render(&comparison, render::Format::Table);
        let row: Vec<&str> = table.lines().nth(1).unwrap().split_whitespace().collect();
        assert_eq!(row, ["random", "must-accept", "5", "–", "0.0000", "–", "?"]);
    }

    #[test]
    fn doubts_are_told() {
        let mut other_work = job("even", 2, 5);
        other_work.tasks = 9;
        let jobs = vec![job("random", 1, 5), job("random", 2, 5), other_work, job("fast", 9, 5)];
        let warnings = compare(jobs, None, vec![]).unwrap().warnings;
        insta::assert_snapshot!(warnings.join("\n"), @r"
        n = 1 for even, fast: one replication has no interval and allows no verdict; run more seeds
        random and fast have no seed in common and cannot be paired; run both under the same --seed
        even did other work than random and cannot win or lose: compare equal operations over equally many images
        ");
    }

    #[test]
    fn jobs_of_other_work_are_neither_averaged_nor_judged() {
        let mut jobs = three_strategies();
        let small = three_strategies().into_iter().map(|job| Replication { tasks: 2, makespan_us: 9, ..job });
        jobs.extend(small);
        let comparison = compare(jobs, None, vec![]).unwrap();
        let rows = comparison.rows.iter().map(|row| {
            let versus = &row.versus_baseline;
            format!("{}: {} seeds, {}", row.summary.name, row.summary.replications, versus.verdict.name())
        });
        insta::assert_snapshot!(rows.collect::<Vec<_>>().join("\n"), @r"
        random (10 × edges): 5 seeds, baseline
        even (10 × edges): 5 seeds, tie
        fast (10 × edges): 5 seeds, wins
        random (2 × edges): 5 seeds, ?
        even (2 × edges): 5 seeds, ?
        fast (2 × edges): 5 seeds, ?
        ");
        // What cannot be compared is not the best either, however short it is.
        assert_eq!(comparison.overall.best, "fast (10 × edges)");
    }
}
