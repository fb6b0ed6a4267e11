//! Distributions of durations as text: `50ms`, or `name[key=value,…]` as the simulator prints them.

use simulator::Distribution;
use std::time::Duration;

/// Reads a duration such as `50ms`, or `constant[ms=50]`, `uniform[low_ms=10,high_ms=90]`, `exponential[mean_ms=50]`,
/// `lognormal[median_ms=50,sigma=0.5]`, `two_point[low_ms=50,high_ms=3050,high_share=0.1]`.
///
/// # Errors
/// What is wrong and what would be right.
pub(crate) fn parse(text: &str) -> Result<Distribution, String> {
    let text = text.trim();
    let Some((name, list)) = text.split_once('[') else {
        return duration(text).map(Distribution::Constant);
    };
    let list = list.strip_suffix(']').ok_or_else(|| unknown(text))?;
    let pairs =
        list.split(',').map(|pair| pair.split_once('=').map(|(key, value)| (key.trim(), value.trim())));
    let pairs: Vec<(&str, &str)> = pairs.collect::<Option<_>>().ok_or_else(|| unknown(text))?;
    let keys: &[&str] = match name.trim() {
        "constant" => &["ms"],
        "uniform" => &["low_ms", "high_ms"],
        "exponential" => &["mean_ms"],
        "lognormal" => &["median_ms", "sigma"],
        "two_point" => &["low_ms", "high_ms", "high_share"],
        _ => return Err(unknown(text)),
    };
    let number = |key: &str| number(text, &pairs, key);
    if let Some((key, _)) = pairs.iter().find(|(key, _)| !keys.contains(key)) {
        return Err(format!("'{text}' does not know '{key}': it takes {}", keys.join(", ")));
    }
    let ms = |key: &str| {
        let value = number(key)?;
        Duration::try_from_secs_f64(value / 1e3)
            .map_err(|_| format!("'{text}': {key} is not a time in milliseconds"))
    };
    match name.trim() {
        "constant" => Ok(Distribution::Constant(ms("ms")?)),
        "uniform" => Ok(Distribution::Uniform { low: ms("low_ms")?, high: ms("high_ms")? }),
        "exponential" => Ok(Distribution::Exponential { mean: ms("mean_ms")? }),
        "lognormal" => Ok(Distribution::Lognormal { median: ms("median_ms")?, sigma: number("sigma")? }),
        _ => Ok(Distribution::TwoPoint {
            low: ms("low_ms")?,
            high: ms("high_ms")?,
            high_share: number("high_share")?,
        }),
    }
}

/// Reads a duration such as `50ms` or `3s`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    humantime::parse_duration(text).map_err(|_| unknown(text))
}

fn number(text: &str, pairs: &[(&str, &str)], key: &str) -> Result<f64, String> {
    let given = pairs.iter().find(|(known, _)| *known == key);
    let (_, value) = given.ok_or_else(|| format!("'{text}' lacks {key}="))?;
    value.parse().map_err(|_| format!("'{text}': {key} cannot be '{value}': it takes a number"))
}

fn unknown(text: &str) -> String {
    format!(
        "'{text}' is no time: say one such as 50ms, or uniform[low_ms=10,high_ms=90], exponential[mean_ms=50], \
         lognormal[median_ms=50,sigma=0.5] or two_point[low_ms=50,high_ms=3050,high_share=0.1]"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_read_back() {
        for text in [
            "constant[ms=50]",
            "uniform[low_ms=10,high_ms=90.5]",
            "exponential[mean_ms=50]",
            "lognormal[median_ms=50,sigma=0.5]",
            "two_point[low_ms=50,high_ms=3050,high_share=0.1]",
        ] {
            assert_eq!(parse(text).unwrap().to_string(), text);
        }
        assert_eq!(parse(" 3s ").unwrap(), Distribution::Constant(Duration::from_secs(3)));
        assert_eq!(parse("0").unwrap(), Distribution::ZERO);
    }

    #[test]
    fn mistakes_are_told_with_a_remedy() {
        let error = |text: &str| parse(text).unwrap_err();
        insta::assert_snapshot!(error("soon"), @"'soon' is no time: say one such as 50ms, or uniform[low_ms=10,high_ms=90], exponential[mean_ms=50], lognormal[median_ms=50,sigma=0.5] or two_point[low_ms=50,high_ms=3050,high_share=0.1]");
        insta::assert_snapshot!(error("exponential[50ms]"), @"'exponential[50ms]' is no time: say one such as 50ms, or uniform[low_ms=10,high_ms=90], exponential[mean_ms=50], lognormal[median_ms=50,sigma=0.5] or two_point[low_ms=50,high_ms=3050,high_share=0.1]");
        insta::assert_snapshot!(error("exponential[mean_ms=x]"), @"'exponential[mean_ms=x]': mean_ms cannot be 'x': it takes a number");
        insta::assert_snapshot!(error("uniform[low_ms=1]"), @"'uniform[low_ms=1]' lacks high_ms=");
        insta::assert_snapshot!(error("uniform[mean=1]"), @"'uniform[mean=1]' does not know 'mean': it takes low_ms, high_ms");
        insta::assert_snapshot!(error("constant[ms=-1]"), @"'constant[ms=-1]': ms is not a time in milliseconds");
    }
}
