//! How fast each node has been so far, in pixels of results a microsecond of work.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// No node gets more than so many times the share of another.
const MOST_RATIO: f64 = 8.0;
/// Work after which what was seen counts half, in microseconds.
const HALF_US: f64 = 20e6;

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

    /// The share of work for each of these nodes; one of which nothing was seen counts as the mean of the others.
    pub(crate) fn shares(&self, nodes: impl Iterator<Item = usize>) -> Vec<f64> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let speed =
            |node| all.get(node).filter(|seen: &&Seen| seen.us > 0.0).map(|seen| seen.pixels / seen.us);
        let speeds: Vec<Option<f64>> = nodes.map(speed).collect();
        let known: Vec<f64> = speeds.iter().copied().flatten().collect();
        let mean = if known.is_empty() { 1.0 } else { known.iter().sum::<f64>() / known.len() as f64 };
        let most = known.iter().copied().fold(mean, f64::max);
        speeds.into_iter().map(|speed| speed.unwrap_or(mean).max(most / MOST_RATIO)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_faster_node_gets_a_larger_share() {
        let speeds = Speeds::default();
        assert_eq!(speeds.shares(0..3), [1.0; 3]);
        speeds.saw(0, 3_000, Duration::from_micros(1_000));
        speeds.saw(2, 1_000, Duration::from_micros(1_000));
        assert_eq!(speeds.shares(0..3), [3.0, 2.0, 1.0]);
        speeds.saw(0, 0, Duration::from_micros(9_000));
        assert_eq!(speeds.shares([2, 0].into_iter()), [1.0, 3.0]);
    }

    #[test]
    fn nobody_is_starved() {
        let speeds = Speeds::default();
        speeds.saw(0, 1_000_000, Duration::from_micros(1_000));
        speeds.saw(1, 1, Duration::from_micros(1_000));
        assert_eq!(speeds.shares(0..2), [1_000.0, 125.0]);
    }
}
