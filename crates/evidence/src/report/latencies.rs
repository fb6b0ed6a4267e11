//! How the latencies of a strategy's tasks are spread: the empirical distribution function, at every percent.

use crate::statistics::quantile;

/// Steps of the distribution function.
pub const STEPS: usize = 200;

/// The latencies in seconds below which 0, 0.5, 1, … 100 % of the finished tasks lie, all seeds together; none of no task.
pub fn spread(mut latencies_s: Vec<f64>) -> Vec<f64> {
    latencies_s.sort_by(f64::total_cmp);
    (0..=STEPS).filter_map(|step| quantile(&latencies_s, step as f64 / STEPS as f64)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_the_fastest_to_the_slowest() {
        let spread = spread((0..=1_000).rev().map(f64::from).collect());
        assert_eq!((spread[0], spread[STEPS / 2], spread[STEPS]), (0.0, 500.0, 1_000.0));
        assert!(spread.is_sorted());
        assert_eq!(super::spread(vec![]), Vec::<f64>::new());
    }
}
