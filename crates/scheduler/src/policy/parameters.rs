//! The parameters of a policy, as written in `name[key=value,…]`.

use std::fmt::{self, Display};
use std::str::FromStr;
use std::time::Duration;

/// One parameter that a policy knows.
#[derive(Debug)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// Its value when none is given.
    pub default: &'static str,
    /// What it does, with its unit and range.
    pub help: &'static str,
}

/// A value that a policy cannot use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("parameter '{name}' cannot be '{value}': {why}")]
pub struct BadParameter {
    /// The parameter.
    pub name: String,
    /// What was given.
    pub value: String,
    /// What would be right.
    pub why: String,
}

/// Values of a policy's parameters: given ones, and defaults for the rest.
#[derive(Clone, Debug)]
pub struct Parameters {
    known: &'static [Parameter],
    given: Vec<(&'static str, String)>,
}

/// What was given, as `[key=value,…]`; nothing if nothing was.
impl fmt::Display for Parameters {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let given: Vec<String> = self.given().map(|(key, value)| format!("{key}={value}")).collect();
        if given.is_empty() { Ok(()) } else { write!(formatter, "[{}]", given.join(",")) }
    }
}

impl Parameters {
    /// No value given: all defaults of `known`.
    pub fn defaults(known: &'static [Parameter]) -> Parameters {
        Parameters { known, given: Vec::new() }
    }

    /// Gives a value; refuses names that the policy does not know and names given twice.
    pub(crate) fn give(&mut self, name: &str, value: &str) -> Result<(), BadParameter> {
        let bad = |why| BadParameter { name: name.to_owned(), value: value.to_owned(), why };
        let Some(known) = self.known.iter().map(|known| known.name).find(|known| *known == name) else {
            let names: Vec<_> = self.known.iter().map(|known| known.name).collect();
            return Err(bad(match names.as_slice() {
                [] => "this policy has no parameters".to_owned(),
                names => format!("this policy knows {}", names.join(", ")),
            }));
        };
        if self.given.iter().any(|(given, _)| *given == known) {
            return Err(bad("it is given twice".to_owned()));
        }
        self.given.push((known, value.to_owned()));
        Ok(())
    }

    /// What was given, in the order of the table.
    pub fn given(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.known.iter().filter_map(|known| {
            self.given
                .iter()
                .find(|(given, _)| *given == known.name)
                .map(|(name, value)| (*name, value.as_str()))
        })
    }

    /// The value of `name` as text.
    pub fn text(&self, name: &'static str) -> &str {
        let given = self.given.iter().find(|(given, _)| *given == name).map(|(_, value)| value.as_str());
        let default = || self.known.iter().find(|known| known.name == name).map(|known| known.default);
        given.or_else(default).unwrap_or_default()
    }

    /// The value of `name` as a number in `low ..= high`.
    ///
    /// # Errors
    /// If it is no number or out of range.
    pub fn number<T>(&self, name: &'static str, low: T, high: T) -> Result<T, BadParameter>
    where
        T: FromStr + PartialOrd + Display,
    {
        let value = self.text(name);
        match value.parse::<T>() {
            Ok(number) if low <= number && number <= high => Ok(number),
            _ => Err(BadParameter {
                name: name.to_owned(),
                value: value.to_owned(),
                why: format!("it takes a number from {low} to {high}"),
            }),
        }
    }

    /// The value of `name` as a duration in `low ..= high`, written with its unit: `250us`, `300ms`, `10s`.
    ///
    /// # Errors
    /// If it is no duration or out of range.
    pub fn duration(
        &self,
        name: &'static str,
        low: Duration,
        high: Duration,
    ) -> Result<Duration, BadParameter> {
        let value = self.text(name);
        match humantime::parse_duration(value) {
            Ok(duration) if low <= duration && duration <= high => Ok(duration),
            _ => Err(BadParameter {
                name: name.to_owned(),
                value: value.to_owned(),
                why: format!("it takes a duration with its unit, such as 300ms, from {low:?} to {high:?}"),
            }),
        }
    }

    /// The value of `name` as one of `words`.
    ///
    /// # Errors
    /// If it is none of them.
    pub fn word(&self, name: &'static str, words: &[&'static str]) -> Result<&'static str, BadParameter> {
        let value = self.text(name);
        words.iter().copied().find(|word| *word == value).ok_or_else(|| BadParameter {
            name: name.to_owned(),
            value: value.to_owned(),
            why: format!("it takes {}", words.join(" or ")),
        })
    }
}
