//! Nothing is lost and nothing is counted twice, and the parts of a task's time add up.

use crate::plans::{MS, job, mixed, node, strategies};
use proptest::prelude::*;
use scheduler::{Micros, TaskEnd};
use simulator::{
    Arrivals, AttemptSeen, Cancellation, Distribution, Fault, FaultKind, JobSeen, NodePlan, Observer,
    Processors, Scenario, TaskSeen, simulate_into,
};
use std::collections::BTreeSet;

/// Counts and checks whatever is shown.
#[derive(Default)]
struct Auditor {
    attempts: u64,
    tasks: BTreeSet<(u32, u32)>,
    jobs: u32,
    done: u64,
}

impl Observer for Auditor {
    fn attempt(&mut self, seen: &AttemptSeen) {
        self.attempts += 1;
        assert!(seen.number >= 1);
        let stages = seen.times.queue + seen.times.delay + seen.times.service;
        assert!(stages <= seen.total, "{seen:?}");
    }

    fn task(&mut self, seen: &TaskSeen) {
        assert!(self.tasks.insert((seen.job, seen.task)), "task {} ended twice", seen.task);
        if seen.end == TaskEnd::Done {
            self.done += 1;
            let parts = seen.parts;
            let sum = parts.wire + parts.lost + parts.waiting + parts.queue + parts.delay + parts.service;
            assert_eq!(sum, seen.latency(), "{seen:?}");
        }
    }

    fn job(&mut self, seen: &JobSeen<'_>) {
        self.jobs += 1;
        assert_eq!(seen.counts.begun, seen.counts.settled);
        assert_eq!(seen.attempts_by_node.iter().sum::<u64>(), seen.counts.begun);
    }
}

fn audit(scenario: &Scenario) -> (Auditor, simulator::Run) {
    let mut auditor = Auditor::default();
    let run = simulate_into(scenario, &mut auditor).unwrap();
    assert_eq!(auditor.jobs as usize, scenario.jobs.len());
    let begun: u64 = run.jobs.iter().map(|job| job.counts.begun).sum();
    assert_eq!(auditor.attempts, begun);
    assert_eq!(run.nodes.iter().map(|node| node.attempts).sum::<u64>(), begun);
    for job in &run.jobs {
        let counts = &job.counts;
        assert_eq!(counts.done + counts.failed + counts.given_up, counts.tasks);
        assert!((job.tasks.parts().sum() - job.tasks.mean()).abs() < 1e-9);
    }
    (auditor, run)
}

#[test]
fn every_strategy_finishes_every_task() {
    for strategy in strategies() {
        let (auditor, run) = audit(&mixed(&strategy, 7, 300));
        assert_eq!((auditor.done, run.jobs[0].counts.done), (300, 300), "{strategy}");
    }
}

fn faults() -> impl Strategy<Value = Vec<Fault>> {
    let kind =
        prop_oneof![Just(FaultKind::Crash), Just(FaultKind::Hang), (1.0..20.0f64).prop_map(FaultKind::Slow)];
    proptest::collection::vec((kind, 1u64..800_000, 1u64..2_000_000), 0..3).prop_map(|spells| {
        let mut at = 0;
        let fault = |(kind, gap, length): (FaultKind, u64, u64)| {
            let from = at + gap;
            at = from + length;
            Fault { from: Micros(from), until: Micros(at), kind }
        };
        spells.into_iter().map(fault).collect()
    })
}

fn nodes() -> impl Strategy<Value = Vec<NodePlan>> {
    let one = (1u32..6, 0.0..0.9f64, prop_oneof![Just(u32::MAX), 0u32..4], any::<bool>(), faults());
    proptest::collection::vec(one, 1..6).prop_map(|all| {
        let plan = |(name, (slots, load, queue_bound, shared, faults))| NodePlan {
            queue_bound,
            processors: if shared { Processors::Shared(2) } else { Processors::OnePerSlot },
            faults,
            ..node(name, slots, load)
        };
        all.into_iter().enumerate().map(plan).collect()
    })
}

fn arrivals() -> impl Strategy<Value = Arrivals> {
    prop_oneof![
        (0u32..150).prop_map(|tasks| Arrivals::AllAtOnce { tasks }),
        (1u32..150, 1.0..200.0f64).prop_map(|(tasks, per_second)| Arrivals::Poisson { per_second, tasks }),
        (1u32..150, 1.0..200.0f64).prop_map(|(tasks, per_second)| Arrivals::Constant { per_second, tasks }),
        (1u32..20, 1u32..150).prop_map(|(clients, tasks)| Arrivals::Closed {
            clients,
            tasks,
            think: Distribution::Exponential { mean: 20 * MS }
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_whatever_goes_wrong(
        nodes in nodes(),
        first in arrivals(),
        second in arrivals(),
        strategy in proptest::sample::select(strategies()),
        cancellation in proptest::sample::select(vec![
            Cancellation::Ignored, Cancellation::Dequeued, Cancellation::Aborted
        ]),
        schedulers in 1u32..3,
        horizon in proptest::option::of(100_000u64..5_000_000),
        silence in proptest::option::of(1u64..1_000_000),
        stale in proptest::option::of(1u64..1_000_000),
        seed in 0u64..1_000,
    ) {
        let mut scenario = Scenario::new(nodes, job(&strategy, seed, first));
        scenario.jobs[0].attempt_timeout = Some(700 * MS);
        let mut other = job("power_of_two", seed + 1, second);
        other.start = Micros(250_000);
        other.attempt_timeout = Some(400 * MS);
        other.max_open = Some(30);
        other.scheduler = schedulers - 1;
        scenario.jobs.push(other);
        scenario.schedulers = schedulers;
        scenario.cancellation = cancellation;
        scenario.horizon = horizon.map(Micros);
        scenario.longest_silence = silence.map(std::time::Duration::from_micros);
        scenario.settings.stale = stale.map(std::time::Duration::from_micros);
        let mut auditor = Auditor::default();
        let run = simulate_into(&scenario, &mut auditor).unwrap();
        prop_assert_eq!(auditor.attempts, run.jobs.iter().map(|job| job.counts.begun).sum::<u64>());
        for job in &run.jobs {
            let counts = &job.counts;
            prop_assert_eq!(counts.done + counts.failed + counts.given_up, counts.tasks);
            prop_assert_eq!(counts.begun, counts.settled);
        }
    }
}
