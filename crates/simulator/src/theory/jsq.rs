//! Join the shortest of `d` random queues, one server each, exponential service with mean 1, very many servers.
//!
//! In the limit of many servers the share `s_i` of queues with at least `i` tasks follows
//! `s_i' = rate (s_{i-1}^d - s_i^d) - (s_i - s_{i+1})` (Vvedenskaya, Dobrushin and Karpelevich 1996; Mitzenmacher 1996).

/// Queues longer than this do not matter: their share is below `rate^(2^40)`, and for `d = 1` below `rate^LEVELS`.
const LEVELS: usize = 400;

/// The exponent of the long-run share of queues with at least `i` tasks: `(d^i - 1) / (d - 1)`.
fn exponent(d: u32, i: i32) -> f64 {
    if d == 1 { f64::from(i) } else { (f64::from(d).powi(i) - 1.0) / f64::from(d - 1) }
}

/// In the long run: the share of queues with at least `i` tasks.
pub fn tail(rate: f64, d: u32, i: i32) -> f64 {
    rate.powf(exponent(d, i))
}

/// In the long run: mean response time in units of the mean service time.
pub fn response(rate: f64, d: u32) -> f64 {
    if d == 1 {
        return 1.0 / (1.0 - rate);
    }
    // An arrival that joins a queue of j stays for j + 1: the sum of s_i^d over i >= 0.
    let terms = (0..).map(|i| tail(rate, d, i).powf(f64::from(d)));
    terms.take_while(|term| *term > 1e-18).sum()
}

/// From an empty start: mean response time of those who arrive in `0 .. until`, time and response in units of the
/// mean service time. This has no warm-up to argue about, so it is the sharper test of a simulator.
pub fn response_from_empty(rate: f64, d: u32, until: f64) -> f64 {
    /// Far below the error that matters; stability needs about 2.
    const STEP: f64 = 0.05;
    let steps = (until / STEP).ceil().max(1.0) as usize;
    let step = until / steps as f64;
    let mut shares = vec![0.0; LEVELS];
    shares[0] = 1.0;
    let mut mean = 0.0;
    for left in (1..=steps).rev() {
        if slope(&shares, rate, d).iter().all(|slope| slope.abs() < 1e-14) {
            // Nothing changes any more.
            return (mean + left as f64 * sum_of_powers(&shares, d)) / steps as f64;
        }
        // Simpson's rule over the step, its middle and end from the integrator.
        let first = sum_of_powers(&shares, d);
        let middle = sum_of_powers(&advance(&shares, rate, d, step / 2.0), d);
        shares = advance(&shares, rate, d, step);
        mean += (first + 4.0 * middle + sum_of_powers(&shares, d)) / 6.0;
        let used = shares.iter().rposition(|share| *share > 1e-18).unwrap_or(0);
        // Only the levels in use, and a few more for the next step to reach.
        shares.truncate((used + 8).min(LEVELS));
        shares.resize((used + 8).min(LEVELS), 0.0);
    }
    mean / steps as f64
}

fn sum_of_powers(shares: &[f64], d: u32) -> f64 {
    shares.iter().map(|share| share.powi(d as i32)).sum()
}

/// One step of the classical Runge-Kutta method.
fn advance(shares: &[f64], rate: f64, d: u32, step: f64) -> Vec<f64> {
    let moved = |slope: &[f64], by: f64| -> Vec<f64> {
        shares.iter().zip(slope).map(|(share, slope)| share + by * slope).collect()
    };
    let k1 = slope(shares, rate, d);
    let k2 = slope(&moved(&k1, step / 2.0), rate, d);
    let k3 = slope(&moved(&k2, step / 2.0), rate, d);
    let k4 = slope(&moved(&k3, step), rate, d);
    let joined: Vec<f64> = (0..shares.len()).map(|i| (k1[i] + 2.0 * (k2[i] + k3[i]) + k4[i]) / 6.0).collect();
    moved(&joined, step)
}

fn slope(shares: &[f64], rate: f64, d: u32) -> Vec<f64> {
    let power = |share: f64| share.powi(d as i32);
    let mut slope = vec![0.0; shares.len()];
    for i in 1..shares.len() {
        let above = shares.get(i + 1).copied().unwrap_or(0.0);
        slope[i] = rate * (power(shares[i - 1]) - power(shares[i])) - (shares[i] - above);
    }
    slope
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_long_run() {
        let table = [
            (0.5, [2.0, 1.265_69, 1.125_24, 1.031_25, 1.000_98]),
            (0.7, [3.333_33, 1.614_45, 1.356_84, 1.168_09, 1.028_25]),
            (0.9, [10.0, 2.614_06, 2.027_86, 1.632_88, 1.348_69]),
            (0.95, [20.0, 3.383_05, 2.535_13, 1.988_77, 1.602_28]),
            (0.99, [100.0, 5.432_00, 3.857_85, 2.901_68, 2.235_43]),
        ];
        for (rate, row) in table {
            for (d, expected) in [1, 2, 3, 5, 10].into_iter().zip(row) {
                let seen = response(rate, d);
                assert!((seen - expected).abs() < 6e-6 * expected.max(1.0), "{rate}, {d}: {seen}");
            }
        }
        let tails: Vec<f64> = (1..=6).map(|i| tail(0.9, 2, i)).collect();
        for (seen, expected) in tails.iter().zip([0.9, 0.729, 0.478_297, 0.205_891, 0.038_152, 0.001_31]) {
            assert!((seen - expected).abs() < 1e-6, "{seen} against {expected}");
        }
    }

    #[test]
    fn from_an_empty_start() {
        for (until, expected) in [(33.3333, 2.2213), (111.111, 2.4885), (1_111.0, 2.6015)] {
            let seen = response_from_empty(0.9, 2, until);
            assert!((seen - expected).abs() < 2e-4, "{until}: {seen}");
        }
        let long = response_from_empty(0.5, 2, 2_000.0);
        assert!((long - response(0.5, 2)).abs() < 2e-3, "{long}");
        assert!((response_from_empty(0.9, 2, 1e-6) - 1.0).abs() < 1e-5);
    }
}
