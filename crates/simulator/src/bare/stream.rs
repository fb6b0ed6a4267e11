//! A stream of random numbers: SplitMix64 (Steele, Lea and Flood 2014), begun by a coin.

use luck::Coin;

/// A generator for loops in which even a named coin would cost too much: its draws depend on their order.
#[derive(Clone, Debug)]
pub struct Stream {
    state: u64,
}

/// 2^-53: the distance between neighbouring doubles just below 1.
const UNIT: f64 = 1.0 / (1u64 << 53) as f64;

impl Stream {
    /// The stream of a coin.
    pub const fn new(coin: Coin) -> Stream {
        Stream { state: coin.bits() }
    }

    /// The next 64 bits.
    #[inline]
    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let word = (self.state ^ (self.state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ (word >> 31)
    }

    /// A number in `0 .. 1`.
    #[inline]
    pub fn uniform(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * UNIT
    }

    /// Exponentially distributed with mean 1, by inversion.
    #[inline]
    pub fn exponential(&mut self) -> f64 {
        -(((self.bits() >> 11) + 1) as f64 * UNIT).ln()
    }

    /// A number below `bound`, up to a bias of `bound / 2^32`.
    #[inline]
    pub fn pick(&mut self, bound: u32) -> u32 {
        below(self.bits() >> 32, bound)
    }

    /// Two independent numbers below `bound`, up to a bias of `bound / 2^32` each.
    #[inline]
    pub fn pick_two(&mut self, bound: u32) -> (u32, u32) {
        let bits = self.bits();
        (below(bits >> 32, bound), below(bits & 0xFFFF_FFFF, bound))
    }
}

/// Lemire's multiplication on 32 bits.
#[inline]
const fn below(bits: u64, bound: u32) -> u32 {
    ((bits * bound as u64) >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use luck::{Purpose, Seed};

    #[test]
    fn draws_are_even() {
        let mut stream = Stream::new(Seed(1).coin(Purpose::Pick, 0, 0));
        let mut counts = [[0u32; 7]; 3];
        for _ in 0..70_000 {
            let (first, second) = stream.pick_two(7);
            for (count, drawn) in counts.iter_mut().zip([first, second, stream.pick(7)]) {
                count[drawn as usize] += 1;
            }
        }
        assert!(counts.iter().flatten().all(|&count| (9_500..10_500).contains(&count)), "{counts:?}");
        let mean = (0..100_000).map(|_| stream.exponential()).sum::<f64>() / 1e5;
        assert!((mean - 1.0).abs() < 0.015, "{mean}");
        assert!((0..10_000).all(|_| (0.0..1.0).contains(&stream.uniform())));
    }

    #[test]
    fn the_generator_is_the_published_one() {
        // The first outputs of SplitMix64 from state 0.
        let mut stream = Stream { state: 0 };
        assert_eq!(stream.bits(), 0xE220_A839_7B1D_CDAF);
        assert_eq!(stream.bits(), 0x6E78_9E6A_A1B9_65F4);
    }
}
