//! Whether a node may refuse an attempt: the second half of a strategy.

use std::fmt;
use std::str::FromStr;

/// Whether a node may refuse an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Admission {
    /// By its load probability the node refuses at once; otherwise it may still start late, by a second coin.
    /// The original's `execute`.
    MayReject,
    /// The node takes every attempt; by its load probability it starts late. The original's `delayed_execute`.
    MustAccept,
}

impl Admission {
    /// The name in command lines, experiment files and records.
    pub const fn name(self) -> &'static str {
        match self {
            Admission::MayReject => "may-reject",
            Admission::MustAccept => "must-accept",
        }
    }
}

impl fmt::Display for Admission {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A word that is no admission.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown admission '{0}': say may-reject or must-accept")]
pub struct UnknownAdmission(pub String);

impl FromStr for Admission {
    type Err = UnknownAdmission;

    fn from_str(text: &str) -> Result<Admission, UnknownAdmission> {
        [Admission::MayReject, Admission::MustAccept]
            .into_iter()
            .find(|admission| admission.name() == text)
            .ok_or_else(|| UnknownAdmission(text.to_owned()))
    }
}
