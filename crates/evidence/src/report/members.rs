//! Which group of a comparison a recorded job belongs to.

use crate::comparison::source::By;
use crate::comparison::{Group, Replication};
use records::{JobOutcome, JobRow, Run};

/// The groups of a comparison, in its order.
#[derive(Debug)]
pub struct Members {
    groups: Vec<Group>,
    by: By,
}

impl Members {
    /// Groups of the replications that a comparison is made of.
    pub fn new(replications: Vec<Replication>, by: By) -> Members {
        Members { groups: crate::comparison::group::group(replications), by }
    }

    /// The groups, in their order.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// Names of the groups, in their order.
    pub fn names(&self) -> Vec<String> {
        self.groups.iter().map(Group::name).collect()
    }

    /// The group that a finished job of `run` counts in; none for a job that is left out.
    pub fn of_job(&self, run: &Run, job: &JobRow) -> Option<usize> {
        if !matches!(job.state, JobOutcome::Done | JobOutcome::Partial) {
            return None;
        }
        let folder = run.path.display().to_string();
        let label = if self.by == By::Folder { folder.as_str() } else { &*job.label };
        self.groups.iter().position(|group| {
            group.key.label.as_deref().is_none_or(|known| known == label)
                && *group.key.strategy == *job.strategy
                && group.key.admission == job.admission
        })
    }
}
