//! What is remembered of a simulation while it runs: enough for its replication, whatever becomes of its rows.

use evidence::comparison::{Finished, Parts};
use records::JobOutcome;
use scheduler::{JobEnd, Outcome, TaskEnd};
use simulator::{AttemptSeen, JobSeen, Observer, TaskSeen};
use std::time::Duration;

/// Sees every ended attempt, task and job of a replication.
#[derive(Debug)]
pub(super) struct Watch {
    /// Finished tasks with when they were submitted, in microseconds, and of which job they are which.
    finished: Vec<(u64, u32, u32, Finished)>,
    /// Attempts by node.
    pub(super) attempts: Vec<u64>,
    /// Refused ones by node.
    pub(super) rejections: Vec<u64>,
    settled: u64,
    pub(super) dropped: u64,
    ends: Vec<JobEnd>,
}

impl Watch {
    pub(super) fn new(nodes: usize) -> Watch {
        Watch {
            finished: Vec::new(),
            attempts: vec![0; nodes],
            rejections: vec![0; nodes],
            settled: 0,
            dropped: 0,
            ends: Vec::new(),
        }
    }

    /// Finished tasks in the order of their submission.
    pub(super) fn finished(&mut self) -> Vec<Finished> {
        self.finished.sort_by_key(|(submitted, job, task, _)| (*submitted, *job, *task));
        self.finished.iter().map(|(.., finished)| *finished).collect()
    }

    /// Attempts that ended with a result, or were told to stop, beyond one for each finished task.
    pub(super) fn wasted(&self) -> u64 {
        self.settled.saturating_sub(self.finished.len() as u64)
    }

    /// How the jobs ended, as one.
    pub(super) fn state(&self) -> JobOutcome {
        let any = |end| self.ends.contains(&end);
        match () {
            () if any(JobEnd::NoNode) => JobOutcome::NoNode,
            () if any(JobEnd::Cancelled) || self.ends.is_empty() => JobOutcome::Cancelled,
            () if any(JobEnd::Partial) => JobOutcome::Partial,
            () => JobOutcome::Done,
        }
    }
}

fn us(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

impl Observer for Watch {
    fn attempt(&mut self, seen: &AttemptSeen) {
        let node = seen.node as usize;
        self.attempts[node] += 1;
        match seen.outcome {
            Outcome::Rejected => self.rejections[node] += 1,
            Outcome::Done | Outcome::Cancelled => self.settled += 1,
            Outcome::Failed | Outcome::Lost(_) | Outcome::TimedOut => {}
        }
    }

    fn task(&mut self, seen: &TaskSeen) {
        if seen.end != TaskEnd::Done {
            return;
        }
        let parts = &seen.parts;
        let all = [parts.wire, parts.lost, parts.waiting, parts.queue, parts.delay, parts.service];
        let latency_us = u64::try_from(us(seen.latency())).unwrap_or(0);
        let finished = Finished { latency_us, parts: Parts::from_all(all.map(us)) };
        self.finished.push((seen.submitted.0, seen.job, seen.task, finished));
    }

    fn job(&mut self, seen: &JobSeen<'_>) {
        self.ends.push(seen.end);
        self.dropped += seen.dropped;
    }
}
