//! Values of experiment files: read from TOML by the same rules as on the command line, so that errors show the line.

use super::distribution;
use cluster::{Probability, Profile};
use scheduler::Strategy;
use serde::de::{Deserialize, Deserializer, Error};
use simulator::Distribution;
use std::time::Duration;
use toml::Value;

/// A value that stands in a file as a text or a number.
pub(super) trait FromValue: Sized {
    fn from_value(value: &Value) -> Result<Self, String>;
}

/// One value.
#[derive(Clone, Debug)]
pub(super) struct One<T>(pub(super) T);

impl<'de, T: FromValue> Deserialize<'de> for One<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<One<T>, D::Error> {
        T::from_value(&Value::deserialize(from)?).map(One).map_err(D::Error::custom)
    }
}

/// One value for all nodes, or a list with one a node.
#[derive(Clone, Debug)]
pub(super) enum Each<T> {
    All(T),
    By(Vec<T>),
}

impl<'de, T: FromValue> Deserialize<'de> for Each<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Each<T>, D::Error> {
        let each = match Value::deserialize(from)? {
            Value::Array(list) => list.iter().map(T::from_value).collect::<Result<_, _>>().map(Each::By),
            value => T::from_value(&value).map(Each::All),
        };
        each.map_err(D::Error::custom)
    }
}

impl<T> Each<T> {
    /// The value of node `index`; a list has been checked to be long enough.
    pub(super) fn of(&self, index: usize) -> Option<&T> {
        match self {
            Each::All(value) => Some(value),
            Each::By(list) => list.get(index),
        }
    }

    /// How many nodes a list is for.
    pub(super) fn nodes(&self) -> Option<usize> {
        match self {
            Each::All(_) => None,
            Each::By(list) => Some(list.len()),
        }
    }
}

fn text<'a>(value: &'a Value, wanted: &str) -> Result<&'a str, String> {
    value.as_str().ok_or_else(|| format!("{value} is not {wanted}, in quotation marks"))
}

impl FromValue for Duration {
    fn from_value(value: &Value) -> Result<Duration, String> {
        distribution::duration(text(value, "a time such as \"50ms\"")?)
    }
}

impl FromValue for Distribution {
    fn from_value(value: &Value) -> Result<Distribution, String> {
        distribution::parse(text(value, "a time such as \"50ms\" or \"exponential[mean_ms=50]\"")?)
    }
}

impl FromValue for Profile {
    fn from_value(value: &Value) -> Result<Profile, String> {
        if let Some(level) = number(value) {
            return Probability::new(level).map(Profile::from).map_err(|bad| bad.to_string());
        }
        text(value, "a probability such as 0.3, or a load")?
            .parse()
            .map_err(|bad: cluster::load::BadProfile| bad.to_string())
    }
}

impl FromValue for Strategy {
    fn from_value(value: &Value) -> Result<Strategy, String> {
        text(value, "a strategy")?.parse().map_err(|bad: scheduler::StrategyError| bad.to_string())
    }
}

impl FromValue for u32 {
    fn from_value(value: &Value) -> Result<u32, String> {
        let whole = value.as_integer().and_then(|number| u32::try_from(number).ok());
        whole.ok_or_else(|| format!("{value} is not a whole number from 0 to {}", u32::MAX))
    }
}

impl FromValue for f64 {
    fn from_value(value: &Value) -> Result<f64, String> {
        number(value).ok_or_else(|| format!("{value} is not a number such as 2.5, without quotation marks"))
    }
}

fn number(value: &Value) -> Option<f64> {
    value.as_float().or_else(|| value.as_integer().map(|whole| whole as f64))
}
