//! The scheduler and the books, changed together under one lock that is never held across I/O.

use crate::decisions::Decisions;
use crate::divided::{Aftermath, Divided, Fed, ImageEnd, Step};
use crate::events::Events;
use crate::job::Job;
use crate::ledger::{Ledger, Share};
use crate::standing::Standings;
use records::{JobRow, TaskRow, Text};
use scheduler::{
    Action, Attempt, Event, JobCounts, JobEnd, JobId, Micros, NodeId, Observation, Scheduler, Settings,
};
use std::collections::{BTreeMap, VecDeque};
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
    /// Rows that the run has already, for the journal.
    pub(crate) untold: Vec<TaskRow>,
    /// Rows of images whose job is divided: what the journal does not remember.
    pub(crate) image_rows: Vec<TaskRow>,
    pub(crate) ended: Vec<Ended>,
    /// Divided jobs whose next images are to be looked at, with the nodes that are up.
    pub(crate) feeds: Vec<(Arc<Job>, Vec<NodeId>)>,
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
    /// The journal did not take the result: its disk is full.
    pub(crate) is_held_up: bool,
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

    /// A job, and the rows of tasks that ended in an earlier life of it.
    pub(crate) fn submit(
        &mut self,
        job: Arc<Job>,
        spec: scheduler::JobSpec,
        earlier: &[TaskRow],
        now: Micros,
    ) -> Todo {
        let id = job.id;
        let mut ledger = Ledger::new(job, Text::clone(&self.run), self.names.len());
        earlier.iter().for_each(|row| ledger.recall(row));
        self.ledgers.insert(id, ledger);
        let mut todo = self.tell(Event::JobSubmitted { job: id, spec }, now);
        let next = self.next_step(id, &mut todo);
        self.run(next, false, now, &mut todo);
        todo
    }

    /// What came of looking at the next images of a divided job, if there were any left.
    pub(crate) fn admit(&mut self, job: &Job, fed: Option<Fed>, now: Micros) -> Todo {
        let mut todo = Todo::default();
        if let Some(divided) = job.tasks.divided().filter(|_| !job.is_closed()) {
            let events = self.follow(job.id, divided.admit(fed), now, &mut todo);
            self.run(events, false, now, &mut todo);
        }
        todo
    }

    /// What follows from the end of a task or from images put to work: rows, new tasks, the next step.
    fn follow(&mut self, id: JobId, after: Aftermath, now: Micros, todo: &mut Todo) -> Vec<Event> {
        if let Some(ledger) = self.ledgers.get_mut(&id) {
            let job = Arc::clone(&ledger.job);
            let row = |ended: ImageEnd| ledger.task_row(ended.image, ended.end, ended.reason, now);
            todo.image_rows.extend(after.ended.into_iter().map(row).filter(|row| job.tells(row)));
        }
        let placed = (!after.place.is_empty()).then_some(Event::TasksPlaced { job: id, homes: after.place });
        placed.into_iter().chain(self.next_step(id, todo)).collect()
    }

    /// What a divided job is to do next.
    fn next_step(&self, id: JobId, todo: &mut Todo) -> Option<Event> {
        let job = &self.ledgers.get(&id)?.job;
        let nodes = self.scheduler.nodes();
        match job.tasks.divided()?.step(nodes.eligible_slots()) {
            Step::Feed => todo.feeds.push((Arc::clone(job), nodes.eligible().to_vec())),
            Step::Seal => return Some(Event::JobSealed { job: id }),
            Step::Nothing => {}
        }
        None
    }

    /// Enters arrivals of an open job in its books, drops those that find `max_open` tasks open, and answers how many
    /// are left to tell the scheduler.
    pub(crate) fn note_arrivals(&mut self, job: JobId, due: &[u64], max_open: u32) -> u32 {
        let counts = self.scheduler.counts(job).unwrap_or_default();
        let open = counts.tasks - counts.done - counts.failed - counts.given_up;
        let room = usize::try_from(u64::from(max_open).saturating_sub(open)).unwrap_or(usize::MAX);
        let (taken, dropped) = due.split_at(due.len().min(room));
        match self.ledgers.get_mut(&job) {
            Some(ledger) => ledger.arrived(taken, dropped.len() as u64),
            None => return 0,
        }
        u32::try_from(taken.len()).unwrap_or(u32::MAX)
    }

    pub(crate) fn settle(&mut self, returned: Returned, now: Micros) -> Todo {
        let Returned { attempt, observation, reason, .. } = returned;
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
        let mut todo = Todo::default();
        self.run([event], is_silence, now, &mut todo);
        todo
    }

    /// Tells the scheduler these events, and those that follow from what it answers.
    fn run(
        &mut self,
        events: impl IntoIterator<Item = Event>,
        is_silence: bool,
        now: Micros,
        todo: &mut Todo,
    ) {
        let mut events: VecDeque<Event> = events.into_iter().collect();
        while let Some(event) = events.pop_front() {
            let mut actions = std::mem::take(&mut self.actions);
            if let Some(decisions) = &self.decisions {
                let page = decisions.told(now, &event);
                self.scheduler.handle(now, event, &mut actions);
                page.answered(now, &actions);
            } else {
                self.scheduler.handle(now, event, &mut actions);
            }
            self.standings.look(self.scheduler.nodes(), &self.names, now, is_silence);
            for action in actions.drain(..) {
                events.extend(self.note(action, now, todo));
            }
            self.actions = actions;
        }
    }

    /// Keeps the books of an action; answers the events that follow from it.
    fn note(&mut self, action: Action, now: Micros, todo: &mut Todo) -> Vec<Event> {
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
                    if let Some(divided) = ledger.job.tasks.divided() {
                        let after = divided.unit_ended(task.index(), end);
                        return self.follow(job, after, now, todo);
                    }
                    let row = ledger.task_row(task.index(), end, None, now);
                    let rows = if ledger.job.tells(&row) { &mut todo.task_rows } else { &mut todo.untold };
                    rows.push(row);
                }
            }
            Action::JobEnded { job, end, counts } => {
                self.jobs_ended += 1;
                if let Some(ledger) = self.ledgers.get_mut(&job) {
                    ledger.job.close();
                    if let Some(divided) = ledger.job.tasks.divided() {
                        let rest = divided.rest(end);
                        let job = Arc::clone(&ledger.job);
                        let row = |open: ImageEnd| ledger.task_row(open.image, open.end, open.reason, now);
                        todo.image_rows.extend(rest.into_iter().map(row).filter(|row| job.tells(row)));
                    }
                }
                if let Some(ledger) = self.ledgers.get(&job) {
                    todo.ended.push(self.ended(ledger, end, &counts, now));
                }
            }
            Action::JobDrained { job, .. } => {
                self.ledgers.remove(&job);
            }
        }
        Vec::new()
    }

    fn ended(&self, ledger: &Ledger, end: JobEnd, counts: &JobCounts, now: Micros) -> Ended {
        let why = (end == JobEnd::NoNode).then(|| no_node(counts));
        let (end, counts) = (in_images(&ledger.job, end), &of_images(&ledger.job, counts));
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
        let counts = of_images(&ledger.job, &self.scheduler.counts(job)?);
        let mut report = ledger.report(JobState::Running, &counts, now, &self.names, None);
        report.progress.paused = self.scheduler.is_paused(job);
        Some(report)
    }
}

/// A job's counts with images for tasks, where tasks are parts of images or batches of them.
fn of_images(job: &Job, counts: &JobCounts) -> JobCounts {
    let Some((tasks, done, failed)) = job.tasks.divided().map(Divided::counts) else { return *counts };
    JobCounts { tasks, done, failed, given_up: 0, ..*counts }
}

/// How a job ended by its images, where tasks are parts of them or batches.
fn in_images(job: &Job, end: JobEnd) -> JobEnd {
    match (job.tasks.divided().map(Divided::counts), end) {
        (Some((tasks, done, _)), JobEnd::Done | JobEnd::Partial) => {
            if done == tasks {
                JobEnd::Done
            } else {
                JobEnd::Partial
            }
        }
        _ => end,
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
