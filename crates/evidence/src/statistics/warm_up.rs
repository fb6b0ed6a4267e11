//! Where a steady state begins: the MSER-5 rule.
//!
//! A run that starts from an empty system is too fast at first. MSER (White, "An effective truncation heuristic for bias
//! reduction in simulation output", Simulation 69, 1997) cuts where the standard error of what is left is least; MSER-5
//! (White, Cobb and Spratt 2000) does so on means of five in a row. It is no remedy for dependence: intervals still come
//! from independent replications.

/// Observations that are averaged before the rule looks at them.
const BATCH: usize = 5;

/// Which observations at the beginning are left out of a mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WarmUp {
    /// None: there is no steady state, or the transient is the subject.
    #[default]
    None,
    /// As many as [`mser_5`] says.
    Mser,
    /// So many.
    First(u32),
}

impl WarmUp {
    /// How many of `series` are left out, never all.
    pub fn length(self, series: &[f64]) -> usize {
        match self {
            WarmUp::None => 0,
            WarmUp::Mser => mser_5(series),
            WarmUp::First(count) => (count as usize).min(series.len().saturating_sub(1)),
        }
    }
}

/// How many observations at the beginning of `series` to leave out: at most half of them.
pub fn mser_5(series: &[f64]) -> usize {
    let batches: Vec<f64> =
        series.chunks_exact(BATCH).map(|batch| batch.iter().sum::<f64>() / BATCH as f64).collect();
    // Mean and sum of squared deviations of the last k batches, one more at a time (Welford).
    let (mut mean, mut squares) = (0.0, 0.0);
    let mut best = (f64::INFINITY, 0);
    for (start, &batch) in batches.iter().enumerate().rev() {
        let count = (batches.len() - start) as f64;
        let step = batch - mean;
        mean += step / count;
        squares += step * (batch - mean);
        let error = squares / (count * count);
        if start <= batches.len() / 2 && error <= best.0 {
            best = (error, start);
        }
    }
    best.1 * BATCH
}

#[cfg(test)]
mod tests {
    use super::*;
    use luck::{Purpose, Seed};

    fn noise(index: u64) -> f64 {
        Seed(3).coin(Purpose::Resample, index, 0).uniform()
    }

    #[test]
    fn a_ramp_is_cut_off_and_a_steady_series_nearly_not() {
        let ramp: Vec<f64> =
            (0..2_000).map(|index| (index as f64 / 300.0).min(1.0) * 5.0 + noise(index)).collect();
        let cut = mser_5(&ramp);
        assert!((250..400).contains(&cut), "{cut}");
        let steady: Vec<f64> = (0..2_000).map(noise).collect();
        assert!(mser_5(&steady) < 500, "{}", mser_5(&steady));
        assert_eq!(mser_5(&[4.0; 100]), 0);
    }

    #[test]
    fn never_more_than_half() {
        let growing: Vec<f64> = (0..1_000).map(f64::from).collect();
        assert_eq!(mser_5(&growing), 500);
        assert_eq!((mser_5(&[]), mser_5(&[1.0, 2.0])), (0, 0));
    }

    #[test]
    fn rules() {
        let series = [1.0; 10];
        assert_eq!(WarmUp::None.length(&series), 0);
        assert_eq!((WarmUp::First(3).length(&series), WarmUp::First(30).length(&series)), (3, 9));
        assert_eq!(WarmUp::Mser.length(&series), 0);
    }
}
