//! The figures that the policies promise. With `-- --nocapture` each is printed beside its bound's test.

use crate::scenarios::Scenario;

/// The mean response time under one strategy as a multiple of that under another, on the same seeds.
fn ratio(scenario: &Scenario, strategy: &str, baseline: &str, seeds: u64) -> f64 {
    let (mean, reference) = (scenario.mean(strategy, seeds), scenario.mean(baseline, seeds));
    println!("{strategy} over {baseline}: {mean:.4} s / {reference:.4} s = {:.3}", mean / reference);
    mean / reference
}

#[test]
fn learning_costs_less_than_three_percent_where_nothing_changes() {
    let scenario = Scenario::graded(50.0);
    let early = ratio(&scenario, "load_aware", "oracle", 3);
    assert!(early < 1.03, "load_aware takes {early:.3} of the oracle's time");
    let late = ratio(&scenario, "ballast+hedge[copies=1]", "oracle[binding=late]", 3);
    assert!(late < 1.03, "ballast takes {late:.3} of the late oracle's time");
}

#[test]
fn learning_follows_loads_that_change_places_every_minute() {
    let early = ratio(&Scenario::rotating(), "load_aware", "oracle", 3);
    assert!(early < 1.25, "load_aware takes {early:.3} of the oracle's time");
    let late = ratio(&Scenario::rotating(), "ballast+hedge[copies=1]", "oracle[binding=late]", 3);
    assert!(late < 1.25, "ballast takes {late:.3} of the late oracle's time");
    // What it is without the change-point reset.
    let stuck = ratio(&Scenario::rotating(), "load_aware[reset=none]", "oracle", 1);
    assert!(stuck > 1.5, "{stuck:.3}");
}

#[test]
fn gated_hedging_is_eight_times_faster_than_random_at_low_load() {
    let scenario = Scenario::graded(50.0);
    for strategy in ["ballast", "load_balancing+hedge[copies=8]", "power_of_two+hedge[copies=8]"] {
        let faster = ratio(&scenario, "load_balancing", strategy, 2);
        assert!(faster > 8.0, "{strategy} is only {faster:.2} times as fast as random");
    }
}

#[test]
fn gated_hedging_does_no_harm_near_saturation() {
    let mut graded = Scenario::graded(0.0);
    graded.rate = Some(0.95 * graded.capacity());
    for scenario in [Scenario::plain(0.95), graded] {
        for (hedged, bare) in [
            ("ballast", "ballast+hedge[copies=1]"),
            ("least_connections+hedge", "least_connections"),
            ("least_connections+hedge[after=p90,copies=8]", "least_connections"),
        ] {
            let cost = ratio(&scenario, hedged, bare, 4);
            assert!(cost < 1.1, "{hedged} takes {cost:.3} of the time of {bare}");
        }
    }
}

#[test]
fn a_batch_ends_within_fifteen_percent_of_the_fluid_bound() {
    let scenario = Scenario::batch();
    let (makespan, bound) = (scenario.makespan("ballast", 8), scenario.fluid_bound());
    let ratio = makespan / bound;
    println!("ballast over the fluid bound: {makespan:.3} s / {bound:.3} s = {ratio:.3}");
    assert!(ratio < 1.15, "the makespan is {ratio:.3} of the bound");
}

#[test]
fn who_looks_at_the_nodes_is_faster_than_who_does_not() {
    // Equal nodes, near saturation: a signal that misleads herds everybody onto one node and shows here.
    let scenario = Scenario::plain(0.9);
    let random = scenario.mean("load_balancing", 1);
    let blind = ["random", "round_robin", "smooth_weighted_round_robin", "weighted_response_time"];
    for entry in scheduler::policy::ALL.iter().filter(|entry| !blind.contains(&entry.name)) {
        let mean = scenario.mean(entry.name, 1);
        assert!(mean < 0.7 * random, "{}: {mean:.2} s, random {random:.2} s", entry.name);
    }
}

#[test]
fn late_binding_is_one_queue_for_all_nodes() {
    // M/M/20 at 0.9: Erlang C is 0.550769, so the mean response time is 1 + 0.550769 / (20 - 18) = 1.275385.
    let mean = Scenario::plain(0.9).mean("late_binding", 6);
    assert!((mean / 1.275_385 - 1.0).abs() < 0.05, "{mean}");
}
