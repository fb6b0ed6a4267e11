//! A row of coins of one seed, for drawing a scene from start to end.

use luck::{Coin, Purpose, Seed};

/// Draws numbers one after the other; the row is a function of the seed alone.
#[derive(Debug)]
pub struct Dice(Coin);

impl Dice {
    /// The row of `seed`.
    pub fn of(seed: Seed) -> Dice {
        Dice(seed.coin(Purpose::Pixels, 0, 0))
    }

    /// A number in 0 .. 1.
    pub fn uniform(&mut self) -> f32 {
        let value = self.0.uniform() as f32;
        self.0 = self.0.next();
        value
    }

    /// A number in `low .. high`.
    pub fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.uniform()
    }

    /// True with `probability`.
    pub fn happens(&mut self, probability: f32) -> bool {
        self.uniform() < probability
    }

    /// A direction: a unit vector, drawn by rejection because sine and cosine differ between platforms.
    pub fn direction(&mut self) -> (f32, f32) {
        // Each round succeeds with probability π/4 − 0.01²π: 32 rounds fail together once in 10^21.
        for _ in 0..32 {
            let (x, y) = (self.between(-1.0, 1.0), self.between(-1.0, 1.0));
            let square = x * x + y * y;
            if (1e-4..=1.0).contains(&square) {
                let length = square.sqrt();
                return (x / length, y / length);
            }
        }
        (1.0, 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_in_their_range_and_directions_have_length_one() {
        let mut dice = Dice::of(Seed(4));
        for _ in 0..1_000 {
            assert!((0.0..1.0).contains(&dice.uniform()));
            assert!((3.0..7.0).contains(&dice.between(3.0, 7.0)));
            let (x, y) = dice.direction();
            assert!((x * x + y * y - 1.0).abs() < 1e-5);
        }
    }
}
