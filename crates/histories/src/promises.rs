//! What must hold after every step.

use crate::server::book_of;
use crate::world::{World, bytes_of};
use journal::publication::Owner;

impl World {
    /// A result that can be seen is whole, and one of a job that its client knows to be done is that job's, unless a
    /// later job has begun.
    pub(crate) fn check(&mut self) {
        for task in 0..self.terms.tasks {
            let Some(found) = self.folder.read(&task.to_string()) else { continue };
            let job = (0..self.clients.len()).find(|&job| bytes_of(job, task) == found);
            match job {
                None => {
                    let what = format!("task {task} has a torn result of {} bytes", found.len());
                    return self.break_promise(what);
                }
                Some(job) if !self.clients[job].begun => {
                    return self.break_promise(format!(
                        "task {task} has a result of job {job}, which nobody wanted"
                    ));
                }
                Some(_) => {}
            }
        }
        let latest = (0..self.clients.len()).rev().find(|&job| self.clients[job].begun);
        if let Some(latest) = latest.filter(|&latest| self.clients[latest].done) {
            self.check_done(latest);
        }
    }

    /// Every result of a job that is done is there, and its own.
    pub(crate) fn check_done(&mut self, job: usize) {
        for task in 0..self.terms.tasks {
            let found = self.folder.read(&task.to_string());
            if found != Some(&bytes_of(job, task)[..]) {
                let found = found.map(String::from_utf8_lossy).map(std::borrow::Cow::into_owned);
                return self.break_promise(format!("job {job} is done, and task {task} has {found:?}"));
            }
        }
    }

    /// Every job that a server has answered for is in its journal when it starts again.
    pub(crate) fn check_promised(&mut self, server: usize) {
        let book = &self.servers[server].book;
        let missing =
            self.promised.iter().find(|(of, job)| *of == server && book.job(&key_of(*job)).is_none());
        if let Some((_, job)) = missing {
            let what = format!("server {server} has answered for job {job} and forgotten it");
            self.break_promise(what);
        }
    }

    /// What the server believes is what its journal tells.
    pub(crate) fn check_journal(&mut self, server: usize) {
        let Some(log) = &self.servers[server].log else { return };
        let told = book_of(&log.medium().bytes).ok().map(|(_, book)| book);
        if told.as_ref() != Some(&self.servers[server].book) {
            self.break_promise(format!("server {server} believes what its journal does not tell"));
        }
    }

    /// Who finds that the folder is not its own any more has lost it to somebody.
    pub(crate) fn check_deposed(&mut self, owner: &Owner) {
        if !self.deposed.contains(&(owner.incarnation, owner.key.clone())) {
            let Owner { key, incarnation, .. } = owner;
            self.break_promise(format!("process {incarnation} has lost the folder of {key} to nobody"));
        }
    }

    /// A server that lets a job go at its start does so because somebody else has it.
    pub(crate) fn check_let_go(&mut self, server: usize, owner: &Owner, has_moved: bool) {
        let is_others = self.ever.iter().any(|(by, key, epoch)| {
            let is_here = self.homes.get(by).is_some_and(|home| *home == server);
            // Who took the folder for the next submission and ended before it was promised is asked for it again.
            let is_later = *epoch > owner.epoch && self.unpromised.contains(&(*by, key.clone()));
            *key != owner.key || *epoch > owner.epoch && !is_here || is_later
        });
        let was_deposed = self.deposed.contains(&(owner.incarnation, owner.key.clone()));
        if !has_moved && !is_others && !was_deposed {
            let key = &owner.key;
            self.break_promise(format!("server {server} lets {key} go, and nobody else has it"));
        }
    }

    /// Who takes the folder for a job that has ended here leaves its owner's file there for ever.
    pub(crate) fn check_taken(&mut self, server: usize, owner: &Owner, has_ended: bool) {
        if has_ended {
            let key = &owner.key;
            self.break_promise(format!("server {server} has taken the folder for {key}, which has ended"));
        }
    }

    /// Once somebody has taken the folder over to the end, nobody else gives a result its name.
    pub(crate) fn check_publisher(&mut self, publisher: &Owner, name: &str) {
        let taken = self.taken.as_ref();
        if let Some((key, by)) = taken.filter(|(_, incarnation)| *incarnation != publisher.incarnation) {
            let Owner { key: deposed, incarnation, .. } = publisher;
            let what = format!(
                "process {incarnation} published task {name} of {deposed} when process {by} had taken the folder for {key}"
            );
            self.break_promise(what);
        }
    }
}

/// The key of a job.
pub(crate) fn key_of(job: usize) -> String {
    format!("job-{job}")
}
