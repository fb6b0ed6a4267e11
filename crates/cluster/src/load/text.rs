//! Load profiles as text, `name[key=value,…]`, the same on command lines and in experiment files.

use super::{Probability, Profile};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Text that is no load profile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadProfile {
    /// It is neither a probability nor one of the known names.
    #[error(
        "'{0}' is no load: say a probability such as 0.3, or steps[levels=0.1/0.9,period_s=60], \
         sine[mean=0.5,amplitude=0.4,period_s=60], markov[calm=0.1,busy=0.9,calm_s=60,busy_s=20] or \
         in_flight[idle=0,full=0.9,from=2,to=8]"
    )]
    Unknown(String),
    /// A value is missing.
    #[error("load '{profile}' needs {key}")]
    Missing {
        /// The name of the profile.
        profile: String,
        /// What is missing.
        key: &'static str,
    },
    /// A key that this profile does not know.
    #[error("load '{profile}' does not know '{key}'")]
    UnknownKey {
        /// The name of the profile.
        profile: String,
        /// What was given.
        key: String,
    },
    /// A value out of range.
    #[error("load '{profile}': {key} cannot be '{value}': it takes {wanted}")]
    Value {
        /// The name of the profile.
        profile: String,
        /// Which value.
        key: String,
        /// What was given.
        value: String,
        /// What would be right.
        wanted: &'static str,
    },
}

/// The values between the brackets.
struct Values<'a> {
    profile: &'a str,
    pairs: Vec<(&'a str, &'a str)>,
}

impl<'a> Values<'a> {
    fn find(&mut self, key: &'static str) -> Option<&'a str> {
        let place = self.pairs.iter().position(|(known, _)| *known == key)?;
        Some(self.pairs.remove(place).1)
    }

    fn need(&mut self, key: &'static str) -> Result<&'a str, BadProfile> {
        self.find(key).ok_or_else(|| BadProfile::Missing { profile: self.profile.to_owned(), key })
    }

    fn bad(&self, key: &str, value: &str, wanted: &'static str) -> BadProfile {
        let profile = self.profile.to_owned();
        BadProfile::Value { profile, key: key.to_owned(), value: value.to_owned(), wanted }
    }

    fn probability(&mut self, key: &'static str) -> Result<Probability, BadProfile> {
        let value = self.need(key)?;
        value.parse().map_err(|_| self.bad(key, value, "a number from 0 to 1"))
    }

    fn seconds(&mut self, key: &'static str) -> Result<Duration, BadProfile> {
        let value = self.need(key)?;
        let time = value.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        time.filter(|time| !time.is_zero()).ok_or_else(|| self.bad(key, value, "seconds, above 0"))
    }

    fn count(&mut self, key: &'static str) -> Result<u32, BadProfile> {
        let value = self.need(key)?;
        value.parse().map_err(|_| self.bad(key, value, "a whole number"))
    }

    fn end(self) -> Result<(), BadProfile> {
        match self.pairs.first() {
            None => Ok(()),
            Some((key, _)) => {
                Err(BadProfile::UnknownKey { profile: self.profile.to_owned(), key: (*key).to_owned() })
            }
        }
    }
}

impl FromStr for Profile {
    type Err = BadProfile;

    fn from_str(text: &str) -> Result<Profile, BadProfile> {
        let text = text.trim();
        if let Ok(level) = text.parse() {
            return Ok(Profile::Constant(level));
        }
        let unknown = || BadProfile::Unknown(text.to_owned());
        let (name, rest) = text.split_once('[').ok_or_else(unknown)?;
        let list = rest.strip_suffix(']').ok_or_else(unknown)?;
        let pairs: Option<Vec<_>> = list
            .split(',')
            .map(|pair| pair.split_once('=').map(|(key, value)| (key.trim(), value.trim())))
            .collect();
        let mut values = Values { profile: name.trim(), pairs: pairs.ok_or_else(unknown)? };
        let profile = match name.trim() {
            "steps" => steps(&mut values)?,
            "sine" => Profile::Sine {
                mean: values.probability("mean")?,
                amplitude: values.probability("amplitude")?,
                period: values.seconds("period_s")?,
                phase: phase(&mut values)?,
            },
            "markov" => Profile::Markov {
                calm: values.probability("calm")?,
                busy: values.probability("busy")?,
                mean_calm: values.seconds("calm_s")?,
                mean_busy: values.seconds("busy_s")?,
            },
            "in_flight" => in_flight(&mut values)?,
            _ => return Err(unknown()),
        };
        values.end()?;
        Ok(profile)
    }
}

fn steps(values: &mut Values<'_>) -> Result<Profile, BadProfile> {
    let text = values.need("levels")?;
    let levels: Result<Vec<_>, _> = text.split('/').map(str::parse).collect();
    let levels = levels.map_err(|_| values.bad("levels", text, "probabilities with / between them"))?;
    Ok(Profile::Steps { levels, period: values.seconds("period_s")? })
}

fn phase(values: &mut Values<'_>) -> Result<f64, BadProfile> {
    let text = values.find("phase").unwrap_or("0");
    let phase: Option<f64> = text.parse().ok().filter(|phase: &f64| phase.is_finite());
    phase.ok_or_else(|| values.bad("phase", text, "a number of turns, such as 0.25"))
}

fn in_flight(values: &mut Values<'_>) -> Result<Profile, BadProfile> {
    let (idle, full) = (values.probability("idle")?, values.probability("full")?);
    let (from, to) = (values.count("from")?, values.count("to")?);
    if to <= from {
        return Err(values.bad("to", &to.to_string(), "more attempts than 'from'"));
    }
    Ok(Profile::InFlight { idle, full, from, to })
}

impl fmt::Display for Profile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Profile::Constant(level) => write!(formatter, "{level}"),
            Profile::Steps { levels, period } => {
                let levels: Vec<String> = levels.iter().map(ToString::to_string).collect();
                write!(formatter, "steps[levels={},period_s={}]", levels.join("/"), period.as_secs_f64())
            }
            Profile::Sine { mean, amplitude, period, phase } => {
                let period = period.as_secs_f64();
                write!(formatter, "sine[mean={mean},amplitude={amplitude},period_s={period},phase={phase}]")
            }
            Profile::Markov { calm, busy, mean_calm, mean_busy } => {
                let (calm_s, busy_s) = (mean_calm.as_secs_f64(), mean_busy.as_secs_f64());
                write!(formatter, "markov[calm={calm},busy={busy},calm_s={calm_s},busy_s={busy_s}]")
            }
            Profile::InFlight { idle, full, from, to } => {
                write!(formatter, "in_flight[idle={idle},full={full},from={from},to={to}]")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_round_trips() {
        for text in [
            "0.3",
            "steps[levels=0.1/0.9/0,period_s=60]",
            "sine[mean=0.5,amplitude=0.4,period_s=1.5,phase=0.25]",
            "markov[calm=0.1,busy=0.9,calm_s=60,busy_s=20]",
            "in_flight[idle=0,full=0.9,from=2,to=8]",
        ] {
            assert_eq!(text.parse::<Profile>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn mistakes_are_told_with_a_remedy() {
        let error = |text: &str| text.parse::<Profile>().unwrap_err().to_string();
        insta::assert_snapshot!(error("1.5"), @"'1.5' is no load: say a probability such as 0.3, or steps[levels=0.1/0.9,period_s=60], sine[mean=0.5,amplitude=0.4,period_s=60], markov[calm=0.1,busy=0.9,calm_s=60,busy_s=20] or in_flight[idle=0,full=0.9,from=2,to=8]");
        insta::assert_snapshot!(error("steps[levels=0.1]"), @"load 'steps' needs period_s");
        insta::assert_snapshot!(error("sine[mean=2,amplitude=0.1,period_s=1]"), @"load 'sine': mean cannot be '2': it takes a number from 0 to 1");
        insta::assert_snapshot!(error("markov[calm=0,busy=1,calm_s=0,busy_s=1]"), @"load 'markov': calm_s cannot be '0': it takes seconds, above 0");
        insta::assert_snapshot!(error("in_flight[idle=0,full=1,from=3,to=3]"), @"load 'in_flight': to cannot be '3': it takes more attempts than 'from'");
        insta::assert_snapshot!(error("steps[levels=0.1,period_s=1,x=2]"), @"load 'steps' does not know 'x'");
    }
}
