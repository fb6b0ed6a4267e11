//! The records of a simulated run: the same rows as a real run's, on the virtual clock.
//!
//! Rows go to a [`RowSink`] as they come, so a run of any length needs no more memory than a short one.

use crate::observe::{AttemptSeen, JobSeen, Observer, TaskSeen};
use crate::scenario::Scenario;
use records::{
    AttemptOutcome, AttemptRow, JobOutcome, JobRow, RecordsError, RunWriter, TaskOutcome, TaskRow, Text,
};
use scheduler::{GiveUp, JobEnd, Micros, Outcome, TaskEnd};
use std::time::Duration;

/// What the operation column says of simulated work.
const OPERATION: &str = "synthetic";

/// Rows that a writer gets at once.
const BATCH: usize = 512;

/// Where rows go.
pub trait RowSink {
    /// An ended attempt.
    fn attempt(&mut self, row: AttemptRow);
    /// An ended task.
    fn task(&mut self, row: TaskRow);
    /// An ended job.
    fn job(&mut self, row: JobRow);
}

/// Keeps all rows: for runs that are read at once.
#[derive(Clone, Debug, Default)]
pub struct Collected {
    /// In the order of their ends.
    pub attempts: Vec<AttemptRow>,
    /// In the order of their ends.
    pub tasks: Vec<TaskRow>,
    /// In the order of their ends.
    pub jobs: Vec<JobRow>,
}

impl RowSink for Collected {
    fn attempt(&mut self, row: AttemptRow) {
        self.attempts.push(row);
    }

    fn task(&mut self, row: TaskRow) {
        self.tasks.push(row);
    }

    fn job(&mut self, row: JobRow) {
        self.jobs.push(row);
    }
}

/// Writes rows to a run's folder, a batch at a time. What cannot be written is told at the end.
#[derive(Debug)]
pub struct Recorded {
    writer: RunWriter,
    attempts: Vec<AttemptRow>,
    tasks: Vec<TaskRow>,
    fault: Option<RecordsError>,
}

impl Recorded {
    /// Rows go to `writer`.
    pub fn new(writer: RunWriter) -> Recorded {
        Recorded { writer, attempts: Vec::new(), tasks: Vec::new(), fault: None }
    }

    /// Writes what is left; gives the writer back.
    ///
    /// # Errors
    /// The first one that came up since the beginning.
    pub fn finish(mut self) -> Result<RunWriter, RecordsError> {
        self.write_attempts();
        self.write_tasks();
        match self.fault {
            Some(fault) => Err(fault),
            None => self.writer.flush().map(|()| self.writer),
        }
    }

    fn write_attempts(&mut self) {
        let written = self.writer.write_attempts(&self.attempts);
        self.attempts.clear();
        self.fault = self.fault.take().or(written.err());
    }

    fn write_tasks(&mut self) {
        let written = self.writer.write_tasks(&self.tasks);
        self.tasks.clear();
        self.fault = self.fault.take().or(written.err());
    }
}

impl RowSink for Recorded {
    fn attempt(&mut self, row: AttemptRow) {
        self.attempts.push(row);
        if self.attempts.len() == BATCH {
            self.write_attempts();
        }
    }

    fn task(&mut self, row: TaskRow) {
        self.tasks.push(row);
        if self.tasks.len() == BATCH {
            self.write_tasks();
        }
    }

    fn job(&mut self, row: JobRow) {
        let written = self.writer.write_job(&row);
        self.fault = self.fault.take().or(written.err());
    }
}

/// Makes rows of what it sees and hands them to a sink.
#[derive(Debug)]
pub struct Rows<S> {
    /// Where the rows go.
    pub sink: S,
    run: Text,
    label: Text,
    started_utc: Text,
    operation: Text,
    nothing: Text,
    nodes: Vec<Text>,
    jobs: Vec<JobTexts>,
}

/// What is the same in all rows of a job.
#[derive(Debug)]
struct JobTexts {
    key: Text,
    strategy: Text,
    admission: cluster::Admission,
    seed: u64,
    start: Micros,
}

impl<S: RowSink> Rows<S> {
    /// Rows of `scenario` under the name `run` and with the given label. `started_utc` is what the rows of jobs tell:
    /// virtual time has no date of its own.
    pub fn new(scenario: &Scenario, run: Text, label: &str, started_utc: &str, sink: S) -> Rows<S> {
        let jobs = scenario.jobs.iter().map(|plan| JobTexts {
            key: Text::clone(&plan.key),
            strategy: plan.spec.strategy.to_string().into(),
            admission: plan.spec.strategy.admission,
            seed: plan.spec.seed.0,
            start: plan.start,
        });
        Rows {
            sink,
            run,
            label: label.into(),
            started_utc: started_utc.into(),
            operation: OPERATION.into(),
            nothing: "".into(),
            nodes: scenario.nodes.iter().map(|plan| Text::clone(&plan.name)).collect(),
            jobs: jobs.collect(),
        }
    }

    fn text(&self, text: &'static str) -> Text {
        if text.is_empty() { Text::clone(&self.nothing) } else { text.into() }
    }
}

fn us(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

impl<S: RowSink> Observer for Rows<S> {
    fn attempt(&mut self, seen: &AttemptSeen) {
        let job = &self.jobs[seen.job as usize];
        let row = AttemptRow {
            run: Text::clone(&self.run),
            job_key: Text::clone(&job.key),
            task: u64::from(seen.task),
            attempt: seen.number,
            strategy: Text::clone(&job.strategy),
            admission: job.admission,
            operation: Text::clone(&self.operation),
            image: Text::clone(&self.nothing),
            node: Text::clone(&self.nodes[seen.node as usize]),
            outcome: attempt_outcome(seen.outcome),
            reason: self.text(seen.reason),
            delayed: !seen.times.delay.is_zero(),
            begun_us: us(seen.begun.since(job.start)),
            queue_us: us(seen.times.queue),
            delay_us: us(seen.times.delay),
            read_us: 0,
            decode_us: 0,
            operation_us: us(seen.times.service),
            encode_us: 0,
            write_us: 0,
            wire_us: us(seen.wire()),
            total_us: us(seen.total),
            bytes_in: 0,
            bytes_out: 0,
            width: 0,
            height: 0,
            seed: job.seed,
            segment: "".into(),
        };
        self.sink.attempt(row);
    }

    fn task(&mut self, seen: &TaskSeen) {
        let job = &self.jobs[seen.job as usize];
        let (outcome, reason) = match seen.end {
            TaskEnd::Done => (TaskOutcome::Done, ""),
            TaskEnd::Failed => (TaskOutcome::Failed, "failed"),
            TaskEnd::GaveUp(GiveUp::Cancelled) => (TaskOutcome::Cancelled, GiveUp::Cancelled.words()),
            TaskEnd::GaveUp(why) => (TaskOutcome::GivenUp, why.words()),
        };
        let row = TaskRow {
            run: Text::clone(&self.run),
            job_key: Text::clone(&job.key),
            task: u64::from(seen.task),
            image: Text::clone(&self.nothing),
            outcome,
            reason: self.text(reason),
            attempts: seen.attempts,
            rejections: seen.rejections,
            delays: seen.delays,
            lost: seen.lost,
            node: Text::clone(seen.node.map_or(&self.nothing, |node| &self.nodes[node as usize])),
            submitted_us: us(seen.submitted.since(job.start)),
            started_us: us(seen.started.since(job.start)),
            ended_us: us(seen.ended.since(job.start)),
            latency_us: us(seen.latency()),
        };
        self.sink.task(row);
    }

    fn job(&mut self, seen: &JobSeen<'_>) {
        let job = &self.jobs[seen.job as usize];
        let (state, why) = match seen.end {
            JobEnd::Done => (JobOutcome::Done, ""),
            JobEnd::Partial => (JobOutcome::Partial, "some tasks have no result"),
            JobEnd::NoNode => (JobOutcome::NoNode, "no node took work"),
            JobEnd::Cancelled => (JobOutcome::Cancelled, "cancelled"),
        };
        let row = JobRow {
            run: Text::clone(&self.run),
            job_key: Text::clone(&job.key),
            label: Text::clone(&self.label),
            strategy: Text::clone(&job.strategy),
            admission: job.admission,
            operation: Text::clone(&self.operation),
            seed: job.seed,
            state,
            tasks: seen.counts.tasks,
            done: seen.counts.done,
            failed: seen.counts.failed + seen.counts.given_up,
            attempts: seen.counts.begun,
            rejected: seen.counts.rejected,
            delayed: seen.counts.delayed,
            lost: seen.counts.lost,
            makespan_us: us(seen.ended.since(seen.submitted)),
            nodes: seen.nodes,
            started_utc: Text::clone(&self.started_utc),
            why: self.text(why),
            dropped: seen.dropped,
            source: "".into(),
            transfer: "".into(),
        };
        self.sink.job(row);
    }
}

const fn attempt_outcome(outcome: Outcome) -> AttemptOutcome {
    match outcome {
        Outcome::Done => AttemptOutcome::Done,
        Outcome::Rejected => AttemptOutcome::Rejected,
        Outcome::Failed => AttemptOutcome::Failed,
        Outcome::Lost(_) => AttemptOutcome::Lost,
        Outcome::TimedOut => AttemptOutcome::TimedOut,
        Outcome::Cancelled => AttemptOutcome::Cancelled,
    }
}
