//! How many attempts a task takes, which node accepts it, and whether it is delayed there.
//!
//! A node `i` refuses with probability `p[i]` and delays what it accepts with probability `p[i]` again, by a second
//! coin. A node that refuses much is accepted from seldom, so an accepted attempt is delayed less often than a node is
//! on average: a refusal is a free probe. This is the selection effect.

use super::makespan::StepDistribution;

/// What `k` nodes with given load probabilities do to a task that is sent to random ones until one accepts it.
#[derive(Clone, Debug, PartialEq)]
pub struct Law {
    /// By node: mean attempts that a task makes there.
    pub visits: Vec<f64>,
    /// By node: probability that it is the one that accepts.
    pub accepted: Vec<f64>,
    /// Mean attempts a task.
    pub mean_attempts: f64,
    /// Probability that the accepted attempt is delayed.
    pub delayed: f64,
}

impl Law {
    fn of_visits(visits: Vec<f64>, p: &[f64]) -> Law {
        let accepted: Vec<f64> = visits.iter().zip(p).map(|(visits, p)| visits * (1.0 - p)).collect();
        let delayed = accepted.iter().zip(p).map(|(accepted, p)| accepted * p).sum();
        Law { mean_attempts: visits.iter().sum(), visits, accepted, delayed }
    }

    /// Mean time of a task with slots enough: round trip `r` an attempt, service `s`, delay `d`.
    pub fn mean_time(&self, r: f64, s: f64, d: f64) -> f64 {
        r * self.mean_attempts + s + d * self.delayed
    }
}

/// Every attempt goes to a uniformly random node: mean attempts `1 / (1 - mean p)`, and the accepted one is delayed with
/// probability `mean p - variance p / (1 - mean p)`. Infinite attempts if every `p` is 1.
pub fn uniform(p: &[f64]) -> Law {
    let visits = 1.0 / (p.len() as f64 * (1.0 - mean(p)));
    Law::of_visits(vec![visits; p.len()], p)
}

/// As [`uniform`], but never the node that has just refused, which is this scheduler's rule while another node is up.
///
/// From node `i` a refused task goes to any of the others: the visits `v` solve
/// `v_i = 1/k + (sum of p_j v_j over the others) / (k - 1)`. At most one node may have `p = 1`.
pub fn elsewhere(p: &[f64]) -> Law {
    if p.len() < 2 {
        return uniform(p);
    }
    let k = p.len() as f64;
    // With R the mean refusals, v_i (k - 1 + p_i) = (k - 1) / k + R, and the sum of p_i v_i is R again.
    let weights: Vec<f64> = p.iter().map(|p| 1.0 / (k - 1.0 + p)).collect();
    let refused: f64 = weights.iter().zip(p).map(|(weight, p)| weight * p).sum();
    let refusals = (k - 1.0) / k * refused / (1.0 - refused);
    let visits = weights.iter().map(|weight| weight * ((k - 1.0) / k + refusals)).collect();
    Law::of_visits(visits, p)
}

/// Of two nodes always the first, after its refusal the second, and back: what who knows the probabilities does. Mean
/// attempts are `(1 + p1) / (1 - p1 p2)`.
pub fn back_and_forth(first: f64, second: f64) -> Law {
    let visits = 1.0 / (1.0 - first * second);
    Law::of_visits(vec![visits, visits * first], &[first, second])
}

/// Mean attempts if a task tries the nodes in random order, each once before any twice:
/// `sum over j < k of e_j(p) / C(k, j)`, over `1 - product of p`, with `e_j` the elementary symmetric polynomials.
pub fn without_replacement(p: &[f64]) -> f64 {
    // Coefficients of the product of (1 + p_i z).
    let mut symmetric = vec![1.0];
    for p in p {
        symmetric.push(0.0);
        for place in (1..symmetric.len()).rev() {
            symmetric[place] += p * symmetric[place - 1];
        }
    }
    let (mut sum, mut choose) = (0.0, 1.0);
    for (j, e) in symmetric.iter().take(p.len()).enumerate() {
        sum += e / choose;
        choose *= (p.len() - j) as f64 / (j as f64 + 1.0);
    }
    sum / (1.0 - p.iter().product::<f64>())
}

/// Variance of the attempts of [`uniform`]: `p / (1 - p)^2` with the mean `p`.
pub fn uniform_variance(p: &[f64]) -> f64 {
    let p = mean(p);
    p / ((1.0 - p) * (1.0 - p))
}

/// Whether letting nodes refuse makes the mean time of [`uniform`] shorter than making them accept: exactly if
/// `d * variance p > r * mean p`.
pub fn rejection_helps(p: &[f64], r: f64, d: f64) -> bool {
    d * variance(p) > r * mean(p)
}

/// Mean time if the first node has to accept: `r + s + d * mean p`.
pub fn must_accept_mean_time(p: &[f64], r: f64, s: f64, d: f64) -> f64 {
    r + s + d * mean(p)
}

/// The distribution of a task's time with slots enough, for [`elsewhere`] (`exclude` true) or [`uniform`].
pub fn time_distribution(p: &[f64], exclude: bool, r: f64, s: f64, d: f64) -> StepDistribution {
    /// What is left when the tail is cut off.
    const TAIL: f64 = 1e-15;
    let k = p.len() as f64;
    let exclude = exclude && p.len() > 1;
    let mut steps = Vec::new();
    // The probability to make the next attempt at each node.
    let mut at: Vec<f64> = vec![1.0 / k; p.len()];
    let mut attempt = 1.0;
    while at.iter().sum::<f64>() > TAIL && attempt < 1e6 {
        let accept: f64 = at.iter().zip(p).map(|(at, p)| at * (1.0 - p)).sum();
        let late: f64 = at.iter().zip(p).map(|(at, p)| at * (1.0 - p) * p).sum();
        steps.push((r * attempt + s, accept - late));
        steps.push((r * attempt + s + d, late));
        let refused: f64 = at.iter().zip(p).map(|(at, p)| at * p).sum();
        for (at, p) in at.iter_mut().zip(p) {
            *at = if exclude { (refused - *at * p) / (k - 1.0) } else { refused / k };
        }
        attempt += 1.0;
    }
    StepDistribution::new(steps)
}

pub(crate) fn mean(p: &[f64]) -> f64 {
    p.iter().sum::<f64>() / p.len().max(1) as f64
}

fn variance(p: &[f64]) -> f64 {
    let mean = mean(p);
    p.iter().map(|p| (p - mean) * (p - mean)).sum::<f64>() / p.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use luck::{Purpose, Seed};

    const P: [f64; 5] = [0.1, 0.3, 0.5, 0.7, 0.9];
    const TASKS: u64 = 400_000;

    fn close(seen: f64, expected: f64, tolerance: f64) {
        assert!((seen - expected).abs() <= tolerance, "{seen} against {expected}");
    }

    /// Attempts and whether delayed, for a task that picks its nodes by `pick(coin, node before)`.
    fn walk(task: u64, pick: impl Fn(luck::Coin, Option<usize>) -> usize) -> (u64, bool) {
        let mut before = None;
        for attempt in 1.. {
            let node = pick(Seed(1).coin(Purpose::Pick, task, attempt), before);
            if !Seed(1).coin(Purpose::Reject, task, attempt).happens(P[node]) {
                return (attempt, Seed(1).coin(Purpose::Delay, task, attempt).happens(P[node]));
            }
            before = Some(node);
        }
        unreachable!("some node accepts")
    }

    fn monte_carlo(pick: impl Fn(luck::Coin, Option<usize>) -> usize) -> (f64, f64, f64) {
        let walks: Vec<(u64, bool)> = (0..TASKS).map(|task| walk(task, &pick)).collect();
        let mean = walks.iter().map(|(attempts, _)| *attempts as f64).sum::<f64>() / TASKS as f64;
        let square = walks.iter().map(|(attempts, _)| (*attempts as f64).powi(2)).sum::<f64>() / TASKS as f64;
        let late = walks.iter().filter(|(_, late)| *late).count() as f64 / TASKS as f64;
        (mean, square - mean * mean, late)
    }

    #[test]
    fn uniform_choice() {
        let law = uniform(&P);
        close(law.mean_attempts, 2.0, 1e-12);
        close(law.delayed, 0.34, 1e-12);
        close(law.mean_time(0.002, 0.05, 3.0), 1.074, 1e-12);
        for (accepted, expected) in law.accepted.iter().zip([0.36, 0.28, 0.2, 0.12, 0.04]) {
            close(*accepted, expected, 1e-12);
        }
        close(uniform_variance(&P), 2.0, 1e-12);
        let (attempts, spread, late) = monte_carlo(|coin, _| coin.below(5));
        close(attempts, 2.0, 0.02);
        close(spread, 2.0, 0.02);
        close(late, 0.34, 0.0034);
    }

    #[test]
    fn never_the_same_node_twice_in_a_row() {
        let law = elsewhere(&P);
        close(law.accepted.iter().sum(), 1.0, 1e-12);
        assert!(law.mean_attempts < 2.0 && law.mean_attempts > without_replacement(&P));
        let (attempts, _, late) = monte_carlo(|coin, before| match before {
            None => coin.below(5),
            Some(before) => {
                let other = coin.below(4);
                other + usize::from(other >= before)
            }
        });
        close(attempts / law.mean_attempts, 1.0, 0.01);
        close(late / law.delayed, 1.0, 0.01);
        // Two nodes: a task goes back and forth. From the first: a = 1 + p b, from the second: b = 1 + q a.
        let two = elsewhere(&[0.2, 0.6]);
        let a = (1.0 + 0.2) / (1.0 - 0.12);
        close(two.mean_attempts, f64::midpoint(a, 1.0 + 0.6 * a), 1e-12);
        assert_eq!(elsewhere(&[0.5]), uniform(&[0.5]));
    }

    #[test]
    fn back_and_forth_between_the_best_two() {
        let law = back_and_forth(0.2, 0.5);
        close(law.mean_attempts, 1.2 / 0.9, 1e-12);
        close(law.accepted.iter().sum(), 1.0, 1e-12);
        assert_eq!(back_and_forth(0.0, 1.0).mean_attempts, 1.0);
        let (attempts, _, late) = monte_carlo(|_, before| match before {
            Some(0) => 1,
            _ => 0,
        });
        let of_p = back_and_forth(P[0], P[1]);
        close(attempts / of_p.mean_attempts, 1.0, 0.01);
        close(late / of_p.delayed, 1.0, 0.01);
    }

    #[test]
    fn every_node_once_before_any_twice() {
        close(without_replacement(&P), 1.876_51, 1e-5);
        close(without_replacement(&[0.5]), 2.0, 1e-12);
        close(without_replacement(&[0.3; 7]), 1.0 / 0.7, 1e-12);
    }

    #[test]
    fn rejection_pays_where_nodes_differ() {
        assert!(rejection_helps(&P, 0.002, 3.0));
        assert!(!rejection_helps(&[0.5; 5], 0.002, 3.0));
        close(must_accept_mean_time(&P, 0.002, 0.05, 3.0), 1.552, 1e-12);
        close(uniform(&[0.1]).mean_time(0.002, 0.05, 3.0), 0.352_22, 1e-5);
    }

    #[test]
    fn the_time_distribution_has_the_laws_mean() {
        for (exclude, law) in [(false, uniform(&P)), (true, elsewhere(&P))] {
            let times = time_distribution(&P, exclude, 0.002, 0.05, 3.0);
            close(times.mean(), law.mean_time(0.002, 0.05, 3.0), 1e-9);
        }
    }
}
