//! A node: takes attempts, writes whole temporary files, answers.

use crate::Bug;
use crate::folder::NameError;
use crate::world::{Call, Came, Event, World, bytes_of};
use journal::entry::{Fingerprint, Output};
use std::collections::BTreeMap;

#[derive(Debug, Default)]
pub(crate) struct Node {
    pub(crate) up: bool,
    pub(crate) hung: bool,
    pub(crate) incarnation: u64,
    pub(crate) rejects: f64,
    /// The highest epoch seen of each job.
    pub(crate) fence: BTreeMap<usize, u64>,
    pub(crate) held: Vec<Event>,
}

impl Node {
    pub(crate) fn die(&mut self) {
        self.up = false;
        self.hung = false;
        self.incarnation += 1;
        self.fence.clear();
        self.held.clear();
    }

    fn passes(&mut self, call: &Call) -> bool {
        let highest = self.fence.entry(call.job).or_default();
        *highest = call.epoch.max(*highest);
        call.epoch == *highest
    }
}

impl World {
    pub(crate) fn attempt_arrives(&mut self, node: usize, call: Call) {
        if self.nodes[node].incarnation != call.node_incarnation {
            // It came by a connection to a process that is gone.
            return;
        }
        if !self.nodes[node].passes(&call) {
            return self.answer(call, Came::Stale);
        }
        if self.chance.happens(self.nodes[node].rejects) {
            return self.answer(call, Came::Rejected);
        }
        let incarnation = self.nodes[node].incarnation;
        let at = self.now + self.chance.between(1_000, 400_000);
        self.at(at, Event::Created { node, incarnation, call });
    }

    /// The temporary file is there and empty.
    pub(crate) fn create(&mut self, node: usize, incarnation: u64, call: Call) {
        if self.nodes[node].incarnation != incarnation {
            return;
        }
        let bench = call.temporary.rfind('/').map_or("", |end| &call.temporary[..=end]);
        if self.folder.handle(bench).is_none() && self.bug != Bug::NoFence {
            // It makes no folder: who was deposed has none.
            return self.answer(call, Came::Fault);
        }
        match self.folder.create(&call.temporary) {
            Err(NameError::Exists) if self.bug != Bug::AttemptTwice => {
                return self.answer(call, Came::Fault);
            }
            _ => {}
        }
        let Some(handle) = self.folder.handle(&call.temporary) else { return };
        self.folder.write(handle, &[]);
        let at = self.now + self.chance.between(100, self.terms.longest_writing_us);
        self.at(at, Event::Written { node, incarnation, call, handle });
    }

    /// The file is whole.
    pub(crate) fn finish(&mut self, node: usize, incarnation: u64, call: Call, handle: usize) {
        if self.nodes[node].incarnation != incarnation {
            return;
        }
        let bytes = bytes_of(call.job, call.task);
        self.folder.write(handle, &bytes);
        if self.chance.happens(self.terms.failing_disks) {
            self.story.faults += 1;
            self.folder.remove(&call.temporary);
            return self.answer(call, Came::Fault);
        }
        if !self.nodes[node].passes(&call) {
            self.folder.remove(&call.temporary);
            return self.answer(call, Came::Stale);
        }
        if self.bug != Bug::NoResultFlush {
            self.folder.flush(handle);
        }
        let output = Output { print: Fingerprint::of(&bytes), temporary: call.temporary.clone() };
        self.answer(call, Came::Done(output));
    }

    fn answer(&mut self, call: Call, came: Came) {
        self.send(Event::Answered { call, came });
    }
}
