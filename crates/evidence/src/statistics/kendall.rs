//! Kendall's τ: how far two rankings agree.

use std::cmp::Ordering;

/// τ-a of two equally long lists of figures: pairs ordered alike minus pairs ordered otherwise, over all pairs.
/// 1 is the same order, -1 the reverse; a tie in one list counts for neither. `None` of fewer than two figures.
///
/// Kendall, "A new measure of rank correlation" (Biometrika, 1938).
pub fn kendall_tau(left: &[f64], right: &[f64]) -> Option<f64> {
    let count = left.len().min(right.len());
    if count < 2 {
        return None;
    }
    let sign = |order: Ordering| match order {
        Ordering::Less => -1,
        Ordering::Equal => 0,
        Ordering::Greater => 1,
    };
    let pairs = (0..count).flat_map(|first| (first + 1..count).map(move |second| (first, second)));
    let agreement: i64 = pairs
        .map(|(first, second)| {
            sign(left[first].total_cmp(&left[second])) * sign(right[first].total_cmp(&right[second]))
        })
        .sum();
    Some(agreement as f64 / (count * (count - 1) / 2) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_rankings() {
        assert_eq!(kendall_tau(&[1.0, 2.0, 3.0], &[10.0, 20.0, 30.0]), Some(1.0));
        assert_eq!(kendall_tau(&[1.0, 2.0, 3.0], &[3.0, 2.0, 1.0]), Some(-1.0));
        // One of six pairs is turned.
        let tau = kendall_tau(&[1.0, 2.0, 3.0, 4.0], &[1.0, 3.0, 2.0, 4.0]).unwrap();
        assert!((tau - 4.0 / 6.0).abs() < 1e-12);
        assert_eq!(kendall_tau(&[1.0, 1.0], &[1.0, 2.0]), Some(0.0));
        assert_eq!(kendall_tau(&[1.0], &[1.0]), None);
    }
}
