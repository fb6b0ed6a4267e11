//! Coins in a row: one history's luck.

use luck::{Coin, Purpose, Seed};

#[derive(Debug)]
pub(crate) struct Chance(Coin);

impl Chance {
    pub(crate) fn new(seed: u64) -> Chance {
        Chance(Seed(seed).coin(Purpose::Derive, 0, 0))
    }

    fn next(&mut self) -> Coin {
        self.0 = self.0.next();
        self.0
    }

    pub(crate) fn happens(&mut self, probability: f64) -> bool {
        self.next().happens(probability)
    }

    /// A number in `0..bound`; 0 for a bound of 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.next().below(bound)
    }

    /// A number in `from..to`.
    pub(crate) fn between(&mut self, from: u64, to: u64) -> u64 {
        from + self.below((to - from) as usize) as u64
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}
