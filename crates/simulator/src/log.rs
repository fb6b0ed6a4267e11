//! The decision log: what a scheduler was told and what it decided, a line each.
//!
//! A line is `<microseconds> <what> <about>`. Jobs, tasks, attempts and nodes are `j0`, `t7`, `a2` and `n3`. With more
//! than one scheduler the second one's lines have `s1` after the time, and so on.

use crate::observe::Observer;
use scheduler::{Action, Event, GiveUp, JobEnd, LossReason, Micros, Outcome, TaskEnd};
use std::fmt;

/// The name of the scheduler that a line belongs to; the first one's goes without saying.
struct Side(u32);

impl fmt::Display for Side {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 { Ok(()) } else { write!(formatter, " s{}", self.0) }
    }
}

pub(crate) fn event(observer: &mut impl Observer, now: Micros, side: u32, event: &Event) {
    let side = Side(side);
    match event {
        Event::NodeJoined { node, facts } => {
            observer.decision(format_args!("{now}{side} joined n{} slots={}", node.0, facts.slots));
        }
        Event::NodeLeft { node } => observer.decision(format_args!("{now}{side} left n{}", node.0)),
        Event::NodeSilent { node } => observer.decision(format_args!("{now}{side} silent n{}", node.0)),
        Event::NodeDraining { node } => observer.decision(format_args!("{now}{side} draining n{}", node.0)),
        Event::ProbeEnded { node, alive } => {
            let answer = if *alive { "alive" } else { "silent" };
            observer.decision(format_args!("{now}{side} probed n{} {answer}", node.0));
        }
        Event::JobSubmitted { job, spec } => {
            let (strategy, seed) = (&spec.strategy, spec.seed.0);
            let admission = strategy.admission;
            observer.decision(format_args!(
                "{now}{side} submitted j{} tasks={} strategy={strategy} admission={admission} seed={seed}",
                job.0, spec.tasks
            ));
        }
        Event::TasksArrived { job, count } => {
            observer.decision(format_args!("{now}{side} arrived j{} tasks={count}", job.0));
        }
        Event::JobSealed { job } => observer.decision(format_args!("{now}{side} sealed j{}", job.0)),
        Event::JobCancelled { job } => observer.decision(format_args!("{now}{side} cancelled j{}", job.0)),
        Event::AttemptEnded { attempt, observation } => {
            let (job, task, number) = (attempt.job().0, attempt.task().0, attempt.number());
            let outcome = outcome(observation.outcome);
            observer.decision(format_args!(
                "{now}{side} ended j{job} t{task} a{number} n{} {outcome}",
                attempt.node().0
            ));
        }
        Event::TimerFired => {}
    }
}

pub(crate) fn action(observer: &mut impl Observer, now: Micros, side: u32, action: &Action) {
    let side = Side(side);
    match action {
        Action::Start(attempt) => {
            let (job, task, number) = (attempt.job().0, attempt.task().0, attempt.number());
            observer
                .decision(format_args!("{now}{side} start j{job} t{task} a{number} n{}", attempt.node().0));
        }
        Action::Cancel { attempt, node } => {
            observer.decision(format_args!("{now}{side} cancel #{attempt} n{}", node.0));
        }
        Action::Probe { node } => observer.decision(format_args!("{now}{side} probe n{}", node.0)),
        Action::WakeAt(_) => {}
        Action::TaskEnded { job, task, end } => {
            let how = match end {
                TaskEnd::Done => "done",
                TaskEnd::Failed => "failed",
                TaskEnd::GaveUp(reason) => give_up(*reason),
            };
            observer.decision(format_args!("{now}{side} task j{} t{} {how}", job.0, task.0));
        }
        Action::JobEnded { job, end, counts } => {
            let how = match end {
                JobEnd::Done => "done",
                JobEnd::Partial => "partial",
                JobEnd::NoNode => "no node",
                JobEnd::Cancelled => "cancelled",
            };
            observer.decision(format_args!("{now}{side} job j{} {how} attempts={}", job.0, counts.begun));
        }
        Action::JobDrained { job, .. } => observer.decision(format_args!("{now}{side} drained j{}", job.0)),
    }
}

pub(crate) const fn give_up(reason: GiveUp) -> &'static str {
    match reason {
        GiveUp::Rejections => "rejected too often",
        GiveUp::Losses => "lost too often",
        GiveUp::NoNode => "no node took it",
        GiveUp::Cancelled => "job cancelled",
    }
}

pub(crate) const fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "done",
        Outcome::Rejected => "rejected",
        Outcome::Failed => "failed",
        Outcome::Lost(LossReason::Unreachable) => "unreachable",
        Outcome::Lost(LossReason::Broken) => "broken",
        Outcome::Lost(LossReason::Fault) => "fault",
        Outcome::TimedOut => "timed out",
        Outcome::Cancelled => "cancelled",
    }
}
