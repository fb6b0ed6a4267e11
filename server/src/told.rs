//! One final row a task in a run: a row that is there already is not written once more.
//!
//! A job may leave this process for another server and come back to it. Its tasks that ended here before have their
//! rows; those that were open have none, because it was not here that they ended.

use crate::job::Job;
use records::{TaskOutcome, TaskRow};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Which tasks of a job have a final row in this run.
#[derive(Debug, Default)]
pub(crate) struct Told(Vec<AtomicBool>);

impl Told {
    /// None of `count` tasks.
    pub(crate) fn new(count: usize) -> Told {
        Told((0..count).map(|_| AtomicBool::new(false)).collect())
    }

    /// Whether whoever asks is the first to tell of the task.
    fn first(&self, task: u64) -> bool {
        let told = usize::try_from(task).ok().and_then(|task| self.0.get(task));
        told.is_none_or(|told| !told.swap(true, Ordering::AcqRel))
    }
}

impl Job {
    /// The same job was here before, under an earlier epoch.
    pub(crate) fn comes_back(&mut self, before: &Job) {
        if before.told.0.len() == self.tasks.count() {
            self.told = Arc::clone(&before.told);
        }
    }

    /// Whether this final row is to be written: not the second one of a task, and not that of a task that goes on at
    /// another server.
    pub(crate) fn tells(&self, row: &TaskRow) -> bool {
        let goes_on = self.is_deposed() && row.outcome == TaskOutcome::Cancelled;
        !goes_on && self.told.first(row.task)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_told_of_once() {
        let told = Told::new(2);
        assert!(told.first(1) && !told.first(1));
        assert!(told.first(0) && !told.first(0));
        assert!(told.first(2) && told.first(2), "a task that nobody counts has all its rows");
    }
}
