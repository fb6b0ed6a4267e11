//! What happened to a job so far: the counts behind its rows and its report.

use crate::divided::Divided;
use crate::job::Job;
use records::{JobOutcome, JobRow, TaskOutcome, TaskRow, Text};
use scheduler::{Attempt, GiveUp, JobCounts, JobEnd, Micros, Observation, Outcome, TaskEnd};
use std::sync::Arc;
use wire::job::{
    JobProgress, JobReport, JobSource, JobState, MAX_REPORTED_FAILURES, NodeShare, TaskFailure, Transfer,
};

/// One node's part in a job, or in everything.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Share {
    pub(crate) attempts: u64,
    pub(crate) done: u64,
    pub(crate) rejected: u64,
    pub(crate) delayed: u64,
    pub(crate) lost: u64,
    /// Round trips of finished attempts, in microseconds.
    pub(crate) done_us: u64,
    /// Work proper of attempts, in microseconds, where nodes tell.
    pub(crate) service_us: u64,
}

impl Share {
    pub(crate) fn hear(&mut self, observation: &Observation) {
        self.delayed += u64::from(was_delayed(observation));
        self.service_us += observation.node.map_or(0, |times| micros(times.service));
        match observation.outcome {
            Outcome::Done => {
                self.done += 1;
                self.done_us += micros(observation.round_trip);
            }
            Outcome::Rejected => self.rejected += 1,
            Outcome::Lost(_) | Outcome::TimedOut => self.lost += 1,
            Outcome::Failed | Outcome::Cancelled => {}
        }
    }
}

pub(crate) fn was_delayed(observation: &Observation) -> bool {
    observation.node.is_some_and(|times| !times.delay.is_zero())
}

pub(crate) fn micros(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// One task so far.
#[derive(Clone, Debug, Default)]
struct Line {
    attempts: u32,
    rejections: u32,
    delays: u32,
    lost: u32,
    started: Option<Micros>,
    /// Node of the last attempt that ended.
    node: Option<Text>,
    /// Why the last attempt that ended has no result.
    reason: Option<Text>,
}

/// What happened to a job so far.
#[derive(Debug)]
pub(crate) struct Ledger {
    pub(crate) job: Arc<Job>,
    run: Text,
    lines: Vec<Line>,
    shares: Vec<Share>,
    failures: Vec<TaskFailure>,
    /// Of an open job: the intended arrival of each task, since the job's start.
    arrived_us: Vec<u64>,
    dropped: u64,
}

impl Ledger {
    pub(crate) fn new(job: Arc<Job>, run: Text, nodes: usize) -> Ledger {
        let lines = vec![Line::default(); job.tasks.count()];
        Ledger {
            job,
            run,
            lines,
            shares: vec![Share::default(); nodes],
            failures: Vec::new(),
            arrived_us: Vec::new(),
            dropped: 0,
        }
    }

    /// Tasks arrived at these times, and so many did not get in.
    pub(crate) fn arrived(&mut self, times_us: &[u64], dropped: u64) {
        self.arrived_us.extend_from_slice(times_us);
        self.dropped += dropped;
    }

    /// The share of the attempt's node, which may have come after the job.
    fn share(&mut self, attempt: &Attempt) -> &mut Share {
        let place = attempt.node().index();
        if self.shares.len() <= place {
            self.shares.resize(place + 1, Share::default());
        }
        &mut self.shares[place]
    }

    /// A task that ended in an earlier life of the job.
    pub(crate) fn recall(&mut self, row: &TaskRow) {
        if row.outcome != TaskOutcome::Done && self.failures.len() < MAX_REPORTED_FAILURES {
            let file_name = self.name_of(row.task as usize);
            self.failures.push(TaskFailure { file_name, why: row.reason.to_string() });
        }
    }

    pub(crate) fn begun(&mut self, attempt: &Attempt) {
        for image in self.job.tasks.images_of(attempt.task().index()) {
            let line = &mut self.lines[image];
            line.attempts += 1;
            line.started.get_or_insert(attempt.started());
        }
        self.share(attempt).attempts += 1;
    }

    pub(crate) fn ended(&mut self, attempt: &Attempt, seen: &Observation, node: Text, reason: Option<Text>) {
        self.share(attempt).hear(seen);
        for image in self.job.tasks.images_of(attempt.task().index()) {
            let line = &mut self.lines[image];
            line.delays += u32::from(was_delayed(seen));
            match seen.outcome {
                Outcome::Rejected => line.rejections += 1,
                Outcome::Lost(_) | Outcome::TimedOut => line.lost += 1,
                Outcome::Done | Outcome::Failed | Outcome::Cancelled => {}
            }
            line.node = Some(Text::clone(&node));
            line.reason.clone_from(&reason);
        }
    }

    /// Closes the line of an image or a task without one: its row, with the reason in it, which may be known already.
    pub(crate) fn task_row(
        &mut self,
        task: usize,
        end: TaskEnd,
        known: Option<Text>,
        now: Micros,
    ) -> TaskRow {
        let line = self.lines[task].clone();
        let reason = known.or_else(|| reason_of(end, &line));
        if let Some(why) = &reason
            && self.failures.len() < MAX_REPORTED_FAILURES
            && end != TaskEnd::GaveUp(GiveUp::Cancelled)
        {
            self.failures.push(TaskFailure { file_name: self.name_of(task), why: why.to_string() });
        }
        let since = |at: Micros| micros(at.since(self.job.submitted));
        let ended_us = since(now);
        let submitted_us = self.arrived_us.get(task).copied().unwrap_or(0);
        TaskRow {
            run: Text::clone(&self.run),
            job_key: Text::clone(&self.job.words.job_key),
            task: task as u64,
            image: self.job.tasks.name(task),
            outcome: match end {
                TaskEnd::Done => TaskOutcome::Done,
                TaskEnd::Failed => TaskOutcome::Failed,
                TaskEnd::GaveUp(GiveUp::Cancelled) => TaskOutcome::Cancelled,
                TaskEnd::GaveUp(_) => TaskOutcome::GivenUp,
            },
            reason: reason.unwrap_or_else(|| Text::from("")),
            attempts: line.attempts,
            rejections: line.rejections,
            delays: line.delays,
            lost: line.lost,
            node: line.node.filter(|_| end == TaskEnd::Done).unwrap_or_else(|| Text::from("")),
            submitted_us,
            started_us: line.started.map_or(ended_us, since),
            ended_us,
            latency_us: ended_us.saturating_sub(submitted_us),
        }
    }

    fn name_of(&self, task: usize) -> String {
        match self.job.tasks.name(task) {
            name if name.is_empty() => format!("task {task}"),
            name => name.to_string(),
        }
    }

    pub(crate) fn job_row(&self, end: JobEnd, counts: &JobCounts, now: Micros, why: Option<&str>) -> JobRow {
        let words = self.job.words.clone();
        let (source, transfer) = match &self.job.request.source {
            JobSource::Folder { path, transfer: Transfer::Shared, .. } => (path.as_str(), "shared"),
            JobSource::Folder { path, transfer: Transfer::Inline, .. } => (path.as_str(), "inline"),
            _ => ("", ""),
        };
        JobRow {
            run: Text::clone(&self.run),
            job_key: words.job_key,
            label: words.label,
            strategy: words.strategy,
            admission: words.admission,
            operation: words.operation,
            seed: words.seed,
            state: match end {
                JobEnd::Done => JobOutcome::Done,
                JobEnd::Partial => JobOutcome::Partial,
                JobEnd::NoNode => JobOutcome::NoNode,
                JobEnd::Cancelled => JobOutcome::Cancelled,
            },
            tasks: counts.tasks,
            done: counts.done,
            failed: counts.failed + counts.given_up,
            attempts: counts.begun,
            rejected: counts.rejected,
            delayed: counts.delayed,
            lost: counts.lost,
            makespan_us: micros(now.since(self.job.submitted)),
            nodes: u32::try_from(self.shares.iter().filter(|share| share.attempts > 0).count())
                .unwrap_or(u32::MAX),
            started_utc: Text::from(records::utc::text(self.job.submitted_at)),
            why: Text::from(why.unwrap_or_default()),
            dropped: self.dropped,
            source: source.into(),
            transfer: transfer.into(),
        }
    }

    pub(crate) fn report(
        &self,
        state: JobState,
        counts: &JobCounts,
        now: Micros,
        nodes: &[Text],
        why: Option<String>,
    ) -> JobReport {
        let shares = nodes.iter().zip(&self.shares).map(|(node, share)| NodeShare {
            node: node.to_string(),
            attempts: share.attempts,
            done: share.done,
            rejected: share.rejected,
            delayed: share.delayed,
            lost: share.lost,
            service: std::time::Duration::from_micros(share.service_us),
        });
        JobReport {
            progress: progress(state, counts, micros(now.since(self.job.submitted))),
            failures: self.failures.clone(),
            nodes: shares.collect(),
            why,
            histogram: self.job.tasks.divided().and_then(Divided::histogram),
        }
    }
}

fn progress(state: JobState, counts: &JobCounts, elapsed_us: u64) -> JobProgress {
    JobProgress {
        state,
        tasks: counts.tasks,
        done: counts.done,
        failed: counts.failed + counts.given_up,
        attempts: counts.begun,
        rejected: counts.rejected,
        delayed: counts.delayed,
        lost: counts.lost,
        in_flight: counts.in_flight(),
        elapsed: std::time::Duration::from_micros(elapsed_us),
        paused: false,
    }
}

/// A sentence for a task without a result.
fn reason_of(end: TaskEnd, line: &Line) -> Option<Text> {
    let last = |line: &Line| {
        let node = line.node.as_ref().map(|node| format!(" ({node})")).unwrap_or_default();
        line.reason.as_ref().map(|reason| format!(", the last time: {reason}{node}")).unwrap_or_default()
    };
    let text = match end {
        TaskEnd::Done => return None,
        TaskEnd::Failed => return line.reason.clone().or_else(|| Some(Text::from("failed"))),
        TaskEnd::GaveUp(GiveUp::Cancelled) => "the job was cancelled".to_owned(),
        TaskEnd::GaveUp(GiveUp::Rejections) => {
            format!(
                "given up after {} attempts, {} of them rejected{}",
                line.attempts,
                line.rejections,
                last(line)
            )
        }
        TaskEnd::GaveUp(GiveUp::Losses) => {
            format!("given up after {} lost attempts{}", line.lost, last(line))
        }
        TaskEnd::GaveUp(GiveUp::NoNode) => {
            format!("no node took it, {} attempts{}", line.attempts, last(line))
        }
    };
    Some(Text::from(text))
}
