//! The figures of one setting: the comparison, and what the pictures show beyond it.

use super::members::Members;
use super::setting::Setting;
use super::source::Source;
use super::timeline::{Timeline, timeline};
use super::{Wish, latencies};
use crate::comparison::source::replications;
use crate::comparison::{Comparison, ComparisonError, Group, Metric, Replication, compare_by};
use crate::explanation::explain;
use crate::statistics::{geometric_mean, mean};
use records::Run;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeSet;

/// The figures of one setting.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Section {
    /// The setting, such as `load = 0.8`; none if all runs had the same settings.
    pub setting: Option<String>,
    /// The setting's value as it was written.
    pub setting_text: Option<String>,
    /// The setting as a number, in seconds if it is a time.
    pub setting_value: Option<f64>,
    /// Who won.
    pub comparison: Comparison,
    /// Why, in sentences.
    pub why: Vec<String>,
    /// What the pictures show, in the order of the comparison's rows.
    pub strategies: Vec<StrategyFigures>,
    /// Some jobs in detail. They are in `attempts.csv` and not in the JSON.
    #[serde(skip)]
    pub timelines: Vec<Timeline>,
}

/// What the pictures show of a strategy.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct StrategyFigures {
    /// The name of its row in the comparison.
    pub name: String,
    /// By seed, in ascending order.
    pub seeds: Vec<SeedFigures>,
    /// Latencies in seconds below which 0, 0.5, 1, … 100 % of the finished tasks lie, all seeds together.
    pub latency_quantiles_s: Vec<f64>,
    /// Where the mean latency went; none where only attempts were recorded.
    pub parts: Option<MeanParts>,
}

/// What one seed gave.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct SeedFigures {
    /// The seed, as text: readers of JSON lose the last digits of such numbers.
    pub seed: String,
    /// The makespan in seconds; the geometric mean if the seed was run several times.
    pub makespan_s: f64,
    /// Mean latency of tasks in seconds; none of no finished task.
    pub latency_mean_s: Option<f64>,
    /// 99th percentile of the tasks' latencies in seconds; none of no finished task.
    pub latency_p99_s: Option<f64>,
}

/// Mean milliseconds of each part of a task's latency. They add up to the mean latency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct MeanParts {
    /// On the wire: round trips of attempts that were refused, and the wire's part of the one that succeeded.
    pub wire_ms: f64,
    /// In attempts that were lost or timed out.
    pub lost_ms: f64,
    /// Waiting at the scheduler: for a node, in back-off, or for the attempt before a hedge.
    pub waiting_ms: f64,
    /// Waiting at the node for a slot.
    pub queue_ms: f64,
    /// The injected delay.
    pub delay_ms: f64,
    /// The work itself.
    pub service_ms: f64,
}

impl SeedFigures {
    /// The figure that decides, in seconds.
    pub const fn of(&self, metric: Metric) -> Option<f64> {
        match metric {
            Metric::Makespan => Some(self.makespan_s),
            Metric::Mean => self.latency_mean_s,
            Metric::P99 => self.latency_p99_s,
        }
    }
}

impl MeanParts {
    /// Name and size of each part, in the order in which a task meets them.
    pub const fn named(&self) -> [(&'static str, f64); 6] {
        [
            ("waiting at the server", self.waiting_ms),
            ("lost attempts", self.lost_ms),
            ("wire and refused attempts", self.wire_ms),
            ("queue at the node", self.queue_ms),
            ("injected delay", self.delay_ms),
            ("work", self.service_ms),
        ]
    }

    /// The mean latency in milliseconds.
    pub fn sum(&self) -> f64 {
        self.named().iter().map(|(_, size)| size).sum()
    }
}

/// The figures of `sources`, which had the same settings.
///
/// # Errors
/// If no job has ended with results, or no strategy has the baseline's name.
pub fn section(
    setting: Option<Setting>,
    sources: Vec<Source>,
    wish: &Wish<'_>,
) -> Result<Section, ComparisonError> {
    let (of_summaries, of_rows): (Vec<Source>, Vec<Source>) =
        sources.into_iter().partition(|source| !(source.summaries.is_empty() && source.left_out.is_empty()));
    let runs: Vec<Run> = of_rows.into_iter().map(|source| source.run).collect();
    let (mut replications, mut warnings) = replications(&runs, wish.by);
    for source in of_summaries {
        replications.extend(source.summaries);
        warnings.extend(source.left_out);
    }
    let members = Members::new(replications.clone(), wish.by);
    let comparison = compare_by(wish.metric, replications, wish.baseline, warnings)?;
    let strategies = members.groups().iter().map(figures).collect();
    let why = why(members.groups(), &comparison);
    let timelines = timelines(&runs, &members, &comparison);
    let value = setting.as_ref().and_then(|setting| setting.number);
    let title = setting.as_ref().map(Setting::title);
    let written = setting.map(|setting| setting.text);
    Ok(Section {
        setting: title,
        setting_text: written,
        setting_value: value,
        comparison,
        why,
        strategies,
        timelines,
    })
}

/// Why the best strategy is the best, and what else stands out.
fn why(groups: &[Group], comparison: &Comparison) -> Vec<String> {
    let nodes: BTreeSet<&String> =
        groups.iter().flat_map(Group::jobs).flat_map(|job| job.node_attempts.keys()).collect();
    let baseline = groups.iter().position(|group| group.name() == comparison.baseline).unwrap_or(0);
    explain(groups, baseline, comparison.metric, nodes.len()).sentences
}

fn figures(group: &Group) -> StrategyFigures {
    let seconds = |us: u64| us as f64 / 1e6;
    let of_seed = |(seed, jobs): (&u64, &Vec<Replication>)| {
        let figure = |metric: Metric| {
            let figures: Vec<f64> = jobs.iter().filter_map(|job| metric.of(job)).collect();
            geometric_mean(&figures)
        };
        Some(SeedFigures {
            seed: seed.to_string(),
            makespan_s: figure(Metric::Makespan)?,
            latency_mean_s: figure(Metric::Mean),
            latency_p99_s: figure(Metric::P99),
        })
    };
    let latencies = group.jobs().flat_map(|job| &job.latencies_us).map(|&us| seconds(us)).collect();
    let part = |place: usize| {
        mean(&group.figures(|job| job.latency.as_ref().map(|latency| 1e3 * latency.parts.all()[place])))
    };
    let [wire, lost, waiting, queue, delay, service] = [0, 1, 2, 3, 4, 5].map(part);
    let parts = move || {
        Some(MeanParts {
            wire_ms: wire?,
            lost_ms: lost?,
            waiting_ms: waiting?,
            queue_ms: queue?,
            delay_ms: delay?,
            service_ms: service?,
        })
    };
    StrategyFigures {
        name: group.name(),
        seeds: group.seeds().iter().filter_map(of_seed).collect(),
        latency_quantiles_s: latencies::spread(latencies),
        parts: parts(),
    }
}

/// The best strategy, the baseline and the worst under one seed: that with the median makespan of the best.
fn timelines(runs: &[Run], members: &Members, comparison: &Comparison) -> Vec<Timeline> {
    let worst = members
        .groups()
        .iter()
        .max_by(|left, right| left.mean(comparison.metric).total_cmp(&right.mean(comparison.metric)))
        .map(Group::name);
    let names = members.names();
    let mut jobs: Vec<(usize, &Run, &records::JobRow)> = Vec::new();
    for run in runs {
        jobs.extend(run.jobs.iter().filter_map(|job| Some((members.of_job(run, job)?, run, job))));
    }
    let mut of_best: Vec<_> =
        jobs.iter().filter(|(index, ..)| names[*index] == comparison.overall.best).collect();
    of_best.sort_by_key(|(.., job)| job.makespan_us);
    let Some((.., middle)) = of_best.get(of_best.len().saturating_sub(1) / 2) else {
        return Vec::new();
    };
    let wanted = [Some(&comparison.overall.best), Some(&comparison.baseline), worst.as_ref()];
    let mut told = BTreeSet::new();
    wanted
        .into_iter()
        .flatten()
        .filter(|name| told.insert((*name).clone()))
        .filter_map(|name| {
            let (_, run, job) =
                jobs.iter().find(|(index, _, job)| names[*index] == *name && job.seed == middle.seed)?;
            Some(timeline(run, job, name))
        })
        .collect()
}

#[doc(hidden)] // for tests, here and in the crates above
pub mod examples {
    //! Made-up records for tests of the report.

    use cluster::Admission;
    use records::manifest::Host;
    use records::{AttemptOutcome, AttemptRow, JobOutcome, JobRow, Manifest, Run, TaskOutcome, TaskRow};
    use std::path::PathBuf;

    /// One attempt of a task.
    pub fn attempt(
        job: &str,
        task: u64,
        number: u32,
        outcome: AttemptOutcome,
        begun_us: u64,
        total_us: u64,
    ) -> AttemptRow {
        AttemptRow {
            run: "run".into(),
            job_key: job.into(),
            task,
            attempt: number,
            strategy: "random".into(),
            admission: Admission::MayReject,
            operation: "edges".into(),
            image: "a.png".into(),
            node: "node0".into(),
            outcome,
            reason: "".into(),
            delayed: false,
            begun_us,
            queue_us: 0,
            delay_us: 0,
            read_us: 0,
            decode_us: 0,
            operation_us: 0,
            encode_us: 0,
            write_us: 0,
            wire_us: 0,
            total_us,
            bytes_in: 0,
            bytes_out: 0,
            width: 0,
            height: 0,
            seed: 7,
            segment: "".into(),
        }
    }

    /// A finished task.
    pub fn task(job: &str, index: u64, latency_us: u64) -> TaskRow {
        TaskRow {
            run: "run".into(),
            job_key: job.into(),
            task: index,
            image: "a.png".into(),
            outcome: TaskOutcome::Done,
            reason: "".into(),
            attempts: 1,
            rejections: 0,
            delays: 0,
            lost: 0,
            node: "node0".into(),
            submitted_us: 0,
            started_us: 0,
            ended_us: latency_us,
            latency_us,
        }
    }

    /// A finished job.
    pub fn job(key: &str, strategy: &str, seed: u64, makespan_us: u64) -> JobRow {
        JobRow {
            run: "run".into(),
            job_key: key.into(),
            label: "label".into(),
            strategy: strategy.into(),
            admission: Admission::MayReject,
            operation: "edges".into(),
            seed,
            state: JobOutcome::Done,
            tasks: 2,
            done: 2,
            failed: 0,
            attempts: 3,
            rejected: 1,
            delayed: 1,
            lost: 0,
            makespan_us,
            nodes: 1,
            started_utc: "2026-01-01T00:00:00Z".into(),
            why: "".into(),
            dropped: 0,
            source: "".into(),
            transfer: "".into(),
        }
    }

    /// A run of these jobs.
    pub fn run(path: &str, settings: &[(&str, &str)], jobs: &[JobRow]) -> Run {
        let manifest = Manifest {
            schema_version: 1,
            program: "server".to_owned(),
            program_version: "0.1.0".to_owned(),
            git_revision: None,
            command_line: vec!["server".to_owned()],
            label: "label".to_owned(),
            seed: 7,
            started_utc: "2026-01-01T00:00:00Z".to_owned(),
            host: Host { cores: 2, system: "linux".to_owned(), architecture: "x86_64".to_owned() },
            machines: Vec::new(),
            settings: settings.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect(),
        };
        Run {
            path: PathBuf::from(path),
            manifest: Some(manifest),
            attempts: Vec::new(),
            tasks: Vec::new(),
            jobs: jobs.to_vec(),
            nodes: Vec::new(),
            torn_rows: 0,
        }
    }

    /// `random` and a faster `ours` under three seeds, two tasks a job, one of them refused and then delayed.
    pub fn two_strategies(settings: &[(&str, &str)], slowness: f64) -> Run {
        let mut whole = run("results/example", settings, &[]);
        for (strategy, factor) in [("random", 1.0), ("ours", 0.6)] {
            for (seed, luck) in [(1, 1.0), (2, 1.1), (3, 0.95)] {
                let scaled = |us: f64| (us * factor * luck * slowness) as u64;
                let key = format!("{strategy}-{seed}");
                whole.jobs.push(job(&key, strategy, seed, scaled(60_000.0)));
                whole.tasks.extend([task(&key, 0, scaled(10_000.0)), task(&key, 1, scaled(60_000.0))]);
                let done = AttemptOutcome::Done;
                let first = attempt(&key, 0, 1, done, 0, scaled(10_000.0));
                let refused = attempt(&key, 1, 1, AttemptOutcome::Rejected, 0, 500);
                let second = AttemptRow {
                    node: "node1".into(),
                    delayed: true,
                    delay_us: scaled(40_000.0),
                    wire_us: 300,
                    ..attempt(&key, 1, 2, done, 500, scaled(60_000.0) - 500)
                };
                whole.attempts.extend([refused, first, second].map(|row| AttemptRow {
                    strategy: strategy.into(),
                    seed,
                    ..row
                }));
            }
        }
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::examples::two_strategies;
    use super::*;
    use crate::comparison::source::By;

    fn wish() -> Wish<'static> {
        Wish {
            title: "Example",
            command: "lab report results/example",
            metric: Metric::Makespan,
            baseline: None,
            by: By::Label,
        }
    }

    #[test]
    fn the_section_of_a_small_run() {
        let section = section(None, vec![Source::rows(two_strategies(&[], 1.0))], &wish()).unwrap();
        let names: Vec<&str> = section.strategies.iter().map(|figures| figures.name.as_str()).collect();
        assert_eq!(names, ["random", "ours"]);
        let random = &section.strategies[0];
        let seeds: Vec<String> =
            random.seeds.iter().map(|seed| format!("{}: {:.3}", seed.seed, seed.makespan_s)).collect();
        assert_eq!(seeds, ["1: 0.060", "2: 0.066", "3: 0.057"]);
        let mean_latency_ms = (10.0 + 60.0 + 11.0 + 66.0 + 9.5 + 57.0) / 6.0;
        assert!((random.parts.unwrap().sum() - mean_latency_ms).abs() < 1e-9);
    }

    #[test]
    fn summaries_have_figures_and_no_jobs_in_detail() {
        let run = two_strategies(&[], 1.0);
        let (mut summaries, _) = replications(std::slice::from_ref(&run), By::Label);
        summaries.iter_mut().for_each(|summary| summary.latencies_us.clear());
        let rows: Vec<records::SummaryRow> = summaries
            .iter()
            .map(|summary| {
                crate::comparison::summary_row::to_row(
                    summary,
                    &"r".into(),
                    "l",
                    1,
                    records::JobOutcome::Done,
                )
            })
            .collect();
        let bare = Run { tasks: vec![], attempts: vec![], ..run };
        let section = section(None, vec![Source::with_summaries(bare, &rows)], &wish()).unwrap();
        assert_eq!(section.strategies[0].seeds.len(), 3);
        assert!(section.strategies[0].parts.is_some());
        assert_eq!((section.strategies[0].latency_quantiles_s.len(), section.timelines.len()), (0, 0));
    }

    #[test]
    fn the_best_and_the_baseline_are_shown_under_one_seed() {
        let section = section(None, vec![Source::rows(two_strategies(&[], 1.0))], &wish()).unwrap();
        let shown: Vec<(&str, u64)> =
            section.timelines.iter().map(|timeline| (timeline.strategy.as_str(), timeline.seed)).collect();
        assert_eq!(shown, [("ours", 1), ("random", 1)]);
    }
}
