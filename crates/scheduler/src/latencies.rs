//! What attempts took lately: quantiles, and how long one of a given age still takes.

use crate::Observation;
use std::time::Duration;

/// Finished attempts that are remembered.
const WINDOW: usize = 512;
/// Finished attempts before which nothing is said.
const FEWEST: usize = 20;
/// New attempts after which the order is renewed, while few and when the window is full.
const STALE: usize = 32;
const STALE_FULL: usize = 128;

/// An age is unheard of at this many times the longest round trip that is remembered. Of exponential times not one in a
/// thousand is, even after few.
const BEYOND: f32 = 4.0;

/// The round trips of the last finished attempts of a job, in microseconds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Latencies {
    ring: Vec<f32>,
    next: usize,
    /// Round trips less the delays that the nodes told.
    undelayed: Vec<f32>,
    fresh: usize,
    /// The ring in ascending order as of the last renewal, and the sums of it from each place to the end.
    sorted: Vec<f32>,
    tails: Vec<f64>,
    median_undelayed: f32,
}

impl Latencies {
    /// Hears of a finished attempt; answers whether that changed what is said.
    pub(crate) fn hear(&mut self, seen: &Observation) -> bool {
        let whole = seen.round_trip.as_micros() as f32;
        let delay = seen.node.map_or(0.0, |times| times.delay.as_micros() as f32);
        let undelayed = (whole - delay).max(0.0);
        if self.ring.len() < WINDOW {
            self.ring.push(whole);
            self.undelayed.push(undelayed);
        } else {
            self.ring[self.next] = whole;
            self.undelayed[self.next] = undelayed;
        }
        self.next = (self.next + 1) % WINDOW;
        self.fresh += 1;
        let first = self.sorted.is_empty() && self.ring.len() >= FEWEST;
        let stale = if self.ring.len() < WINDOW { STALE } else { STALE_FULL };
        let renews = first || (self.fresh >= stale && !self.sorted.is_empty());
        if renews {
            self.renew();
        }
        renews
    }

    fn renew(&mut self) {
        self.fresh = 0;
        self.sorted.clone_from(&self.ring);
        self.sorted.sort_unstable_by(f32::total_cmp);
        let mut sum = 0.0;
        self.tails.clear();
        self.tails.extend(self.sorted.iter().rev().map(|&latency| {
            sum += f64::from(latency);
            sum
        }));
        self.tails.reverse();
        let mut undelayed = self.undelayed.clone();
        let middle = undelayed.len() / 2;
        self.median_undelayed = *undelayed.select_nth_unstable_by(middle, f32::total_cmp).1;
    }

    /// The given quantile of round trips, once enough attempts have finished.
    pub(crate) fn quantile(&self, share: f64) -> Option<Duration> {
        let last = self.sorted.len().checked_sub(1)?;
        let latency = *self.sorted.get((last as f64 * share).round() as usize)?;
        Some(Duration::from_micros(latency as u64))
    }

    /// The median of round trips less delays, once enough attempts have finished.
    pub(crate) fn median_undelayed(&self) -> Option<Duration> {
        (!self.sorted.is_empty()).then(|| Duration::from_micros(self.median_undelayed as u64))
    }

    /// The mean round trip, once enough attempts have finished.
    pub(crate) fn mean(&self) -> Option<Duration> {
        let sum = self.tails.first()?;
        Some(Duration::from_secs_f64(sum / self.sorted.len() as f64 / 1e6))
    }

    /// How long an attempt of that age is expected to take from now; none if none ever took as long.
    pub(crate) fn remaining(&self, age: Duration) -> Option<Duration> {
        let age = age.as_micros() as f32;
        let place = self.sorted.partition_point(|&latency| latency <= age);
        self.remaining_from(place, age)
    }

    fn remaining_from(&self, place: usize, age: f32) -> Option<Duration> {
        let longer = (self.sorted.len() - place) as f64;
        let sum = self.tails.get(place)?;
        Some(Duration::from_secs_f64((sum / longer - f64::from(age)).max(0.0) / 1e6))
    }

    /// The least age at which an attempt is expected to take `factor` times as long from then on as a new one. None if
    /// nothing is known yet. Where no age is so bad, as with exponential service, it is one that is far beyond all that
    /// was seen: whoever is that old is up to something that nobody has come back from yet, such as the first delays of
    /// a job.
    pub(crate) fn age_of_doubt(&self, factor: f64) -> Option<Duration> {
        let limit = self.mean()?.mul_f64(factor);
        // The last few samples say little about what comes after them.
        let places = 0..self.sorted.len().saturating_sub(2);
        let place = places.into_iter().find(|&place| {
            let remaining = self.remaining_from(place + 1, self.sorted[place]);
            remaining.is_some_and(|remaining| remaining > limit)
        });
        let unheard_of = BEYOND * self.sorted.last().copied().unwrap_or_default();
        Some(Duration::from_micros(place.map_or(unheard_of, |place| self.sorted[place]) as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NodeTimes;
    use luck::{Purpose, Seed};

    fn latencies(sample: impl Fn(u64) -> (f64, bool)) -> Latencies {
        let mut latencies = Latencies::default();
        for number in 0..WINDOW as u64 {
            let (service, delayed) = sample(number);
            let delay = Duration::from_secs(if delayed { 3 } else { 0 });
            let service = Duration::from_secs_f64(service);
            let node = Some(NodeTimes { queue: Duration::ZERO, delay, service });
            latencies.hear(&Observation { round_trip: delay + service, node, ..Observation::default() });
        }
        latencies.renew();
        latencies
    }

    fn exponential(number: u64) -> f64 {
        0.05 * Seed(3).coin(Purpose::Service, number, 0).exponential()
    }

    #[test]
    fn quantiles_are_of_the_whole_and_the_median_is_undelayed() {
        let latencies = latencies(|number| (0.001 * (number % 100) as f64, number % 10 == 0));
        assert!((latencies.quantile(0.5).unwrap().as_secs_f64() - 0.055).abs() < 0.003);
        assert!(latencies.quantile(0.95).unwrap() >= Duration::from_secs(3));
        assert!((latencies.median_undelayed().unwrap().as_secs_f64() - 0.050).abs() < 0.003);
    }

    #[test]
    fn nothing_is_said_of_a_few() {
        let mut latencies = Latencies::default();
        (0..FEWEST - 1).for_each(|_| assert!(!latencies.hear(&Observation::default())));
        assert_eq!((latencies.quantile(0.5), latencies.mean()), (None, None));
    }

    #[test]
    fn a_rare_long_delay_gives_an_age_of_doubt() {
        // One in ten takes 3 s more: the mean is 0.35 s. Beyond 0.1 s or so most are delayed.
        let latencies = latencies(|number| (exponential(number), number % 10 == 0));
        let doubt = latencies.age_of_doubt(2.0).unwrap();
        assert!(Duration::from_millis(30) < doubt && doubt < Duration::from_millis(150), "{doubt:?}");
        // Late in its delay an attempt is nearly done.
        assert!(latencies.remaining(Duration::from_millis(2_900)).unwrap() < Duration::from_millis(300));
        assert!(latencies.remaining(Duration::from_secs(60)).is_none());
    }

    #[test]
    fn only_what_is_unheard_of_is_doubted_where_an_old_attempt_is_as_good_as_a_new_one() {
        let latencies = latencies(|number| (exponential(number), false));
        let longest = latencies.quantile(1.0).unwrap();
        let doubt = latencies.age_of_doubt(2.0).unwrap();
        assert!(doubt >= longest.mul_f64(3.9), "{doubt:?}, longest {longest:?}");
        assert_eq!(Latencies::default().age_of_doubt(2.0), None);
    }
}
