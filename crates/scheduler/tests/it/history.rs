//! The decision log, written while modelled nodes refuse, delay, die and come back, is what a replay gives again.

use crate::cluster::{Cluster, ModelNode, Story};
use luck::Seed;
use scheduler::history::{HistoryError, Player};
use scheduler::{JobSpec, Micros, Settings, Strategy, policy};
use std::time::Duration;

/// Two jobs over four nodes, one of which dies for a while; the second job's tasks arrive one by one.
fn story(strategy: &str, settings: Settings) -> Story {
    let mut nodes: Vec<ModelNode> = [0.8, 0.6, 0.5, 0.2].into_iter().map(ModelNode::new).collect();
    nodes[1].dead = Some((Micros(20_000), Micros(600_000)));
    let strategy: Strategy = strategy.parse().unwrap();
    let mut first = JobSpec::new(60, strategy.clone(), Seed(5));
    first.max_in_flight = 12;
    first.retry.patience = Duration::from_secs(3);
    let open = JobSpec::new(1, strategy, Seed(6));
    let arrivals = (0..40).map(|task| Micros(task * 3_000)).collect();
    Cluster::new(nodes).submit_at(Micros(1_000), 0, first).submit_open(open, arrivals).run(settings)
}

fn played(history: &str) -> Result<Player, HistoryError> {
    let mut player = Player::new();
    history.lines().try_for_each(|line| player.hear(line))?;
    Ok(player)
}

#[test]
fn every_policy_decides_the_same_again_when_it_is_told_the_same() {
    for entry in policy::ALL {
        for wrapper in ["", "+hedge[after=10ms,copies=3,idle=0]+retry_budget[share=0.1,reserve=5]"] {
            for stale in [None, Some(Duration::from_millis(20))] {
                let name = format!("{}{wrapper}", entry.name);
                let story = story(&name, Settings { max_in_flight: 30, stale, ..Settings::default() });
                let player = played(&story.history).unwrap_or_else(|error| panic!("{name}: {error}"));
                assert_eq!(player.lines(), story.history.lines().count() as u64);
                assert!(player.is_between_events() && player.jobs() == 2, "{name}");
            }
        }
    }
}

#[test]
fn a_log_may_hold_several_lives_of_a_server() {
    let history = story("least_time", Settings::default()).history;
    let first: Vec<&str> = history.lines().take(history.lines().count() / 2).collect();
    let player = played(&format!("{}\n{history}", first.join("\n"))).unwrap();
    assert_eq!((player.jobs(), player.is_between_events()), (4, true));
}

#[test]
fn a_changed_log_is_found_at_its_line() {
    let history = story("power_of_two", Settings::default()).history;
    let start = history.lines().position(|line| line.contains(" start ")).unwrap();
    let mut lines: Vec<String> = history.lines().map(str::to_owned).collect();
    // Another node than the policy picked.
    let elsewhere = if lines[start].ends_with("n0") { "n1" } else { "n0" };
    let length = lines[start].len();
    lines[start].replace_range(length - 2.., elsewhere);
    match played(&lines.join("\n")).unwrap_err() {
        HistoryError::Differs { line, recorded, replayed } => {
            assert_eq!((line, recorded), (start as u64 + 1, lines[start].clone()));
            assert_eq!(replayed, history.lines().nth(start).unwrap());
        }
        other => panic!("{other}"),
    }
}

#[test]
fn damaged_lines_are_told_and_harm_nobody() {
    let history = story("ballast", Settings::default()).history;
    let why = |text: &str| played(text).unwrap_err().to_string();
    insta::assert_snapshot!(why("results"), @"line 1 of the decision log cannot be replayed: the first line does not begin with 'history 1': 'results'");
    let first = history.lines().next().unwrap();
    insta::assert_snapshot!(why(&format!("{first}\n0 joined n3 slots=1")), @"line 2 of the decision log cannot be replayed: a node's number is left out: '0 joined n3 slots=1'");
    insta::assert_snapshot!(why(&format!("{first}\n0 ended j0 t0 a1 n0 done total_ns=1")), @"line 2 of the decision log cannot be replayed: no such attempt is in flight: '0 ended j0 t0 a1 n0 done total_ns=1'");
    let unknown = why(&format!("{first}\n0 submitted j0 tasks=1 strategy=best"));
    assert!(unknown.contains("unknown strategy 'best'"), "{unknown}");
    insta::assert_snapshot!(why(&format!("{first}\n5 left n0\n4 left n0")), @"line 3 of the decision log cannot be replayed: the time goes back: '4 left n0'");
    // Cut anywhere, or with a word taken out: a fault or a shorter log, and never a panic.
    for cut in (0..history.len()).step_by(997) {
        let _ = played(&history[..cut]);
        let _ = played(&history.replacen(&history[cut..(cut + 7).min(history.len())], "", 3));
    }
}
