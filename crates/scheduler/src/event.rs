//! What the scheduler is told, and what it answers.

use crate::{Attempt, JobCounts, JobId, JobSpec, Micros, NodeFacts, NodeId, Observation, TaskIndex};

/// What happened.
#[derive(Debug)]
pub enum Event {
    /// There is a node, which does not take work yet.
    NodeListed {
        /// Which; new nodes get the next free number.
        node: NodeId,
    },
    /// A node takes work: for the first time, or again after it left.
    NodeJoined {
        /// Which; new nodes get the next free number.
        node: NodeId,
        /// What is known of it.
        facts: NodeFacts,
    },
    /// A node is gone. Attempts on it end by themselves.
    NodeLeft {
        /// Which.
        node: NodeId,
    },
    /// A node has given no sign of life for too long (it hangs, or the wire to it is cut). Its attempts in flight count
    /// as lost at once and their tasks go elsewhere; an answer that comes all the same is late, and welcome if it is
    /// the first. A probe decides when the node is back.
    NodeSilent {
        /// Which.
        node: NodeId,
    },
    /// A node is another process than before, and takes work. What was in flight on the earlier one counts as lost at
    /// once, and what that one may still answer has to be given back as cancelled.
    NodeRestarted {
        /// Which.
        node: NodeId,
        /// What is known of it now.
        facts: NodeFacts,
    },
    /// A node finishes what it has and takes nothing new, until it is resumed, is started anew, or leaves and comes
    /// back.
    NodeDraining {
        /// Which.
        node: NodeId,
    },
    /// A node that was draining takes work again.
    NodeResumed {
        /// Which.
        node: NodeId,
    },
    /// A probe that the scheduler asked for has ended.
    ProbeEnded {
        /// Which node was asked.
        node: NodeId,
        /// Whether it answered.
        alive: bool,
    },
    /// A job is to be done.
    JobSubmitted {
        /// Its number, not used before.
        job: JobId,
        /// What it is.
        spec: JobSpec,
    },
    /// An open job gets more tasks (an arrival process).
    TasksArrived {
        /// Which job.
        job: JobId,
        /// How many.
        count: u32,
    },
    /// An open job gets more tasks, one for each entry. A task with a home is offered to that node first, whatever the
    /// policy: it holds what the task needs, or is to have it. Refused, or with its home down, the task goes where the
    /// policy says.
    TasksPlaced {
        /// Which job.
        job: JobId,
        /// The home of each task, if it has one.
        homes: Vec<Option<NodeId>>,
    },
    /// An open job gets no more tasks: it ends with its last one.
    JobSealed {
        /// Which job.
        job: JobId,
    },
    /// No attempt of the job begins until it is resumed. Its patience rests as well.
    JobPaused {
        /// Which job.
        job: JobId,
    },
    /// A paused job goes on.
    JobResumed {
        /// Which job.
        job: JobId,
    },
    /// A job is no longer wanted. What is done stays.
    JobCancelled {
        /// Which job.
        job: JobId,
    },
    /// An attempt ended.
    AttemptEnded {
        /// The token that came with [`Action::Start`].
        attempt: Attempt,
        /// How.
        observation: Observation,
    },
    /// The time of an [`Action::WakeAt`] has come. Early or needless wakes do no harm.
    TimerFired,
}

/// What to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Action {
    /// Carry the attempt out and give it back with [`Event::AttemptEnded`].
    Start(Attempt),
    /// The result of this attempt is no longer wanted. It still has to be given back.
    Cancel {
        /// [`Attempt::id`].
        attempt: u64,
        /// Where it runs.
        node: NodeId,
    },
    /// Ask the node whether it lives and answer with [`Event::ProbeEnded`].
    Probe {
        /// Which.
        node: NodeId,
    },
    /// Say [`Event::TimerFired`] at this time. A later `WakeAt` replaces an earlier one.
    WakeAt(Micros),
    /// A task is settled for good.
    TaskEnded {
        /// Its job.
        job: JobId,
        /// The task.
        task: TaskIndex,
        /// How.
        end: TaskEnd,
    },
    /// Every task of the job is settled.
    JobEnded {
        /// The job.
        job: JobId,
        /// How.
        end: JobEnd,
        /// What it took.
        counts: JobCounts,
    },
    /// The job has ended and none of its attempts is in flight any more: its records are complete.
    JobDrained {
        /// The job.
        job: JobId,
        /// The final counts.
        counts: JobCounts,
    },
}

/// How a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TaskEnd {
    /// With a result.
    Done,
    /// Its image is at fault.
    Failed,
    /// It was given up.
    GaveUp(GiveUp),
}

/// Why a task was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GiveUp {
    /// It was rejected as often as the retry rule allows.
    Rejections,
    /// It was lost to nodes or wires as often as the retry rule allows.
    Losses,
    /// No node took work for as long as the job's patience lasts.
    NoNode,
    /// The job was cancelled.
    Cancelled,
}

impl GiveUp {
    /// The reason as records and logs say it.
    pub const fn words(self) -> &'static str {
        match self {
            GiveUp::Rejections => "rejected too often",
            GiveUp::Losses => "lost too often",
            GiveUp::NoNode => "no node took it",
            GiveUp::Cancelled => "job cancelled",
        }
    }
}

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JobEnd {
    /// Every task has a result.
    Done,
    /// Some tasks have none.
    Partial,
    /// No node took work: none answered, or all refused everything.
    NoNode,
    /// It was cancelled.
    Cancelled,
}
