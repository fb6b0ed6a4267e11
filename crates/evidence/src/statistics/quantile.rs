//! Quantiles by linear interpolation between order statistics.

/// The `probability`-quantile of `sorted`, by definition 7 of Hyndman and Fan, "Sample quantiles in statistical
/// packages" (The American Statistician, 1996): the default of R and NumPy.
///
/// `sorted` ascends. `None` of nothing, or if `probability` is outside 0 ..= 1.
pub fn quantile(sorted: &[f64], probability: f64) -> Option<f64> {
    if sorted.is_empty() || !(0.0..=1.0).contains(&probability) {
        return None;
    }
    debug_assert!(sorted.is_sorted(), "quantiles are read from a sorted sample");
    let position = probability * (sorted.len() - 1) as f64;
    let below = position.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    Some(sorted[below] + (position - below as f64) * (sorted[above] - sorted[below]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn agrees_with_numpy() {
        // numpy.quantile([1, 2, 4, 8, 16], [0, .1, .25, .5, .9, .99, 1])
        let sample = [1.0, 2.0, 4.0, 8.0, 16.0];
        for (probability, expected) in
            [(0.0, 1.0), (0.1, 1.4), (0.25, 2.0), (0.5, 4.0), (0.9, 12.8), (0.99, 15.68), (1.0, 16.0)]
        {
            let value = quantile(&sample, probability).unwrap();
            assert!((value - expected).abs() < 1e-12, "{probability}: {value}");
        }
    }

    #[test]
    fn nothing_has_no_quantile_and_one_value_has_all() {
        assert_eq!(quantile(&[], 0.5), None);
        assert_eq!(quantile(&[1.0, 2.0], 1.5), None);
        assert_eq!(quantile(&[3.0], 0.99), Some(3.0));
    }

    proptest! {
        #[test]
        fn grows_with_the_probability_and_stays_within_the_sample(
            mut sample in proptest::collection::vec(-1e6..1e6f64, 1..50),
            low in 0.0..1.0f64,
            step in 0.0..1.0f64,
        ) {
            sample.sort_by(f64::total_cmp);
            let high = low + (1.0 - low) * step;
            let (first, second) = (quantile(&sample, low).unwrap(), quantile(&sample, high).unwrap());
            prop_assert!(first <= second + 1e-9);
            prop_assert!(first >= sample[0] && second <= sample[sample.len() - 1]);
        }
    }
}
