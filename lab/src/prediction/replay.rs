//! Recorded arrivals, work, wire and luck under another strategy: had you used it, how long would the job have taken?

use super::PredictionError;
use super::calibrate::{calibrate, service_us, wire_us};
use super::model::Model;
use super::scenario::{Change, scenario};
use super::world::play;
use records::{AttemptOutcome, AttemptRow, JobOutcome, JobRow, Run, TaskRow};
use scheduler::Micros;
use simulator::{Arrivals, DecisionLog, Scenario, Work, simulate_into};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// A recorded job, as it was and as it would have been.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replayed {
    /// Its key.
    pub job_key: String,
    /// Its seed.
    pub seed: u64,
    /// The strategy that it ran under.
    pub recorded_strategy: String,
    /// Its recorded makespan.
    pub recorded_us: u64,
    /// Its makespan when it is replayed under its own strategy: what is wrong with it is the model's error.
    pub own_us: u64,
    /// Its makespan under the other strategy, if there is one.
    pub other_us: Option<u64>,
    /// Recorded attempts.
    pub attempts: usize,
    /// Of them, those that the replay under its own strategy begins on the same node with the same outcome.
    pub attempts_alike: usize,
    /// Whether that replay gives every row of its attempts again, to the microsecond.
    pub is_exact: bool,
}

/// Replays every job of `run` that has ended with results, under its own strategy and, if there is one, under `strategy`.
/// `slots` is for nodes whose number cannot be seen from the records.
///
/// # Errors
/// If the strategy is unknown, or there is nothing to replay.
pub fn replay(
    run: &Run,
    strategy: Option<&str>,
    slots: Option<u32>,
) -> Result<Vec<Replayed>, PredictionError> {
    let model = calibrate(std::slice::from_ref(run))?;
    let jobs = run.jobs.iter().filter(|job| matches!(job.state, JobOutcome::Done | JobOutcome::Partial));
    jobs.map(|job| {
        let own = play(&recorded_scenario(&model, run, job, &job.strategy, slots)?, "own")?;
        let other = strategy.map(|strategy| {
            let other = recorded_scenario(&model, run, job, strategy, slots)?;
            play(&other, "other")
        });
        let other = other.transpose()?;
        let recorded: Vec<&AttemptRow> = attempts(run, job).collect();
        let makespan = |run: &Run| run.jobs.first().map_or(0, |job| job.makespan_us);
        Ok(Replayed {
            job_key: job.job_key.to_string(),
            seed: job.seed,
            recorded_strategy: job.strategy.to_string(),
            recorded_us: job.makespan_us,
            own_us: makespan(&own),
            other_us: other.as_ref().map(makespan),
            attempts: recorded.len(),
            attempts_alike: alike(&recorded, &own),
            is_exact: recorded.len() == own.attempts.len()
                && recorded.iter().zip(&own.attempts).all(|(left, right)| same_times(left, right)),
        })
    })
    .collect()
}

/// What the scheduler decides when `job` of `run` is replayed under `strategy`, a line a decision.
///
/// # Errors
/// If the strategy is unknown, or there is nothing to replay.
pub fn decisions(
    run: &Run,
    job: &JobRow,
    strategy: &str,
    slots: Option<u32>,
) -> Result<String, PredictionError> {
    let model = calibrate(std::slice::from_ref(run))?;
    let mut log = DecisionLog::default();
    simulate_into(&recorded_scenario(&model, run, job, strategy, slots)?, &mut log)?;
    Ok(log.text)
}

fn attempts<'a>(run: &'a Run, job: &'a JobRow) -> impl Iterator<Item = &'a AttemptRow> {
    run.attempts.iter().filter(|attempt| attempt.job_key == job.job_key)
}

/// `job` of `run` under `strategy`, with all that was recorded of it.
fn recorded_scenario(
    model: &Model,
    run: &Run,
    job: &JobRow,
    strategy: &str,
    slots: Option<u32>,
) -> Result<Scenario, PredictionError> {
    let recorded: Vec<&AttemptRow> = attempts(run, job).collect();
    let is_own = strategy == &*job.strategy;
    let change =
        Change { slots, tasks: Some(u32::try_from(job.tasks).unwrap_or(u32::MAX)), ..Change::default() };
    let closed = Model { arrivals_us: Vec::new(), ..model.clone() };
    let mut scenario = scenario(&closed, strategy, job.seed, &change)?;
    for plan in &mut scenario.nodes {
        if is_own {
            // Every task meets its own node again: its recorded work is already that node's.
            plan.speed = 1.0;
        }
    }
    let speed = |node: &str| {
        let known = scenario.nodes.iter().find(|plan| &*plan.name == node);
        known.map_or(1.0, |plan| plan.speed)
    };
    let work = work(job, &recorded, speed, model);
    let plan = &mut scenario.jobs[0];
    plan.key = Arc::clone(&job.job_key);
    plan.spec.strategy.admission = if is_own { job.admission } else { plan.spec.strategy.admission };
    plan.arrivals = arrivals(run, job, plan.arrivals.clone());
    plan.work = Work::Recorded(work.into());
    let wire = recorded
        .iter()
        .filter(|row| row.outcome != AttemptOutcome::Lost)
        .map(|row| ((row.task as u32, row.attempt), Duration::from_micros(wire_us(row))));
    plan.recorded_wire = Some(Arc::new(wire.collect()));
    Ok(scenario)
}

/// The work of each task at speed 1: that of the attempt that succeeded, or the model's.
fn work(job: &JobRow, recorded: &[&AttemptRow], speed: impl Fn(&str) -> f64, model: &Model) -> Vec<Duration> {
    let mut known: BTreeMap<u64, (u64, &AttemptRow)> = BTreeMap::new();
    for row in recorded.iter().filter(|row| row.outcome == AttemptOutcome::Done) {
        let end = row.begun_us + row.total_us;
        let entry = known.entry(row.task).or_insert((end, row));
        if end < entry.0 {
            *entry = (end, row);
        }
    }
    (0..job.tasks.max(1))
        .map(|task| match known.get(&task) {
            Some((_, row)) => {
                Duration::from_nanos((1e3 * service_us(row) as f64 * speed(&row.node)).round() as u64)
            }
            None => Duration::from_nanos((1e3 * model.work_us[task as usize % model.work_us.len()]) as u64),
        })
        .collect()
}

/// The recorded arrivals, or `at_once` if all tasks came at the start.
fn arrivals(run: &Run, job: &JobRow, at_once: Arrivals) -> Arrivals {
    let own = run.tasks.iter().filter(|task: &&TaskRow| task.job_key == job.job_key);
    let mut times: Vec<(u64, u64)> = own.map(|task| (task.task, task.submitted_us)).collect();
    times.sort_unstable();
    if times.iter().all(|(_, submitted_us)| *submitted_us == 0) {
        return at_once;
    }
    Arrivals::Trace(times.into_iter().map(|(_, submitted_us)| Micros(submitted_us)).collect())
}

/// Recorded attempts that `own` begins on the same node with the same outcome.
fn alike(recorded: &[&AttemptRow], own: &Run) -> usize {
    let replayed: BTreeMap<(u64, u32), &AttemptRow> =
        own.attempts.iter().map(|row| ((row.task, row.attempt), row)).collect();
    let same = |row: &&&AttemptRow| {
        replayed
            .get(&(row.task, row.attempt))
            .is_some_and(|other| other.node == row.node && other.outcome == row.outcome)
    };
    recorded.iter().filter(same).count()
}

fn same_times(left: &AttemptRow, right: &AttemptRow) -> bool {
    let key = |row: &AttemptRow| {
        let times = (row.begun_us, row.total_us, row.queue_us, row.delay_us);
        (row.task, row.attempt, row.node.clone(), row.outcome, row.delayed, times)
    };
    key(left) == key(right)
}

#[cfg(test)]
mod tests {
    use super::*;
    use cluster::{ChangingLoad, Probability};
    use luck::Seed;
    use simulator::{Collected, Distribution, JobPlan, NodePlan, Rows};

    const MS: Duration = Duration::from_millis(1);

    /// A job as somebody would simulate it, with random work and wire that no model knows.
    fn original(strategy: &str, arrivals: Arrivals) -> Scenario {
        let load = |p| ChangingLoad::both(Probability::clamped(p).into(), 40 * MS);
        let nodes = [0.8, 0.6, 0.5, 0.2].into_iter().enumerate().map(|(index, p)| NodePlan {
            load: load(p),
            wire: Distribution::Uniform { low: MS / 5, high: MS },
            tells_load: true,
            ..NodePlan::new(format!("node{index}"), 2)
        });
        let work = Work::ByTask(Distribution::Exponential { mean: 10 * MS });
        let mut job = JobPlan::new(strategy.parse().unwrap(), Seed(5), arrivals, work);
        job.key = "original".into();
        job.spec.max_in_flight = 8;
        Scenario::new(nodes.collect(), job)
    }

    fn recorded(scenario: &Scenario) -> (Run, String) {
        let mut rows = Rows::new(scenario, "r".into(), "r", "", Collected::default());
        let mut log = DecisionLog::default();
        simulate_into(scenario, (&mut rows, &mut log)).unwrap();
        let Collected { attempts, tasks, jobs } = rows.sink;
        (
            Run { path: "r".into(), manifest: None, attempts, tasks, jobs, nodes: Vec::new(), torn_rows: 0 },
            log.text,
        )
    }

    #[test]
    fn the_own_strategy_gives_the_decision_log_again_byte_for_byte() {
        let batch = || Arrivals::AllAtOnce { tasks: 300 };
        let stream = || Arrivals::Poisson { per_second: 150.0, tasks: 300 };
        for strategy in
            ["random", "load_balancing", "round_robin", "least_connections", "power_of_two", "load_aware"]
        {
            for arrivals in [batch(), stream()] {
                let scenario = original(strategy, arrivals);
                let (run, log) = recorded(&scenario);
                let again = decisions(&run, &run.jobs[0], strategy, Some(2)).unwrap();
                assert!(again == log, "{strategy}: the replay decides otherwise");
                let replayed = replay(&run, Some(strategy), Some(2)).unwrap();
                assert!(
                    replayed[0].is_exact && replayed[0].own_us == replayed[0].recorded_us,
                    "{replayed:?}"
                );
                assert_eq!(replayed[0].attempts, replayed[0].attempts_alike);
            }
        }
    }

    #[test]
    fn another_strategy_takes_as_long_as_it_would_have_taken() {
        let batch = || Arrivals::AllAtOnce { tasks: 400 };
        let (run, _) = recorded(&original("random", batch()));
        let (truth, _) = recorded(&original("least_connections", batch()));
        let replayed = replay(&run, Some("least_connections"), Some(2)).unwrap();
        let error = replayed[0].other_us.unwrap() as f64 / truth.jobs[0].makespan_us as f64 - 1.0;
        assert!(error.abs() < 0.1, "{error}: {replayed:?}");
    }

    #[test]
    fn an_unknown_strategy_is_refused() {
        let (run, _) = recorded(&original("random", Arrivals::AllAtOnce { tasks: 10 }));
        assert!(replay(&run, Some("best"), None).is_err());
    }
}
