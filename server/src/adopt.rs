//! An end that another server has told is told here too, and a job that went there is let go.
//!
//! Who brings a job here under the next epoch may not have heard that it had ended: the answer was lost, or a standby saw
//! it running last. Its results lie there under their names, and the folder may be a later job's by now, so nothing is
//! done again. The end, which the other server's journal holds, goes into this server's journal under the new epoch.

use crate::book::is_same;
use crate::folder::Folder;
use crate::job::{Job, Tasks};
use crate::service::Service;
use crate::shelf::FolderShelf;
use journal::book::Kept;
use journal::entry::{Accepted, Entry};
use journal::publication::Owner;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use wire::job::{JobReceipt, JobRequest, JobSource, SubmitError};
use wire::stored::Stored as _;

impl Service {
    /// Takes an end over that another server, whose journal lies beside ours, has told under an earlier epoch; none if
    /// there is no such end.
    ///
    /// # Errors
    /// If the journal takes nothing.
    pub(crate) fn adopt(&self, request: &JobRequest) -> Result<Option<JobReceipt>, SubmitError> {
        let Some((kept, report, receipt)) = self.ended_elsewhere(request) else { return Ok(None) };
        let epoch = request.epoch;
        let accepted = Accepted { epoch, ..kept.accepted };
        let ended = Entry::Ended { key: request.job_key.clone(), report: report.clone() };
        // Both or none: a job that is accepted and has not ended is gone on with.
        let written = self.engine.means.journal.commit_all([Entry::Accepted(accepted.clone()), ended]);
        written.map_err(|why| SubmitError::Unavailable { why: why.to_string() })?;
        let kept = Kept { accepted, ..Kept::default() };
        self.recall(&kept, &report).map_err(|why| SubmitError::Unavailable { why: why.to_string() })?;
        log::info!("job '{}' has ended at another server: its end is told here too", request.job_key);
        Ok(Some(receipt))
    }

    /// Lets go of jobs that would keep these tasks from their folder and have moved to another server, which this one, cut
    /// off from its nodes or just woken, has not noticed yet.
    pub(crate) fn let_go_of_moved(&self, tasks: &Tasks) {
        let Tasks::Folder { folder, .. } = tasks else { return };
        let place = folder.place();
        let is_in_the_way = |job: &&Arc<Job>| match &job.tasks {
            Tasks::Folder { folder: other, .. } => {
                job.wait(Duration::ZERO).is_none() && !job.is_deposed() && other.place() == place
            }
            Tasks::Synthetic { .. } => false,
        };
        let found: Vec<Arc<Job>> = self.book().all().filter(is_in_the_way).cloned().collect();
        for job in found {
            if self.place_elsewhere(&job.receipt.job_key, job.epoch(), &job.request).is_some() {
                job.depose();
                if job.is_to_be_let_go() {
                    self.engine.let_go(&job);
                }
            }
        }
    }

    /// Whether the folder of the request is another server's for a job that has ended here. That server has taken the job
    /// over when it could not see the end yet, and gives the folder back when it does.
    pub(crate) fn is_held_by_an_ended_job(&self, request: &JobRequest) -> bool {
        let JobSource::Folder { path, .. } = &request.source else { return false };
        let folder = Folder { base: PathBuf::from(path), images: Vec::new(), skipped: 0 };
        let means = &self.engine.means;
        let (key, incarnation) = (request.job_key.clone(), means.incarnation);
        let asks = Owner { key, epoch: request.epoch, incarnation };
        let holder = FolderShelf::new(&folder, false).is_taken_from(&asks);
        holder.is_ok_and(|holder| holder.is_some_and(|seen| means.journal.tells_the_end_of(&seen.key)))
    }

    /// Whether this server tells of a job's end.
    pub(crate) fn tells_the_end_of(&self, key: &str) -> bool {
        self.book().get(key).is_some_and(|job| !job.is_deposed() && job.wait(Duration::ZERO).is_some())
    }

    /// What another server told of the job's end, under an earlier epoch than this submission's.
    pub(crate) fn ended_elsewhere(&self, request: &JobRequest) -> Option<(Kept, Vec<u8>, JobReceipt)> {
        if request.epoch <= 1 {
            return None;
        }
        self.kept_elsewhere(&request.job_key).into_iter().find_map(|kept| {
            let report = kept.report.clone()?;
            let receipt = JobReceipt::from_bytes(&kept.accepted.receipt).ok()?;
            let theirs = JobRequest::from_bytes(&kept.accepted.request).ok()?;
            let is_it = kept.accepted.epoch < request.epoch && is_same(&theirs, receipt.seed, request);
            is_it.then_some((kept, report, receipt))
        })
    }
}
