//! The distance of Kolmogorov and Smirnov: how far two samples' distribution functions are apart.

/// The largest difference between the empirical distribution functions of two samples, 0 ..= 1. Both ascend.
/// `None` if one is empty.
pub fn kolmogorov_distance(left: &[f64], right: &[f64]) -> Option<f64> {
    if left.is_empty() || right.is_empty() {
        return None;
    }
    debug_assert!(
        left.is_sorted() && right.is_sorted(),
        "distribution functions are read from sorted samples"
    );
    let (mut from_left, mut from_right, mut largest) = (0, 0, 0.0f64);
    while from_left < left.len() && from_right < right.len() {
        let value = left[from_left].min(right[from_right]);
        from_left += left[from_left..].iter().take_while(|&&own| own <= value).count();
        from_right += right[from_right..].iter().take_while(|&&own| own <= value).count();
        let share = |seen: usize, all: usize| seen as f64 / all as f64;
        largest = largest.max((share(from_left, left.len()) - share(from_right, right.len())).abs());
    }
    Some(largest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn agrees_with_scipy() {
        // scipy.stats.ks_2samp([1, 2, 3, 4], [2.5, 3.5, 4.5]).statistic
        let distance = kolmogorov_distance(&[1.0, 2.0, 3.0, 4.0], &[2.5, 3.5, 4.5]).unwrap();
        assert!((distance - 0.5).abs() < 1e-12, "{distance}");
        assert_eq!(kolmogorov_distance(&[1.0, 2.0], &[3.0]), Some(1.0));
        assert_eq!(kolmogorov_distance(&[], &[3.0]), None);
    }

    proptest! {
        #[test]
        fn it_is_a_distance(
            mut left in proptest::collection::vec(0..20u8, 1..30),
            mut right in proptest::collection::vec(0..20u8, 1..30),
        ) {
            left.sort_unstable();
            right.sort_unstable();
            let [left, right] = [left, right].map(|sample| sample.into_iter().map(f64::from).collect::<Vec<_>>());
            prop_assert_eq!(kolmogorov_distance(&left, &left), Some(0.0));
            prop_assert_eq!(kolmogorov_distance(&left, &right), kolmogorov_distance(&right, &left));
            prop_assert!((0.0..=1.0).contains(&kolmogorov_distance(&left, &right).unwrap()));
        }
    }
}
