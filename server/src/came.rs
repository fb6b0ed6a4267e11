//! What came of an attempt, before it is told to the scheduler and written into its row.

use scheduler::{LossReason, Outcome};
use wire::node::{AttemptError, AttemptReply, AttemptTimings};

/// What came of an attempt.
pub(crate) struct Came {
    pub(crate) outcome: Outcome,
    pub(crate) reason: Option<String>,
    pub(crate) timings: Option<AttemptTimings>,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// The journal did not take the result.
    pub(crate) is_held_up: bool,
}

impl Came {
    pub(crate) fn without_result(outcome: Outcome, reason: impl Into<String>) -> Came {
        let reason = Some(reason.into());
        Came {
            outcome,
            reason,
            timings: None,
            bytes_in: 0,
            bytes_out: 0,
            width: 0,
            height: 0,
            is_held_up: false,
        }
    }

    pub(crate) fn too_late(reply: &AttemptReply) -> Came {
        Came { outcome: Outcome::Cancelled, reason: Some("too late".to_owned()), ..Came::done(reply) }
    }

    pub(crate) fn done(reply: &AttemptReply) -> Came {
        Came {
            reason: None,
            timings: Some(reply.timings),
            bytes_in: reply.bytes_in,
            bytes_out: reply.bytes_out,
            width: reply.width,
            height: reply.height,
            ..Came::without_result(Outcome::Done, "")
        }
    }
}

/// What a node's refusal means.
pub(crate) fn refused(error: AttemptError) -> Came {
    match error {
        AttemptError::Rejected { reason, .. } => {
            Came::without_result(Outcome::Rejected, crate::words::reject_reason(reason))
        }
        AttemptError::Failed { kind, why, timings } => {
            let reason = crate::words::image_failure(kind, &why);
            Came { timings: Some(timings), ..Came::without_result(Outcome::Failed, reason) }
        }
        AttemptError::Fault { why, .. } => Came::without_result(Outcome::Lost(LossReason::Fault), why),
        AttemptError::Invalid { field, why } => {
            Came::without_result(Outcome::Lost(LossReason::Fault), format!("the node refused {field}: {why}"))
        }
    }
}
