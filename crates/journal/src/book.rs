//! What a journal's entries come to: every unfinished job with what is done of it, and the latest ended ones.

use crate::bytes::Put;
use crate::entry::{Accepted, Entry, Output};
use std::collections::{BTreeMap, VecDeque};

/// The state that a journal tells of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Book {
    jobs: BTreeMap<String, Kept>,
    /// Keys in the order of acceptance.
    order: VecDeque<String>,
    most_ended: usize,
    ended: usize,
}

/// One job as the journal has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// The job as it was taken, with the latest epoch.
    pub accepted: Accepted,
    /// Results by task. Empty again once the job has ended.
    pub published: BTreeMap<u32, Output>,
    /// What the records say of settled tasks. Empty again once the job has ended.
    pub settled: BTreeMap<u32, Vec<u8>>,
    /// The report, once the job has ended.
    pub report: Option<Vec<u8>>,
}

impl Book {
    /// An empty book that keeps every unfinished job and the latest `most_ended` ended ones.
    pub fn new(most_ended: usize) -> Book {
        Book { jobs: BTreeMap::new(), order: VecDeque::new(), most_ended, ended: 0 }
    }

    /// Jobs in the order of their acceptance.
    pub fn jobs(&self) -> impl Iterator<Item = &Kept> {
        self.order.iter().filter_map(|key| self.jobs.get(key))
    }

    /// One job.
    pub fn job(&self, key: &str) -> Option<&Kept> {
        self.jobs.get(key)
    }

    /// Takes note of an entry. One about a job that is not known, or has ended, changes nothing.
    pub fn apply(&mut self, entry: Entry) {
        match entry {
            Entry::Accepted(accepted) => self.accept(accepted),
            Entry::Raised { key, epoch } => {
                if let Some(job) = self.jobs.get_mut(&key) {
                    job.accepted.epoch = job.accepted.epoch.max(epoch);
                }
            }
            Entry::Published { key, task, result } => {
                if let Some(job) = self.running(&key) {
                    job.published.insert(task, result);
                }
            }
            Entry::Settled { key, task, line } => {
                if let Some(job) = self.running(&key) {
                    job.settled.insert(task, line);
                }
            }
            Entry::Ended { key, report } => self.end(&key, report),
        }
    }

    fn accept(&mut self, accepted: Accepted) {
        if let Some(job) = self.running(&accepted.key) {
            // Its moving away could not be written, and it has come back.
            job.accepted.epoch = job.accepted.epoch.max(accepted.epoch);
            return;
        }
        if self.jobs.remove(&accepted.key).is_some() {
            // Who accepts it once more has forgotten its end already, and has promised the job anew.
            self.order.retain(|known| *known != accepted.key);
            self.ended -= 1;
        }
        self.order.push_back(accepted.key.clone());
        self.jobs.insert(accepted.key.clone(), Kept { accepted, ..Kept::default() });
    }

    fn running(&mut self, key: &str) -> Option<&mut Kept> {
        self.jobs.get_mut(key).filter(|job| job.report.is_none())
    }

    fn end(&mut self, key: &str, report: Vec<u8>) {
        if report.is_empty() {
            // The job goes on elsewhere, and may come back.
            if self.jobs.get(key).is_some_and(|job| job.report.is_none()) {
                self.jobs.remove(key);
                self.order.retain(|known| known != key);
            }
            return;
        }
        let Some(job) = self.running(key) else { return };
        job.report = Some(report);
        job.published.clear();
        job.settled.clear();
        job.accepted.names = Vec::new();
        self.ended += 1;
        if self.ended <= self.most_ended {
            return;
        }
        let has_ended = |key: &String| self.jobs.get(key).is_some_and(|job| job.report.is_some());
        if let Some(place) = self.order.iter().position(has_ended)
            && let Some(oldest) = self.order.remove(place)
        {
            self.jobs.remove(&oldest);
            self.ended -= 1;
        }
    }

    /// The payload of one frame that tells all this: what a compacted journal holds.
    pub fn snapshot(&self) -> Vec<u8> {
        let mut put = Put::default();
        for job in self.jobs() {
            let key = &job.accepted.key;
            Entry::Accepted(job.accepted.clone()).put(&mut put);
            for (&task, result) in &job.published {
                Entry::Published { key: key.clone(), task, result: result.clone() }.put(&mut put);
            }
            for (&task, line) in &job.settled {
                Entry::Settled { key: key.clone(), task, line: line.clone() }.put(&mut put);
            }
            if let Some(report) = &job.report {
                Entry::Ended { key: key.clone(), report: report.clone() }.put(&mut put);
            }
        }
        put.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::Fingerprint;

    fn accepted(key: &str) -> Entry {
        Entry::Accepted(Accepted {
            key: key.into(),
            epoch: 1,
            names: vec!["a.png".into()],
            ..Accepted::default()
        })
    }

    fn published(key: &str, task: u32) -> Entry {
        let result = Output { print: Fingerprint::of(b"x"), temporary: "t".into() };
        Entry::Published { key: key.into(), task, result }
    }

    fn book(most_ended: usize, entries: impl IntoIterator<Item = Entry>) -> Book {
        let mut book = Book::new(most_ended);
        entries.into_iter().for_each(|entry| book.apply(entry));
        book
    }

    fn ended(key: &str) -> Entry {
        Entry::Ended { key: key.into(), report: b"well".to_vec() }
    }

    #[test]
    fn a_snapshot_tells_the_same_and_once_more_the_same() {
        let entries = [
            accepted("a"),
            accepted("b"),
            published("a", 3),
            Entry::Settled { key: "a".into(), task: 3, line: b"line".to_vec() },
            Entry::Raised { key: "b".into(), epoch: 4 },
            published("b", 0),
            ended("b"),
        ];
        let told = book(9, entries);
        let again = book(9, Entry::all(&told.snapshot()).unwrap());
        assert_eq!(again, told);
        assert_eq!(again.job("b").unwrap().accepted.epoch, 4);
        assert_eq!(again.job("a").unwrap().published.len(), 1);
        assert_eq!(again.snapshot(), told.snapshot());
    }

    #[test]
    fn what_comes_twice_or_too_late_changes_nothing() {
        let once = book(9, [accepted("a"), published("a", 1), ended("a")]);
        let often = book(
            9,
            [
                accepted("a"),
                published("a", 1),
                accepted("a"),
                ended("a"),
                published("a", 2),
                ended("a"),
                published("x", 1),
            ],
        );
        assert_eq!(once, often);
    }

    #[test]
    fn a_job_that_moved_away_is_forgotten_and_may_come_back() {
        let moved = Entry::Ended { key: "a".into(), report: Vec::new() };
        let told = book(9, [accepted("a"), published("a", 1), moved.clone()]);
        assert_eq!(told, Book::new(9));
        let again = Accepted { key: "a".into(), epoch: 5, ..Accepted::default() };
        let unmoved = book(9, [accepted("a"), Entry::Accepted(again)]);
        assert_eq!(unmoved.job("a").unwrap().accepted.epoch, 5, "its moving away was not written");
        let back = book(9, [accepted("a"), moved, accepted("a"), ended("a")]);
        assert!(back.job("a").unwrap().report.is_some());
    }

    #[test]
    fn a_job_that_is_promised_again_after_its_end_is_one_to_go_on_with() {
        let again = Accepted { key: "a".into(), epoch: 1, at_us: 7, ..Accepted::default() };
        let told = book(
            1,
            [accepted("a"), ended("a"), Entry::Accepted(again), published("a", 2), accepted("b"), ended("b")],
        );
        let job = told.job("a").unwrap();
        assert_eq!((job.accepted.at_us, job.published.len(), &job.report), (7, 1, &None));
        assert!(told.job("b").unwrap().report.is_some(), "its earlier end does not count any more");
        assert_eq!(book(1, Entry::all(&told.snapshot()).unwrap()), told);
    }

    #[test]
    fn the_oldest_ended_jobs_are_forgotten_and_no_unfinished_one() {
        let keys: Vec<String> = (0..10).map(|number| format!("job-{number}")).collect();
        let mut told = book(3, keys.iter().map(|key| accepted(key)));
        for key in &keys[1..] {
            told.apply(ended(key));
        }
        let left: Vec<&str> = told.jobs().map(|job| job.accepted.key.as_str()).collect();
        assert_eq!(left, ["job-0", "job-7", "job-8", "job-9"]);
    }
}
