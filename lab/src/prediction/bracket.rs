//! A node's probability from the coins that were thrown on it.

/// What coins say of a probability: a coin that came true is below it, one that did not is not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bracket {
    /// The largest coin that came true.
    above: Option<f64>,
    /// The smallest coin that did not.
    below: f64,
    happened: u64,
    tried: u64,
}

impl Default for Bracket {
    fn default() -> Bracket {
        Bracket { above: None, below: 1.0, happened: 0, tried: 0 }
    }
}

impl Bracket {
    /// Takes in a coin, a number in 0 .. 1, and whether what it decides happened.
    pub fn hear(&mut self, coin: f64, happened: bool) {
        self.tried += 1;
        if happened {
            self.happened += 1;
            self.above = Some(self.above.map_or(coin, |above| above.max(coin)));
        } else {
            self.below = self.below.min(coin);
        }
    }

    /// Coins taken in.
    pub const fn tried(&self) -> u64 {
        self.tried
    }

    /// Whether one probability explains every coin. If not, the load changed, or the node throws other coins.
    pub fn is_consistent(&self) -> bool {
        self.above.is_none_or(|above| above < self.below)
    }

    /// Whether this probability explains every coin; also of no coin.
    pub fn agrees_with(&self, probability: f64) -> bool {
        self.above.is_none_or(|above| above < probability) && self.below >= probability
    }

    /// The probability: the roundest number that explains every coin, or the share if none does. None without a coin.
    pub fn probability(&self) -> Option<f64> {
        match self.tried {
            0 => None,
            _ if self.is_consistent() => Some(self.roundest()),
            tried => Some(self.happened as f64 / tried as f64),
        }
    }

    /// The number with the fewest decimals above `above` and not above `below`.
    fn roundest(&self) -> f64 {
        let Some(above) = self.above else {
            return 0.0;
        };
        for decimals in 0..16 {
            let scale = 10f64.powi(decimals);
            let candidate = (self.below * scale).floor() / scale;
            let middle = (f64::midpoint(above, self.below) * scale).round() / scale;
            let fits = |value: &f64| *value > above && *value <= self.below;
            if let Some(value) = [middle, candidate].into_iter().find(fits) {
                return value;
            }
        }
        self.below
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use luck::{Purpose, Seed};
    use proptest::prelude::*;

    fn thrown(probability: f64, seed: u64, coins: u64) -> Bracket {
        let mut bracket = Bracket::default();
        for task in 0..coins {
            let coin = Seed(seed).coin(Purpose::Reject, task, 1);
            bracket.hear(coin.uniform(), coin.happens(probability));
        }
        bracket
    }

    #[test]
    fn the_ends_are_found_too() {
        assert_eq!(thrown(0.0, 1, 50).probability(), Some(0.0));
        assert_eq!(thrown(1.0, 1, 50).probability(), Some(1.0));
        assert_eq!(Bracket::default().probability(), None);
    }

    #[test]
    fn coins_that_contradict_each_other_leave_the_share() {
        let mut bracket = Bracket::default();
        for (coin, happened) in [(0.9, true), (0.1, false), (0.5, true), (0.6, true)] {
            bracket.hear(coin, happened);
        }
        assert!(!bracket.is_consistent());
        assert_eq!(bracket.probability(), Some(0.75));
    }

    proptest! {
        #[test]
        fn the_estimate_decides_every_coin_as_it_was(probability in 0.0..=1.0f64, seed in 0..1_000u64) {
            let bracket = thrown(probability, seed, 200);
            let estimate = bracket.probability().unwrap();
            for task in 0..200 {
                let coin = Seed(seed).coin(Purpose::Reject, task, 1);
                prop_assert_eq!(coin.happens(estimate), coin.happens(probability));
            }
        }

        #[test]
        fn what_people_write_is_found_exactly(tenths in 0..=10u32, seed in 0..1_000u64) {
            let probability = f64::from(tenths) / 10.0;
            prop_assert_eq!(thrown(probability, seed, 300).probability(), Some(probability));
        }
    }
}
