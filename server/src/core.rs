//! The scheduler and the books, changed together under one lock that is never held across I/O.

use crate::decisions::Decisions;
use crate::events::Events;
use crate::job::Job;
use crate::ledger::{Ledger, Share};
use crate::standing::Standings;
use records::{JobRow, TaskRow, Text};
use scheduler::{
    Action, Attempt, Event, JobCounts, JobEnd, JobId, Micros, NodeId, Observation, Scheduler, Settings,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use wire::job::{JobReport, JobState};

/// The scheduler and what is counted beside it.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) scheduler: Scheduler,
    ledgers: BTreeMap<JobId, Ledger>,
    /// Everything that each node did, over all jobs.
    pub(crate) totals: Vec<Share>,
    names: Vec<Text>,
    pub(crate) standings: Standings,
    run: Text,
    actions: Vec<Action>,
    pub(crate) jobs_ended: u64,
    /// None if nobody wants the log.
    decisions: Option<Arc<Decisions>>,
}

/// What is to be done after the lock is released.
#[derive(Debug, Default)]
pub(crate) struct Todo {
    pub(crate) starts: Vec<Attempt>,
    pub(crate) probes: Vec<NodeId>,
    pub(crate) wake: Option<Micros>,
    pub(crate) task_rows: Vec<TaskRow>,
    pub(crate) ended: Vec<Ended>,
}

/// A job that has just ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) job: Arc<Job>,
    pub(crate) row: JobRow,
    pub(crate) report: JobReport,
}

/// An attempt that has ended, with what the scheduler need not know.
#[derive(Debug)]
pub(crate) struct Returned {
    pub(crate) attempt: Attempt,
    pub(crate) observation: Observation,
    /// Why there is no result.
    pub(crate) reason: Option<Text>,
}

impl Core {
    pub(crate) fn new(
        settings: Settings,
        names: Vec<Text>,
        run: Text,
        events: Arc<Events>,
        decisions: Option<Arc<Decisions>>,
    ) -> Core {
        Core {
            scheduler: Scheduler::new(settings),
            ledgers: BTreeMap::new(),
            totals: vec![Share::default(); names.len()],
            standings: Standings::new(names.len(), events),
            names,
            run,
            actions: Vec::new(),
            jobs_ended: 0,
            decisions,
        }
    }

    /// One more node, of the next number.
    pub(crate) fn add_node(&mut self, name: Text) {
        self.totals.push(Share::default());
        self.names.push(name);
        self.standings.add_node();
    }

    pub(crate) fn submit(&mut self, job: Arc<Job>, spec: scheduler::JobSpec, now: Micros) -> Todo {
        let id = job.id;
        self.ledgers.insert(id, Ledger::new(job, Text::clone(&self.run), self.names.len()));
        self.tell(Event::JobSubmitted { job: id, spec }, now)
    }

    pub(crate) fn settle(&mut self, returned: Returned, now: Micros) -> Todo {
        let Returned { attempt, observation, reason } = returned;
        let node = attempt.node().index();
        self.totals[node].hear(&observation);
        if let Some(ledger) = self.ledgers.get_mut(&attempt.job()) {
            ledger.ended(&attempt, &observation, Text::clone(&self.names[node]), reason);
        }
        self.tell(Event::AttemptEnded { attempt, observation }, now)
    }

    /// Tells the scheduler, keeps the books of what it answers, and hands on what needs effects.
    pub(crate) fn tell(&mut self, event: Event, now: Micros) -> Todo {
        let is_silence = matches!(event, Event::NodeSilent { .. });
        self.tell_as(event, is_silence, now)
    }

    /// A node that can certainly not be reached, which to the scheduler is the same as one that is silent.
    pub(crate) fn tell_unreachable(&mut self, node: NodeId, now: Micros) -> Todo {
        self.tell_as(Event::NodeSilent { node }, false, now)
    }

    fn tell_as(&mut self, event: Event, is_silence: bool, now: Micros) -> Todo {
        let mut actions = std::mem::take(&mut self.actions);
        if let Some(decisions) = &self.decisions {
            let page = decisions.told(now, &event);
            self.scheduler.handle(now, event, &mut actions);
            page.answered(now, &actions);
        } else {
            self.scheduler.handle(now, event, &mut actions);
        }
        self.standings.look(self.scheduler.nodes(), &self.names, now, is_silence);
        let mut todo = Todo::default();
        for action in actions.drain(..) {
            self.note(action, now, &mut todo);
        }
        self.actions = actions;
        todo
    }

    fn note(&mut self, action: Action, now: Micros, todo: &mut Todo) {
        match action {
            Action::Start(attempt) => {
                self.totals[attempt.node().index()].attempts += 1;
                if let Some(ledger) = self.ledgers.get_mut(&attempt.job()) {
                    ledger.begun(&attempt);
                }
                todo.starts.push(attempt);
            }
            // An RPC cannot be called back. Its result finds the job closed or the task claimed, and changes nothing.
            Action::Cancel { .. } => {}
            Action::Probe { node } => todo.probes.push(node),
            Action::WakeAt(at) => todo.wake = Some(at),
            Action::TaskEnded { job, task, end } => {
                if let Some(ledger) = self.ledgers.get_mut(&job) {
                    todo.task_rows.push(ledger.task_row(task.index(), end, now));
                }
            }
            Action::JobEnded { job, end, counts } => {
                self.jobs_ended += 1;
                if let Some(ledger) = self.ledgers.get(&job) {
                    ledger.job.close();
                    todo.ended.push(self.ended(ledger, end, &counts, now));
                }
            }
            Action::JobDrained { job, .. } => {
                self.ledgers.remove(&job);
            }
        }
    }

    fn ended(&self, ledger: &Ledger, end: JobEnd, counts: &JobCounts, now: Micros) -> Ended {
        let why = (end == JobEnd::NoNode).then(|| no_node(counts));
        let state = match end {
            JobEnd::Done => JobState::Done,
            JobEnd::Partial => JobState::Partial,
            JobEnd::NoNode => JobState::NoNode,
            JobEnd::Cancelled => JobState::Cancelled,
        };
        Ended {
            job: Arc::clone(&ledger.job),
            row: ledger.job_row(end, counts, now, why.as_deref()),
            report: ledger.report(state, counts, now, &self.names, why),
        }
    }

    /// The figures of a job that has not ended.
    pub(crate) fn running_report(&self, job: JobId, now: Micros) -> Option<JobReport> {
        let ledger = self.ledgers.get(&job)?;
        let counts = self.scheduler.counts(job)?;
        let mut report = ledger.report(JobState::Running, &counts, now, &self.names, None);
        report.progress.paused = self.scheduler.is_paused(job);
        Some(report)
    }
}

/// The sentence of a job that no node took.
fn no_node(counts: &JobCounts) -> String {
    let (open, begun) = (counts.given_up, counts.begun);
    if counts.rejected >= counts.lost && counts.rejected > 0 {
        format!(
            "no node accepted the work: {} of {begun} attempts were rejected and {open} tasks given up; lower the \
             nodes' load probability, say --admission must-accept, or allow more with --max-attempts",
            counts.rejected
        )
    } else if begun == 0 {
        format!(
            "no node is up, and {open} tasks were given up: start nodes with `computenode LOAD_PROBABILITY`"
        )
    } else {
        format!(
            "no node took the work: {} of {begun} attempts were lost and {open} tasks given up; the tasks' reasons say \
             what to mend",
            counts.lost
        )
    }
}
