//! What a server writes down, and when.

use super::Stop;
use crate::Bug;
use crate::medium::Fate;
use crate::promises::key_of;
use crate::world::{Event, World};
use journal::book::Book;
use journal::bytes::Put;
use journal::entry::Entry;
use journal::frame::Replay;
use journal::log::{Confirm, LogError};
use scheduler::JobId;

/// When an end that could not be written is tried again.
const END_AGAIN_US: u64 = 1_000_000;

/// What a journal's bytes tell.
pub(crate) fn book_of(bytes: &[u8]) -> Result<(Replay<'_>, Book), String> {
    let replayed = journal::frame::replay(bytes).map_err(|error| error.to_string())?;
    let mut book = Book::new(usize::MAX);
    for frame in &replayed.frames {
        let entries = Entry::all(frame.payload).map_err(|error| error.to_string())?;
        entries.into_iter().for_each(|entry| book.apply(entry));
    }
    Ok((replayed, book))
}

impl World {
    /// Writes everything that has gathered, and this.
    pub(super) fn commit(&mut self, server: usize, incarnation: u64, entry: Entry) -> Result<(), Stop> {
        self.pause(server, incarnation)?;
        let mut entries = std::mem::take(&mut self.servers[server].gathered);
        entries.push(entry);
        let mut put = Put::default();
        entries.iter().for_each(|entry| entry.put(&mut put));
        let fate = self.fate_of_write(server, put.0.len());
        let compacts = self.chance.happens(0.05);
        let bug = self.bug;
        self.say(|| format!("server {server} writes {entries:?}: {fate:?}"));
        let this = &mut self.servers[server];
        let Some(log) = &mut this.log else { return Err(Stop::Gone) };
        log.medium_mut().forgiving = bug == Bug::FlushAgain;
        log.medium_mut().fate = fate;
        let confirm = if bug == Bug::NoJournalFlush { Confirm::Written } else { Confirm::Synced };
        let written = log.write(&put.0, confirm);
        log.medium_mut().fate = Fate::Fine;
        match written {
            Ok(()) => {
                entries.into_iter().for_each(|entry| this.book.apply(entry));
                if compacts && log.compact(&this.book.snapshot()).is_err() {
                    self.kill_server(server);
                    return Err(Stop::Gone);
                }
                self.check_journal(server);
                Ok(())
            }
            Err(LogError::Refused(_)) => Err(Stop::Failed),
            Err(_) => {
                self.story.faults += 1;
                self.kill_server(server);
                Err(Stop::Gone)
            }
        }
    }

    fn fate_of_write(&mut self, server: usize, length: usize) -> Fate {
        let torn = self.is_troubled() && self.chance.happens(self.terms.trouble);
        let cut = self.chance.below(length + journal::frame::FRAME_HEAD_BYTES);
        let this = &mut self.servers[server];
        if torn {
            Fate::EndsAfter(cut)
        } else if this.full_until > self.now {
            Fate::Full
        } else if std::mem::take(&mut this.fails_to_confirm) {
            Fate::NoConfirmation
        } else {
            Fate::Fine
        }
    }

    /// Tries again to write down an end that the journal did not take.
    pub(super) fn end_again(&mut self, server: usize, job: usize) {
        let known = self.servers[server].jobs.get(&job);
        if let Some(id) = known.filter(|known| known.closed.is_some() && !known.ended).map(|known| known.id) {
            self.write_end(server, job, id);
        }
    }

    /// Results, then journal, then the folder is free, then whoever asks is told.
    pub(super) fn write_end(&mut self, server: usize, job: usize, id: JobId) {
        let incarnation = self.servers[server].incarnation;
        if self.pause(server, incarnation).is_err() {
            return;
        }
        if self.bug != Bug::NoFolderFlush {
            self.folder.flush_names();
        }
        let deposed = self.job(server, job).deposed;
        if deposed {
            self.promised.remove(&(server, job));
        }
        let report = if deposed { Vec::new() } else { b"report".to_vec() };
        match self.commit(server, incarnation, Entry::Ended { key: key_of(job), report }) {
            Ok(()) => {}
            Err(Stop::Gone) => return,
            // Nobody else may ever ask here for it, and the folder is kept from others.
            Err(Stop::Failed) => {
                return self.at(self.now + END_AGAIN_US, Event::EndAgain { server, incarnation, job });
            }
        }
        if self.give_back(server, job).is_err() {
            return;
        }
        if let Some(job) = self.servers[server].jobs.get_mut(&job).filter(|job| job.id == id) {
            job.ended = true;
        }
    }
}
