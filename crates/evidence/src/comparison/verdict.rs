//! Who wins: paired ratios with intervals, and Holm's correction for many comparisons.

use super::{CONFIDENCE, Group, Metric};
use crate::statistics::holm::{Step, holm};
use crate::statistics::{Interval, LogRatios};
use schemars::JsonSchema;
use serde::Serialize;

/// What may be said of a group against the baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It is the baseline.
    Baseline,
    /// Shorter; the interval of the ratio excludes a tie.
    Wins,
    /// Longer; the interval excludes a tie.
    Loses,
    /// The interval includes a tie.
    Tie,
    /// Fewer than two pairs: nothing may be said.
    Unknown,
}

impl Verdict {
    /// The word in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Verdict::Baseline => "baseline",
            Verdict::Wins => "wins",
            Verdict::Loses => "loses",
            Verdict::Tie => "tie",
            Verdict::Unknown => "?",
        }
    }
}

/// A group against the baseline.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Versus {
    /// Seeds that both ran.
    pub pairs: usize,
    /// Geometric mean of the metric's ratios; below 1 is faster.
    pub ratio: Option<f64>,
    /// Lower end of the ratio's interval, at the level at which Holm's procedure judged it.
    pub ratio_low: Option<f64>,
    /// Upper end.
    pub ratio_high: Option<f64>,
    /// What may be said.
    pub verdict: Verdict,
}

/// Compares each group with the baseline; the answers are in the groups' order.
pub fn versus_baseline(groups: &[Group], baseline: usize, metric: Metric) -> Vec<Versus> {
    let ratios: Vec<LogRatios> = groups.iter().map(|group| group.ratios(&groups[baseline], metric)).collect();
    let p_values: Vec<Option<f64>> = ratios
        .iter()
        .enumerate()
        .map(|(index, ratios)| if index == baseline { None } else { ratios.p_value() })
        .collect();
    let steps = holm(&p_values, 1.0 - CONFIDENCE);
    ratios
        .iter()
        .zip(steps)
        .enumerate()
        .map(|(index, (ratios, step))| {
            if index == baseline {
                let verdict = Verdict::Baseline;
                Versus { pairs: ratios.len(), ratio: Some(1.0), ratio_low: None, ratio_high: None, verdict }
            } else {
                judge(ratios, step)
            }
        })
        .collect()
}

fn judge(ratios: &LogRatios, step: Step) -> Versus {
    let interval = ratios.interval(1.0 - step.level);
    let verdict = match (interval, step.differs) {
        (None, _) => Verdict::Unknown,
        (Some(_), false) => Verdict::Tie,
        (Some(Interval { centre, .. }), true) if centre < 1.0 => Verdict::Wins,
        (Some(_), true) => Verdict::Loses,
    };
    Versus {
        pairs: ratios.len(),
        ratio: ratios.ratio(),
        ratio_low: interval.map(|interval| interval.low),
        ratio_high: interval.map(|interval| interval.high),
        verdict,
    }
}

/// Who won over all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Overall {
    /// What decides.
    pub metric: Metric,
    /// The group with the least mean of it.
    pub best: String,
    /// Groups that it beats, corrected for all pairs of groups because it was chosen after looking.
    pub beats: Vec<String>,
    /// Groups that it may only tie with.
    pub ties: Vec<String>,
}

/// Finds the group with the least mean of the metric and whom it beats.
///
/// # Panics
/// Of no groups.
pub fn overall(groups: &[Group], metric: Metric) -> Overall {
    let means: Vec<f64> = groups.iter().map(|group| group.mean(metric)).collect();
    let Some(best) = (0..groups.len()).min_by(|&left, &right| means[left].total_cmp(&means[right])) else {
        panic!("nobody is the best of no groups")
    };
    let pairs: Vec<(usize, usize)> =
        (0..groups.len()).flat_map(|left| (left + 1..groups.len()).map(move |right| (left, right))).collect();
    let ratios: Vec<LogRatios> =
        pairs.iter().map(|&(left, right)| groups[left].ratios(&groups[right], metric)).collect();
    let p_values: Vec<Option<f64>> = ratios.iter().map(LogRatios::p_value).collect();
    let steps = holm(&p_values, 1.0 - CONFIDENCE);
    let (mut beats, mut ties) = (Vec::new(), Vec::new());
    for ((&(left, right), ratios), step) in pairs.iter().zip(&ratios).zip(steps) {
        let other = match best {
            best if best == left => right,
            best if best == right => left,
            _ => continue,
        };
        let below_one = ratios.ratio().is_some_and(|ratio| (ratio < 1.0) == (best == left));
        let to = if step.differs && below_one { &mut beats } else { &mut ties };
        to.push(groups[other].name());
    }
    Overall { metric, best: groups[best].name(), beats, ties }
}

impl Overall {
    /// One sentence for a reader.
    pub fn sentence(&self) -> String {
        let Overall { metric, best, beats, ties } = self;
        let least = match metric {
            Metric::Makespan => "the shortest mean makespan".to_owned(),
            Metric::Mean | Metric::P99 => format!("the lowest {}", metric.name()),
        };
        match (beats.is_empty(), ties.is_empty()) {
            (true, true) => format!("{best} ran alone."),
            (false, true) => format!("{best} wins: it is faster than every other strategy."),
            (true, false) => {
                format!(
                    "{best} has {least}, but none of its leads is certain when all pairs are judged at once; more seeds \
                     may tell."
                )
            }
            (false, false) => format!(
                "{best} has {least} and beats {}; its lead over {} is not certain.",
                beats.join(", "),
                ties.join(", ")
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::examples::{job, three_strategies};
    use super::super::group::group;
    use super::*;
    use luck::{Purpose, Seed};

    #[test]
    fn a_lead_under_every_seed_wins_and_noise_ties() {
        let groups = group(three_strategies());
        let versus = versus_baseline(&groups, 0, Metric::Makespan);
        let verdicts: Vec<Verdict> = versus.iter().map(|versus| versus.verdict).collect();
        assert_eq!(verdicts, [Verdict::Baseline, Verdict::Tie, Verdict::Wins]);
        let fast = &versus[2];
        assert!((fast.ratio.unwrap() - 0.65).abs() < 0.01);
        assert!(fast.ratio_low.unwrap() > 0.6 && fast.ratio_high.unwrap() < 0.7, "{fast:?}");
    }

    #[test]
    fn the_verdict_turns_with_the_baseline() {
        let versus = versus_baseline(&group(three_strategies()), 2, Metric::Makespan);
        assert_eq!(versus[0].verdict, Verdict::Loses);
        assert_eq!(versus[1].verdict, Verdict::Loses);
    }

    #[test]
    fn one_pair_allows_no_verdict_however_large_the_lead() {
        let groups = group(vec![job("random", 1, 1_000), job("fast", 1, 1)]);
        let versus = versus_baseline(&groups, 0, Metric::Makespan);
        assert_eq!((versus[1].verdict, versus[1].ratio_low), (Verdict::Unknown, None));
        let overall = overall(&groups, Metric::Makespan);
        assert_eq!((overall.best.as_str(), overall.beats.len()), ("fast", 0));
    }

    #[test]
    fn a_verdict_always_agrees_with_its_interval() {
        for jitter in 1..40 {
            let mut jobs = three_strategies();
            for (index, job) in jobs.iter_mut().enumerate().filter(|(_, job)| job.strategy == "fast") {
                job.makespan_us =
                    (job.makespan_us as f64 * (1.0 + 0.01 * (jitter * index % 37) as f64)) as u64;
            }
            for versus in versus_baseline(&group(jobs), 0, Metric::Makespan).into_iter().skip(1) {
                let excludes = versus.ratio_high.unwrap() < 1.0 || versus.ratio_low.unwrap() > 1.0;
                assert_eq!(excludes, versus.verdict != Verdict::Tie, "{versus:?}");
            }
        }
    }

    /// Six strategies under eight seeds with luck that they share and noise of their own; the last one takes `factor` times
    /// as long.
    fn family(experiment: u64, factor: f64) -> Vec<Group> {
        let spread = |purpose_index: u64, width: f64| {
            width * (Seed(5).coin(Purpose::Resample, experiment, purpose_index).uniform() - 0.5)
        };
        let mut jobs = Vec::new();
        for seed in 0..8 {
            let luck = spread(seed, 2.0);
            for (index, name) in ["random", "a", "b", "c", "d", "e"].into_iter().enumerate() {
                let own =
                    spread(100 + 8 * index as u64 + seed, 0.2) + if name == "e" { factor.ln() } else { 0.0 };
                jobs.push(job(name, seed, (1e6 * (luck + own).exp()) as u64));
            }
        }
        group(jobs)
    }

    /// Share of 1,000 families in which a verdict is `found`.
    fn share(factor: f64, found: impl Fn(&[Versus]) -> bool) -> f64 {
        let families = 1_000;
        let hits = (0..families)
            .filter(|&family_number| {
                found(&versus_baseline(&family(family_number, factor), 0, Metric::Makespan))
            })
            .count();
        hits as f64 / families as f64
    }

    #[test]
    fn strategies_that_are_alike_are_told_apart_in_at_most_5_percent_of_families() {
        let wrong =
            share(1.0, |row| row.iter().any(|one| matches!(one.verdict, Verdict::Wins | Verdict::Loses)));
        // Three standard errors of a share of 1,000 above; and not so timid that it could never be wrong.
        assert!((0.01..=0.071).contains(&wrong), "{wrong}");
    }

    #[test]
    fn a_fifth_is_found_because_luck_is_paired() {
        let found = share(1.2, |row| row[5].verdict == Verdict::Loses);
        assert!(found > 0.95, "{found}");
        // The seeds differ by a factor of seven: of their own the means say nothing about a fifth.
        let groups = family(1, 1.2);
        let widest = groups[0].interval(Metric::Makespan).unwrap();
        assert!(widest.half_width() > 0.2 * widest.centre);
    }

    #[test]
    fn the_sentence_says_no_more_than_is_certain() {
        let sentence = |jobs| overall(&group(jobs), Metric::Makespan).sentence();
        assert_eq!(sentence(three_strategies()), "fast wins: it is faster than every other strategy.");
        assert_eq!(sentence(vec![job("a", 1, 5)]), "a ran alone.");
        assert_eq!(
            sentence(vec![job("a", 1, 5), job("b", 1, 4)]),
            "b has the shortest mean makespan, but none of its leads is certain when all pairs are judged at once; more \
             seeds may tell."
        );
        let mut jobs = three_strategies();
        for (twin, own) in [1.01, 0.99, 1.00, 1.02, 0.99].into_iter().enumerate() {
            let fast = jobs.iter().find(|job| job.strategy == "fast" && job.seed == twin as u64).unwrap();
            jobs.push(job("twin", twin as u64, (fast.makespan_us as f64 * own) as u64));
        }
        assert_eq!(
            sentence(jobs),
            "fast has the shortest mean makespan and beats random, even; its lead over twin is not certain."
        );
    }
}
