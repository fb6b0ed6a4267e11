//! Why a call brought no answer, typed by what a caller can do about it.

use std::io;
use std::time::Duration;

/// A call without an answer from the service. What the service itself answers, refusals included, is no error here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// No connection could be made: nobody listens, or the host does not answer, or its name is unknown.
    #[error("{address} cannot be reached: {why}")]
    Unreachable {
        /// Whom we called.
        address: String,
        /// The system's words.
        why: String,
    },
    /// One end asks for a secret or a certificate that the other one does not have; nothing was called.
    #[error("{address} and we do not trust each other: {why}")]
    NotAdmitted {
        /// Whom we called.
        address: String,
        /// Who lacks what.
        why: String,
    },
    /// All connections of the pool stayed in use.
    #[error("all {connections} connections to {address} stayed in use for {waited:?}")]
    Busy {
        /// Whom we called.
        address: String,
        /// Bound of the pool.
        connections: usize,
        /// How long we waited for one.
        waited: Duration,
    },
    /// The request is larger than any peer would take.
    #[error("the request to {address} has {bytes} bytes, more than the {limit} that a message may have")]
    TooLarge {
        /// Whom we called.
        address: String,
        /// Size of the encoded request.
        bytes: usize,
        /// The bound.
        limit: usize,
    },
    /// No answer in time. The peer may still be at work.
    #[error("{address} did not answer within {waited:?}")]
    TimedOut {
        /// Whom we called.
        address: String,
        /// How long we waited.
        waited: Duration,
    },
    /// The connection broke before the answer was whole.
    #[error("the connection to {address} broke: {how}")]
    Broken {
        /// Whom we called.
        address: String,
        /// When and how.
        how: Breakage,
    },
    /// The answer was not what Thrift or the interface allows.
    #[error("{address} answers something else than our interface: {why}")]
    Garbled {
        /// Whom we called.
        address: String,
        /// What was wrong with it.
        why: String,
    },
    /// The peer speaks Thrift but does not know the method: an older program, or one of the original's kind.
    #[error("{address} does not know the method '{method}'")]
    UnknownMethod {
        /// Whom we called.
        address: String,
        /// What it does not know.
        method: &'static str,
    },
    /// The peer answered with a Thrift application exception.
    #[error("{address} failed in the call: {why}")]
    Refused {
        /// Whom we called.
        address: String,
        /// The peer's words.
        why: String,
    },
    /// The answer's types are right and its meaning is not.
    #[error("{address} answered a {field} that cannot be: {why}")]
    Unfit {
        /// Whom we called.
        address: String,
        /// The field at fault, as the interface names it.
        field: &'static str,
        /// What is wrong with it.
        why: String,
    },
}

/// How a connection broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Breakage {
    /// The request could not be sent whole, so the peer cannot have begun.
    #[error("the request could not be sent ({0})")]
    Sending(io::ErrorKind),
    /// The peer closed the connection without a byte of an answer.
    #[error("it was closed without an answer")]
    Closed,
    /// The connection was reset without a byte of an answer: as a rule the peer had not read the request.
    #[error("it was reset without an answer ({0})")]
    Reset(io::ErrorKind),
    /// The answer had begun.
    #[error("it ended in the middle of an answer")]
    Midway,
}

impl CallError {
    /// Whether it is certain that the peer did not begin the call, so that a repetition repeats nothing.
    pub fn never_begun(&self) -> bool {
        match self {
            CallError::Unreachable { .. } | CallError::NotAdmitted { .. } => true,
            CallError::Busy { .. } | CallError::TooLarge { .. } => true,
            CallError::UnknownMethod { .. } => true,
            CallError::Broken { how, .. } => matches!(how, Breakage::Sending(_)),
            CallError::TimedOut { .. }
            | CallError::Garbled { .. }
            | CallError::Refused { .. }
            | CallError::Unfit { .. } => false,
        }
    }
}
