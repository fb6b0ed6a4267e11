//! What is kept of a job that has ended: how it ended, and no list of its images.
//!
//! A server remembers a thousand ended jobs to tell of them. With their names and claims a long-lived server would grow
//! by every image that it ever worked on.

use crate::book::Book;
use crate::job::{Job, Tasks};
use std::sync::Arc;
use std::time::Duration;

/// The job without its tasks, if it has ended and still has them.
fn epilogue(job: &Job) -> Option<Job> {
    if matches!(job.tasks, Tasks::Synthetic { count: 0, .. }) {
        return None;
    }
    let report = job.wait(Duration::ZERO)?;
    let tasks = Tasks::synthetic(0, Duration::ZERO);
    let (request, receipt, words) = (job.request.clone(), job.receipt.clone(), job.words.clone());
    let mut kept = Job::new(job.id, request, receipt, tasks, words, job.submitted, job.submitted_at);
    kept.raise_epoch(job.epoch());
    if job.is_deposed() {
        kept.depose();
        // It may come back.
        kept.told = Arc::clone(&job.told);
    }
    kept.close();
    kept.finish(report);
    Some(kept)
}

impl Book {
    /// Lets go of the tasks of jobs that have ended.
    pub(crate) fn shorten_ended(&mut self) {
        for job in self.jobs.values_mut() {
            if let Some(kept) = epilogue(job) {
                *job = Arc::new(kept);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::folder::Folder;
    use crate::job::Words;
    use crate::mix::Mix;
    use crate::view::not_begun;
    use cluster::Admission;
    use scheduler::{JobId, Micros};
    use std::time::SystemTime;
    use wire::division::Division;
    use wire::job::{JobReceipt, JobRequest, JobSource, Transfer};

    fn job(key: &str) -> Arc<Job> {
        let request = JobRequest {
            job_key: key.to_owned(),
            epoch: 3,
            source: JobSource::Folder {
                path: "/data".to_owned(),
                recursive: false,
                transfer: Transfer::Shared,
                division: Division::default(),
            },
            strategy: "random".to_owned(),
            admission: None,
            operation: "edges".to_owned(),
            seed: Some(1),
            max_in_flight: None,
            max_attempts: None,
            label: None,
        };
        let receipt = JobReceipt {
            job_key: key.to_owned(),
            tasks: 2,
            seed: 1,
            strategy: "random".to_owned(),
            admission: Admission::MustAccept,
            operation: "edges".to_owned(),
            skipped: 0,
            run_folder: String::new(),
        };
        let images = ["a.png", "b.png"].map(str::to_owned).to_vec();
        let folder = Folder { base: "/data".into(), images, skipped: 0 };
        let mix = Mix::parse("edges").unwrap();
        let tasks = Tasks::images(folder, Transfer::Shared, mix, Division::default());
        let words = Words::new(&request, &receipt);
        Arc::new(Job::new(JobId(0), request, receipt, tasks, words, Micros(0), SystemTime::UNIX_EPOCH))
    }

    #[test]
    fn an_ended_job_keeps_its_report_and_no_tasks_and_an_unfinished_one_keeps_all() {
        let mut book = Book::default();
        let (ended, deposed, open) = (job("ended"), job("deposed"), job("open"));
        [&ended, &deposed].into_iter().for_each(|job| book.enter(job));
        let report = not_begun(&ended);
        deposed.depose();
        [&ended, &deposed].into_iter().for_each(|job| job.finish(report.clone()));
        book.enter(&open);
        book.enter(&job("later"));
        assert_eq!(open.tasks.count(), 2);
        assert!(Arc::ptr_eq(book.get("open").unwrap(), &open), "those who work on it share it");
        for old in [ended, deposed] {
            let kept = book.get(&old.receipt.job_key).unwrap();
            assert_eq!(kept.tasks.count(), 0);
            assert_eq!(kept.wait(Duration::ZERO), Some(report.clone()));
            assert_eq!((kept.epoch(), kept.is_deposed()), (3, old.is_deposed()));
            assert_eq!((&kept.request, &kept.receipt), (&old.request, &old.receipt));
            assert!(kept.is_closed());
        }
    }
}
