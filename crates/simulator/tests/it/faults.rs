//! Nodes that die, hang, crawl or overflow.

use crate::plans::{MS, job, node};
use luck::Seed;
use scheduler::{JobEnd, Micros};
use simulator::{Arrivals, Distribution, Fault, FaultKind, NodePlan, Scenario, Work, simulate};
use std::time::Duration;

const SECOND: u64 = 1_000_000;

fn steady(tasks: u32) -> Arrivals {
    Arrivals::Constant { per_second: 100.0, tasks }
}

fn with_fault(kind: FaultKind) -> Scenario {
    let mut nodes: Vec<NodePlan> = (0..4).map(|name| node(name, 8, 0.0)).collect();
    nodes[2].faults = vec![Fault { from: Micros(2 * SECOND), until: Micros(6 * SECOND), kind }];
    let mut scenario = Scenario::new(nodes, job("least_connections", 3, steady(2_000)));
    scenario.jobs[0].attempt_timeout = Some(Duration::from_secs(1));
    scenario
}

#[test]
fn a_crash_loses_attempts_but_no_task() {
    let run = simulate(&with_fault(FaultKind::Crash)).unwrap();
    let counts = run.jobs[0].counts;
    assert_eq!((counts.done, run.jobs[0].end), (2_000, Some(JobEnd::Done)));
    assert!(counts.lost > 0 && counts.lost < 50, "{counts:?}");
    assert_eq!(run.nodes[2].lost, counts.lost);
    // It has a quarter of the tasks of the first two seconds, none of the next four, and work again when a probe finds it.
    assert!(run.nodes[2].done > 150 && run.nodes[2].done < 400, "{:?}", run.nodes);
}

#[test]
fn a_hang_shows_as_time_outs() {
    let run = simulate(&with_fault(FaultKind::Hang)).unwrap();
    let job = &run.jobs[0];
    assert_eq!(job.counts.done, 2_000);
    assert!(job.counts.lost > 0 && run.nodes[2].lost == job.counts.lost, "{:?}", job.counts);
    assert!(job.tasks.parts().lost > 0.0);
    assert!(job.tasks.quantile(0.5) < 0.1 && job.tasks.quantile(1.0) > 1.0);
}

#[test]
fn a_watch_shortens_a_hang() {
    let run = |longest_silence| {
        let mut scenario = with_fault(FaultKind::Hang);
        scenario.jobs[0].attempt_timeout = Some(Duration::from_secs(30));
        scenario.longest_silence = longest_silence;
        simulate(&scenario).unwrap()
    };
    let (watched, unwatched) = (run(Some(200 * MS)), run(None));
    assert_eq!((watched.jobs[0].counts.done, unwatched.jobs[0].counts.done), (2_000, 2_000));
    let worst = |run: &simulator::Run| run.jobs[0].tasks.quantile(1.0);
    assert!(worst(&watched) < 2.0 && worst(&unwatched) > 30.0, "{} {}", worst(&watched), worst(&unwatched));
}

#[test]
fn a_grey_failure_slows_but_loses_nothing() {
    let run = |slower| {
        let mut scenario = with_fault(FaultKind::Slow(slower));
        scenario.jobs[0].attempt_timeout = None;
        // A policy that looks at what is in flight would keep away from it.
        scenario.jobs[0].spec.strategy = "round_robin".parse().unwrap();
        simulate(&scenario).unwrap()
    };
    let (slow, sound) = (run(10.0), run(1.0));
    assert_eq!((slow.jobs[0].counts.done, slow.jobs[0].counts.lost), (2_000, 0));
    assert!(slow.jobs[0].tasks.mean() > 1.2 * sound.jobs[0].tasks.mean());
}

#[test]
fn a_drained_node_finishes_what_it_has_and_comes_back() {
    let run = simulate(&with_fault(FaultKind::Drain)).unwrap();
    assert_eq!((run.jobs[0].counts.done, run.jobs[0].counts.lost), (2_000, 0));
    // Four of twenty seconds without it: a fifth less than its quarter.
    let share = run.nodes[2].attempts as f64 / 2_000.0;
    assert!((0.17..0.23).contains(&share), "{share}");
}

#[test]
fn random_faults_are_down_for_their_share_of_time() {
    let (up, down, until) = (Duration::from_secs(90), Duration::from_secs(10), Micros(1_000_000 * SECOND));
    let faults = Fault::random(Seed(1), 3, FaultKind::Crash, up, down, until);
    let lasted: u64 = faults.iter().map(|fault| fault.until.0 - fault.from.0).sum();
    let share = lasted as f64 / until.0 as f64;
    assert!((share / 0.1 - 1.0).abs() < 0.05, "{share}");
    assert_eq!(faults, Fault::random(Seed(1), 3, FaultKind::Crash, up, down, until));
    assert_ne!(faults, Fault::random(Seed(1), 4, FaultKind::Crash, up, down, until));
    assert!(faults.windows(2).all(|pair| pair[0].until <= pair[1].from && pair[0].from < pair[0].until));
}

#[test]
fn nobody_left_ends_the_job_after_its_patience() {
    let mut nodes = vec![node(0, 2, 0.0)];
    nodes[0].faults = vec![Fault { from: Micros(0), until: Micros(3_600 * SECOND), kind: FaultKind::Crash }];
    let run = simulate(&Scenario::new(nodes, job("random", 1, Arrivals::AllAtOnce { tasks: 5 }))).unwrap();
    assert_eq!(run.jobs[0].end, Some(JobEnd::NoNode));
    assert_eq!(run.jobs[0].counts.given_up, 5);
    assert!(run.jobs[0].makespan >= Duration::from_secs(10));
}

#[test]
fn a_full_queue_refuses() {
    let nodes = vec![NodePlan { queue_bound: 1, ..node(0, 1, 0.0) }, node(1, 1, 0.0)];
    let run =
        simulate(&Scenario::new(nodes, job("round_robin", 1, Arrivals::AllAtOnce { tasks: 20 }))).unwrap();
    assert_eq!(run.jobs[0].counts.done, 20);
    assert!(run.nodes[0].queue_full > 0 && run.nodes[1].queue_full == 0);
    assert_eq!(run.jobs[0].counts.rejected, run.nodes[0].queue_full);
}

#[test]
fn a_node_twice_as_fast_takes_half_the_time() {
    let time = |speed: f64| {
        let nodes = vec![NodePlan { speed, ..NodePlan::new("n", 1) }];
        let mut plan = job("random", 1, Arrivals::AllAtOnce { tasks: 10 });
        plan.work = Work::ByTask(Distribution::Constant(80 * MS));
        simulate(&Scenario::new(nodes, plan)).unwrap().jobs[0].makespan
    };
    assert_eq!((time(1.0), time(2.0)), (800 * MS, 400 * MS));
}

#[test]
fn what_is_wrong_is_told_before_the_run() {
    let error = |change: fn(&mut Scenario)| {
        let mut scenario = with_fault(FaultKind::Hang);
        change(&mut scenario);
        simulate(&scenario).unwrap_err().to_string()
    };
    insta::assert_snapshot!(error(|s| s.jobs[0].attempt_timeout = None), @"job 'job': a node hangs, so attempts need a time limit: set attempt_timeout");
    insta::assert_snapshot!(error(|s| s.announce_every = Some(Duration::ZERO)), @"announce_every is zero: it needs a time above 0, such as 1 s");
    insta::assert_snapshot!(error(|s| s.nodes.clear()), @"the scenario has no nodes: it needs at least one");
    insta::assert_snapshot!(error(|s| s.nodes[1].speed = 0.0), @"node 'n1': its speed is 0: it takes a number above 0");
    insta::assert_snapshot!(error(|s| s.jobs[0].scheduler = 1), @"job 'job': it belongs to scheduler 1, but there are 1");
    insta::assert_snapshot!(error(|s| s.nodes[0].faults = vec![Fault { from: Micros(5), until: Micros(5), kind: FaultKind::Crash }]), @"node 'n0': its fault from 5 to 5 µs: faults follow each other without overlap, and a slowdown is a number above 0");
    insta::assert_snapshot!(error(|s| s.jobs[0].arrivals = Arrivals::Poisson { per_second: 0.0, tasks: 1 }), @"job 'job': arrivals: its rate is not a number above 0");
}

#[test]
fn old_information_makes_a_herd() {
    // Twenty nodes, half busy. Knowledge that is a second old is worse than none.
    let run = |strategy, stale| {
        let nodes = (0..20).map(|name| node(name, 1, 0.0)).collect();
        let plan = job(strategy, 1, Arrivals::Constant { per_second: 200.0, tasks: 4_000 });
        let mut scenario = Scenario::new(nodes, plan);
        scenario.settings.stale = stale;
        simulate(&scenario).unwrap().jobs[0].tasks.mean()
    };
    let blind = run("load_balancing", None);
    let fresh = run("least_connections", None);
    let old = run("least_connections", Some(Duration::from_secs(1)));
    assert!(fresh < 0.7 * blind && old > 1.5 * blind, "{fresh} {blind} {old}");
    assert_eq!(fresh, run("least_connections", Some(Duration::from_micros(1))));
}
