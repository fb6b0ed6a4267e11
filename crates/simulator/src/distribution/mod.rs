//! How long things take: distributions of durations, drawn by coins.

mod text;

pub use text::BadDistribution;

use luck::Coin;
use std::sync::Arc;
use std::time::Duration;

/// A distribution of durations. Draws are rounded to whole microseconds, the resolution of virtual time.
#[derive(Clone, Debug, PartialEq)]
pub enum Distribution {
    /// Always the same.
    Constant(Duration),
    /// Every duration between two is as likely as any other.
    Uniform {
        /// The shortest.
        low: Duration,
        /// The longest.
        high: Duration,
    },
    /// Memoryless.
    Exponential {
        /// The mean.
        mean: Duration,
    },
    /// The logarithm is normal: the usual shape of service times.
    Lognormal {
        /// Half of the draws are below it.
        median: Duration,
        /// Standard deviation of the natural logarithm.
        sigma: f64,
    },
    /// One of two values.
    TwoPoint {
        /// The usual value.
        low: Duration,
        /// The other.
        high: Duration,
        /// Probability of the other.
        high_share: f64,
    },
    /// One of the recorded values, each as likely as any other; zero if there are none.
    Empirical(Arc<[Duration]>),
}

impl Distribution {
    /// Always zero.
    pub const ZERO: Distribution = Distribution::Constant(Duration::ZERO);

    /// The duration that `coin` draws. Larger coins draw longer durations wherever that is possible, which keeps
    /// paired comparisons paired.
    pub fn draw(&self, coin: Coin) -> Duration {
        match self {
            Distribution::Constant(value) => *value,
            Distribution::Uniform { low, high } => micros(us(*low) + coin.uniform() * (us(*high) - us(*low))),
            Distribution::Exponential { mean } => micros(us(*mean) * coin.exponential()),
            Distribution::Lognormal { median, sigma } => micros(us(*median) * (sigma * normal(coin)).exp()),
            Distribution::TwoPoint { low, high, high_share } => {
                if coin.uniform() >= 1.0 - high_share {
                    *high
                } else {
                    *low
                }
            }
            Distribution::Empirical(values) => {
                values.get(coin.below(values.len())).copied().unwrap_or_default()
            }
        }
    }

    /// The mean in seconds.
    pub fn mean(&self) -> f64 {
        match self {
            Distribution::Constant(value) => value.as_secs_f64(),
            Distribution::Uniform { low, high } => f64::midpoint(low.as_secs_f64(), high.as_secs_f64()),
            Distribution::Exponential { mean } => mean.as_secs_f64(),
            Distribution::Lognormal { median, sigma } => median.as_secs_f64() * (0.5 * sigma * sigma).exp(),
            Distribution::TwoPoint { low, high, high_share } => {
                low.as_secs_f64() * (1.0 - high_share) + high.as_secs_f64() * high_share
            }
            Distribution::Empirical(values) => average(values, |value| value),
        }
    }

    /// The mean of the square, in seconds squared.
    pub fn second_moment(&self) -> f64 {
        match self {
            Distribution::Constant(value) => value.as_secs_f64().powi(2),
            Distribution::Uniform { low, high } => {
                let (low, high) = (low.as_secs_f64(), high.as_secs_f64());
                (low * low + low * high + high * high) / 3.0
            }
            Distribution::Exponential { mean } => 2.0 * mean.as_secs_f64().powi(2),
            Distribution::Lognormal { median, sigma } => {
                median.as_secs_f64().powi(2) * (2.0 * sigma * sigma).exp()
            }
            Distribution::TwoPoint { low, high, high_share } => {
                low.as_secs_f64().powi(2) * (1.0 - high_share) + high.as_secs_f64().powi(2) * high_share
            }
            Distribution::Empirical(values) => average(values, |value| value * value),
        }
    }

    /// What is wrong with it, if anything.
    pub fn fault(&self) -> Option<&'static str> {
        let in_unit = |share: f64| (0.0..=1.0).contains(&share);
        match self {
            Distribution::Uniform { low, high } if low > high => Some("its low end is above its high end"),
            Distribution::Lognormal { sigma, .. } if !(0.0..=10.0).contains(sigma) => {
                Some("its sigma is not a number from 0 to 10")
            }
            Distribution::TwoPoint { high_share, .. } if !in_unit(*high_share) => {
                Some("its high_share is not a number from 0 to 1")
            }
            Distribution::Empirical(values) if values.is_empty() => Some("it has no values"),
            _ => None,
        }
    }
}

fn us(duration: Duration) -> f64 {
    duration.as_nanos() as f64 / 1e3
}

/// To the nearest. Casts saturate: what is longer than any run stays longer than any run.
fn micros(value: f64) -> Duration {
    Duration::from_micros((value + 0.5) as u64)
}

fn average(values: &[Duration], of: impl Fn(f64) -> f64) -> f64 {
    values.iter().map(|value| of(value.as_secs_f64())).sum::<f64>() / values.len().max(1) as f64
}

/// A standard normal draw that grows with the coin: the inverse of the distribution function by Acklam's rational
/// approximation (relative error below 1.2e-9).
fn normal(coin: Coin) -> f64 {
    const A: [f64; 6] = [
        -3.969_683_028_665_376e1,
        2.209_460_984_245_205e2,
        -2.759_285_104_469_687e2,
        1.383_577_518_672_69e2,
        -3.066_479_806_614_716e1,
        2.506_628_277_459_239,
    ];
    const B: [f64; 5] = [
        -5.447_609_879_822_406e1,
        1.615_858_368_580_409e2,
        -1.556_989_798_598_866e2,
        6.680_131_188_771_972e1,
        -1.328_068_155_288_572e1,
    ];
    const C: [f64; 6] = [
        -7.784_894_002_430_293e-3,
        -3.223_964_580_411_365e-1,
        -2.400_758_277_161_838,
        -2.549_732_539_343_734,
        4.374_664_141_464_968,
        2.938_163_982_698_783,
    ];
    const D: [f64; 4] =
        [7.784_695_709_041_462e-3, 3.224_671_290_700_398e-1, 2.445_134_137_142_996, 3.754_408_661_907_416];
    const TAIL: f64 = 0.02425;
    let horner = |coefficients: &[f64], x: f64| coefficients.iter().fold(0.0, |sum, c| sum * x + c);
    let tail = |share: f64| {
        let q = (-2.0 * share.ln()).sqrt();
        horner(&C, q) / (horner(&D, q) * q + 1.0)
    };
    // Half a step away from 0 and 1, where the inverse is infinite.
    let share = coin.uniform() + 2f64.powi(-54);
    if share < TAIL {
        tail(share)
    } else if share > 1.0 - TAIL {
        -tail(1.0 - share)
    } else {
        let q = share - 0.5;
        let r = q * q;
        horner(&A, r) * q / (horner(&B, r) * r + 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use luck::{Purpose, Seed};

    const MS: Duration = Duration::from_millis(1);

    fn all() -> Vec<Distribution> {
        vec![
            Distribution::Constant(50 * MS),
            Distribution::Uniform { low: 10 * MS, high: 90 * MS },
            Distribution::Exponential { mean: 50 * MS },
            Distribution::Lognormal { median: 40 * MS, sigma: 0.5 },
            Distribution::TwoPoint { low: 50 * MS, high: 3_050 * MS, high_share: 0.1 },
            Distribution::Empirical([10 * MS, 20 * MS, 60 * MS].into()),
        ]
    }

    #[test]
    fn draws_have_the_moments_they_claim() {
        for distribution in all() {
            let draws: Vec<f64> = (0..200_000)
                .map(|task| distribution.draw(Seed(4).coin(Purpose::Service, task, 0)).as_secs_f64())
                .collect();
            let mean = draws.iter().sum::<f64>() / draws.len() as f64;
            let square = draws.iter().map(|draw| draw * draw).sum::<f64>() / draws.len() as f64;
            assert!((mean / distribution.mean() - 1.0).abs() < 0.02, "{distribution}: {mean}");
            assert!((square / distribution.second_moment() - 1.0).abs() < 0.03, "{distribution}: {square}");
            assert_eq!(distribution.fault(), None);
        }
    }

    #[test]
    fn draws_grow_with_the_coin() {
        let mut coins: Vec<Coin> = (0..1_000).map(|task| Seed(1).coin(Purpose::Service, task, 0)).collect();
        coins.sort_by_key(|coin| coin.bits());
        for distribution in all() {
            let draws: Vec<Duration> = coins.iter().map(|&coin| distribution.draw(coin)).collect();
            assert!(draws.is_sorted(), "{distribution}");
        }
    }

    #[test]
    fn a_normal_draw_has_the_right_quantiles() {
        let mut draws: Vec<f64> =
            (0..100_000).map(|task| normal(Seed(6).coin(Purpose::Service, task, 0))).collect();
        draws.sort_by(f64::total_cmp);
        for (share, quantile) in [(0.01, -2.326), (0.158_655, -1.0), (0.5, 0.0), (0.99, 2.326)] {
            let seen = draws[(share * draws.len() as f64) as usize];
            assert!((seen - quantile).abs() < 0.05, "{share}: {seen}");
        }
    }
}
