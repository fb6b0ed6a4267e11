//! A job and its tasks.

use crate::budget::Balance;
use crate::hedge::Hedging;
use crate::policy::Policy;
use crate::tasks::Tasks;
use crate::{GiveUp, JobEnd, Micros, Outcome, RetryRule, Strategy, TaskEnd, TaskIndex};
use luck::Seed;
use std::collections::VecDeque;

/// What a job is to the scheduler: a number of tasks and the rules for them. What the tasks do is the driver's affair.
#[derive(Clone, Debug)]
pub struct JobSpec {
    /// Tasks at the start.
    pub tasks: u32,
    /// Who gets them.
    pub strategy: Strategy,
    /// The luck of picks and back-offs.
    pub seed: Seed,
    /// Most attempts in flight at once, at least 1.
    pub max_in_flight: u32,
    /// When tasks are tried again.
    pub retry: RetryRule,
    /// Whether these are all tasks. An open job waits for more until it is sealed.
    pub sealed: bool,
    /// Tasks that ended before, in an earlier life of a job that is resumed: they are counted and not begun.
    pub ended: Vec<(TaskIndex, TaskEnd)>,
}

impl JobSpec {
    /// A sealed job of `tasks` tasks with the default retry rule and no bound of its own on attempts in flight.
    pub fn new(tasks: u32, strategy: Strategy, seed: Seed) -> JobSpec {
        JobSpec {
            tasks,
            strategy,
            seed,
            max_in_flight: u32::MAX,
            retry: RetryRule::default(),
            sealed: true,
            ended: Vec::new(),
        }
    }
}

/// What a job took so far. Always: `begun = settled + in flight`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JobCounts {
    /// Tasks in all.
    pub tasks: u64,
    /// Tasks with a result.
    pub done: u64,
    /// Tasks whose image is at fault.
    pub failed: u64,
    /// Tasks given up.
    pub given_up: u64,
    /// Attempts begun.
    pub begun: u64,
    /// Attempts given back.
    pub settled: u64,
    /// Attempts refused.
    pub rejected: u64,
    /// Attempts delayed by their node.
    pub delayed: u64,
    /// Attempts lost or timed out.
    pub lost: u64,
    /// Attempts begun while another one at their task was in flight: hedges.
    pub copies: u64,
    /// Attempts given back after another one had settled their task.
    pub wasted: u64,
}

impl JobCounts {
    /// Attempts begun and not given back.
    pub const fn in_flight(&self) -> u64 {
        self.begun - self.settled
    }

    pub(crate) fn hear(&mut self, outcome: Outcome, delayed: bool) {
        self.settled += 1;
        self.delayed += u64::from(delayed);
        match outcome {
            Outcome::Rejected => self.rejected += 1,
            Outcome::Lost(_) | Outcome::TimedOut => self.lost += 1,
            Outcome::Done | Outcome::Failed | Outcome::Cancelled => {}
        }
    }
}

/// A job at work.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) spec: JobSpec,
    pub(crate) policy: Box<dyn Policy>,
    pub(crate) tasks: Tasks,
    /// Attempts in flight whose node fell silent.
    pub(crate) deserted: u64,
    /// Tasks that may start now.
    pub(crate) ready: VecDeque<TaskIndex>,
    pub(crate) counts: JobCounts,
    /// Tasks that were given up because nodes did not take them.
    no_node: u64,
    /// When a node last took work and finished with it.
    pub(crate) last_progress: Micros,
    pub(crate) ended: bool,
    /// No attempt begins.
    pub(crate) paused: bool,
    /// None for a job without hedging.
    pub(crate) hedging: Option<Hedging>,
    /// What is left for retries of lost attempts.
    pub(crate) balance: Balance,
}

impl Job {
    pub(crate) fn new(mut spec: JobSpec, policy: Box<dyn Policy>, now: Micros) -> Job {
        let count = spec.tasks;
        spec.retry.budget = spec.strategy.retry_budget().unwrap_or(spec.retry.budget);
        let rule = spec.strategy.hedge().or_else(|| policy.hedge()).filter(|rule| rule.copies > 1);
        let balance = Balance::new(spec.retry.budget, now);
        let mut job = Job {
            spec,
            policy,
            tasks: Tasks::default(),
            deserted: 0,
            ready: VecDeque::new(),
            counts: JobCounts::default(),
            no_node: 0,
            last_progress: now,
            ended: false,
            paused: false,
            hedging: rule.map(|rule| Hedging::new(rule, now)),
            balance,
        };
        job.add_tasks(count);
        let ended = std::mem::take(&mut job.spec.ended);
        for (task, end) in ended {
            if job.tasks.is_open(task) {
                job.end_task(task, end);
            }
        }
        let tasks = &job.tasks;
        job.ready.retain(|task| tasks.is_open(*task));
        job
    }

    pub(crate) fn add_tasks(&mut self, count: u32) {
        self.ready.extend(self.tasks.add(count));
        self.counts.tasks += u64::from(count);
    }

    /// Attempts in flight that count against the job's bound.
    pub(crate) fn awaited(&self) -> u64 {
        self.counts.in_flight() - self.deserted
    }

    /// Settles a task for good. The caller has seen that it was open.
    pub(crate) fn end_task(&mut self, task: TaskIndex, end: TaskEnd) {
        if let Some(known) = self.tasks.get_mut(task) {
            known.ended = true;
        }
        self.tasks.forget(task);
        match end {
            TaskEnd::Done => self.counts.done += 1,
            TaskEnd::Failed => self.counts.failed += 1,
            TaskEnd::GaveUp(reason) => {
                self.counts.given_up += 1;
                self.no_node += u64::from(reason == GiveUp::NoNode);
            }
        }
    }

    /// Whether every task is settled and no more can come.
    pub(crate) fn is_complete(&self) -> bool {
        self.spec.sealed && self.counts.done + self.counts.failed + self.counts.given_up == self.counts.tasks
    }

    /// How a complete job ended, unless it was cancelled.
    pub(crate) fn verdict(&self) -> JobEnd {
        let counts = &self.counts;
        if counts.done == counts.tasks {
            JobEnd::Done
        } else if self.no_node > 0 || (counts.given_up == counts.tasks) {
            JobEnd::NoNode
        } else {
            JobEnd::Partial
        }
    }
}
