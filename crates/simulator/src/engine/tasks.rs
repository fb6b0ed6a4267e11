//! What a driver remembers of open tasks, and the sums over attempts that their records need.

use crate::observe::{AttemptSeen, Parts, TaskSeen};
use scheduler::{Micros, Outcome, TaskEnd};
use std::collections::VecDeque;
use std::time::Duration;

/// An open task.
#[derive(Clone, Copy, Debug)]
struct Open {
    submitted: Micros,
    started: Option<Micros>,
    attempts: u32,
    rejections: u32,
    delays: u32,
    lost: u32,
    /// Round trips of refused attempts.
    refused_time: Duration,
    lost_time: Duration,
}

/// In the window: the task has ended.
const ENDED: u32 = u32::MAX;

/// The open tasks of a job. Tasks end roughly in the order of their arrival, so a window over them stays small; of the many
/// that have ended before the oldest open one it holds nothing but that.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    first: u32,
    /// By task: where it is in the slab.
    window: VecDeque<u32>,
    slab: Vec<Open>,
    free: Vec<u32>,
    /// The last attempt that had a result: the one that finished a task which ends with one.
    winner: Option<AttemptSeen>,
}

impl Tasks {
    pub(super) fn arrive(&mut self, submitted: Micros) {
        let open = Open {
            submitted,
            started: None,
            attempts: 0,
            rejections: 0,
            delays: 0,
            lost: 0,
            refused_time: Duration::ZERO,
            lost_time: Duration::ZERO,
        };
        let slot = if let Some(slot) = self.free.pop() {
            self.slab[slot as usize] = open;
            slot
        } else {
            self.slab.push(open);
            (self.slab.len() - 1) as u32
        };
        self.window.push_back(slot);
    }

    /// Tasks that have not ended.
    pub(super) fn open(&self) -> u32 {
        (self.slab.len() - self.free.len()) as u32
    }

    fn slot(&self, task: u32) -> Option<u32> {
        let place = task.checked_sub(self.first)?;
        self.window.get(place as usize).copied().filter(|slot| *slot != ENDED)
    }

    fn get(&mut self, task: u32) -> Option<&mut Open> {
        let slot = self.slot(task)?;
        self.slab.get_mut(slot as usize)
    }

    pub(super) fn started(&mut self, task: u32, now: Micros) {
        if let Some(open) = self.get(task) {
            open.attempts += 1;
            open.started.get_or_insert(now);
        }
    }

    pub(super) fn attempt_ended(&mut self, seen: &AttemptSeen) {
        let Some(open) = self.get(seen.task) else { return };
        open.delays += u32::from(!seen.times.delay.is_zero());
        match seen.outcome {
            Outcome::Done => self.winner = Some(*seen),
            Outcome::Rejected => {
                open.rejections += 1;
                open.refused_time += seen.total;
            }
            Outcome::Lost(_) | Outcome::TimedOut => {
                open.lost += 1;
                open.lost_time += seen.total;
            }
            Outcome::Failed | Outcome::Cancelled => {}
        }
    }

    /// Ends a task; none if it has ended before.
    pub(super) fn end(&mut self, job: u32, task: u32, end: TaskEnd, now: Micros) -> Option<TaskSeen> {
        let winner = self.winner.filter(|winner| winner.task == task && end == TaskEnd::Done);
        let slot = self.slot(task)?;
        let open = self.slab[slot as usize];
        let seen = TaskSeen {
            job,
            task,
            end,
            attempts: open.attempts,
            rejections: open.rejections,
            delays: open.delays,
            lost: open.lost,
            node: winner.map(|winner| winner.node),
            submitted: open.submitted,
            started: open.started.unwrap_or(now),
            ended: now,
            parts: winner.map_or_else(Parts::default, |winner| open.parts(&winner, now)),
        };
        self.free.push(slot);
        self.window[(task - self.first) as usize] = ENDED;
        while self.window.front() == Some(&ENDED) {
            self.window.pop_front();
            self.first += 1;
        }
        Some(seen)
    }
}

impl Open {
    /// Attempts before the one that succeeded may overlap with it (hedges); then what does not fit before its start is
    /// left out, so that the parts always add up. Waiting for a thread is waiting.
    fn parts(&self, winner: &AttemptSeen, ended: Micros) -> Parts {
        let before = ended.since(self.submitted).saturating_sub(winner.total);
        let refused = self.refused_time.min(before);
        let lost = self.lost_time.min(before - refused);
        Parts {
            wire: refused + winner.wire(),
            lost,
            waiting: before - refused - lost,
            queue: winner.times.queue,
            delay: winner.times.delay,
            service: winner.times.service,
        }
    }
}
