//! What was recorded runs again as it was, and under another strategy on the same luck.

use crate::plans::{MS, job, node};
use simulator::replay::{ReplayError, recording};
use simulator::{Arrivals, Collected, DecisionLog, Distribution, Rows, Scenario, simulate_into};

/// The rows and the decision log of a scenario.
fn record(scenario: &Scenario) -> (Collected, String) {
    let mut rows = Rows::new(scenario, "run".into(), "label", "", Collected::default());
    let mut log = DecisionLog::default();
    simulate_into(scenario, (&mut rows, &mut log)).unwrap();
    (rows.sink, log.text)
}

/// The same nodes; the wire is not theirs to know.
fn again(first: &Scenario, rows: &Collected) -> Scenario {
    let recorded = recording(&rows.jobs[0], &rows.tasks, &rows.attempts).unwrap();
    let mut nodes = first.nodes.clone();
    nodes.iter_mut().for_each(|node| node.wire = recorded.wire.clone());
    Scenario { nodes, jobs: vec![recorded.plan], ..first.clone() }
}

#[test]
fn a_replay_of_its_own_strategy_is_the_run_again() {
    for (strategy, arrivals) in [
        ("power_of_two", Arrivals::Poisson { per_second: 60.0, tasks: 200 }),
        ("load_aware", Arrivals::AllAtOnce { tasks: 200 }),
        ("round_robin", Arrivals::Closed { clients: 9, think: Distribution::Constant(MS), tasks: 200 }),
    ] {
        let first =
            Scenario::new((0..4).map(|name| node(name, 2, 0.3)).collect(), job(strategy, 5, arrivals));
        let (rows, log) = record(&first);
        let (rows_again, log_again) = record(&again(&first, &rows));
        assert_eq!(rows.attempts, rows_again.attempts, "{strategy}");
        assert_eq!(rows.tasks, rows_again.tasks, "{strategy}");
        // The order in which tasks are known to come differs for a job that was open; every decision is the same.
        let decisions = |log: &str| -> Vec<String> {
            log.lines().filter(|line| line.contains(" start ")).map(ToOwned::to_owned).collect()
        };
        assert_eq!(decisions(&log), decisions(&log_again), "{strategy}");
        assert!(strategy == "round_robin" || log == log_again, "{strategy}");
    }
}

#[test]
fn another_strategy_meets_the_same_luck() {
    let first = Scenario::new(
        [0.0, 0.0, 0.9].into_iter().enumerate().map(|(name, p)| node(name, 8, p)).collect(),
        job("load_balancing", 5, Arrivals::Poisson { per_second: 60.0, tasks: 500 }),
    );
    let (rows, _) = record(&first);
    let mut other = again(&first, &rows);
    other.jobs[0].spec.strategy = "oracle".parse().unwrap();
    other.nodes.iter_mut().for_each(|node| node.tells_load = true);
    let (counterfactual, _) = record(&other);
    assert_eq!(counterfactual.jobs[0].done, 500);
    assert!(counterfactual.jobs[0].rejected < rows.jobs[0].rejected / 10);
    // Where both sent a task's first attempt to the same node, it fared the same.
    let mut shared = 0;
    for row in rows.attempts.iter().filter(|row| row.attempt == 1) {
        let twin =
            counterfactual.attempts.iter().find(|twin| (twin.task, twin.attempt) == (row.task, 1)).unwrap();
        if twin.node == row.node {
            shared += 1;
            assert_eq!((twin.outcome, twin.delayed), (row.outcome, row.delayed));
            assert_eq!((twin.operation_us, twin.wire_us), (row.operation_us, row.wire_us));
        }
    }
    assert!(shared > 100, "{shared}");
}

#[test]
fn rows_that_make_no_job() {
    let first = Scenario::new(vec![node(0, 1, 0.0)], job("random", 1, Arrivals::AllAtOnce { tasks: 1 }));
    let (rows, _) = record(&first);
    let error = recording(&rows.jobs[0], &[], &rows.attempts).unwrap_err();
    assert_eq!(error, ReplayError::Nothing { job: "job".to_owned(), what: "tasks" });
    let error = recording(&rows.jobs[0], &rows.tasks, &[]).unwrap_err();
    insta::assert_snapshot!(error, @"job 'job' has no finished attempts: there is nothing to replay");
    let mut strange = rows.jobs[0].clone();
    strange.strategy = "forgotten".into();
    assert!(matches!(recording(&strange, &rows.tasks, &rows.attempts), Err(ReplayError::Strategy { .. })));
}
