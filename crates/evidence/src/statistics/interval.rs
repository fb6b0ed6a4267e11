//! Confidence intervals: of a mean over replications, and of a ratio from paired logarithms.

use super::describe::{mean, standard_deviation};
use super::student::{t_quantile, two_sided_p_value};

/// A point and the interval around it, in the unit of the sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The estimate.
    pub centre: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Interval {
    /// Whether `value` lies inside, ends included.
    pub fn covers(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }

    /// Half the width.
    pub fn half_width(&self) -> f64 {
        (self.high - self.low) / 2.0
    }
}

/// The `confidence` interval (such as 0.95) of the mean of independent replications, by Student's t. `None` of fewer
/// than two: one replication says nothing of its own uncertainty.
pub fn interval_of_mean(replications: &[f64], confidence: f64) -> Option<Interval> {
    let centre = mean(replications)?;
    let deviation = standard_deviation(replications)?;
    let t = t_quantile(0.5 + confidence / 2.0, replications.len() - 1)?;
    let half_width = t * deviation / (replications.len() as f64).sqrt();
    Some(Interval { centre, low: centre - half_width, high: centre + half_width })
}

/// Logarithms of the per-seed ratios of two strategies that met the same luck.
///
/// A ratio's logarithm is symmetric (twice as slow and twice as fast are equally far from a tie) and its pairs share
/// their luck, so its deviation is the strategies' own: 10 to 160 times less variance than of two separate means.
#[derive(Clone, Debug, PartialEq)]
pub struct LogRatios(Vec<f64>);

impl LogRatios {
    /// Of pairs (numerator, denominator); pairs with a value that is not positive are left out.
    pub fn of(pairs: impl IntoIterator<Item = (f64, f64)>) -> LogRatios {
        let positive = |&(above, below): &(f64, f64)| above > 0.0 && below > 0.0;
        LogRatios(pairs.into_iter().filter(positive).map(|(above, below)| (above / below).ln()).collect())
    }

    /// Number of pairs.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no pair.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The geometric mean of the ratios, or `None` of no pair.
    pub fn ratio(&self) -> Option<f64> {
        mean(&self.0).map(f64::exp)
    }

    /// The `confidence` interval of the ratio, or `None` of fewer than two pairs.
    pub fn interval(&self, confidence: f64) -> Option<Interval> {
        let logarithm = interval_of_mean(&self.0, confidence)?;
        Some(Interval {
            centre: logarithm.centre.exp(),
            low: logarithm.low.exp(),
            high: logarithm.high.exp(),
        })
    }

    /// The two-sided p-value of "the ratio is 1" by the paired t test, or `None` of fewer than two pairs.
    pub fn p_value(&self) -> Option<f64> {
        let centre = mean(&self.0)?;
        let error = standard_deviation(&self.0)? / (self.0.len() as f64).sqrt();
        // Identical pairs have no deviation: equal is surely equal, and a constant factor surely differs.
        let t = if centre == 0.0 { 0.0 } else { centre / error };
        two_sided_p_value(t, self.0.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use luck::{Purpose, Seed};

    /// A standard normal number, by adding twelve uniform ones.
    fn normal(seed: Seed, experiment: u64, index: u64) -> f64 {
        let mut coin = seed.coin(Purpose::Resample, experiment, index);
        let mut sum = -6.0;
        for _ in 0..12 {
            sum += coin.uniform();
            coin = coin.next();
        }
        sum
    }

    /// Share of 4,000 seeded experiments whose nominal 95 % interval of `size` replications covers the truth.
    fn coverage(size: u64, covers: impl Fn(&[f64]) -> bool) -> f64 {
        let experiments = 4_000;
        let hits = (0..experiments)
            .filter(|&experiment| {
                let sample: Vec<f64> = (0..size).map(|index| normal(Seed(11), experiment, index)).collect();
                covers(&sample)
            })
            .count();
        hits as f64 / experiments as f64
    }

    #[test]
    fn nominal_95_percent_of_a_mean_covers_93_to_97() {
        for size in [3, 5, 20] {
            let share = coverage(size, |sample| {
                let shifted: Vec<f64> = sample.iter().map(|value| 10.0 + 2.0 * value).collect();
                interval_of_mean(&shifted, 0.95).unwrap().covers(10.0)
            });
            assert!((0.93..0.97).contains(&share), "n = {size}: {share}");
        }
    }

    #[test]
    fn nominal_95_percent_of_a_paired_ratio_covers_93_to_97() {
        for size in [3, 5, 20] {
            let share = coverage(size, |sample| {
                // Luck that both share is far larger than what the strategies add.
                let pairs = sample.iter().enumerate().map(|(index, own)| {
                    let shared = normal(Seed(12), index as u64, 0).exp();
                    (1.25 * shared * (0.1 * own).exp(), shared)
                });
                LogRatios::of(pairs).interval(0.95).unwrap().covers(1.25)
            });
            assert!((0.93..0.97).contains(&share), "n = {size}: {share}");
        }
    }

    #[test]
    fn the_paired_t_test_is_wrong_in_5_percent_of_ties() {
        let share = coverage(5, |sample| {
            let pairs = sample.iter().map(|own| ((0.1 * own).exp(), 1.0));
            LogRatios::of(pairs).p_value().unwrap() < 0.05
        });
        assert!((0.03..0.07).contains(&share), "{share}");
    }

    #[test]
    fn one_replication_has_no_interval() {
        assert_eq!(interval_of_mean(&[4.0], 0.95), None);
        let one = LogRatios::of([(3.0, 2.0)]);
        assert_eq!(one.interval(0.95), None);
        assert_eq!(one.p_value(), None);
        assert!((one.ratio().unwrap() - 1.5).abs() < 1e-12);
    }

    #[test]
    fn a_known_interval() {
        // Mean 3, deviation sqrt(2.5), t(0.975; 4) = 2.776445: half-width 1.963243.
        let interval = interval_of_mean(&[1.0, 2.0, 3.0, 4.0, 5.0], 0.95).unwrap();
        assert_eq!(interval.centre, 3.0);
        assert!((interval.half_width() - 1.963_243).abs() < 1e-5, "{interval:?}");
        assert!(interval.covers(1.1) && !interval.covers(1.0));
    }

    #[test]
    fn identical_pairs_tie_and_a_constant_factor_does_not() {
        let pairs = |factor: f64| LogRatios::of([1.0, 2.0, 3.0].map(|value| (factor * value, value)));
        assert_eq!(pairs(1.0).p_value(), Some(1.0));
        assert!(pairs(2.0).p_value().unwrap() < 1e-6);
        assert_eq!(LogRatios::of([(0.0, 1.0), (1.0, 1.0)]).len(), 1);
        assert!(LogRatios::of([(1.0, -1.0)]).is_empty());
    }
}
