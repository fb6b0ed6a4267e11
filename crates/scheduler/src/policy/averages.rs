//! Averages that forget: by number of samples, and by time.

use crate::Micros;
use std::time::Duration;

/// An exponentially weighted moving average of times in microseconds that starts with its first sample.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mean(Option<f64>);

impl Mean {
    /// Moves by `gain` of the way to `sample`: remembers about `1 / gain` samples.
    pub(super) fn hear(&mut self, sample: f64, gain: f64) {
        self.0 = Some(self.0.map_or(sample, |mean| mean + gain * (sample - mean)));
    }

    /// The average, if there was a sample.
    pub(super) const fn get(self) -> Option<f64> {
        self.0
    }

    /// The average, or `other` before the first sample.
    pub(super) fn or(self, other: f64) -> f64 {
        self.0.unwrap_or(other)
    }
}

/// A sum whose parts lose half of their weight with every half-life.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Fading {
    value: f64,
    at: Micros,
}

impl Fading {
    /// Adds `amount` at `now`.
    pub(super) fn add(&mut self, amount: f64, now: Micros, half_life: Duration) {
        self.value = self.read(now, half_life) + amount;
        self.at = now;
    }

    /// What is left at `now`.
    pub(super) fn read(&self, now: Micros, half_life: Duration) -> f64 {
        if self.value == 0.0 {
            return 0.0;
        }
        self.value * (-now.since(self.at).as_secs_f64() / half_life.as_secs_f64()).exp2()
    }
}

/// A duration in microseconds, as policies reckon.
pub(super) fn micros(duration: Duration) -> f64 {
    duration.as_nanos() as f64 / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_starts_with_its_first_sample() {
        let mut mean = Mean::default();
        assert_eq!(mean.or(7.0), 7.0);
        mean.hear(100.0, 0.1);
        mean.hear(200.0, 0.1);
        assert_eq!(mean.get(), Some(110.0));
    }

    #[test]
    fn a_fading_sum_halves() {
        let half_life = Duration::from_secs(2);
        let mut sum = Fading::default();
        sum.add(8.0, Micros(0), half_life);
        sum.add(1.0, Micros(2_000_000), half_life);
        assert!((sum.read(Micros(4_000_000), half_life) - 2.5).abs() < 1e-12);
    }
}
