//! A job at a server: taken, taken once more, gone on with after a restart.

use super::shelf::PausingShelf;
use super::{Job, Server, Stop, book_of};
use crate::Bug;
use crate::promises::key_of;
use crate::world::{Heard, SERVERS, World};
use journal::book::Kept;
use journal::entry::{Accepted, Entry, Output};
use journal::publication::{self, NotPublished, Owner};
use scheduler::{Event as Said, JobEnd, JobId, JobSpec, RetryRule, TaskEnd, TaskIndex};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

type Taken = Result<BTreeSet<u32>, NotPublished<Stop, Stop>>;

/// Whether another server's journal shows that a submission of this epoch comes too late.
fn has_moved(others: &[Kept], epoch: u64) -> bool {
    let has = |other: &Kept| {
        other.accepted.epoch > epoch || other.accepted.epoch == epoch && other.report.is_some()
    };
    others.iter().any(has)
}

impl World {
    pub(super) fn submitted(&mut self, server: usize, job: usize, epoch: u64) -> Option<Heard> {
        let Some(known) = self.servers[server].jobs.get(&job) else {
            return self.accept(server, job, epoch);
        };
        let (raised, closed, id) = (epoch > known.epoch, known.closed, known.id);
        if known.deposed && known.ended && raised {
            self.servers[server].jobs.remove(&job);
            return self.accept(server, job, epoch);
        }
        if known.ended {
            let done = closed == Some(JobEnd::Done) && !known.deposed;
            return if done { self.tell_of_end(server, job, epoch) } else { Some(Heard::NotHere) };
        }
        if closed.is_some() {
            // The disk was full when its end came.
            self.write_end(server, job, id);
            return Some(Heard::Later);
        }
        if raised { self.raise(server, job, epoch) } else { Some(Heard::Running) }
    }

    /// A job that has ended here was submitted once more. Whoever hears of the end under this epoch goes on to another
    /// job: an earlier submission that is still on its way to another server must find there that it comes too late.
    fn tell_of_end(&mut self, server: usize, job: usize, epoch: u64) -> Option<Heard> {
        let incarnation = self.servers[server].incarnation;
        if epoch > self.job(server, job).epoch && self.bug != Bug::EndUnderOldEpoch {
            match self.commit(server, incarnation, Entry::Raised { key: key_of(job), epoch }) {
                Ok(()) => self.job(server, job).epoch = epoch,
                Err(Stop::Gone) => return None,
                Err(Stop::Failed) => return Some(Heard::Later),
            }
        }
        Some(Heard::Done)
    }

    /// A job that is at work here was submitted once more.
    fn raise(&mut self, server: usize, job: usize, epoch: u64) -> Option<Heard> {
        let incarnation = self.servers[server].incarnation;
        // A submission that was long on its way must not wake a job that has gone on elsewhere.
        if has_moved(&self.others(server, job), epoch) {
            let known = self.job(server, job);
            known.deposed = true;
            let job = known.id;
            self.tell(server, Said::JobCancelled { job });
            return Some(Heard::NotHere);
        }
        let id = self.job(server, job).id;
        if self.bug == Bug::OwnerFirst {
            self.job(server, job).epoch = epoch;
            self.take_shelf(server, job, &BTreeMap::new()).ok()?;
        }
        match self.commit(server, incarnation, Entry::Raised { key: key_of(job), epoch }) {
            Ok(()) => self.job(server, job).epoch = epoch,
            // What the journal does not know is raised once more when somebody asks once more.
            Err(_) => return None,
        }
        // The job's end may be written down while this thread waits for its turn at the folder.
        self.switch(server, incarnation).ok()?;
        let known = self.servers[server].jobs.get(&job).filter(|known| known.id == id)?;
        if known.closed.is_some() && self.bug != Bug::TakeAfterEnd {
            // It gives the folder back.
            return Some(Heard::Running);
        }
        match self.take_shelf(server, job, &BTreeMap::new()) {
            Ok(_) => {}
            Err(NotPublished::Shelf(Stop::Gone)) => return None,
            Err(NotPublished::Deposed) => {
                let known = self.servers[server].jobs.get_mut(&job).filter(|known| known.id == id)?;
                known.deposed = true;
                self.tell(server, Said::JobCancelled { job: id });
                return Some(Heard::NotHere);
            }
            Err(_) => return Some(Heard::NotHere),
        }
        Some(Heard::Running)
    }

    fn accept(&mut self, server: usize, job: usize, epoch: u64) -> Option<Heard> {
        let incarnation = self.servers[server].incarnation;
        let others = self.servers[server].jobs.iter();
        let put_off = others.filter(|(_, other)| other.closed.is_some() && !other.ended);
        let put_off: Vec<(usize, JobId)> = put_off.map(|(&number, other)| (number, other.id)).collect();
        for (number, id) in put_off {
            self.write_end(server, number, id);
            if !self.is_alive(server, incarnation) {
                return None;
            }
        }
        if self.servers[server].jobs.values().any(|other| !other.ended) {
            return Some(Heard::Later);
        }
        let others = self.others(server, job);
        if has_moved(&others, epoch) {
            return Some(Heard::NotHere);
        }
        let committed: BTreeMap<u32, Output> = others.into_iter().flat_map(|other| other.published).collect();
        let id = self.new_job(server, job, epoch);
        let key = key_of(job);
        self.unpromised.insert((incarnation, key.clone()));
        let done = match self.take_shelf(server, job, &committed) {
            Ok(done) => done,
            Err(NotPublished::Shelf(Stop::Gone)) => return None,
            Err(_) => {
                self.servers[server].jobs.remove(&job);
                return Some(Heard::Later);
            }
        };
        if self.bug == Bug::AnswerFirst {
            self.promised.insert((server, job));
        }
        let said = Accepted { key: key.clone(), epoch, ..Accepted::default() };
        match self.commit(server, incarnation, Entry::Accepted(said)) {
            Ok(()) => {}
            Err(Stop::Gone) => return None,
            Err(Stop::Failed) => {
                self.give_back(server, job).ok()?;
                self.servers[server].jobs.remove(&job);
                return Some(Heard::Later);
            }
        }
        self.unpromised.remove(&(incarnation, key.clone()));
        for (task, result) in committed.into_iter().filter(|(task, _)| done.contains(task)) {
            self.servers[server].gathered.push(Entry::Published { key: key.clone(), task, result });
        }
        self.promised.insert((server, job));
        self.put_to_work(server, job, id, &done);
        Some(Heard::Running)
    }

    /// A process that has just started goes on with a job of its journal.
    pub(super) fn resume(&mut self, server: usize, job: usize, kept: &Kept) {
        let id = self.new_job(server, job, kept.accepted.epoch);
        if kept.report.is_some() {
            let job = self.job(server, job);
            job.closed = Some(JobEnd::Done);
            job.ended = true;
            return;
        }
        let incarnation = self.servers[server].incarnation;
        let taken = if has_moved(&self.others(server, job), kept.accepted.epoch) {
            Err(NotPublished::Deposed)
        } else {
            self.take_again(server, job, kept)
        };
        match taken {
            Ok(done) => self.put_to_work(server, job, id, &done),
            Err(NotPublished::Shelf(Stop::Gone)) => {}
            Err(NotPublished::Deposed) => {
                let owner = self.owner_of(server, job);
                let moved = has_moved(&self.others(server, job), owner.epoch);
                self.check_let_go(server, &owner, moved);
                // Whoever asks is told to go where the job is.
                let key = key_of(job);
                self.servers[server].jobs.remove(&job);
                self.promised.remove(&(server, job));
                // If it is not written, the next process does the same.
                let _ = self.commit(server, incarnation, Entry::Ended { key, report: Vec::new() });
            }
            Err(_) => self.kill_server(server),
        }
    }

    /// Takes the folder for a job whose results the journal knows: what lies there is not done again.
    fn take_again(&mut self, server: usize, job: usize, kept: &Kept) -> Taken {
        let lies = |world: &World, task: u32, output: &Output| world.holds(&task.to_string(), output);
        let before: Vec<(&u32, &Output)> =
            kept.published.iter().filter(|(task, output)| lies(self, **task, output)).collect();
        let nothing = BTreeMap::new();
        let committed = if self.bug == Bug::ForgetPublished { &nothing } else { &kept.published };
        let done = self.take_shelf(server, job, committed)?;
        for (&task, output) in before {
            if !done.contains(&task) && lies(self, task, output) {
                self.break_promise(format!("task {task} of job {job} is published and done again"));
            }
        }
        Ok(done)
    }

    fn new_job(&mut self, server: usize, job: usize, epoch: u64) -> JobId {
        let server = &mut self.servers[server];
        server.next_job += 1;
        let id = JobId(server.next_job);
        let fresh = Job {
            id,
            epoch,
            claimed: BTreeSet::new(),
            closed: None,
            deposed: false,
            ended: false,
            rows: BTreeSet::new(),
        };
        server.jobs.insert(job, fresh);
        id
    }

    pub(super) fn job(&mut self, server: usize, job: usize) -> &mut Job {
        #[expect(clippy::expect_used, reason = "asked for only while the job is there")]
        self.servers[server].jobs.get_mut(&job).expect("the job is there")
    }

    fn put_to_work(&mut self, server: usize, job: usize, id: JobId, done: &BTreeSet<u32>) {
        self.job(server, job).claimed = done.clone();
        let mut spec = JobSpec::new(self.terms.tasks, self.terms.strategy.clone(), luck::Seed(1));
        spec.retry = RetryRule {
            max_attempts: u32::MAX,
            max_losses: u32::MAX,
            patience: Duration::from_secs(1 << 20),
            ..RetryRule::default()
        };
        spec.ended = done.iter().map(|&task| (TaskIndex(task), TaskEnd::Done)).collect();
        self.tell(server, Said::JobSubmitted { job: id, spec });
    }

    pub(super) fn owner_of(&self, server: usize, job: usize) -> Owner {
        let Server { incarnation, jobs, .. } = &self.servers[server];
        let epoch = jobs.get(&job).map_or(0, |job| job.epoch);
        Owner { key: key_of(job), epoch, incarnation: *incarnation }
    }

    fn take_shelf(&mut self, server: usize, job: usize, committed: &BTreeMap<u32, Output>) -> Taken {
        let owner = self.owner_of(server, job);
        let other =
            self.owner().filter(|seen| seen.key != owner.key && seen.incarnation != owner.incarnation);
        if other.is_some_and(|seen| (0..SERVERS).any(|other| self.is_alive(other, seen.incarnation))) {
            return Err(NotPublished::Deposed);
        }
        let shelf = PausingShelf::new(self, server, &owner);
        let moved = || has_moved(&shelf.world.borrow().others(server, job), owner.epoch);
        let taken = publication::take_over(&shelf, &owner, committed, |task| Some(task.to_string()), moved);
        drop(shelf);
        if taken == Err(NotPublished::Deposed) && self.is_alive(server, owner.incarnation) {
            if has_moved(&self.others(server, job), owner.epoch) {
                // It gives up what it has, and knows why.
                self.deposed.insert((owner.incarnation, owner.key.clone()));
            }
            self.give_back(server, job).map_err(NotPublished::Shelf)?;
        }
        if taken.is_ok() && self.is_owner(&owner) {
            self.taken = Some((owner.key.clone(), owner.incarnation));
            let has_ended = self.job(server, job).ended;
            self.check_taken(server, &owner, has_ended);
        }
        let done = taken?;
        self.make_bench(server, &owner).map_err(NotPublished::Shelf)?;
        Ok(done)
    }

    /// What the journals of the other servers tell of a job.
    fn others(&self, server: usize, job: usize) -> Vec<Kept> {
        let others = (0..SERVERS).filter(|&other| other != server);
        let books = others.filter_map(|other| Some(book_of(self.servers[other].journal_bytes()).ok()?.1));
        books.filter_map(|book| book.job(&key_of(job)).cloned()).collect()
    }
}
