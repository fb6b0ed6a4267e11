//! Student's t distribution: how far the mean of a small sample strays.

use statrs::distribution::{ContinuousCDF, StudentsT};

/// The `probability`-quantile of Student's t with `degrees_of_freedom`, or `None` with none of them or a probability
/// outside the open interval from 0 to 1.
pub fn t_quantile(probability: f64, degrees_of_freedom: usize) -> Option<f64> {
    if degrees_of_freedom == 0 || probability <= 0.0 || probability >= 1.0 || probability.is_nan() {
        return None;
    }
    let distribution = StudentsT::new(0.0, 1.0, degrees_of_freedom as f64).ok()?;
    Some(distribution.inverse_cdf(probability))
}

/// The two-sided p-value of the statistic `t`: the probability of one at least as far from 0 if nothing differs.
/// `None` without degrees of freedom.
pub fn two_sided_p_value(t: f64, degrees_of_freedom: usize) -> Option<f64> {
    let distribution = StudentsT::new(0.0, 1.0, degrees_of_freedom as f64).ok()?;
    Some(if t.is_infinite() { 0.0 } else { 2.0 * distribution.sf(t.abs()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_agree_with_printed_tables() {
        // NIST/SEMATECH e-Handbook of Statistical Methods, table 1.3.6.7.2.
        let table = [
            (0.975, 1, 12.706),
            (0.975, 2, 4.303),
            (0.975, 4, 2.776),
            (0.975, 9, 2.262),
            (0.975, 19, 2.093),
            (0.975, 100, 1.984),
            (0.95, 3, 2.353),
            (0.995, 4, 4.604),
            (0.999, 2, 22.327),
            (0.90, 30, 1.310),
        ];
        for (probability, degrees, expected) in table {
            let value = t_quantile(probability, degrees).unwrap();
            assert!((value - expected).abs() < 6e-4, "{probability} {degrees}: {value}, not {expected}");
            let mirrored = t_quantile(1.0 - probability, degrees).unwrap();
            assert!((value + mirrored).abs() < 1e-6 * value, "{probability} {degrees} is not symmetric");
        }
    }

    #[test]
    fn quantile_and_p_value_are_inverse() {
        for degrees in [1, 2, 4, 7, 30, 500] {
            for level in [0.05, 0.01, 0.002, 1e-5] {
                let t = t_quantile(1.0 - level / 2.0, degrees).unwrap();
                let p = two_sided_p_value(t, degrees).unwrap();
                assert!((p / level - 1.0).abs() < 1e-4, "{degrees} {level}: {p}");
            }
        }
    }

    #[test]
    fn impossible_questions_have_no_answer() {
        assert_eq!(t_quantile(0.975, 0), None);
        assert_eq!(t_quantile(1.0, 4), None);
        assert_eq!(t_quantile(f64::NAN, 4), None);
        assert_eq!(two_sided_p_value(1.0, 0), None);
        assert_eq!(two_sided_p_value(f64::INFINITY, 4), Some(0.0));
    }
}
