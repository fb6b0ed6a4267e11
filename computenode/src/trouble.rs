//! Why an attempt has no result, by whose fault: the one error type between the stages of an attempt.

use wire::node::{AttemptError, AttemptTimings, FailureKind, FaultKind};

/// Why a stage of an attempt failed. Each variant carries one sentence for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Trouble {
    /// The image is at fault: no other node would do better.
    #[error("{1}")]
    Image(FailureKind, String),
    /// This node is at fault: another may do better.
    #[error("{1}")]
    Node(FaultKind, String),
    /// The request is at fault, in the named field.
    #[error("{0}: {1}")]
    Request(&'static str, String),
}

impl Trouble {
    /// With the word for what was to be done, where the image is at fault and the sentence does not say it yet.
    pub(crate) fn while_doing(self, what: &dyn std::fmt::Display) -> Trouble {
        match self {
            // What operations and their results are refused for begins with their names.
            Trouble::Image(kind, why) if kind != FailureKind::Operation => {
                Trouble::Image(kind, format!("cannot do {what}: {why}"))
            }
            other => other,
        }
    }

    /// As the caller gets it; `timings` is what was spent before the trouble showed.
    pub(crate) fn into_error(self, timings: AttemptTimings) -> AttemptError {
        match self {
            Trouble::Image(kind, why) => AttemptError::Failed { kind, why, timings },
            Trouble::Node(kind, why) => AttemptError::Fault { kind, why },
            Trouble::Request(field, why) => AttemptError::Invalid { field: field.to_owned(), why },
        }
    }
}
