//! Times on the command line.

use std::time::Duration;

/// Ten years: sums of such times stay far from the end of the clock.
const LONGEST: Duration = Duration::from_secs(315_360_000);

/// Reads a time such as `50ms`, `3s` or `1m`.
///
/// # Errors
/// A sentence that shows the right form.
pub fn parse(text: &str) -> Result<Duration, String> {
    let time = humantime::parse_duration(text).map_err(|error| format!("{error}; write 50ms, 3s or 1m"))?;
    if time <= LONGEST { Ok(time) } else { Err("longer than ten years".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units_and_an_end() {
        assert_eq!(parse("50ms"), Ok(Duration::from_millis(50)));
        assert!(parse("50").unwrap_err().contains("write 50ms, 3s or 1m"));
        assert_eq!(parse("9999years").unwrap_err(), "longer than ten years");
    }
}
