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

/// Tasks by number. Those before the window have ended and have nothing in flight.
#[derive(Debug, Default)]
pub(crate) struct Tasks {
    first: u32,
    window: VecDeque<Task>,
}

impl Tasks {
    /// Adds tasks; answers their numbers.
    pub(crate) fn add(&mut self, count: u32) -> impl Iterator<Item = TaskIndex> + use<> {
        let from = self.first + self.window.len() as u32;
        self.window.resize(self.window.len() + count as usize, Task::default());
        (from..from + count).map(TaskIndex)
    }

    /// The task, unless it is forgotten: then it has ended.
    pub(crate) fn get(&self, task: TaskIndex) -> Option<&Task> {
        self.window.get(task.0.checked_sub(self.first)? as usize)
    }

    pub(crate) fn get_mut(&mut self, task: TaskIndex) -> Option<&mut Task> {
        self.window.get_mut(task.0.checked_sub(self.first)? as usize)
    }

    /// The newest `count` tasks, oldest first.
    pub(crate) fn newest_mut(&mut self, count: usize) -> impl Iterator<Item = &mut Task> {
        let others = self.window.len().saturating_sub(count);
        self.window.iter_mut().skip(others)
    }

    /// Whether the task has not ended.
    pub(crate) fn is_open(&self, task: TaskIndex) -> bool {
        self.get(task).is_some_and(|task| !task.ended)
    }

    /// Forgets what has ended and has nothing in flight, up to the first task of which that is not so.
    pub(crate) fn forget(&mut self) {
        while self.window.front().is_some_and(|task| task.ended && task.in_flight == 0) {
            self.window.pop_front();
            self.first += 1;
        }
    }

    /// The open tasks, in ascending order.
    pub(crate) fn open(&self) -> Vec<TaskIndex> {
        let numbered = (self.first..).zip(&self.window);
        numbered.filter(|(_, task)| !task.ended).map(|(number, _)| TaskIndex(number)).collect()
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
        tasks.forget();
        // A late attempt at task 0 is still in flight.
        assert_eq!((tasks.window.len(), tasks.open()), (3, vec![TaskIndex(2)]));
        tasks.get_mut(TaskIndex(0)).unwrap().in_flight = 0;
        tasks.forget();
        assert!(tasks.get(TaskIndex(1)).is_none() && !tasks.is_open(TaskIndex(1)));
        assert_eq!(tasks.add(1).collect::<Vec<_>>(), [TaskIndex(3)]);
        assert_eq!((tasks.window.len(), tasks.open()), (2, vec![TaskIndex(2), TaskIndex(3)]));
        assert!(tasks.is_open(TaskIndex(3)) && !tasks.is_open(TaskIndex(4)));
    }
}
