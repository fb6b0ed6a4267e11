//! How fast each node has been so far, in pixels of results a microsecond of work.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// No node gets more than so many times the share of another.
const MOST_RATIO: f64 = 8.0;
/// Work after which what was seen counts half, in microseconds.
const HALF_US: f64 = 20e6;
/// What is seen in so many microseconds of work counts as much as the guess that all nodes are equally fast: how long one
/// part takes says more of what else ran beside it.
const GUESS_US: f64 = 2e6;

/// What was seen of each node, by number.
#[derive(Debug, Default)]
pub(crate) struct Speeds(Mutex<Vec<Seen>>);

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    pixels: f64,
    us: f64,
}

impl Speeds {
    /// A node has made so many pixels in a time.
    pub(crate) fn saw(&self, node: usize, pixels: u64, time: Duration) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if pixels == 0 || time.is_zero() {
            return;
        }
        if all.len() <= node {
            all.resize(node + 1, Seen::default());
        }
        let seen = &mut all[node];
        seen.pixels += pixels as f64;
        seen.us += time.as_secs_f64() * 1e6;
        if seen.us > 2.0 * HALF_US {
            (seen.pixels, seen.us) = (seen.pixels / 2.0, seen.us / 2.0);
        }
    }

    /// The share of work for each of these nodes: by its speed, as far as that is certain; one of which little was seen counts
    /// about as the mean of the others.
    pub(crate) fn shares(&self, nodes: impl Iterator<Item = usize>) -> Vec<f64> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |node| all.get(node).copied().unwrap_or_default();
        let nodes: Vec<Seen> = nodes.map(of).collect();
        let known: Vec<f64> =
            nodes.iter().filter(|seen| seen.us > 0.0).map(|seen| seen.pixels / seen.us).collect();
        let mean = if known.is_empty() { 1.0 } else { known.iter().sum::<f64>() / known.len() as f64 };
        let speed = |seen: &Seen| (seen.pixels + GUESS_US * mean) / (seen.us + GUESS_US);
        let speeds: Vec<f64> = nodes.iter().map(speed).collect();
        let most = speeds.iter().copied().fold(mean, f64::max);
        speeds.into_iter().map(|speed| speed.max(most / MOST_RATIO)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Long enough that a guess hardly counts.
    const LONG: Duration = Duration::from_secs(100_000);

    /// What the shares are, rounded to whole numbers with the last node's as one.
    fn shares(speeds: &Speeds, nodes: &[usize]) -> Vec<f64> {
        let shares = speeds.shares(nodes.iter().copied());
        shares.iter().map(|share| (share / shares[shares.len() - 1]).round()).collect()
    }

    #[test]
    fn a_faster_node_gets_a_larger_share() {
        let speeds = Speeds::default();
        assert_eq!(speeds.shares(0..3), [1.0; 3]);
        speeds.saw(0, 3_000, LONG);
        speeds.saw(2, 1_000, LONG);
        assert_eq!(shares(&speeds, &[1, 0, 2]), [2.0, 3.0, 1.0]);
        speeds.saw(0, 0, LONG);
        assert_eq!(shares(&speeds, &[0, 2]), [3.0, 1.0]);
    }

    #[test]
    fn what_was_seen_of_little_work_counts_little() {
        let speeds = Speeds::default();
        speeds.saw(0, 300_000, Duration::from_millis(30));
        speeds.saw(1, 300_000, Duration::from_millis(60));
        let shares = speeds.shares(0..2);
        assert!((1.0..1.1).contains(&(shares[0] / shares[1])), "{shares:?}");
    }

    #[test]
    fn nobody_is_starved() {
        let speeds = Speeds::default();
        speeds.saw(0, 1_000_000_000, LONG);
        speeds.saw(1, 1, LONG);
        assert_eq!(shares(&speeds, &[0, 1]), [8.0, 1.0]);
    }
}
