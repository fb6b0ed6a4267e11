//! Who gets the attempts when least connections meets nodes that refuse at once.
//!
//! Least connections keeps the attempts in flight equal on all nodes. An attempt stays in flight for
//! `r + (1 - p)(s + p d)` on average, so attempts go to nodes in proportion to its inverse: a node that refuses nearly
//! everything is nearly always empty and gets the most attempts, which is the sinkhole. The share is U-shaped in `p`.
//! This is [`limit`], for very many attempts in flight on each node, and it ignores that a refused task goes elsewhere.
//!
//! With few in flight whole numbers matter: the sink is kept at the level of the emptiest node and not at the mean, and
//! its own refusals cannot come straight back. [`stream`] counts both. Each node is a birth and death process: at `n` in
//! flight it loses one at rate `n / h` with its mean holding time `h`, and wins one when a task comes that finds nobody
//! emptier (ties share). The others are taken as independent with the same law, and the law is iterated until it repeats
//! itself. Only the mean of `h` matters, as in every queue where all are served at once.

use super::attempts::mean;

/// Mean time that an attempt is in flight.
fn holding(p: f64, r: f64, s: f64, d: f64) -> f64 {
    r + (1.0 - p) * (s + p * d)
}

/// The weight of a node: attempts go to it in proportion to this.
pub fn weight(p: f64, r: f64, s: f64, d: f64) -> f64 {
    1.0 / holding(p, r, s, d)
}

/// By node: its share of the attempts where very many are in flight.
pub fn limit(p: &[f64], r: f64, s: f64, d: f64) -> Vec<f64> {
    let weights: Vec<f64> = p.iter().map(|&p| weight(p, r, s, d)).collect();
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|weight| weight / sum).collect()
}

/// Mean attempts in flight on a node that [`stream`] needs: below, a node is mostly empty and who was there before
/// decides, which independence does not know.
pub const LEAST_IN_FLIGHT: f64 = 0.5;

/// By node: its share of the attempts of a Poisson stream of `rate` tasks a second with slots enough. Checked against
/// simulations with 2 to 20 nodes and 0.5 to 60 in flight on each (`tests/it/theory.rs`): within 10 % at 0.5, within 4 %
/// from 1.5 on.
///
/// None if a node holds an attempt for no time, if all refuse everything, with fewer than [`LEAST_IN_FLIGHT`] on a node,
/// or for so many nodes or attempts in flight that it would take seconds; there [`limit`] may do.
pub fn stream(p: &[f64], rate: f64, r: f64, s: f64, d: f64) -> Option<Vec<f64>> {
    let held: Vec<f64> = p.iter().map(|&p| holding(p, r, s, d)).collect();
    let accepting: f64 = p.iter().zip(&held).map(|(p, held)| (1.0 - p) / held).sum();
    let level = rate / accepting;
    if p.len() < 2 || !held.iter().all(|held| *held > 0.0) || !(LEAST_IN_FLIGHT..=MOST).contains(&level) {
        return None;
    }
    let mut levels = Levels::new(p, &held, rate, accepting, level);
    if levels.law.len() * levels.law[0].len() > MOST_NUMBERS {
        return None;
    }
    for _ in 0..ROUNDS {
        if levels.next() < PRECISION {
            break;
        }
    }
    let attempts: Vec<f64> = levels.means().iter().zip(&held).map(|(mean, held)| mean / held).collect();
    let all: f64 = attempts.iter().sum();
    Some(attempts.iter().map(|one| one / all).collect())
}

/// Most attempts in flight on a node.
const MOST: f64 = 2_000.0;
/// Most probabilities that are iterated: some hundred nodes.
const MOST_NUMBERS: usize = 20_000;
const ROUNDS: usize = 400;
/// Largest change of a probability at which the law repeats itself.
const PRECISION: f64 = 1e-7;
/// Share of the new law in the next one: all of it would swing.
const STEP: f64 = 0.3;

/// The law of each node's attempts in flight, under iteration.
struct Levels<'a> {
    p: &'a [f64],
    held: &'a [f64],
    rate: f64,
    accepting: f64,
    /// By node and number in flight, counted from `lowest`: the probability.
    law: Vec<Vec<f64>>,
    lowest: usize,
    /// Points and weights of the integral over ties.
    quadrature: Vec<(f64, f64)>,
}

impl<'a> Levels<'a> {
    fn new(p: &'a [f64], held: &'a [f64], rate: f64, accepting: f64, level: f64) -> Levels<'a> {
        // The sum of all fluctuates like a Poisson number; a sink may be far below the others.
        let width = 10.0 + 8.0 * level.sqrt();
        let lowest = if level > 40.0 { (level - width).max(0.0) as usize } else { 0 };
        let count = (level + width) as usize + 1 - lowest;
        let start: Vec<f64> = (0..count).map(|n| (-((lowest + n) as f64 - level).abs()).exp()).collect();
        let sum: f64 = start.iter().sum();
        let start: Vec<f64> = start.iter().map(|one| one / sum).collect();
        // The integrand is a polynomial of degree k - 1.
        let quadrature = gauss_legendre((p.len() / 2 + 1).min(40));
        Levels { p, held, rate, accepting, law: vec![start; p.len()], lowest, quadrature }
    }

    fn means(&self) -> Vec<f64> {
        let mean = |law: &Vec<f64>| law.iter().zip(self.lowest..).map(|(share, n)| share * n as f64).sum();
        self.law.iter().map(mean).collect()
    }

    /// One round; answers the largest change of a probability.
    fn next(&mut self) -> f64 {
        let births = self.births();
        let mut change: f64 = 0.0;
        for (node, law) in self.law.iter_mut().enumerate() {
            let own = births.iter().map(|level| level[node]);
            let new = birth_and_death(own, self.held[node], self.lowest);
            for (old, new) in law.iter_mut().zip(new) {
                change = change.max((new - *old).abs());
                *old += STEP * (new - *old);
            }
        }
        // What is accepted has to be what arrives. The rounds would find that level by themselves, but slowly.
        let means = self.means();
        let flow = |(node, mean): (usize, &f64)| (1.0 - self.p[node]) * mean / self.held[node];
        let accepted: f64 = means.iter().enumerate().map(flow).sum();
        let by = ((self.rate - accepted) / self.accepting).clamp(-1.0, 1.0);
        self.law.iter_mut().for_each(|law| shift(law, by));
        change.max(by.abs())
    }

    /// By number in flight and node: the rate at which the node wins one more.
    ///
    /// A task goes to node `i` at `n` if no other is below `n`, and to one of those at `n` by lot: with `m` others there
    /// by `1 / (m + 1)`, which is the integral of `z^m` over `0 .. 1`. The sum over all cases is a product over the
    /// others of `P(above n) + P(at n) z`. A task that `j` has refused sees the product without `j`.
    fn births(&self) -> Vec<Vec<f64>> {
        let nodes = self.p.len();
        let refused: Vec<f64> =
            self.means().iter().zip(self.p).zip(self.held).map(|((mean, p), held)| p * mean / held).collect();
        let count = self.law[0].len();
        let mut births = vec![vec![0.0; nodes]; count];
        let mut above = vec![1.0; nodes];
        for (n, births) in births.iter_mut().enumerate() {
            for (node, above) in above.iter_mut().enumerate() {
                *above = (*above - self.law[node][n]).max(0.0);
            }
            for &(z, weight) in &self.quadrature {
                // A floor, so that who is surely not at the level does not divide by zero.
                let terms: Vec<f64> =
                    (0..nodes).map(|node| (above[node] + self.law[node][n] * z).max(1e-12)).collect();
                let product: f64 = terms.iter().product();
                let again: f64 = refused.iter().zip(&terms).map(|(refused, term)| refused / term).sum();
                for ((birth, term), refused) in births.iter_mut().zip(&terms).zip(&refused) {
                    *birth += weight * product / term * (self.rate + again - refused / term);
                }
            }
        }
        births
    }
}

/// The law of a process that goes from `n` to `n + 1` at `births[n]` and back from `n` at `n / held`.
fn birth_and_death(births: impl ExactSizeIterator<Item = f64>, held: f64, lowest: usize) -> Vec<f64> {
    // In logarithms: levels far from the usual one are beyond the range of numbers.
    let mut logarithm = vec![0.0];
    let mut last = 0.0;
    let ways_up = births.len() - 1;
    for (n, birth) in births.enumerate().take(ways_up) {
        last += (birth.max(1e-300) * held / (lowest + n + 1) as f64).ln();
        logarithm.push(last);
    }
    let most = logarithm.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = logarithm.iter().map(|one| (one - most).exp()).collect();
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|weight| weight / sum).collect()
}

/// Moves a law up by a part of one level, or down; what would leave stays at the end.
fn shift(law: &mut [f64], by: f64) {
    let part = by.abs();
    let moved: Vec<f64> = law.iter().map(|share| share * part).collect();
    let last = law.len() - 1;
    for (n, moved) in moved.into_iter().enumerate() {
        let to = if by > 0.0 { (n + 1).min(last) } else { n.saturating_sub(1) };
        law[n] -= moved;
        law[to] += moved;
    }
}

/// Points and weights on `0 .. 1` that integrate polynomials of degree below `2 points` exactly.
fn gauss_legendre(points: usize) -> Vec<(f64, f64)> {
    let n = points as f64;
    let root = |i: usize| {
        let mut x = (std::f64::consts::PI * (i as f64 + 0.75) / (n + 0.5)).cos();
        let mut slope = 1.0;
        // Newton's method from Tricomi's guess is exact to the last digits after four rounds.
        for _ in 0..6 {
            let (mut value, mut before) = (x, 1.0);
            for j in 1..points {
                let j = j as f64;
                (value, before) = (((2.0 * j + 1.0) * x * value - j * before) / (j + 1.0), value);
            }
            slope = n * (x * value - before) / (x * x - 1.0);
            x -= value / slope;
        }
        (f64::midpoint(1.0, x), 1.0 / ((1.0 - x * x) * slope * slope))
    };
    (0..points).map(root).collect()
}

/// Mean attempts a task if the nodes get the given shares of the attempts: each attempt is the last with the accepting
/// share of them.
pub fn mean_attempts(p: &[f64], shares: &[f64]) -> f64 {
    let accepted: f64 = p.iter().zip(shares).map(|(p, share)| (1.0 - p) * share).sum();
    if accepted > 0.0 { 1.0 / accepted } else { 1.0 / (1.0 - mean(p)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_weights() {
        let known =
            [(0.0, 19.2308), (0.1, 3.1546), (0.5, 1.2870), (0.9, 3.6101), (0.99, 31.0559), (1.0, 500.0)];
        for (p, expected) in known {
            assert!((weight(p, 0.002, 0.05, 3.0) - expected).abs() < 1e-4, "{p}");
        }
        assert!((limit(&one_sink(), 0.002, 0.05, 3.0)[19] - 0.341).abs() < 5e-4);
        assert!((limit(&one_sink(), 0.002, 0.05, 0.5)[19] - 0.394).abs() < 5e-4);
    }

    /// Nineteen nodes at 0.1 and one at 0.99.
    fn one_sink() -> Vec<f64> {
        let mut nodes = vec![0.1; 19];
        nodes.push(0.99);
        nodes
    }

    #[test]
    fn polynomials_are_integrated() {
        for points in [2, 5, 11, 40] {
            let rule = gauss_legendre(points);
            for degree in [0, 1, 2 * points as i32 - 1] {
                let integral: f64 = rule.iter().map(|(z, weight)| weight * z.powi(degree)).sum();
                assert!(
                    (integral * f64::from(degree + 1) - 1.0).abs() < 1e-9,
                    "{points}, {degree}: {integral}"
                );
            }
        }
    }

    #[test]
    fn a_law_is_shifted_by_its_mean() {
        let mut law = vec![0.0, 0.5, 0.5, 0.0];
        shift(&mut law, 0.25);
        assert_eq!(law, [0.0, 0.375, 0.5, 0.125]);
        shift(&mut law, -1.0);
        assert_eq!(law, [0.375, 0.5, 0.125, 0.0]);
    }

    #[test]
    fn nodes_that_are_alike_share_alike() {
        let shares = stream(&[0.3; 5], 40.0, 0.002, 0.05, 1.0).unwrap();
        assert!(shares.iter().all(|share| (share - 0.2).abs() < 1e-9), "{shares:?}");
    }

    #[test]
    fn a_stream_comes_to_the_limit_where_very_many_are_in_flight() {
        let share = |rate| stream(&one_sink(), rate, 0.002, 0.05, 0.5).unwrap()[19];
        let limit = limit(&one_sink(), 0.002, 0.05, 0.5)[19];
        let shares: Vec<f64> = [300.0, 2_000.0, 20_000.0, 100_000.0].map(share).to_vec();
        assert!(shares.is_sorted() && shares[0] < 0.7 * limit, "{shares:?}");
        assert!((shares[3] / limit - 1.0).abs() < 0.01, "{shares:?} against {limit}");
    }

    #[test]
    fn silence_beyond_what_was_checked() {
        assert_eq!(stream(&one_sink(), 10.0, 0.002, 0.05, 0.5), None);
        assert_eq!(stream(&[0.5], 10.0, 0.002, 0.05, 0.5), None);
        assert_eq!(stream(&[1.0, 1.0], 10.0, 0.002, 0.05, 0.5), None);
        assert_eq!(stream(&[1.0, 0.5], 100.0, 0.0, 0.05, 0.5), None);
        assert!((mean_attempts(&[0.5, 0.0], &[0.5, 0.5]) - 4.0 / 3.0).abs() < 1e-12);
    }
}
