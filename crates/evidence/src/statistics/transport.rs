//! The transport distance: how far the values of one sample have to be moved, on average, to make it another.

/// The area between the empirical distribution functions of two samples, in the samples' unit. Both ascend. `None` if one
/// is empty.
///
/// Beside the distance of Kolmogorov and Smirnov, which a small shift of values that come in steps makes large, this one is
/// small for a small shift: it is at most the largest of them. Vallender, "Calculation of the Wasserstein distance between
/// probability distributions on the line" (Theory of Probability and its Applications, 1974).
pub fn transport_distance(left: &[f64], right: &[f64]) -> Option<f64> {
    let mut at = left.first()?.min(*right.first()?);
    debug_assert!(
        left.is_sorted() && right.is_sorted(),
        "distribution functions are read from sorted samples"
    );
    let (mut from_left, mut from_right, mut area) = (0, 0, 0.0);
    while from_left < left.len() || from_right < right.len() {
        let next = |sample: &[f64], from: usize| sample.get(from).copied().unwrap_or(f64::INFINITY);
        let value = next(left, from_left).min(next(right, from_right));
        let share = |seen: usize, all: usize| seen as f64 / all as f64;
        area += (value - at) * (share(from_left, left.len()) - share(from_right, right.len())).abs();
        at = value;
        from_left += left[from_left..].iter().take_while(|&&own| own <= value).count();
        from_right += right[from_right..].iter().take_while(|&&own| own <= value).count();
    }
    Some(area)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn agrees_with_scipy() {
        // scipy.stats.wasserstein_distance([0, 1, 3], [5, 6, 8]), ([1, 2, 3, 4], [2.5, 3.5, 4.5]), ([3, 4], [1, 9, 9, 10])
        let known: [(&[f64], &[f64], f64); 3] = [
            (&[0.0, 1.0, 3.0], &[5.0, 6.0, 8.0], 5.0),
            (&[1.0, 2.0, 3.0, 4.0], &[2.5, 3.5, 4.5], 1.0),
            (&[3.0, 4.0], &[1.0, 9.0, 9.0, 10.0], 4.75),
        ];
        for (left, right, expected) in known {
            let distance = transport_distance(left, right).unwrap();
            assert!((distance - expected).abs() < 1e-12, "{distance}, not {expected}");
        }
        assert_eq!(transport_distance(&[], &[3.0]), None);
    }

    #[test]
    fn steps_that_are_shifted_a_little_are_near_where_kolmogorovs_distance_is_large() {
        let steps: Vec<f64> = (0..100).map(|value| f64::from(value / 25) * 50.0).collect();
        let shifted: Vec<f64> = steps.iter().map(|value| value + 1.0).collect();
        assert!((transport_distance(&steps, &shifted).unwrap() - 1.0).abs() < 1e-9);
        assert_eq!(super::super::kolmogorov::kolmogorov_distance(&steps, &shifted), Some(0.25));
    }

    proptest! {
        #[test]
        fn it_is_a_distance(
            mut left in proptest::collection::vec(0..200u8, 1..30),
            mut right in proptest::collection::vec(0..200u8, 1..30),
            shift in 0..50u8,
        ) {
            left.sort_unstable();
            right.sort_unstable();
            let [left, right] = [left, right].map(|sample| sample.into_iter().map(f64::from).collect::<Vec<_>>());
            let shifted: Vec<f64> = left.iter().map(|value| value + f64::from(shift)).collect();
            prop_assert_eq!(transport_distance(&left, &left), Some(0.0));
            prop_assert!((transport_distance(&left, &shifted).unwrap() - f64::from(shift)).abs() < 1e-9);
            let (there, back) = (transport_distance(&left, &right).unwrap(), transport_distance(&right, &left).unwrap());
            prop_assert!((there - back).abs() < 1e-9);
        }
    }
}
