//! Between the generated types and the plain ones: what comes in is checked, and an error names the field.
//!
//! Counts and times are never negative. Seeds and incarnations are any 64 bits, so they change sign and nothing else.

mod arrivals;
mod division;
mod job;
mod membership;
mod node;
mod server;

pub(crate) use job::wait;

use cluster::Admission;
use std::time::{Duration, SystemTime};

/// A value that the interface's types allow and its meaning does not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {why}")]
pub struct Unfit {
    /// The field, as the interface names it.
    pub field: &'static str,
    /// What is wrong and what would be right.
    pub why: String,
}

impl Unfit {
    fn new(field: &'static str, why: impl Into<String>) -> Unfit {
        Unfit { field, why: why.into() }
    }
}

impl From<Unfit> for idl::ballast::InvalidRequest {
    fn from(unfit: Unfit) -> Self {
        Self { field: unfit.field.to_owned(), why: unfit.why }
    }
}

/// A whole number that is 0 or more.
fn count<T, N>(field: &'static str, number: N) -> Result<T, Unfit>
where
    N: Copy + std::fmt::Display,
    T: TryFrom<N>,
{
    T::try_from(number)
        .map_err(|_| Unfit::new(field, format!("{number} is out of range; 0 or more is right")))
}

fn time(field: &'static str, microseconds: i64) -> Result<Duration, Unfit> {
    count(field, microseconds).map(Duration::from_micros)
}

/// A share of 1.
fn probability(field: &'static str, number: f64) -> Result<f64, Unfit> {
    if (0.0..=1.0).contains(&number) {
        Ok(number)
    } else {
        Err(Unfit::new(field, format!("{number} is no probability; 0 to 1 is right")))
    }
}

/// A number on its way out. Nothing that we count comes near the bound.
fn out<T, N>(number: N) -> T
where
    T: TryFrom<N> + Bounded,
{
    T::try_from(number).unwrap_or(T::MOST)
}

trait Bounded {
    const MOST: Self;
}

impl Bounded for i64 {
    const MOST: i64 = i64::MAX;
}

impl Bounded for i32 {
    const MOST: i32 = i32::MAX;
}

fn micros(time: Duration) -> i64 {
    out(time.as_micros())
}

/// Microseconds since 1970-01-01 UTC; 0 for what was before.
fn since_epoch(date: SystemTime) -> i64 {
    micros(date.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default())
}

fn date(field: &'static str, microseconds: i64) -> Result<SystemTime, Unfit> {
    let since = time(field, microseconds)?;
    SystemTime::UNIX_EPOCH
        .checked_add(since)
        .ok_or_else(|| Unfit::new(field, format!("{microseconds} is beyond the calendar")))
}

fn from_admission(admission: Admission) -> idl::ballast::Admission {
    match admission {
        Admission::MayReject => idl::ballast::Admission::MAY_REJECT,
        Admission::MustAccept => idl::ballast::Admission::MUST_ACCEPT,
    }
}

fn admission(admission: idl::ballast::Admission) -> Result<Admission, Unfit> {
    match admission {
        idl::ballast::Admission::MAY_REJECT => Ok(Admission::MayReject),
        idl::ballast::Admission::MUST_ACCEPT => Ok(Admission::MustAccept),
        other => Err(unknown("admission", other.0)),
    }
}

/// An enum's value that this version does not know, 0 for "not said" among them.
fn unknown(field: &'static str, value: i32) -> Unfit {
    Unfit::new(field, format!("the value {value} is not known to interface {}", idl::ballast::VERSION))
}

/// Both ways between an enum of the interface and ours.
macro_rules! enumerations {
    ($($field:literal: $generated:ident <=> $plain:ty { $($constant:ident = $variant:ident,)* })*) => {$(
        impl From<$plain> for idl::ballast::$generated {
            fn from(value: $plain) -> Self {
                match value { $(<$plain>::$variant => Self::$constant,)* }
            }
        }

        impl TryFrom<idl::ballast::$generated> for $plain {
            type Error = $crate::convert::Unfit;

            fn try_from(value: idl::ballast::$generated) -> Result<Self, Self::Error> {
                match value {
                    $(idl::ballast::$generated::$constant => Ok(Self::$variant),)*
                    other => Err($crate::convert::unknown($field, other.0)),
                }
            }
        }
    )*};
}
use enumerations;

/// Both ways between an enum of the interface and ours, where a value of a later version is taken by its number, as
/// `Other`: what is listed beside it, such as the other nodes or events, must not become unreadable with it.
macro_rules! open_enumerations {
    ($($generated:ident <=> $plain:ty { $($constant:ident = $variant:ident,)* })*) => {$(
        impl From<$plain> for idl::ballast::$generated {
            fn from(value: $plain) -> Self {
                type Plain = $plain;
                match value {
                    $(Plain::$variant => Self::$constant,)*
                    Plain::Other(number) => Self(number),
                }
            }
        }

        impl From<idl::ballast::$generated> for $plain {
            fn from(value: idl::ballast::$generated) -> Self {
                match value {
                    $(idl::ballast::$generated::$constant => Self::$variant,)*
                    other => Self::Other(other.0),
                }
            }
        }
    )*};
}
use open_enumerations;
