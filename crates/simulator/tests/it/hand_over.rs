//! The way of attempts to the threads that carry them out.

use crate::plans::MS;
use luck::Seed;
use simulator::{Arrivals, Distribution, JobPlan, NodePlan, Scenario, Work, simulate};
use std::time::Duration;

/// `tasks` at once of 10 ms, as many in flight as `max_in_flight`, a hand-over of 1 ms.
fn handed_over(tasks: u32, max_in_flight: u32) -> Scenario {
    let work = Work::ByTask(Distribution::Constant(10 * MS));
    let mut job = JobPlan::new("random".parse().unwrap(), Seed(1), Arrivals::AllAtOnce { tasks }, work);
    job.spec.max_in_flight = max_in_flight;
    let nodes = (0..4).map(|name| NodePlan::new(format!("n{name}"), 1_000)).collect();
    Scenario { hand_over: MS, ..Scenario::new(nodes, job) }
}

#[test]
fn attempts_that_are_decided_together_begin_one_after_another() {
    let run = simulate(&handed_over(100, u32::MAX)).unwrap();
    assert_eq!(run.jobs[0].makespan, 110 * MS);
    // The first begins after 1 ms, the last after 100.
    assert!((run.jobs[0].tasks.mean() - 0.0605).abs() < 1e-9, "{}", run.jobs[0].tasks.mean());
    let parts = run.jobs[0].tasks.parts();
    assert!((parts.waiting - 0.0505).abs() < 1e-9 && (parts.service - 0.01).abs() < 1e-9, "{parts:?}");
}

#[test]
fn an_attempt_that_follows_another_is_not_handed_over() {
    let run = simulate(&handed_over(100, 1)).unwrap();
    assert_eq!(run.jobs[0].makespan, 100 * 10 * MS + MS);
}

#[test]
fn without_it_all_begin_at_once() {
    let run = simulate(&Scenario { hand_over: Duration::ZERO, ..handed_over(100, u32::MAX) }).unwrap();
    assert_eq!(run.jobs[0].makespan, 10 * MS);
}
