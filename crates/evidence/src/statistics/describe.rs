//! Where a sample lies and how far it spreads.

/// The arithmetic mean, or `None` of nothing.
pub fn mean(sample: &[f64]) -> Option<f64> {
    if sample.is_empty() { None } else { Some(sample.iter().sum::<f64>() / sample.len() as f64) }
}

/// The sample's standard deviation (divided by n − 1), or `None` of fewer than two values.
pub fn standard_deviation(sample: &[f64]) -> Option<f64> {
    let centre = mean(sample)?;
    let squares: f64 = sample.iter().map(|value| (value - centre).powi(2)).sum();
    if sample.len() < 2 { None } else { Some((squares / (sample.len() - 1) as f64).sqrt()) }
}

/// The geometric mean, which is the right average of ratios; `None` of nothing or of a value that is not positive.
pub fn geometric_mean(sample: &[f64]) -> Option<f64> {
    if sample.iter().any(|&value| value <= 0.0 || value.is_nan()) {
        return None;
    }
    let logarithms: Vec<f64> = sample.iter().map(|value| value.ln()).collect();
    mean(&logarithms).map(f64::exp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_deviation_of_a_known_sample() {
        let sample = [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0];
        assert_eq!(mean(&sample), Some(5.0));
        let deviation = standard_deviation(&sample).unwrap();
        assert!((deviation - (32.0f64 / 7.0).sqrt()).abs() < 1e-12, "{deviation}");
    }

    #[test]
    fn too_little_has_no_answer() {
        assert_eq!(mean(&[]), None);
        assert_eq!(standard_deviation(&[3.0]), None);
        assert_eq!(geometric_mean(&[]), None);
        assert_eq!(geometric_mean(&[2.0, 0.0]), None);
        assert_eq!(geometric_mean(&[2.0, f64::NAN]), None);
    }

    #[test]
    fn twice_as_fast_and_twice_as_slow_cancel() {
        let average = geometric_mean(&[2.0, 0.5]).unwrap();
        assert!((average - 1.0).abs() < 1e-12, "{average}");
    }
}
