//! The figures that the policies promise.

use crate::scenarios::Scenario;

/// Prints one line a policy for each scenario: `cargo test -p scheduler --release --test it -- --ignored --nocapture table`.
#[test]
#[ignore = "prints a table for people and takes minutes"]
fn table_of_policies_and_scenarios() {
    let seeds = std::env::var("SEEDS").map_or(5, |seeds| seeds.parse().unwrap());
    let only = std::env::var("ONLY").unwrap_or_default();
    let strategies = std::env::var("STRATEGIES").unwrap_or_default();
    let mut names: Vec<&str> = strategies.split_whitespace().collect();
    if names.is_empty() {
        names = scheduler::policy::ALL.iter().map(|entry| entry.name).collect();
        names[0] = "load_balancing";
    }
    let mut alike = Scenario::graded(100.0);
    alike.loads = vec![0.3; 20];
    let mut sinkhole = Scenario::graded(100.0);
    sinkhole.loads = vec![0.1; 20];
    sinkhole.loads[19] = 0.99;
    let mut brim = Scenario::graded(0.0);
    brim.rate = Some(0.95 * brim.capacity());
    let scenarios = [
        ("A graded low", Scenario::graded(50.0)),
        ("B graded high", Scenario::graded(130.0)),
        ("C rotating", Scenario::rotating()),
        ("D sinkhole", sinkhole),
        ("E alike", alike),
        ("H plain .9", Scenario::plain(0.9)),
        ("I plain .95", Scenario::plain(0.95)),
        ("J graded .95", brim),
    ];
    for (label, scenario) in
        scenarios.iter().filter(|(label, _)| only.is_empty() || only.contains(&label[..1]))
    {
        println!("{label}: {:.1} tasks/s of {:.1}", scenario.rate.unwrap(), scenario.capacity());
        for name in &names {
            println!("  {name:50} {:.4}", scenario.mean(name, seeds));
        }
    }
    if only.is_empty() || only.contains('F') {
        println!("F batch, makespan; fluid bound {:.3}", Scenario::batch().fluid_bound());
        for name in &names {
            println!("  {name:50} {:.4}", Scenario::batch().makespan(name, seeds));
        }
    }
}
