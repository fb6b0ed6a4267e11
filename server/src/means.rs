//! What attempts need beside the scheduler: nodes, the recorder, and what holds for all of them.

use crate::decisions::Decisions;
use crate::divided::Speeds;
use crate::events::Events;
use crate::held_up::HeldUp;
use crate::job::{Job, Tasks};
use crate::journal::{Durability, Journal};
use crate::peers::Peers;
use crate::recorder::Recorder;
use crate::shelf::FolderShelf;
use journal::entry::Entry;
use records::Text;
use scheduler::Settings;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use wire::job::JobReport;
use wire::membership::EventKind;
use wire::stored::Stored as _;

/// What attempts need beside the scheduler.
#[derive(Debug)]
pub(crate) struct Means {
    /// The nodes, by number.
    pub(crate) peers: Peers,
    pub(crate) recorder: Recorder,
    /// What was seen of the nodes' speeds.
    pub(crate) speeds: Speeds,
    /// The log that the recorder writes, if it is wanted.
    pub(crate) decisions: Option<Arc<Decisions>>,
    /// What holds for the scheduler.
    pub(crate) rules: Settings,
    pub(crate) events: Arc<Events>,
    pub(crate) journal: Journal,
    /// What promises survive.
    pub(crate) durability: Durability,
    /// What a full disk holds up.
    pub(crate) held_up: HeldUp,
    /// Held while a folder of results changes its owner.
    pub(crate) shelves: Mutex<()>,
    /// How connections to one node are made and kept.
    pub(crate) pool: wire::PoolSettings,
    /// Most attempts in flight, and so most worker threads.
    pub(crate) fan_out: u32,
    /// How long an attempt may take.
    pub(crate) attempt_timeout: Duration,
    /// Drawn at the start of this process.
    pub(crate) incarnation: u64,
    /// Name of the run's folder.
    pub(crate) run: Text,
    /// The empty text, shared by all rows without a reason.
    pub(crate) nothing: Text,
}

impl Means {
    /// Whether results are flushed to the disk.
    pub(crate) fn durable(&self) -> bool {
        self.durability == Durability::Power
    }

    /// Writes the end of a job into the journal, gives its folder back, and tells whoever waits. If the journal takes
    /// nothing, the end waits with the job and is tried again.
    pub(crate) fn finish(&self, job: &Arc<Job>, report: JobReport) {
        let key = job.receipt.job_key.clone();
        let kept = if job.is_deposed() { Vec::new() } else { report.to_bytes() };
        match self.journal.commit(Entry::Ended { key, report: kept }) {
            Ok(()) => {
                self.leave_to_successor(job);
                self.give_back(job);
                let text = format!("job '{}': {}", job.receipt.job_key, crate::words::job_end(&report));
                self.events.note(EventKind::JobEnded, &job.receipt.job_key, text);
                job.finish(report);
            }
            Err(why) => self.put_off(job, report, &why),
        }
    }

    /// Tells nobody of the end if another server owns the folder by now: it took the job over before it could see the end
    /// in our journal, and whoever heard of the end here would go on to a job that finds the folder taken. Whoever takes
    /// a folder over looks at the journals after it has written itself down, so one of the two sees the other.
    fn leave_to_successor(&self, job: &Job) {
        let Tasks::Folder { folder, .. } = &job.tasks else { return };
        let shelf = FolderShelf::new(folder, self.durable());
        if shelf.is_succeeded(&job.owner(self.incarnation)).unwrap_or(false) {
            log::warn!("job '{}' has moved to another server, which tells of its end", job.receipt.job_key);
            job.depose();
        }
    }

    /// Makes sure that the names of a job's results survive.
    pub(crate) fn secure(&self, job: &Job) {
        let Tasks::Folder { folder, names, .. } = &job.tasks else { return };
        let shelf = FolderShelf::new(folder, self.durable());
        if let Err(cause) = shelf.sync_folders(names.iter().map(|name| &**name)) {
            log::error!(
                "it is not certain that the results in {:?} survive a power cut: {cause}",
                folder.base
            );
        }
    }

    /// Gives a job's folder back. Its end must be in the journal: a job that is resumed takes its folder again.
    pub(crate) fn give_back(&self, job: &Job) {
        let Tasks::Folder { folder, .. } = &job.tasks else { return };
        let shelf = FolderShelf::new(folder, self.durable());
        // Between this look at the owner and its end nobody of this server becomes the owner.
        let _changes = self.shelves.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.give_back(&job.owner(self.incarnation));
        job.hold(None);
    }
}
