//! Words for the records and the log.

use wire::job::{JobReport, JobState};
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

/// One line for the log when a job ends.
pub(crate) fn job_end(report: &JobReport) -> String {
    let progress = &report.progress;
    let how = match progress.state {
        JobState::Running => "running",
        JobState::Done => "done",
        JobState::Partial => "ended with failed images",
        JobState::Cancelled => "cancelled",
        JobState::NoNode => "given up for want of a node",
        JobState::Other(_) => "in an unknown state",
    };
    let why = report.why.as_ref().map(|why| format!("; {why}")).unwrap_or_default();
    format!(
        "{how}, {} of {} tasks in {:.2} s, {} attempts, {} rejected, {} lost{why}",
        progress.done,
        progress.tasks,
        progress.elapsed.as_secs_f64(),
        progress.attempts,
        progress.rejected,
        progress.lost
    )
}

/// Why an image has no result, in a sentence.
pub(crate) fn image_failure(kind: FailureKind, why: &str) -> String {
    // What an operation says needs no word before it.
    if kind == FailureKind::Operation { why.to_owned() } else { format!("{}: {why}", failure(kind)) }
}
