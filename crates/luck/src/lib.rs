//! Every coin is a pure function of (seed, purpose, task, try), so that two strategies that run under one seed meet
//! the same luck and their difference is the strategy's own (common random numbers; a paired comparison).
//!
//! There is no generator to share, to lock or to advance: ask for a coin by its name, in any order, on any thread,
//! and it is always the same. The hash is a chain of SplitMix64 steps (Steele, Lea and Flood, "Fast splittable
//! pseudorandom number generators", OOPSLA 2014), which uses 64-bit integers only and is therefore the same on
//! every platform, for ever.
//!
//! ```
//! use luck::{Purpose, Seed};
//! let seed = Seed(7);
//! let coin = seed.coin(Purpose::Delay, 3, 1);
//! assert_eq!(coin.uniform(), seed.coin(Purpose::Delay, 3, 1).uniform());
//! assert_ne!(coin.uniform(), seed.coin(Purpose::Reject, 3, 1).uniform());
//! assert_ne!(coin.uniform(), Seed(8).coin(Purpose::Delay, 3, 1).uniform());
//! ```

mod purpose;

pub use purpose::Purpose;

/// Names the luck of a whole run. Records and manifests carry it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seed(pub u64);

/// One coin, not yet read: 64 well-mixed bits and the ways to read them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Coin(u64);

/// The increment of SplitMix64, the odd integer nearest to 2^64 divided by the golden ratio.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// SplitMix64's finalizer: every input bit changes every output bit with probability about one half.
const fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ (word >> 31)
}

const fn absorb(state: u64, word: u64) -> u64 {
    mix(state.wrapping_add(GOLDEN) ^ word)
}

impl Seed {
    /// The coin of this seed for `purpose`, `task` and the `try_number`-th attempt at it.
    pub const fn coin(self, purpose: Purpose, task: u64, try_number: u64) -> Coin {
        let state = absorb(absorb(mix(self.0.wrapping_add(GOLDEN)), purpose as u64), task);
        Coin(absorb(state, try_number))
    }

    /// A seed derived from this one, for a part that numbers its tasks by itself (a replication, a node, a job).
    pub const fn derive(self, part: u64) -> Seed {
        Seed(self.coin(Purpose::Derive, part, 0).0)
    }
}

impl Coin {
    /// All 64 bits.
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// A number in `0.0 ..1.0` with 53 random bits, never 1.
    pub fn uniform(self) -> f64 {
        // 2^-53: the distance between neighbouring doubles just below 1.
        (self.0 >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// True with `probability`: never for 0 (or less), always for 1 (or more).
    ///
    /// The coin is monotone: what is true for a probability is true for every larger one. A node with a higher
    /// load probability therefore rejects whatever a lower one rejects, which is what pairs two strategies.
    pub fn happens(self, probability: f64) -> bool {
        self.uniform() < probability
    }

    /// An index in `0..bound`, each with the same probability up to 2^-64 of bias (Lemire's multiplication).
    ///
    /// `bound` 0 answers 0.
    pub const fn below(self, bound: usize) -> usize {
        ((self.0 as u128 * bound as u128) >> 64) as usize
    }

    /// The next coin in a row of coins of the same name, for a decision that needs several.
    pub const fn next(self) -> Coin {
        Coin(mix(self.0.wrapping_add(GOLDEN)))
    }

    /// An exponentially distributed number with mean 1, by inversion.
    pub fn exponential(self) -> f64 {
        -(1.0 - self.uniform()).ln()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coins_are_stable_for_ever() {
        // Recorded runs name their seed: if these numbers change, no recorded run can be replayed.
        assert_eq!(Seed(0).coin(Purpose::Reject, 0, 0).bits(), 8_594_556_618_396_289_319);
        assert_eq!(Seed(42).coin(Purpose::Delay, 7, 2).bits(), 5_112_416_390_525_619_874);
    }

    #[test]
    fn every_part_of_the_name_matters() {
        let coin = Seed(1).coin(Purpose::Reject, 2, 3);
        assert_ne!(coin, Seed(2).coin(Purpose::Reject, 2, 3));
        assert_ne!(coin, Seed(1).coin(Purpose::Delay, 2, 3));
        assert_ne!(coin, Seed(1).coin(Purpose::Reject, 3, 3));
        assert_ne!(coin, Seed(1).coin(Purpose::Reject, 2, 4));
        assert_ne!(coin, coin.next());
    }

    #[test]
    fn a_coin_is_fair_and_monotone() {
        let mut heads = [0u32; 3];
        for task in 0..20_000 {
            let coin = Seed(9).coin(Purpose::Delay, task, 1);
            assert!(!coin.happens(0.0) && coin.happens(1.0));
            for (count, probability) in heads.iter_mut().zip([0.2, 0.5, 0.8]) {
                *count += u32::from(coin.happens(probability));
            }
            assert!(!coin.happens(0.2) || coin.happens(0.5));
        }
        // Five standard deviations of a binomial count: sqrt(20000 * 0.25) = 71.
        for (count, expected) in heads.into_iter().zip([4_000i64, 10_000, 16_000]) {
            assert!((i64::from(count) - expected).abs() < 355, "{count} is far from {expected}");
        }
    }

    #[test]
    fn below_reaches_every_index_evenly() {
        let mut counts = [0u32; 7];
        for task in 0..70_000 {
            counts[Seed(3).coin(Purpose::Pick, task, 0).below(7)] += 1;
        }
        assert!(counts.iter().all(|&count| (9_500..10_500).contains(&count)), "{counts:?}");
        assert_eq!(Seed(3).coin(Purpose::Pick, 1, 1).below(0), 0);
    }

    #[test]
    fn exponential_has_mean_one() {
        let sum: f64 = (0..50_000).map(|task| Seed(5).coin(Purpose::Arrival, task, 0).exponential()).sum();
        assert!((sum / 50_000.0 - 1.0).abs() < 0.025, "{}", sum / 50_000.0);
    }
}
