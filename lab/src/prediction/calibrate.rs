//! A model from recorded runs: probabilities by their coins, work by task and node, wire by node.

use super::PredictionError;
use super::bracket::Bracket;
use super::hand_over::Crowds;
use super::model::{Model, NodeModel, SCHEMA_VERSION, quantiles};
use super::told;
use cluster::Admission;
use evidence::report::node_order::node_order;
use luck::{Purpose, Seed};
use records::{AttemptOutcome, AttemptRow, Run};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The reason in records of attempts that the load model refused.
const BY_LOAD: &str = "load";

/// Rounds of fitting the tasks' work and the nodes' speeds by turns; both settle within a few.
const ROUNDS: usize = 20;

/// The model of all attempts of `runs`.
///
/// # Errors
/// If no attempt brought a result.
pub fn calibrate(runs: &[Run]) -> Result<Model, PredictionError> {
    let attempts: Vec<&AttemptRow> = runs.iter().flat_map(|run| &run.attempts).collect();
    let done: Vec<&AttemptRow> =
        attempts.iter().filter(|attempt| attempt.outcome == AttemptOutcome::Done).copied().collect();
    if done.is_empty() {
        return Err(PredictionError::NoResults);
    }
    let names = names(runs, &attempts);
    let work = Work::fit(&done);
    let crowds = Crowds::of(runs);
    let nodes = names
        .iter()
        .map(|name| {
            let own: Vec<&AttemptRow> = attempts.iter().filter(|row| &*row.node == *name).copied().collect();
            let coins = Coins::of(&own);
            let fitted = node(name, &own, &coins, &work, &crowds);
            match told::by_node(runs, name) {
                Some(told) => told::with_told(fitted, told, &coins),
                None => NodeModel { slots: told::slots(runs, name).unwrap_or(fitted.slots), ..fitted },
            }
        })
        .collect();
    let seeds: BTreeSet<u64> = attempts.iter().map(|attempt| attempt.seed).collect();
    Ok(Model {
        schema_version: SCHEMA_VERSION,
        fitted_to: runs.iter().map(|run| run.path.display().to_string()).collect(),
        max_in_flight: told::in_flight(runs).unwrap_or_else(|| in_flight(&attempts)),
        hand_over_us: crowds.hand_over_us(runs),
        seeds: seeds.iter().map(u64::to_string).collect(),
        arrivals_us: arrivals(runs),
        work_us: work.by_task(&attempts),
        work_spread: work.spread.clone(),
        nodes,
    })
}

/// Names of the nodes in the order of their numbers, which decides whom a policy's coins mean: the order of
/// `machine.txt` where a manifest has it, else that of the numbers in the names.
fn names<'a>(runs: &'a [Run], attempts: &[&'a AttemptRow]) -> Vec<&'a str> {
    let seen: BTreeSet<&str> = attempts.iter().map(|attempt| &*attempt.node).collect();
    let manifest = runs.iter().find_map(|run| run.manifest.as_ref());
    let listed = manifest.iter().flat_map(|manifest| &manifest.machines);
    let listed: Vec<&str> = listed.filter_map(|line| line.split_whitespace().next()).collect();
    let place = |name: &str| listed.iter().position(|other| *other == name).unwrap_or(listed.len());
    let mut names: Vec<&str> = seen.into_iter().collect();
    names.sort_by_key(|name| (place(name), node_order(name)));
    names
}

/// What an attempt computed: its round trip without wire, queue and delay.
pub(super) fn service_us(attempt: &AttemptRow) -> u64 {
    attempt
        .total_us
        .saturating_sub(attempt.wire_us)
        .saturating_sub(attempt.queue_us)
        .saturating_sub(attempt.delay_us)
}

/// Round trip on the wire: all of it for an attempt that was refused.
pub(super) fn wire_us(attempt: &AttemptRow) -> u64 {
    if attempt.outcome == AttemptOutcome::Rejected { attempt.total_us } else { attempt.wire_us }
}

/// Work is a task's own amount, divided by the node's speed, times a spread.
#[derive(Debug)]
struct Work {
    /// Logarithm of the microseconds, by task.
    tasks: HashMap<u64, f64>,
    /// Logarithm of the slowness, by node; 0 on average.
    nodes: HashMap<String, f64>,
    spread: Vec<f64>,
}

impl Work {
    /// Least squares of the logarithms, by fitting tasks and nodes in turns.
    fn fit(done: &[&AttemptRow]) -> Work {
        let samples: Vec<(u64, &str, f64)> = done
            .iter()
            .map(|attempt| (attempt.task, &*attempt.node, (service_us(attempt).max(1) as f64).ln()))
            .collect();
        let mut tasks: HashMap<u64, f64> = HashMap::new();
        let mut nodes: HashMap<&str, f64> = HashMap::new();
        for _ in 0..ROUNDS {
            tasks =
                means(samples.iter().map(|(task, node, log)| (*task, log - nodes.get(node).unwrap_or(&0.0))));
            nodes = means(samples.iter().map(|(task, node, log)| (*node, log - tasks[task])));
            let middle = nodes.values().sum::<f64>() / nodes.len() as f64;
            nodes.values_mut().for_each(|slowness| *slowness -= middle);
        }
        let residuals = samples.iter().map(|(task, node, log)| (log - tasks[task] - nodes[node]).exp());
        let spread = quantiles(residuals.collect());
        Work {
            tasks,
            nodes: nodes.into_iter().map(|(name, slowness)| (name.to_owned(), slowness)).collect(),
            spread,
        }
    }

    /// Microseconds by the tasks' numbers; tasks that never succeeded take what the others take on average.
    fn by_task(&self, attempts: &[&AttemptRow]) -> Vec<f64> {
        let count = attempts.iter().map(|attempt| attempt.task + 1).max().unwrap_or(0);
        let average = self.tasks.values().sum::<f64>() / self.tasks.len().max(1) as f64;
        (0..count).map(|task| self.tasks.get(&task).copied().unwrap_or(average).exp()).collect()
    }

    fn speed(&self, node: &str) -> f64 {
        (-self.nodes.get(node).copied().unwrap_or(0.0)).exp()
    }
}

fn means<K: std::hash::Hash + Eq>(values: impl Iterator<Item = (K, f64)>) -> HashMap<K, f64> {
    let mut sums: HashMap<K, (f64, f64)> = HashMap::new();
    for (key, value) in values {
        let (sum, count) = sums.entry(key).or_default();
        *sum += value;
        *count += 1.0;
    }
    sums.into_iter().map(|(key, (sum, count))| (key, sum / count)).collect()
}

/// What the coins that were thrown on a node say of its probabilities.
pub(super) struct Coins {
    pub(super) reject: Bracket,
    pub(super) delay: Bracket,
}

impl Coins {
    fn of(own: &[&AttemptRow]) -> Coins {
        Coins { reject: rejections(own), delay: delays(own) }
    }
}

fn node(name: &str, own: &[&AttemptRow], coins: &Coins, work: &Work, crowds: &Crowds<'_>) -> NodeModel {
    let Coins { reject, delay } = coins;
    let mut delays_us: Vec<u64> = own.iter().filter(|row| row.delayed).map(|row| row.delay_us).collect();
    delays_us.sort_unstable();
    let answered =
        |row: &&&AttemptRow| matches!(row.outcome, AttemptOutcome::Done | AttemptOutcome::Rejected);
    let wire = quantiles(own.iter().filter(answered).map(|row| crowds.wire_us(row)).collect());
    // A node that was never asked whether it refuses is taken to refuse as it delays, as in the original.
    let delay_probability = delay.probability().unwrap_or(0.0);
    NodeModel {
        name: name.to_owned(),
        slots: slots(own),
        queue: None,
        speed: work.speed(name),
        reject: reject.probability().unwrap_or(delay_probability),
        reject_is_exact: reject.is_consistent() && reject.tried() > 0,
        delay: delay_probability,
        delay_is_exact: delay.is_consistent() && delay.tried() > 0,
        delay_us: delays_us.get(delays_us.len() / 2).copied().unwrap_or(0),
        wire_us: if wire.is_empty() {
            vec![0]
        } else {
            wire.into_iter().map(|us| us.round() as u64).collect()
        },
    }
}

fn rejections(own: &[&AttemptRow]) -> Bracket {
    let mut bracket = Bracket::default();
    for row in own.iter().filter(|row| row.admission == Admission::MayReject) {
        let refused = row.outcome == AttemptOutcome::Rejected;
        let accepted = matches!(row.outcome, AttemptOutcome::Done | AttemptOutcome::Failed);
        if accepted || (refused && &*row.reason == BY_LOAD) {
            bracket.hear(coin(row, Purpose::Reject), refused);
        }
    }
    bracket
}

fn delays(own: &[&AttemptRow]) -> Bracket {
    let mut bracket = Bracket::default();
    for row in own.iter().filter(|row| row.outcome == AttemptOutcome::Done) {
        bracket.hear(coin(row, Purpose::Delay), row.delayed);
    }
    bracket
}

fn coin(row: &AttemptRow, purpose: Purpose) -> f64 {
    Seed(row.seed).coin(purpose, row.task, u64::from(row.attempt)).uniform()
}

/// Attempts that were in a slot at the same time, at most.
///
/// Only the middle half of each one's time counts: when an attempt really began is known to the thread that carried it
/// out and not to the record, and two that followed each other in one slot must not seem to have been in two.
fn slots(own: &[&AttemptRow]) -> u32 {
    let in_slot = own.iter().filter(|row| row.outcome == AttemptOutcome::Done).map(|row| {
        let held = row.total_us.saturating_sub(row.wire_us).saturating_sub(row.queue_us);
        let from = row.begun_us + row.wire_us / 2 + row.queue_us;
        (&*row.job_key, from + held / 4, from + held - held / 4)
    });
    most_at_once(in_slot)
}

/// Attempts of one job that were in flight at the same time, at most.
fn in_flight(attempts: &[&AttemptRow]) -> u32 {
    most_at_once(attempts.iter().map(|row| (&*row.job_key, row.begun_us, row.begun_us + row.total_us)))
}

/// The largest number of intervals of one job that share a moment, at least 1.
fn most_at_once<'a>(intervals: impl Iterator<Item = (&'a str, u64, u64)>) -> u32 {
    let mut jobs: BTreeMap<&str, Vec<(u64, i32)>> = BTreeMap::new();
    for (job, from, to) in intervals.filter(|(_, from, to)| from < to) {
        // Ends sort before beginnings of the same microsecond.
        jobs.entry(job).or_default().extend([(from, 1), (to, -1)]);
    }
    let most = jobs.into_values().map(|mut edges| {
        edges.sort_unstable();
        let mut now = 0;
        edges
            .into_iter()
            .map(|(_, step)| {
                now += step;
                now
            })
            .max()
            .unwrap_or(0)
    });
    u32::try_from(most.max().unwrap_or(0)).unwrap_or(0).max(1)
}

/// Arrival times of the longest job, or nothing if its tasks all came at its start.
fn arrivals(runs: &[Run]) -> Vec<u64> {
    let mut jobs: HashMap<&str, Vec<u64>> = HashMap::new();
    for task in runs.iter().flat_map(|run| &run.tasks) {
        jobs.entry(&task.job_key).or_default().push(task.submitted_us);
    }
    let mut times =
        jobs.into_values().max_by_key(|times| (times.len(), times.iter().sum::<u64>())).unwrap_or_default();
    times.sort_unstable();
    if times.iter().all(|&time| time == 0) { Vec::new() } else { times }
}

#[cfg(test)]
mod tests {
    use super::super::model::examples::model;
    use super::super::scenario::{Change, scenario};
    use super::super::world::play;
    use super::*;
    use evidence::report::section::examples::{attempt, run};

    /// Records of the example model under eight seeds.
    fn recorded(model: &Model) -> Vec<Run> {
        let change = Change { tasks: Some(200), ..Change::default() };
        (1..=8)
            .map(|seed| play(&scenario(model, "load_balancing", seed, &change).unwrap(), "recorded").unwrap())
            .collect()
    }

    #[test]
    fn a_model_is_found_again_from_its_records() {
        let mut truth = model();
        truth.nodes[1].speed = 1.0;
        truth.work_us = vec![10_000.0, 20_000.0, 30_000.0];
        let found = calibrate(&recorded(&truth)).unwrap();
        let [first, second] = found.nodes.as_slice() else { panic!("{found:?}") };
        assert_eq!((first.reject, first.delay, first.delay_us), (0.8, 0.8, 50_000));
        assert_eq!((second.reject, second.delay), (0.2, 0.2));
        assert!(first.reject_is_exact && second.delay_is_exact);
        assert_eq!((first.slots, second.slots, found.max_in_flight), (2, 2, 4));
        assert_eq!((first.wire_us[0], found.seeds.len()), (200, 8));
        for (task, expected) in [(0, 10_000.0), (1, 20_000.0), (2, 30_000.0), (3, 10_000.0)] {
            assert!((found.work_us[task] / expected - 1.0).abs() < 1e-3, "{task}: {}", found.work_us[task]);
        }
    }

    #[test]
    fn a_faster_node_is_told_from_an_easier_task() {
        let mut truth = model();
        truth.nodes[0].speed = 0.5;
        truth.nodes[1].speed = 2.0;
        truth.work_us = vec![10_000.0, 20_000.0, 30_000.0];
        let found = calibrate(&recorded(&truth)).unwrap();
        let ratio = found.nodes[1].speed / found.nodes[0].speed;
        assert!((ratio - 4.0).abs() < 0.01, "{ratio}");
        let ratio = found.work_us[2] / found.work_us[0];
        assert!((ratio - 3.0).abs() < 0.01, "{ratio}");
    }

    #[test]
    fn a_load_that_changes_is_told_as_a_share() {
        let mut rows: Vec<AttemptRow> = Vec::new();
        for task in 0..100 {
            // Refuses the first half of all tasks and none of the second, whatever their coins.
            let (outcome, reason) = match task {
                0..50 => (AttemptOutcome::Rejected, BY_LOAD),
                _ => (AttemptOutcome::Done, ""),
            };
            rows.push(AttemptRow { reason: reason.into(), ..attempt("j", task, 1, outcome, 0, 100) });
        }
        let model = calibrate(&[Run { attempts: rows, ..run("r", &[], &[]) }]).unwrap();
        assert!(!model.nodes[0].reject_is_exact);
        assert_eq!(model.nodes[0].reject, 0.5);
    }

    #[test]
    fn slots_that_a_manifest_tells_are_not_guessed() {
        let mut run =
            Run { attempts: vec![attempt("j", 0, 1, AttemptOutcome::Done, 0, 100)], ..run("r", &[], &[]) };
        run.manifest.as_mut().unwrap().machines = vec!["node0 slots=7 p=0.5".to_owned()];
        assert_eq!(calibrate(&[run]).unwrap().nodes[0].slots, 7);
    }

    #[test]
    fn nodes_keep_their_numbers() {
        let row =
            |node: &str| AttemptRow { node: node.into(), ..attempt("j", 0, 1, AttemptOutcome::Done, 0, 100) };
        let order = |machines: &[&str]| -> Vec<String> {
            let mut run = Run { attempts: ["b10", "b2", "a", "b1"].map(row).into(), ..run("r", &[], &[]) };
            run.manifest.as_mut().unwrap().machines = machines.iter().map(|&line| line.to_owned()).collect();
            calibrate(&[run]).unwrap().nodes.into_iter().map(|node| node.name).collect()
        };
        assert_eq!(order(&[]), ["b1", "b2", "b10", "a"]);
        assert_eq!(
            order(&["b2 127.0.0.1:1", "a 127.0.0.1:2", "server 127.0.0.1:5000"]),
            ["b2", "a", "b1", "b10"]
        );
    }

    #[test]
    fn nothing_is_fitted_to_nothing() {
        assert!(matches!(calibrate(&[run("r", &[], &[])]), Err(PredictionError::NoResults)));
    }
}
