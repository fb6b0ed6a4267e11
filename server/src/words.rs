//! Words for the records, one for each reason that a node gives.

use wire::node::{FailureKind, RejectReason};

pub(crate) const fn reject_reason(reason: RejectReason) -> &'static str {
    match reason {
        RejectReason::Load => "load",
        RejectReason::QueueFull => "queue full",
        RejectReason::Draining => "draining",
        RejectReason::StaleEpoch => "stale epoch",
    }
}

pub(crate) const fn failure(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::NotFound => "not found",
        FailureKind::Unreadable => "unreadable",
        FailureKind::Empty => "empty",
        FailureKind::Truncated => "truncated",
        FailureKind::Corrupt => "corrupt",
        FailureKind::Unsupported => "unsupported",
        FailureKind::TooLarge => "too large",
        FailureKind::Operation => "operation",
    }
}
