//! The bare event loop against theory.

use luck::Seed;
use simulator::bare::{Outcome, Plan, Stream, exponential, run, run_into};
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

/// Mean and 99 % quantile of the response of a queue at half load, after the start from empty; and the half-width of the
/// 95 % interval that takes the tasks for independent, which they are not.
fn one_run(seed: u64) -> (f64, f64, f64) {
    const TASKS: u64 = 5_000;
    let plan = Plan { servers: 1, rate: 0.5, choices: 1, tasks: TASKS, service: exponential };
    let mut responses = Vec::with_capacity(TASKS as usize);
    run_into(plan, Seed(seed), |_, response| responses.push(response));
    responses.drain(..200);
    let count = responses.len() as f64;
    let mean = responses.iter().sum::<f64>() / count;
    let variance = responses.iter().map(|one| (one - mean).powi(2)).sum::<f64>() / count;
    let rank = (0.99 * count) as usize;
    let (_, quantile, _) = responses.select_nth_unstable_by(rank, f64::total_cmp);
    (mean, *quantile, 1.96 * (variance / count).sqrt())
}

/// Whether the 95 % interval of 20 replications covers the truth (Student's t with 19 degrees of freedom).
fn covers(sample: &[f64], truth: f64) -> bool {
    let count = sample.len() as f64;
    let mean = sample.iter().sum::<f64>() / count;
    let variance = sample.iter().map(|one| (one - mean).powi(2)).sum::<f64>() / (count - 1.0);
    (mean - truth).abs() <= 2.093 * (variance / count).sqrt()
}

#[test]
fn replications_cover_the_truth_and_pretended_independence_does_not() {
    // The response of M/M/1 is exponential with mean 1 / (1 - rho).
    let (mean, quantile) = (2.0, 2.0 * 100f64.ln());
    let experiments = 400;
    let (mut of_means, mut of_quantiles, mut naive) = (0u32, 0u32, 0u32);
    for experiment in 0..experiments {
        let runs: Vec<(f64, f64, f64)> = (0..20).map(|run| one_run(1_000 + 20 * experiment + run)).collect();
        let means: Vec<f64> = runs.iter().map(|run| run.0).collect();
        let quantiles: Vec<f64> = runs.iter().map(|run| run.1).collect();
        of_means += u32::from(covers(&means, mean));
        of_quantiles += u32::from(covers(&quantiles, quantile));
        naive += u32::from((runs[0].0 - mean).abs() <= runs[0].2);
    }
    let share = |count: u32| f64::from(count) / experiments as f64;
    println!(
        "covered: means {}, quantiles {}, requests {}",
        share(of_means),
        share(of_quantiles),
        share(naive)
    );
    assert!((0.93..=0.97).contains(&share(of_means)), "{}", share(of_means));
    assert!((0.93..=0.97).contains(&share(of_quantiles)), "{}", share(of_quantiles));
    assert!(share(naive) < 0.6, "{}", share(naive));
}
