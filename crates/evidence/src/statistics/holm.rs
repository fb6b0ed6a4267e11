//! Holm's step-down procedure: many comparisons at once without more false verdicts than one would give.
//!
//! Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6 (1979). It
//! assumes nothing about how the comparisons depend on each other and is never weaker than Bonferroni's.

/// What the procedure says of one comparison.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Whether the difference stands.
    pub differs: bool,
    /// The level at which this comparison was judged: an interval of confidence `1 - level` excludes a tie exactly
    /// when `differs` is true.
    pub level: f64,
}

/// Judges comparisons by their p-values so that the probability of even one false verdict is at most `level`.
///
/// The answers are in the order of `p_values`. A comparison without a p-value (too few pairs) never differs and is
/// not counted.
pub fn holm(p_values: &[Option<f64>], level: f64) -> Vec<Step> {
    let mut order: Vec<(usize, f64)> =
        p_values.iter().enumerate().filter_map(|(index, p)| p.map(|p| (index, p))).collect();
    order.sort_by(|left, right| left.1.total_cmp(&right.1));
    let mut steps = vec![Step { differs: false, level }; p_values.len()];
    let mut stopped_at = None;
    for (rank, &(index, p)) in order.iter().enumerate() {
        // After the first tie all later ones tie too, judged at that step's level.
        let own_level = stopped_at.unwrap_or(level / (order.len() - rank) as f64);
        let differs = stopped_at.is_none() && p <= own_level;
        if !differs {
            stopped_at = Some(own_level);
        }
        steps[index] = Step { differs, level: own_level };
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use luck::{Purpose, Seed};
    use proptest::prelude::*;

    fn verdicts(p_values: &[f64]) -> Vec<bool> {
        let p_values: Vec<_> = p_values.iter().copied().map(Some).collect();
        holm(&p_values, 0.05).into_iter().map(|step| step.differs).collect()
    }

    #[test]
    fn the_textbook_example() {
        // Levels 0.0125, 0.0167, 0.025, 0.05 in turn: 0.005 and 0.01 stand, 0.03 > 0.025 stops the rest.
        assert_eq!(verdicts(&[0.01, 0.04, 0.03, 0.005]), [true, false, false, true]);
    }

    #[test]
    fn stronger_than_bonferroni_and_not_as_bold_as_nothing() {
        assert_eq!(verdicts(&[0.01, 0.02, 0.04]), [true, true, true]);
        assert_eq!(verdicts(&[0.03, 0.03, 0.03]), [false, false, false]);
    }

    #[test]
    fn a_missing_p_value_ties_and_costs_the_others_nothing() {
        let steps = holm(&[None, Some(0.04)], 0.05);
        assert!(!steps[0].differs && steps[1].differs);
        assert_eq!(holm(&[], 0.05), []);
    }

    #[test]
    fn false_verdicts_in_a_family_of_ties_are_at_most_5_percent() {
        let experiments = 4_000;
        let wrong = (0..experiments)
            .filter(|&experiment| {
                let p_values: Vec<_> = (0..6)
                    .map(|index| Some(Seed(21).coin(Purpose::Resample, experiment, index).uniform()))
                    .collect();
                holm(&p_values, 0.05).iter().any(|step| step.differs)
            })
            .count();
        let share = wrong as f64 / experiments as f64;
        assert!((0.035..=0.06).contains(&share), "{share}");
    }

    proptest! {
        #[test]
        fn the_level_explains_the_verdict(p_values in proptest::collection::vec(0.0..1.0f64, 1..12)) {
            let given: Vec<_> = p_values.iter().copied().map(Some).collect();
            for (step, p) in holm(&given, 0.05).into_iter().zip(p_values) {
                prop_assert_eq!(step.differs, p <= step.level);
                prop_assert!(step.level <= 0.05);
            }
        }
    }
}
