//! Every scheduling decision and not one effect: told what happened and when, it answers what to do.
//!
//! The server over real nodes and the simulator in virtual time run this same code. It owns no thread, clock, socket,
//! file or generator: `now` is an argument, luck is a pure function ([`luck`]), and what to do comes back as
//! [`Action`]s for the driver to carry out.
//!
//! ```
//! use scheduler::{Action, Event, JobId, JobSpec, Micros, NodeFacts, NodeId, Observation, Outcome, Scheduler, Settings};
//!
//! let mut scheduler = Scheduler::new(Settings::default());
//! let mut actions = Vec::new();
//! scheduler.handle(Micros(0), Event::NodeJoined { node: NodeId(0), facts: NodeFacts::default() }, &mut actions);
//! let spec = JobSpec::new(1, "round_robin".parse()?, luck::Seed(7));
//! scheduler.handle(Micros(0), Event::JobSubmitted { job: JobId(0), spec }, &mut actions);
//! let started = actions.drain(..).find_map(|action| match action {
//!     Action::Start(attempt) => Some(attempt),
//!     _ => None,
//! });
//! let attempt = started.expect("one task and one node: an attempt starts");
//! assert_eq!(attempt.node(), NodeId(0));
//! let observation = Observation { outcome: Outcome::Done, ..Observation::default() };
//! scheduler.handle(Micros(5_000), Event::AttemptEnded { attempt, observation }, &mut actions);
//! assert!(matches!(actions[..], [Action::TaskEnded { .. }, Action::JobEnded { .. }, Action::JobDrained { .. }]));
//! # Ok::<(), scheduler::StrategyError>(())
//! ```
//!
//! Reading order: [`event`](Event) (what is told and answered), [`attempt`](Attempt) (the token made once and consumed
//! once), [`outcome`](Outcome), [`policy`] (who gets the next attempt), [`strategy`](Strategy) (a policy, its
//! wrappers and an admission), [`retry`](RetryRule), [`hedge`](HedgeRule), [`health`] (who is up), then [`Scheduler`],
//! where they meet, and [`history`], which writes all of it down and plays it again.

mod attempt;
mod budget;
mod event;
mod flights;
pub mod health;
mod hedge;
pub mod history;
mod job;
mod latencies;
mod nodes;
mod outcome;
pub mod policy;
mod retry;
mod scheduler;
mod strategy;
mod tasks;
mod time;
mod timers;

pub use attempt::Attempt;
pub use budget::RetryBudget;
pub use event::{Action, Event, GiveUp, JobEnd, TaskEnd};
pub use hedge::{HedgeAfter, HedgeRule};
pub use job::{JobCounts, JobSpec};
pub use nodes::{Node, NodeFacts, Nodes};
pub use outcome::{LossReason, NodeTimes, Observation, Outcome};
pub use retry::RetryRule;
pub use scheduler::{Scheduler, Settings};
pub use strategy::{Strategy, StrategyError};
pub use time::Micros;

/// A node, numbered densely from 0 by whoever drives the scheduler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

/// A job, numbered by whoever drives the scheduler; never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(pub u64);

/// A task of a job, numbered densely from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskIndex(pub u32);

impl NodeId {
    /// The index of this node in tables by node.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl TaskIndex {
    /// The index of this task in tables by task.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}
