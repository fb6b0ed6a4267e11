//! What every policy of the table must do. It runs over the whole table, so a new policy is tested by being listed.

use crate::cluster::{Cluster, ModelNode, Story};
use luck::Seed;
use scheduler::{JobEnd, JobSpec, Micros, Settings, Strategy, policy};

fn all() -> impl Iterator<Item = Strategy> {
    policy::ALL.iter().map(|entry| entry.name.parse().expect("the table's names parse"))
}

fn run(strategy: &Strategy, nodes: &[ModelNode], tasks: u32, seed: u64) -> Story {
    let mut spec = JobSpec::new(tasks, strategy.clone(), Seed(seed));
    spec.max_in_flight = 12;
    Cluster::new(nodes.to_vec()).submit_at(Micros(0), 1, spec).run(Settings::default())
}

fn loads(probabilities: &[f64]) -> Vec<ModelNode> {
    probabilities.iter().map(|&load| ModelNode::new(load)).collect()
}

#[test]
fn every_policy_finishes_every_task() {
    for strategy in all() {
        let story = run(&strategy, &loads(&[0.8, 0.6, 0.5, 0.2]), 300, 1);
        assert_eq!(story.ended[&1].0, JobEnd::Done, "{strategy}");
        assert_eq!(story.tasks.len(), 300, "{strategy}");
    }
}

#[test]
fn one_seed_gives_one_decision_log_and_another_seed_another() {
    for strategy in all() {
        let nodes = loads(&[0.8, 0.6, 0.5, 0.2]);
        let log = run(&strategy, &nodes, 200, 7).log;
        assert!(log.lines().count() > 400, "{strategy}: the log holds starts and ends");
        assert!(log == run(&strategy, &nodes, 200, 7).log, "{strategy}: two logs of one seed differ");
        assert!(log != run(&strategy, &nodes, 200, 8).log, "{strategy}: the seed does not reach the run");
    }
}

#[test]
fn every_policy_uses_every_node_of_equals() {
    for strategy in all() {
        let story = run(&strategy, &loads(&[0.2; 5]), 4_000, 3);
        let fewest = *story.attempts.iter().min().unwrap();
        let most = *story.attempts.iter().max().unwrap();
        // A sampling policy leans to nodes that were lucky early; none may starve.
        assert!(fewest * 10 > most, "{strategy}: equal nodes get unequal shares: {:?}", story.attempts);
    }
}

#[test]
fn no_policy_sends_a_task_back_to_the_node_that_refused_it() {
    for strategy in all() {
        let story = run(&strategy, &loads(&[1.0, 0.0]), 50, 5);
        assert_eq!(story.ended[&1].0, JobEnd::Done, "{strategy}");
        assert!(story.rejected <= 50, "{strategy}: {} rejections of 50 tasks", story.rejected);
    }
}

#[test]
fn a_node_that_dies_costs_time_and_no_task() {
    for strategy in all() {
        let mut nodes = loads(&[0.1, 0.1, 0.1]);
        nodes[1].dead = Some((Micros(20_000), Micros(600_000)));
        let story = run(&strategy, &nodes, 1_000, 2);
        assert_eq!(story.ended[&1].0, JobEnd::Done, "{strategy}");
        assert!(story.ended[&1].1.lost > 0, "{strategy}: the death was not felt");
        assert!(
            story.attempts[1] > 50,
            "{strategy}: the node came back and got nothing: {:?}",
            story.attempts
        );
    }
}

#[test]
fn a_rejection_never_looks_like_speed() {
    // One node refuses nine of ten at once, the others never. No policy that learns may prefer it.
    for name in [
        "weighted_response_time",
        "peak_ewma[samples=penalised]",
        "balanced_score",
        "load_aware",
        "load_aware[sampling=greedy]",
        "ballast",
        "oracle",
    ] {
        let story = run(&name.parse().unwrap(), &loads(&[0.0, 0.0, 0.0, 0.9]), 2_000, 4);
        let accepted = story.attempts[3] - story.rejected;
        let fair = 500 / 2;
        assert!(accepted < fair, "{name}: the refusing node did {accepted} of 2000 tasks");
    }
}

#[test]
fn load_aware_learns_which_node_is_free() {
    let story = run(&"load_aware".parse().unwrap(), &loads(&[0.9, 0.9, 0.9, 0.05]), 2_000, 6);
    let share = story.attempts[3] as f64 / story.attempts.iter().sum::<u64>() as f64;
    assert!(share > 0.5, "the free node got {share:.2} of the attempts");
}

#[test]
fn every_policy_says_where_it_comes_from_and_when_it_loses() {
    for entry in policy::ALL {
        assert!(entry.help.contains("oses"), "{}: when does it lose?", entry.name);
        assert!(entry.help.len() > 60, "{}: {}", entry.name, entry.help);
        for parameter in entry.parameters {
            assert!(!parameter.help.is_empty() && !parameter.default.is_empty(), "{}", entry.name);
        }
    }
}

#[test]
fn every_parameter_can_be_given_its_default() {
    for entry in policy::ALL.iter().filter(|entry| !entry.parameters.is_empty()) {
        let pair = |parameter: &policy::Parameter| format!("{}={}", parameter.name, parameter.default);
        let pairs: Vec<String> = entry.parameters.iter().map(pair).collect();
        let text = format!("{}[{}]", entry.name, pairs.join(","));
        assert_eq!(text.parse::<Strategy>().unwrap().to_string(), text);
    }
}

#[test]
fn late_policies_never_fill_a_node_beyond_its_slots() {
    for name in ["late_binding", "late_binding[threshold=slow_server]", "ballast", "oracle[binding=late]"] {
        let nodes = loads(&[0.5, 0.3, 0.1]);
        let spec = JobSpec::new(300, name.parse().unwrap(), Seed(2));
        let story = Cluster::new(nodes).submit_at(Micros(0), 1, spec).run(Settings::default());
        assert_eq!(story.ended[&1].0, JobEnd::Done, "{name}");
        assert_eq!(story.most_in_flight, 12, "{name}: three nodes of four slots");
    }
}
