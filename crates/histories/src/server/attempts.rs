//! One attempt: out to a node, back with an answer, and its result published.

use super::Stop;
use super::shelf::PausingShelf;
use crate::Bug;
use crate::world::{Call, Came, Event, World};
use journal::entry::{Entry, Output};
use journal::publication::{self, NotPublished, Shelf as _};
use scheduler::{Attempt, Event as Said, LossReason, Observation, Outcome};
use std::time::Duration;

/// How long an attempt may take.
const ATTEMPT_TIMEOUT_US: u64 = 2_500_000;

impl World {
    pub(super) fn begin(&mut self, server: usize, job: usize, attempt: Attempt) {
        let owner = self.owner_of(server, job);
        let (task, number, node) = (attempt.task().0, attempt.number(), attempt.node().index());
        let call = Call {
            server,
            incarnation: owner.incarnation,
            node,
            node_incarnation: self.nodes[node].incarnation,
            job,
            life: attempt.job(),
            epoch: owner.epoch,
            task,
            number,
            temporary: format!("{}{}-{task}-{number}", self.bench(&owner), owner.epoch),
        };
        self.servers[server].tokens.insert((call.life, task, number), attempt);
        self.at(self.now + ATTEMPT_TIMEOUT_US, Event::Deadline { call: call.clone() });
        self.send(Event::Called { call });
    }

    pub(super) fn give_back_token(&mut self, server: usize, call: &Call, outcome: Outcome) {
        let Some(attempt) = self.servers[server].tokens.remove(&(call.life, call.task, call.number)) else {
            return;
        };
        let observation = Observation { outcome, round_trip: Duration::from_millis(1), node: None };
        self.tell(server, Said::AttemptEnded { attempt, observation });
    }

    pub(super) fn answered(&mut self, server: usize, call: &Call, came: Came) {
        let incarnation = self.servers[server].incarnation;
        if !self.servers[server].tokens.contains_key(&(call.life, call.task, call.number)) {
            return self.discard(came);
        }
        let outcome = self.judge(server, call, came);
        if !self.is_alive(server, incarnation) {
            return;
        }
        self.give_back_token(server, call, outcome);
        if !self.is_alive(server, incarnation) {
            return;
        }
        let job = self.servers[server].jobs.get(&call.job);
        if let Some(job) = job.filter(|job| job.deposed && job.closed.is_none()) {
            let job = job.id;
            self.tell(server, Said::JobCancelled { job });
        }
    }

    fn discard(&mut self, came: Came) {
        if let Came::Done(output) = came {
            self.folder.remove(&output.temporary);
        }
    }

    /// What an answer means for its attempt.
    fn judge(&mut self, server: usize, call: &Call, came: Came) -> Outcome {
        let twice = self.bug == Bug::PublishTwice;
        let job = self.servers[server].jobs.get_mut(&call.job);
        // A deposed job that came back is another one: what the first one's attempts bring is too late.
        let Some(job) = job.filter(|job| job.id == call.life) else {
            self.discard(came);
            return Outcome::Cancelled;
        };
        match came {
            Came::Done(output) => {
                let open = twice || job.closed.is_none();
                if open && (job.claimed.insert(call.task) || twice) {
                    match self.publish(server, call, &output) {
                        Ok(()) => Outcome::Done,
                        Err(()) => Outcome::Lost(LossReason::Fault),
                    }
                } else {
                    self.folder.remove(&output.temporary);
                    Outcome::Cancelled
                }
            }
            Came::Rejected => Outcome::Rejected,
            Came::Fault => {
                self.look_at_folder(server, call);
                Outcome::Lost(LossReason::Fault)
            }
            Came::Stale => {
                job.deposed |= call.epoch == job.epoch;
                Outcome::Rejected
            }
        }
    }

    /// A node that cannot write may have lost the folder to another server. If it is still this one's, a server that was
    /// deposed has woken in the middle of its clearing: the folder of temporary files is made again.
    fn look_at_folder(&mut self, server: usize, call: &Call) {
        let owner = self.owner_of(server, call.job);
        if !self.is_owner(&owner) {
            if self.job(server, call.job).closed.is_none() {
                self.check_deposed(&owner);
                self.job(server, call.job).deposed = true;
            }
        } else if self.bug != Bug::NoFolderAgain {
            // The next fault is another chance.
            let _ = self.make_bench(server, &owner);
        }
    }

    fn publish(&mut self, server: usize, call: &Call, output: &Output) -> Result<(), ()> {
        let owner = self.owner_of(server, call.job);
        let incarnation = owner.incarnation;
        let published = self.try_to_publish(server, call, output);
        if !self.is_alive(server, incarnation) {
            return Err(());
        }
        let Err(error) = published else {
            if call.incarnation != incarnation {
                let late = call.incarnation;
                self.break_promise(format!(
                    "process {incarnation} published a late result of process {late}"
                ));
            }
            if !self.published_once.insert((incarnation, call.life.0, call.task)) {
                self.break_promise(format!("task {} of job {} was published twice", call.task, call.job));
            }
            return Ok(());
        };
        self.say(|| format!("server {server} did not publish {}: {error:?}", output.temporary));
        if error == NotPublished::Deposed {
            self.story.refused += 1;
            self.check_deposed(&owner);
            self.job(server, call.job).deposed = true;
        }
        self.folder.remove(&output.temporary);
        self.job(server, call.job).claimed.remove(&call.task);
        Err(())
    }

    fn try_to_publish(
        &mut self,
        server: usize,
        call: &Call,
        output: &Output,
    ) -> Result<(), NotPublished<Stop, Stop>> {
        let owner = self.owner_of(server, call.job);
        let (bug, incarnation) = (self.bug, owner.incarnation);
        let entry = Entry::Published { key: owner.key.clone(), task: call.task, result: output.clone() };
        let name = call.task.to_string();
        let shelf = PausingShelf { publishes: true, ..PausingShelf::new(self, server, &owner) };
        let commit = || shelf.world.borrow_mut().commit(server, incarnation, entry);
        if bug == Bug::NoFence {
            commit().map_err(NotPublished::Journal)?;
            return shelf.rename(&output.temporary, &name).map_err(NotPublished::Shelf);
        }
        publication::publish(&shelf, &owner, output, &name, commit)
    }
}
