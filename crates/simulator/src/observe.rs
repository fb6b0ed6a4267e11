//! Who watches a simulation: one call for each ended attempt, task and job, so that nothing has to be kept.

use cluster::Admission;
use luck::Seed;
use scheduler::{JobCounts, JobEnd, Micros, NodeTimes, Outcome, TaskEnd};
use std::fmt;
use std::time::Duration;

/// An ended attempt.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AttemptSeen {
    /// Index of the job in the scenario.
    pub job: u32,
    /// Index of the task in its job.
    pub task: u32,
    /// Count of attempts at this task, from 1.
    pub number: u32,
    /// Index of the node in the scenario.
    pub node: u32,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it ended so; empty if it is done.
    pub reason: &'static str,
    /// When it was begun.
    pub begun: Micros,
    /// From begun to ended, as the scheduler's driver sees it.
    pub total: Duration,
    /// Where the time went on the node; zero for stages that did not happen and attempts that were not accepted.
    pub times: NodeTimes,
}

impl AttemptSeen {
    /// The wire's part of an attempt that the node answered.
    pub fn wire(&self) -> Duration {
        self.total.saturating_sub(self.times.queue + self.times.delay + self.times.service)
    }
}

/// An ended task.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TaskSeen {
    /// Index of the job in the scenario.
    pub job: u32,
    /// Index of the task in its job.
    pub task: u32,
    /// How it ended.
    pub end: TaskEnd,
    /// Attempts begun.
    pub attempts: u32,
    /// Attempts that nodes refused.
    pub rejections: u32,
    /// Attempts that started late.
    pub delays: u32,
    /// Attempts lost or timed out.
    pub lost: u32,
    /// The node that finished it.
    pub node: Option<u32>,
    /// Its intended arrival.
    pub submitted: Micros,
    /// When its first attempt was begun; when it ended, if none was.
    pub started: Micros,
    /// When it ended.
    pub ended: Micros,
    /// Where its time went.
    pub parts: Parts,
}

impl TaskSeen {
    /// From submitted to ended.
    pub fn latency(&self) -> Duration {
        self.ended.since(self.submitted)
    }
}

/// Where the time of a finished task went. The parts add up to its latency exactly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// On the wire: round trips of attempts that were refused, and the wire's part of the one that succeeded.
    pub wire: Duration,
    /// In attempts that were lost or timed out.
    pub lost: Duration,
    /// Waiting at the scheduler: for a node, in back-off, or for the attempt before a hedge.
    pub waiting: Duration,
    /// Waiting at the node for a slot.
    pub queue: Duration,
    /// The injected delay.
    pub delay: Duration,
    /// The work itself.
    pub service: Duration,
}

/// An ended job.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct JobSeen<'a> {
    /// Index of the job in the scenario.
    pub job: u32,
    /// How it ended.
    pub end: JobEnd,
    /// What it took, with its last attempts given back.
    pub counts: JobCounts,
    /// When it was submitted.
    pub submitted: Micros,
    /// When its last task ended.
    pub ended: Micros,
    /// Arrivals that were dropped because too many tasks were open.
    pub dropped: u64,
    /// Nodes that got at least one of its attempts.
    pub nodes: u32,
    /// Attempts by node.
    pub attempts_by_node: &'a [u64],
    /// Names its luck.
    pub seed: Seed,
    /// Whether nodes might refuse.
    pub admission: Admission,
}

/// Watches a simulation. Every method has an empty default.
pub trait Observer {
    /// Whether decisions are wanted. Writing them costs more than making them.
    fn wants_decisions(&self) -> bool {
        false
    }

    /// One line of the decision log, without its line feed.
    fn decision(&mut self, _line: fmt::Arguments<'_>) {}

    /// An attempt ended.
    fn attempt(&mut self, _seen: &AttemptSeen) {}

    /// A task ended. Attempts of it may still be in flight.
    fn task(&mut self, _seen: &TaskSeen) {}

    /// A job ended and all its attempts were given back.
    fn job(&mut self, _seen: &JobSeen<'_>) {}
}

/// Watches nothing.
impl Observer for () {}

impl<O: Observer + ?Sized> Observer for &mut O {
    fn wants_decisions(&self) -> bool {
        (**self).wants_decisions()
    }

    fn decision(&mut self, line: fmt::Arguments<'_>) {
        (**self).decision(line);
    }

    fn attempt(&mut self, seen: &AttemptSeen) {
        (**self).attempt(seen);
    }

    fn task(&mut self, seen: &TaskSeen) {
        (**self).task(seen);
    }

    fn job(&mut self, seen: &JobSeen<'_>) {
        (**self).job(seen);
    }
}

/// Two watch at once.
impl<A: Observer, B: Observer> Observer for (A, B) {
    fn wants_decisions(&self) -> bool {
        self.0.wants_decisions() || self.1.wants_decisions()
    }

    fn decision(&mut self, line: fmt::Arguments<'_>) {
        if self.0.wants_decisions() {
            self.0.decision(line);
        }
        if self.1.wants_decisions() {
            self.1.decision(line);
        }
    }

    fn attempt(&mut self, seen: &AttemptSeen) {
        self.0.attempt(seen);
        self.1.attempt(seen);
    }

    fn task(&mut self, seen: &TaskSeen) {
        self.0.task(seen);
        self.1.task(seen);
    }

    fn job(&mut self, seen: &JobSeen<'_>) {
        self.0.job(seen);
        self.1.job(seen);
    }
}

/// The decision log as text, a line each. The same seed gives the same bytes.
#[derive(Clone, Debug, Default)]
pub struct DecisionLog {
    /// All lines so far.
    pub text: String,
}

impl Observer for DecisionLog {
    fn wants_decisions(&self) -> bool {
        true
    }

    fn decision(&mut self, line: fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = fmt::write(&mut self.text, line);
        self.text.push('\n');
    }
}
