//! Draws from Beta distributions, by coins.

use luck::Coin;

/// A draw from Beta(alpha, beta) for parameters of at least 1, as a ratio of two Gamma draws.
pub(super) fn draw_beta(alpha: f64, beta: f64, coin: Coin) -> f64 {
    let (first, coin) = draw_gamma(alpha, coin);
    let (second, _) = draw_gamma(beta, coin);
    first / (first + second)
}

/// A draw from Gamma(shape, 1) for a shape of at least 1 (Marsaglia and Tsang 2000), and the next unused coin.
fn draw_gamma(shape: f64, mut coin: Coin) -> (f64, Coin) {
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let (normal, rest) = draw_normal(coin);
        let uniform = 1.0 - rest.uniform();
        coin = rest.next();
        let v = 1.0 + c * normal;
        if v <= 0.0 {
            continue;
        }
        let v = v * v * v;
        let square = normal * normal;
        // The squeeze spares nearly all of the logarithms.
        if uniform < 1.0 - 0.0331 * square * square || uniform.ln() < 0.5 * square + d - d * v + d * v.ln() {
            return (d * v, coin);
        }
    }
}

/// A standard normal draw by the polar method (Marsaglia and Bray 1964), and the next unused coin.
fn draw_normal(mut coin: Coin) -> (f64, Coin) {
    loop {
        let second = coin.next();
        let (x, y) = (2.0 * coin.uniform() - 1.0, 2.0 * second.uniform() - 1.0);
        coin = second.next();
        let square = x * x + y * y;
        if square > 0.0 && square < 1.0 {
            return (x * (-2.0 * square.ln() / square).sqrt(), coin);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use luck::{Purpose, Seed};

    #[test]
    fn beta_draws_have_the_right_mean_and_spread() {
        for (alpha, beta) in [(3.0, 7.0), (1.0, 1.0), (40.0, 2.0)] {
            let draws: Vec<f64> = (0..20_000)
                .map(|task| draw_beta(alpha, beta, Seed(2).coin(Purpose::Belief, task, 0)))
                .collect();
            let mean = draws.iter().sum::<f64>() / draws.len() as f64;
            let variance = draws.iter().map(|draw| (draw - mean).powi(2)).sum::<f64>() / draws.len() as f64;
            let sum: f64 = alpha + beta;
            let expected = (alpha / sum, alpha * beta / (sum * sum * (sum + 1.0)));
            // Four standard errors of the mean; 5 % of the variance.
            assert!((mean - expected.0).abs() < 4.0 * (expected.1 / 20_000.0).sqrt(), "{mean} {expected:?}");
            assert!((variance / expected.1 - 1.0).abs() < 0.05, "{variance} {expected:?}");
        }
    }
}
