//! Properties that hold for every history: begun = settled + in flight, one end a task, bounds kept.

use crate::cluster::{Cluster, ModelNode};
use luck::Seed;
use proptest::prelude::{Just, ProptestConfig, any, prop, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::strategy::Strategy as Generator;
use scheduler::{JobEnd, JobSpec, Micros, Settings, Strategy, policy};
use std::time::Duration;

fn any_strategy() -> impl Generator<Value = Strategy> {
    let wrapper = prop_oneof![
        Just(""),
        Just("+hedge[after=10ms,copies=3,idle=0]"),
        Just("+hedge[after=p50,copies=16,budget=16]"),
        Just("+hedge+retry_budget[share=0,reserve=5]"),
    ];
    (0..policy::ALL.len(), wrapper, any::<bool>()).prop_map(|(index, wrapper, must_accept)| {
        let strategy: Strategy = format!("{}{wrapper}", policy::ALL[index].name).parse().unwrap();
        let admission = ["may-reject", "must-accept"][usize::from(must_accept)].parse().unwrap();
        strategy.with_admission(admission)
    })
}

fn any_node() -> impl Generator<Value = ModelNode> {
    let load = prop_oneof![Just(0.0), Just(1.0), 0.0..1.0];
    let dead = proptest::option::of((0u64..300_000, 1u64..2_000_000));
    (load, 1u32..5, 1u64..20_000, dead).prop_map(|(load, slots, service, dead)| ModelNode {
        slots,
        load,
        service: Duration::from_micros(service),
        dead: dead.map(|(from, length)| (Micros(from), Micros(from + length))),
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn nothing_is_lost_and_nothing_ends_twice(
        nodes in prop::collection::vec(any_node(), 1..7),
        jobs in prop::collection::vec((any_strategy(), 0u32..60, 1u32..40, 0u64..400_000), 1..4),
        cancel in proptest::option::of(0u64..300_000),
        server_wide in 1u32..50,
        seed in any::<u64>(),
    ) {
        let mut cluster = Cluster::new(nodes).without_log();
        for (id, (strategy, tasks, max_in_flight, at)) in jobs.iter().enumerate() {
            let mut spec = JobSpec::new(*tasks, strategy.clone(), Seed(seed).derive(id as u64));
            spec.max_in_flight = *max_in_flight;
            cluster = cluster.submit_at(Micros(*at), id as u64, spec);
        }
        if let Some(at) = cancel {
            cluster = cluster.cancel_at(Micros(400_000 + at), 0);
        }
        let settings = Settings { max_in_flight: server_wide, ..Settings::default() };
        let story = cluster.run(settings);
        prop_assert!(story.most_in_flight <= server_wide as usize);
        for (id, (_, tasks, ..)) in jobs.iter().enumerate() {
            let id = id as u64;
            let (end, at_end) = story.ended[&id];
            let drained = story.drained[&id];
            // The driver itself checks that no task ends twice; here: that each one ends.
            prop_assert_eq!(story.tasks.keys().filter(|(job, _)| *job == id).count(), *tasks as usize);
            prop_assert_eq!(drained.done + drained.failed + drained.given_up, u64::from(*tasks));
            prop_assert_eq!(drained.begun, drained.settled);
            prop_assert_eq!(at_end.begun, at_end.settled + at_end.in_flight());
            prop_assert_eq!(end == JobEnd::Done, drained.done == u64::from(*tasks));
        }
        prop_assert_eq!(story.attempts.iter().sum::<u64>(), story.drained.values().map(|counts| counts.begun).sum::<u64>());
    }
}
