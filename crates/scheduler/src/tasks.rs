//! The tasks of a job that are not settled yet: a window over their numbers.
//!
//! Tasks end roughly in the order in which they came, so what has to be remembered is bounded by how many are open and
//! not by how many there ever were. An open job of ten million tasks needs no more memory than one of ten thousand.

use crate::{NodeId, TaskIndex};
use std::collections::VecDeque;

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Task {
    pub(crate) attempts: u32,
    pub(crate) rejections: u32,
    pub(crate) losses: u32,
    pub(crate) in_flight: u32,
    /// The node that refused or lost it last.
    pub(crate) avoid: Option<NodeId>,
    pub(crate) ended: bool,
    /// The node that gets it first.
    pub(crate) home: Option<NodeId>,
}

/// In the window: the task has ended and has nothing in flight.
const SETTLED: u32 = u32::MAX;

/// Tasks by number. Those before the window are settled: they have ended and have nothing in flight. Those that are settled
/// in the window, because an older one is not, take no more of it than their place.
#[derive(Debug, Default)]
pub(crate) struct Tasks {
    first: u32,
    /// By task: where it is in the slab.
    window: VecDeque<u32>,
    slab: Vec<Task>,
    free: Vec<u32>,
}

impl Tasks {
    /// Adds tasks; answers their numbers.
    pub(crate) fn add(&mut self, count: u32) -> impl Iterator<Item = TaskIndex> + use<> {
        let from = self.first + self.window.len() as u32;
        for _ in 0..count {
            let slot = self.free.pop().unwrap_or(self.slab.len() as u32);
            match self.slab.get_mut(slot as usize) {
                Some(task) => *task = Task::default(),
                None => self.slab.push(Task::default()),
            }
            self.window.push_back(slot);
        }
        (from..from + count).map(TaskIndex)
    }

    fn slot(&self, task: TaskIndex) -> Option<usize> {
        let place = task.0.checked_sub(self.first)? as usize;
        self.window.get(place).filter(|slot| **slot != SETTLED).map(|slot| *slot as usize)
    }

    /// The task, unless it is forgotten: then it has ended.
    pub(crate) fn get(&self, task: TaskIndex) -> Option<&Task> {
        self.slab.get(self.slot(task)?)
    }

    pub(crate) fn get_mut(&mut self, task: TaskIndex) -> Option<&mut Task> {
        let slot = self.slot(task)?;
        self.slab.get_mut(slot)
    }

    /// Numbers of the newest `count` tasks, oldest first.
    pub(crate) fn newest(&self, count: usize) -> impl Iterator<Item = TaskIndex> + use<> {
        let end = self.first + self.window.len() as u32;
        let others = self.window.len().saturating_sub(count) as u32;
        (self.first + others..end).map(TaskIndex)
    }

    /// Whether the task has not ended.
    pub(crate) fn is_open(&self, task: TaskIndex) -> bool {
        self.get(task).is_some_and(|task| !task.ended)
    }

    /// Forgets a task that has ended and has nothing in flight, if it is so.
    pub(crate) fn forget(&mut self, task: TaskIndex) {
        let Some(slot) = self.slot(task) else { return };
        if self.slab[slot].ended && self.slab[slot].in_flight == 0 {
            self.free.push(slot as u32);
            self.window[(task.0 - self.first) as usize] = SETTLED;
        }
        while self.window.front() == Some(&SETTLED) {
            self.window.pop_front();
            self.first += 1;
        }
    }

    /// The open tasks, in ascending order.
    pub(crate) fn open(&self) -> Vec<TaskIndex> {
        let end = self.first + self.window.len() as u32;
        (self.first..end).map(TaskIndex).filter(|task| self.is_open(*task)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_moves_with_what_is_settled() {
        let mut tasks = Tasks::default();
        assert_eq!(tasks.add(3).collect::<Vec<_>>(), [TaskIndex(0), TaskIndex(1), TaskIndex(2)]);
        tasks.get_mut(TaskIndex(0)).unwrap().in_flight = 1;
        for task in [0, 1] {
            tasks.get_mut(TaskIndex(task)).unwrap().ended = true;
        }
        [0, 1].into_iter().for_each(|task| tasks.forget(TaskIndex(task)));
        // A late attempt at task 0 is still in flight.
        assert_eq!((tasks.window.len(), tasks.open()), (3, vec![TaskIndex(2)]));
        assert_eq!(tasks.free.len(), 1, "task 1 waits for task 0 and takes no more than its place");
        tasks.get_mut(TaskIndex(0)).unwrap().in_flight = 0;
        tasks.forget(TaskIndex(0));
        assert!(tasks.get(TaskIndex(1)).is_none() && !tasks.is_open(TaskIndex(1)));
        assert_eq!(tasks.add(1).collect::<Vec<_>>(), [TaskIndex(3)]);
        assert_eq!((tasks.window.len(), tasks.open()), (2, vec![TaskIndex(2), TaskIndex(3)]));
        assert!(tasks.is_open(TaskIndex(3)) && !tasks.is_open(TaskIndex(4)));
        assert_eq!((tasks.slab.len(), tasks.newest(1).collect::<Vec<_>>()), (3, vec![TaskIndex(3)]));
    }
}
