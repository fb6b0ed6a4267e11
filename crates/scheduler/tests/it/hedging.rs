//! Copies: when they are begun, when not, and what becomes of the losers.

use crate::cluster::{Cluster, ModelNode, Story};
use cluster::Admission;
use luck::Seed;
use scheduler::{JobEnd, JobSpec, Micros, Settings};
use std::time::Duration;

/// Runs `tasks` tasks that no node may refuse: a load of 1 delays each attempt by 50 ms, one of 0 none. Service is 5 ms.
fn run(strategy: &str, nodes: Vec<ModelNode>, tasks: u32) -> Story {
    let mut spec = JobSpec::new(tasks, strategy.parse().unwrap(), Seed(1));
    spec.strategy.admission = Admission::MustAccept;
    Cluster::new(nodes).submit_at(Micros(0), 1, spec).run(Settings::default())
}

fn loads(loads: &[f64]) -> Vec<ModelNode> {
    loads.iter().map(|&load| ModelNode::new(load)).collect()
}

#[test]
fn the_first_answer_wins_and_the_other_attempt_is_called_off() {
    let story = run("round_robin+hedge[after=20ms]", loads(&[1.0, 0.0]), 1);
    let (end, counts) = story.ended[&1];
    // 20 ms until the copy, 5 ms of service, 0.2 ms of wire.
    assert_eq!((end, story.finished), (JobEnd::Done, Micros(25_200)));
    assert_eq!((counts.begun, counts.copies, counts.wasted), (2, 1, 0));
    let drained = story.drained[&1];
    assert_eq!((drained.done, drained.settled, drained.wasted), (1, 2, 1));
    let cancel = story.log.lines().find(|line| line.contains("Cancel")).unwrap();
    assert_eq!(cancel.trim(), "25200   Cancel { attempt: 1, node: NodeId(0) }");
}

#[test]
fn without_the_wrapper_there_are_no_copies() {
    let story = run("round_robin", loads(&[1.0, 0.0]), 1);
    assert_eq!((story.ended[&1].1.copies, story.finished), (0, Micros(55_200)));
    let story = run("ballast+hedge[copies=1]", loads(&[1.0, 0.0]), 40);
    assert_eq!(story.drained[&1].copies, 0);
}

#[test]
fn no_task_has_more_attempts_in_flight_than_allowed() {
    for copies in 2..=5 {
        let story = run(&format!("random+hedge[after=1ms,copies={copies}]"), loads(&[1.0; 6]), 1);
        assert!(story.most_in_flight <= copies, "{copies}: {}", story.most_in_flight);
        assert!(story.drained[&1].copies >= 1);
    }
}

#[test]
fn nobody_is_hedged_while_tasks_wait_for_slots() {
    let mut nodes = loads(&[1.0, 1.0]);
    nodes.iter_mut().for_each(|node| node.slots = 1);
    for strategy in ["least_connections+hedge[after=1ms,copies=4,idle=0]", "late_binding+hedge[after=1ms]"] {
        let story = run(strategy, nodes.clone(), 41);
        // Only the last task runs beside a free slot.
        assert_eq!(story.drained[&1].copies, 1, "{strategy}");
    }
}

#[test]
fn the_budget_bounds_the_copies() {
    let story = run("round_robin+hedge[after=1ms,budget=0,idle=0]", loads(&[1.0; 100]), 100);
    assert_eq!(story.drained[&1].copies, 10, "the reserve");
    let story = run("round_robin+hedge[after=1ms,budget=0.5,idle=0]", loads(&[1.0; 100]), 100);
    assert_eq!(story.drained[&1].copies, 60);
}

#[test]
fn a_copy_that_is_refused_costs_nothing_but_itself() {
    // The node of the first attempt is slow and never refuses; the other one always does.
    let mut nodes = loads(&[0.0, 1.0]);
    nodes[0].service = Duration::from_millis(200);
    let spec = JobSpec::new(1, "round_robin+hedge[after=20ms]".parse().unwrap(), Seed(1));
    let story = Cluster::new(nodes).submit_at(Micros(0), 1, spec).run(Settings::default());
    let (end, counts) = story.ended[&1];
    assert_eq!((end, story.finished), (JobEnd::Done, Micros(200_200)));
    assert_eq!(counts.rejected, counts.copies);
    // The reserve, the task's own share, and one that is given back: the other node could refuse it once for nothing.
    assert_eq!(counts.copies, 12, "{counts:?}");
}

#[test]
fn a_copy_outlives_the_attempt_that_is_lost() {
    let mut nodes = loads(&[1.0, 1.0]);
    nodes[0].service = Duration::from_millis(200);
    nodes[0].dead = Some((Micros(120_000), Micros(u64::MAX)));
    let story = run("round_robin+hedge[after=100ms]", nodes, 1);
    let (end, counts) = story.ended[&1];
    // The copy began at 100 ms and took 50 + 5 ms; nothing was begun again when the first attempt broke at 120 ms.
    assert_eq!((end, story.finished), (JobEnd::Done, Micros(155_200)));
    assert_eq!((counts.begun, counts.lost), (2, 1));
}

#[test]
fn a_cancelled_job_calls_off_its_copies_as_well() {
    let mut spec = JobSpec::new(1, "round_robin+hedge[after=20ms]".parse().unwrap(), Seed(1));
    spec.strategy.admission = Admission::MustAccept;
    let cluster = Cluster::new(loads(&[1.0, 1.0])).submit_at(Micros(0), 1, spec);
    let story = cluster.cancel_at(Micros(30_000), 1).run(Settings::default());
    assert_eq!(story.ended[&1].0, JobEnd::Cancelled);
    assert_eq!(story.log.matches("Cancel {").count(), 2);
    assert_eq!((story.drained[&1].settled, story.drained[&1].wasted), (2, 2));
}

#[test]
fn an_age_that_is_learned_hedges_only_what_is_late() {
    // One node in four delays. The median without delays is 5.2 ms, and 4x that 20.8 ms.
    let mut spec = JobSpec::new(400, "round_robin+hedge[after=4x,idle=0]".parse().unwrap(), Seed(1));
    spec.strategy.admission = Admission::MustAccept;
    spec.max_in_flight = 8;
    let nodes = loads(&[1.0, 0.0, 0.0, 0.0]);
    let counts = Cluster::new(nodes).submit_at(Micros(0), 1, spec).run(Settings::default()).drained[&1];
    assert!(counts.copies > 0 && counts.wasted <= counts.copies, "{counts:?}");
    assert!(counts.delayed >= counts.copies, "only delayed attempts got company: {counts:?}");
}
