//! What theory says of a cell, beside what was measured.

use crate::design::Setting;
use crate::simulation::scenario::scenario;
use cluster::Admission;
use evidence::comparison::{Group, Replication};
use evidence::statistics::student::two_sided_p_value;
use evidence::statistics::{mean, standard_deviation};
use luck::Seed;
use scheduler::Strategy;
use serde::Serialize;
use simulator::theory::expect::{self, Claim, Expectation, Quantity, expectations};

/// A prediction beside its measurement.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Checked {
    /// The policy's name in the tables.
    pub policy: String,
    /// The figure.
    pub quantity: String,
    /// What theory says.
    pub theory: f64,
    /// Mean over replications.
    pub measured: f64,
    /// Its standard error; none of one replication.
    pub standard_error: Option<f64>,
    /// Deviation in standard errors, where the law gives the mean itself.
    pub deviation: Option<f64>,
    /// Whether chance gives such a deviation less than once in 370 times: 3 standard errors of many seeds, 9 of four.
    pub contradicts: bool,
    /// How much the law claims: `exact`, `steady state`, `limit`, `approximation` or `lower bound`.
    pub claim: &'static str,
    /// Its name.
    pub law: &'static str,
}

/// How seldom chance gives a deviation that contradicts a law: that of 3 standard errors where these are known.
const CHANCE: f64 = 0.0027;

/// Holds what theory says of `strategy` in `setting` against what `group` measured.
pub fn check(setting: &Setting, strategy: &Strategy, group: &Group) -> Vec<Checked> {
    let checked = |expected: Expectation| {
        let measured = group.figures(|job| measure(expected.quantity, setting, job));
        let freedom = measured.len().saturating_sub(1);
        let standard_error =
            standard_deviation(&measured).map(|deviation| deviation / (measured.len() as f64).sqrt());
        let measured = mean(&measured)?;
        let off = measured - expected.value;
        let deviation = standard_error.map(|error| if off.abs() < 1e-9 { 0.0 } else { off / error });
        let binds = matches!(expected.claim, Claim::Exact | Claim::SteadyState);
        let deviation = deviation.filter(|_| binds);
        let chance = deviation.and_then(|deviation| two_sided_p_value(deviation, freedom));
        Some(Checked {
            policy: group.name(),
            quantity: name(expected.quantity, setting),
            theory: expected.value,
            measured,
            standard_error,
            deviation,
            contradicts: chance.is_some_and(|chance| chance < CHANCE),
            claim: word(expected.claim),
            law: expected.law,
        })
    };
    predictions(setting, strategy).into_iter().filter_map(checked).collect()
}

/// What closed forms say, where any does.
fn predictions(setting: &Setting, strategy: &Strategy) -> Vec<Expectation> {
    let Some(work) = &setting.work else { return Vec::new() };
    let mut scenario = scenario(setting, work, strategy, Seed(0), "");
    let mut all = expectations(&scenario);
    if setting.max_in_flight.is_some() && setting.schedulers == 1 {
        // How many attempts are in flight at once is nothing to their coins.
        scenario.jobs[0].spec.max_in_flight = u32::MAX;
        let coins = [Quantity::Attempts, Quantity::DelayedShare, Quantity::Wire];
        all.extend(expectations(&scenario).into_iter().filter(|expected| coins.contains(&expected.quantity)));
    }
    let slots: u64 = setting.nodes.iter().map(|node| u64::from(node.slots)).sum();
    if u64::from(setting.arrivals.tasks()) >= WAVES * slots {
        all.extend(expect::fluid_bound(&scenario));
    }
    // Of a node's shares the largest says enough.
    let largest = all
        .iter()
        .filter(|expected| matches!(expected.quantity, Quantity::AttemptShare { .. }))
        .map(|expected| expected.value)
        .fold(0.0, f64::max);
    all.retain(|expected| {
        !matches!(expected.quantity, Quantity::AttemptShare { .. }) || expected.value >= largest
    });
    // That nothing delays or refuses, or that a task is one attempt, is no discovery.
    all.retain(|expected| match expected.quantity {
        Quantity::Attempts => expected.value > 1.0 + 1e-9,
        Quantity::Wire => expected.value > 0.0 && strategy.admission == Admission::MayReject,
        _ => expected.value > 0.0,
    });
    all.truncate(MOST);
    all
}

/// Tasks for each slot from which on the fluid bound says something: with fewer the delays of single tasks rule.
const WAVES: u64 = 4;

/// Most expectations of a policy that are told: of twenty equal nodes one share is enough.
const MOST: usize = 6;

fn name(quantity: Quantity, setting: &Setting) -> String {
    match quantity {
        Quantity::Attempts => "attempts a task".to_owned(),
        Quantity::DelayedShare => "delayed share".to_owned(),
        Quantity::Wire => "wire s".to_owned(),
        Quantity::Latency => "mean s".to_owned(),
        Quantity::P99 => "p99 s".to_owned(),
        Quantity::Makespan => "makespan s".to_owned(),
        Quantity::AttemptShare { node } => format!("share of {}", setting.nodes[node].name),
    }
}

fn measure(quantity: Quantity, setting: &Setting, job: &Replication) -> Option<f64> {
    let latency = job.latency.as_ref();
    match quantity {
        Quantity::Attempts => Some(job.attempts as f64 / job.tasks.max(1) as f64),
        Quantity::DelayedShare => latency.map(|latency| latency.delayed as f64 / latency.tasks.max(1) as f64),
        Quantity::Wire => latency.map(|latency| latency.parts.wire),
        Quantity::Latency => latency.map(|latency| latency.parts.sum_s()),
        Quantity::P99 => latency.map(|latency| latency.p99_s),
        Quantity::Makespan => Some(job.makespan_us as f64 / 1e6),
        Quantity::AttemptShare { node } => {
            let all: u64 = job.node_attempts.values().sum();
            let own = job.node_attempts.get(&*setting.nodes[node].name).copied().unwrap_or(0);
            Some(own as f64 / all.max(1) as f64)
        }
    }
}

const fn word(claim: Claim) -> &'static str {
    match claim {
        Claim::Exact => "exact",
        Claim::SteadyState => "steady state",
        Claim::Limit => "limit",
        Claim::Approximation => "approximation",
        Claim::LowerBound => "lower bound",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::design;

    const TEXT: &str = "name = \"t\"\npolicies = [\"random\"]\n[nodes]\nload = [0.8, 0.6, 0.5, 0.2]\nwire = \"2ms\"\n\
                        [arrivals]\nkind = \"batch\"\ntasks = 8\n[work]\nservice = \"50ms\"\n";

    fn laws(change: &[&str], strategy: &str) -> Vec<(String, String)> {
        let change: Vec<String> = change.iter().map(|&one| one.to_owned()).collect();
        let design = design::parse(TEXT, &change).unwrap();
        let setting = &design.cells[0].setting;
        let told = predictions(setting, &strategy.parse().unwrap()).into_iter();
        told.map(|one| (name(one.quantity, setting), format!("{:.4}", one.value))).collect()
    }

    fn value(laws: &[(String, String)], quantity: &str) -> Option<String> {
        laws.iter().find(|(name, _)| name == quantity).map(|(_, value)| value.clone())
    }

    #[test]
    fn the_courses_vector() {
        let balanced = laws(&[], "load_balancing");
        // Retry elsewhere: a little fewer than the 2.105 attempts of a choice that may repeat itself.
        assert_eq!(value(&balanced, "attempts a task").as_deref(), Some("2.0466"), "{balanced:?}");
        assert_eq!(value(&laws(&[], "random"), "delayed share").as_deref(), Some("0.5250"));
        assert_eq!(laws(&[], "load_aware"), []);
    }

    #[test]
    fn few_seeds_contradict_a_law_less_easily_than_many() {
        use evidence::comparison::{examples, group::group};
        let design = design::parse(TEXT, &[]).unwrap();
        let checked = |seeds: u64| {
            // 2.15 attempts a task, give or take little, where 2.0466 is right.
            let job = |seed| Replication {
                attempts: 21 + seed / 2 % 2,
                ..examples::job("load_balancing", seed, 1_000)
            };
            let group = group((0..seeds).map(job).collect()).remove(0);
            let all = check(&design.cells[0].setting, &"load_balancing".parse().unwrap(), &group);
            all.into_iter().find(|one| one.quantity == "attempts a task").unwrap()
        };
        let (few, many) = (checked(4), checked(40));
        assert!(few.deviation.unwrap() > 3.0 && !few.contradicts, "{few:?}");
        assert!(many.contradicts, "{many:?}");
        assert!(!checked(1).contradicts);
    }

    #[test]
    fn a_bound_on_what_is_in_flight_leaves_the_coins_alone() {
        let bounded = laws(&["scheduler.max_in_flight=2"], "load_balancing");
        assert_eq!(
            value(&bounded, "attempts a task"),
            value(&laws(&[], "load_balancing"), "attempts a task")
        );
        assert_eq!(value(&bounded, "makespan s"), None);
    }

    #[test]
    fn large_batches_have_a_bound() {
        let large = laws(&["arrivals.tasks=1000", "nodes.slots=1"], "power_of_two");
        assert!(value(&large, "makespan s").is_some(), "{large:?}");
    }
}
