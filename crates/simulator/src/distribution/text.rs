//! Distributions as text, `name[key=value,…]` in milliseconds, the same on command lines and in experiment files.

use super::Distribution;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Text that is no distribution.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadDistribution {
    /// It has none of the known names.
    #[error(
        "'{0}' is no distribution: say constant[ms=50], uniform[low_ms=10,high_ms=90], exponential[mean_ms=50], \
         lognormal[median_ms=50,sigma=0.5] or two_point[low_ms=50,high_ms=3050,high_share=0.1]"
    )]
    Unknown(String),
    /// A value is missing, unknown or out of range.
    #[error("distribution '{text}': {why}")]
    Value {
        /// What was given.
        text: String,
        /// What is wrong and what would be right.
        why: String,
    },
}

/// The values between the brackets that have not been asked for.
struct Values<'a> {
    pairs: Vec<(&'a str, &'a str)>,
}

impl Values<'_> {
    fn number(&mut self, key: &'static str) -> Result<f64, String> {
        let place = self.pairs.iter().position(|(known, _)| *known == key);
        let (_, value) = self.pairs.remove(place.ok_or_else(|| format!("it needs {key}"))?);
        let number = value.parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0);
        number.ok_or_else(|| format!("{key} cannot be '{value}': it takes a number from 0"))
    }

    fn milliseconds(&mut self, key: &'static str) -> Result<Duration, String> {
        let number = self.number(key)?;
        // In whole nanoseconds, so that what is written reads back.
        let nanoseconds = (number * 1e6).round();
        if nanoseconds < u64::MAX as f64 {
            Ok(Duration::from_nanos(nanoseconds as u64))
        } else {
            Err(format!("{key} is more than {} ms", u64::MAX / 1_000_000))
        }
    }
}

impl FromStr for Distribution {
    type Err = BadDistribution;

    fn from_str(text: &str) -> Result<Distribution, BadDistribution> {
        let text = text.trim();
        let unknown = || BadDistribution::Unknown(text.to_owned());
        let bad = |why| BadDistribution::Value { text: text.to_owned(), why };
        let (name, rest) = text.split_once('[').ok_or_else(unknown)?;
        let list = rest.strip_suffix(']').ok_or_else(unknown)?;
        let pairs: Option<Vec<_>> = list
            .split(',')
            .map(|text| text.split_once('=').map(|(key, value)| (key.trim(), value.trim())))
            .collect();
        let mut values = Values { pairs: pairs.ok_or_else(unknown)? };
        let read = match name.trim() {
            "constant" => constant(&mut values),
            "uniform" => uniform(&mut values),
            "exponential" => exponential(&mut values),
            "lognormal" => lognormal(&mut values),
            "two_point" => two_point(&mut values),
            _ => return Err(unknown()),
        };
        let distribution = read.map_err(bad)?;
        if let Some((key, _)) = values.pairs.first() {
            return Err(bad(format!("it does not know {key}")));
        }
        match distribution.fault() {
            Some(why) => Err(bad(why.to_owned())),
            None => Ok(distribution),
        }
    }
}

fn constant(values: &mut Values<'_>) -> Result<Distribution, String> {
    Ok(Distribution::Constant(values.milliseconds("ms")?))
}

fn uniform(values: &mut Values<'_>) -> Result<Distribution, String> {
    Ok(Distribution::Uniform { low: values.milliseconds("low_ms")?, high: values.milliseconds("high_ms")? })
}

fn exponential(values: &mut Values<'_>) -> Result<Distribution, String> {
    Ok(Distribution::Exponential { mean: values.milliseconds("mean_ms")? })
}

fn lognormal(values: &mut Values<'_>) -> Result<Distribution, String> {
    Ok(Distribution::Lognormal { median: values.milliseconds("median_ms")?, sigma: values.number("sigma")? })
}

fn two_point(values: &mut Values<'_>) -> Result<Distribution, String> {
    Ok(Distribution::TwoPoint {
        low: values.milliseconds("low_ms")?,
        high: values.milliseconds("high_ms")?,
        high_share: values.number("high_share")?,
    })
}

/// As [`FromStr`] reads it; recorded values are only counted.
impl fmt::Display for Distribution {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |duration: &Duration| duration.as_nanos() as f64 / 1e6;
        match self {
            Distribution::Constant(value) => write!(formatter, "constant[ms={}]", ms(value)),
            Distribution::Uniform { low, high } => {
                write!(formatter, "uniform[low_ms={},high_ms={}]", ms(low), ms(high))
            }
            Distribution::Exponential { mean } => write!(formatter, "exponential[mean_ms={}]", ms(mean)),
            Distribution::Lognormal { median, sigma } => {
                write!(formatter, "lognormal[median_ms={},sigma={sigma}]", ms(median))
            }
            Distribution::TwoPoint { low, high, high_share } => {
                write!(
                    formatter,
                    "two_point[low_ms={},high_ms={},high_share={high_share}]",
                    ms(low),
                    ms(high)
                )
            }
            Distribution::Empirical(values) => write!(formatter, "empirical[{} values]", values.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_distribution_round_trips() {
        for text in [
            "constant[ms=0.002]",
            "uniform[low_ms=10,high_ms=90]",
            "exponential[mean_ms=50]",
            "lognormal[median_ms=1.5,sigma=0.5]",
            "two_point[low_ms=50,high_ms=3050,high_share=0.1]",
        ] {
            assert_eq!(text.parse::<Distribution>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn mistakes_are_told_with_a_remedy() {
        let error = |text: &str| text.parse::<Distribution>().unwrap_err().to_string();
        insta::assert_snapshot!(error("normal[mean_ms=5]"), @"'normal[mean_ms=5]' is no distribution: say constant[ms=50], uniform[low_ms=10,high_ms=90], exponential[mean_ms=50], lognormal[median_ms=50,sigma=0.5] or two_point[low_ms=50,high_ms=3050,high_share=0.1]");
        insta::assert_snapshot!(error("constant[ms=-1]"), @"distribution 'constant[ms=-1]': ms cannot be '-1': it takes a number from 0");
        insta::assert_snapshot!(error("exponential[ms=1]"), @"distribution 'exponential[ms=1]': it needs mean_ms");
        insta::assert_snapshot!(error("constant[ms=1,sigma=2]"), @"distribution 'constant[ms=1,sigma=2]': it does not know sigma");
        insta::assert_snapshot!(error("uniform[low_ms=2,high_ms=1]"), @"distribution 'uniform[low_ms=2,high_ms=1]': its low end is above its high end");
        insta::assert_snapshot!(error("two_point[low_ms=1,high_ms=2,high_share=7]"), @"distribution 'two_point[low_ms=1,high_ms=2,high_share=7]': its high_share is not a number from 0 to 1");
        insta::assert_snapshot!(error("constant[ms=1e30]"), @"distribution 'constant[ms=1e30]': ms is more than 18446744073709 ms");
    }
}
