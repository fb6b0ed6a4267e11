//! How long a batch takes: with slots enough it is the slowest task's time, with too few it is the work over the speed.

/// A distribution on finitely many points, such as the time of a task that makes whole attempts.
#[derive(Clone, Debug, PartialEq)]
pub struct StepDistribution {
    /// Ascending points and their probabilities.
    points: Vec<(f64, f64)>,
}

impl StepDistribution {
    /// The given points with their probabilities, in any order.
    pub fn new(mut points: Vec<(f64, f64)>) -> StepDistribution {
        points.retain(|(_, probability)| *probability > 0.0);
        points.sort_by(|one, other| one.0.total_cmp(&other.0));
        StepDistribution { points }
    }

    /// The mean.
    pub fn mean(&self) -> f64 {
        self.mean_of_max(1)
    }

    /// The mean of the largest of `n` independent draws: `integral of 1 - F(t)^n`. Zero for none.
    pub fn mean_of_max(&self, n: u64) -> f64 {
        let (mut below, mut mean) = (0.0, 0.0);
        let all: f64 = self.points.iter().map(|(_, probability)| probability).sum();
        for (point, probability) in &self.points {
            let up_to = below + probability / all;
            mean += point * (power(up_to.min(1.0), n) - power(below.min(1.0), n));
            below = up_to;
        }
        mean
    }

    /// The smallest point that at least the given share of draws do not exceed.
    pub fn quantile(&self, share: f64) -> f64 {
        let mut below = 0.0;
        let reached = |(_, probability): &&(f64, f64)| {
            below += probability;
            below >= share
        };
        let found = self.points.iter().find(reached).or(self.points.last());
        found.map_or(0.0, |(point, _)| *point)
    }
}

fn power(base: f64, exponent: u64) -> f64 {
    base.powf(exponent as f64)
}

/// Mean makespan of `n` tasks that start together on nodes that must accept, slots enough: `s + r + d (1 - (1-p)^n)`,
/// where each task is delayed with probability `p`.
pub fn must_accept(n: u64, p: f64, r: f64, s: f64, d: f64) -> f64 {
    s + r + d * (1.0 - power(1.0 - p, n))
}

/// The mean of the largest of `n` geometric numbers of attempts, each further one with probability `q` below 1:
/// `sum over j of 1 - (1 - q^j)^n`.
pub fn most_attempts(n: u64, q: f64) -> f64 {
    let mut sum = 0.0;
    for j in 0.. {
        // 1 - (1 - x)^n without the loss of digits for small x.
        let term = -(n as f64 * (-q.powi(j)).ln_1p()).exp_m1();
        sum += term;
        if term < 1e-12 {
            break;
        }
    }
    sum
}

/// The same, by the asymptotic `H_n / -ln q + 1/2`.
pub fn most_attempts_asymptotic(n: u64, q: f64) -> f64 {
    let harmonic: f64 = (1..=n).map(|i| 1.0 / i as f64).sum();
    harmonic / -q.ln() + 0.5
}

/// Tasks a second that a node of `slots` slots can do when a slot is held for `s + p d`.
pub fn rate(slots: f64, s: f64, p: f64, d: f64) -> f64 {
    slots / (s + p * d)
}

/// Tasks a second when an accepted task costs its slot the refusals before it as well: late binding, where a slot asks
/// for work and refuses it with probability `p`.
pub fn rate_with_refusals(slots: f64, r: f64, s: f64, p: f64, d: f64) -> f64 {
    slots / (r / (1.0 - p) + s + p * d)
}

/// A lower bound on the makespan of `n` tasks for any policy: the work over the speed of all nodes, and one task's
/// service.
pub fn fluid_bound(n: u64, rates: &[f64], s: f64) -> f64 {
    (n as f64 / rates.iter().sum::<f64>()).max(s)
}

/// Fluid makespan if every node gets the same number of tasks: the slowest node's time.
pub fn uniform_split(n: u64, rates: &[f64]) -> f64 {
    let slowest = rates.iter().copied().fold(f64::INFINITY, f64::min);
    n as f64 / rates.len() as f64 / slowest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::attempts::time_distribution;

    const P: [f64; 5] = [0.1, 0.3, 0.5, 0.7, 0.9];

    fn close(seen: f64, expected: f64, tolerance: f64) {
        assert!((seen - expected).abs() <= tolerance, "{seen} against {expected}");
    }

    #[test]
    fn batches_with_slots_enough() {
        let times = time_distribution(&P, false, 0.002, 0.05, 3.0);
        for (n, expected) in [(1, 1.0740), (10, 3.0094), (100, 3.0629), (1_000, 3.0695)] {
            close(times.mean_of_max(n), expected, 5e-5);
        }
        for (n, expected) in [(1, 1.5520), (10, 3.0491), (100, 3.0520), (1_000, 3.0520)] {
            close(must_accept(n, 0.5, 0.002, 0.05, 3.0), expected, 5e-5);
        }
    }

    #[test]
    fn the_most_attempts() {
        let known = [
            (0.5, 10, 4.7256),
            (0.5, 100, 7.9838),
            (0.5, 1_000, 11.2993),
            (0.5, 10_000, 14.6205),
            (0.9, 10, 28.2995),
            (0.9, 100, 49.7345),
            (0.9, 10_000, 93.3963),
        ];
        for (q, n, expected) in known {
            close(most_attempts(n, q), expected, 5e-5);
            close(most_attempts_asymptotic(n, q), expected, 5e-4);
        }
        close(most_attempts(1, 0.5), 2.0, 1e-9);
    }

    #[test]
    fn batches_that_fill_the_slots() {
        let rates: Vec<f64> = P.iter().map(|&p| rate(4.0, 0.05, p, 3.0)).collect();
        close(fluid_bound(10_000, &rates, 0.05), 464.365_66, 1e-4);
        close(uniform_split(10_000, &rates), 1_375.0, 1e-9);
        let late: Vec<f64> = P.iter().map(|&p| rate_with_refusals(4.0, 0.002, 0.05, p, 3.0)).collect();
        close(fluid_bound(10_000, &late, 0.05), 466.698_11, 1e-4);
        close(fluid_bound(1, &rates, 0.05), 0.05, 1e-12);
    }

    #[test]
    fn quantiles_of_steps() {
        let steps = StepDistribution::new(vec![(3.0, 0.25), (1.0, 0.5), (2.0, 0.25)]);
        assert_eq!([0.0, 0.5, 0.51, 0.75, 1.0].map(|share| steps.quantile(share)), [1.0, 1.0, 2.0, 2.0, 3.0]);
        assert_eq!(steps.mean(), 1.75);
        assert_eq!(steps.mean_of_max(0), 0.0);
    }
}
