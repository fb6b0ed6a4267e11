//! The bare event loop against theory.

use luck::Seed;
use simulator::bare::{Outcome, Plan, Stream, exponential, run};
use simulator::theory::{jsq, queues};

fn jsq_run(servers: u32, choices: u32, rate: f64, tasks: u64, seed: u64) -> Outcome {
    run(Plan { servers, rate, choices, tasks, service: exponential }, Seed(seed))
}

#[test]
fn many_servers_follow_the_mean_field_from_an_empty_start() {
    // The error is of two kinds: chance, about sd / sqrt(tasks) or 0.2 %, and finitely many servers, of order 1 / servers.
    for (choices, rate) in [(1, 0.7), (2, 0.9), (3, 0.9)] {
        let seen = jsq_run(20_000, choices, rate, 1_500_000, 1);
        let expected = jsq::response_from_empty(rate, choices, seen.last_arrival);
        let ratio = seen.mean / expected;
        assert!((ratio - 1.0).abs() < 0.01, "d = {choices}: {} against {expected}", seen.mean);
    }
}

#[test]
fn one_server_is_a_queue() {
    // Long runs of one queue: the error of a mean at rho = 0.5 over 2 million arrivals is about 0.3 %.
    let memoryless = jsq_run(1, 1, 0.5, 2_000_000, 3).mean;
    assert!((memoryless / queues::mmk_response(1, 0.5) - 1.0).abs() < 0.01, "{memoryless}");
    let constant = |_: &mut Stream| 1.0;
    let constant =
        run(Plan { servers: 1, rate: 0.5, choices: 1, tasks: 1_000_000, service: constant }, Seed(4));
    assert!((constant.mean / queues::mg1_response(0.5, 1.0, 1.0) - 1.0).abs() < 0.01, "{}", constant.mean);
}

#[test]
fn one_seed_is_one_run() {
    assert_eq!(jsq_run(100, 2, 0.9, 20_000, 7), jsq_run(100, 2, 0.9, 20_000, 7));
    assert_ne!(jsq_run(100, 2, 0.9, 20_000, 7), jsq_run(100, 2, 0.9, 20_000, 8));
    let nothing = jsq_run(5, 2, 0.9, 0, 1);
    assert_eq!((nothing.mean, nothing.end), (0.0, 0.0));
}
