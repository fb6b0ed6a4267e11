//! The token of one try at one task on one node, made once and consumed once.

use crate::{JobId, Micros, NodeId, TaskIndex};

/// One try at one task on one node.
///
/// The scheduler makes it, the driver carries it through the try and gives it back with the outcome. It cannot be
/// cloned or made outside, so no attempt can end twice: that does not compile.
///
/// ```compile_fail
/// fn twice(attempt: scheduler::Attempt) -> (scheduler::Attempt, scheduler::Attempt) {
///     (attempt.clone(), attempt)
/// }
/// ```
#[derive(Debug, PartialEq, Eq)]
#[must_use = "an attempt that is not given back stays in flight for ever"]
pub struct Attempt {
    pub(crate) id: u64,
    /// Where the scheduler keeps what it knows of this attempt.
    pub(crate) slot: u32,
    pub(crate) job: JobId,
    pub(crate) task: TaskIndex,
    pub(crate) number: u32,
    pub(crate) node: NodeId,
    pub(crate) started: Micros,
    pub(crate) is_copy: bool,
}

impl Attempt {
    /// Unique in the scheduler's life, in the order of the starts.
    pub const fn id(&self) -> u64 {
        self.id
    }

    /// The job.
    pub const fn job(&self) -> JobId {
        self.job
    }

    /// The task of the job.
    pub const fn task(&self) -> TaskIndex {
        self.task
    }

    /// The how-manieth attempt at its task this is, from 1.
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// Where it runs.
    pub const fn node(&self) -> NodeId {
        self.node
    }

    /// When it started.
    pub const fn started(&self) -> Micros {
        self.started
    }

    /// Whether another attempt at its task was in flight when it began: a hedge.
    pub const fn is_copy(&self) -> bool {
        self.is_copy
    }
}
