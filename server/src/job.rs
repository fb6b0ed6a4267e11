//! A job as the server was given it: what its tasks are, and who may publish their results.

use crate::divided::Divided;
use crate::folder::Folder;
use crate::mix::Mix;
use crate::told::Told;
use cluster::Admission;
use records::Text;
use scheduler::{JobId, Micros};
use std::fs::File;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};
use wire::division::Division;
use wire::job::{JobReceipt, JobReport, JobRequest, JobState, Transfer};

/// What never changes of a job, shared by everybody who works on it.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) id: JobId,
    pub(crate) request: JobRequest,
    pub(crate) receipt: JobReceipt,
    pub(crate) tasks: Tasks,
    pub(crate) words: Words,
    pub(crate) submitted: Micros,
    pub(crate) submitted_at: SystemTime,
    /// The client's count of submissions; only grows.
    epoch: AtomicU64,
    /// Set when somebody else has taken the job or its folder over.
    deposed: AtomicBool,
    /// It has been told that another server goes on with the job.
    let_go: AtomicBool,
    /// The owner's file of the folder of results, locked while the job runs.
    held: Mutex<Option<File>>,
    /// Which tasks have a final row in this run; shared by the lives of the job in this process.
    pub(crate) told: Arc<Told>,
    /// By task: whether its result is published, or being published.
    claimed: Vec<AtomicBool>,
    /// Set when the job ends: nothing is published any more.
    closed: AtomicBool,
    /// Set when this process ends and leaves the job to the next one: nothing is published any more.
    left: AtomicBool,
    end: End,
}

/// What every row of the job repeats.
#[derive(Debug, Clone)]
pub(crate) struct Words {
    pub(crate) job_key: Text,
    pub(crate) label: Text,
    pub(crate) strategy: Text,
    pub(crate) admission: Admission,
    pub(crate) operation: Text,
    pub(crate) seed: u64,
}

impl Words {
    pub(crate) fn new(request: &JobRequest, receipt: &JobReceipt) -> Words {
        Words {
            job_key: Text::from(receipt.job_key.as_str()),
            label: Text::from(request.label.as_deref().unwrap_or_default()),
            strategy: Text::from(receipt.strategy.as_str()),
            admission: receipt.admission,
            operation: Text::from(receipt.operation.as_str()),
            seed: receipt.seed,
        }
    }
}

/// What the tasks are.
#[derive(Debug)]
pub(crate) enum Tasks {
    /// The images of a folder.
    Folder {
        folder: Folder,
        names: Vec<Text>,
        transfer: Transfer,
        /// What is done with which image.
        mix: Mix,
        /// None where each image is a task.
        divided: Option<Box<Divided>>,
    },
    /// Tasks without images.
    Synthetic { count: u32, service: Duration, nameless: Text },
}

impl Tasks {
    pub(crate) fn images(folder: Folder, transfer: Transfer, mix: Mix, division: Division) -> Tasks {
        let names: Vec<Text> = folder.images.iter().map(|name| Text::from(name.as_str())).collect();
        let divided = Divided::new(division, names.len(), mix.clone()).map(Box::new);
        Tasks::Folder { folder, names, transfer, mix, divided }
    }

    /// How images become tasks, where not each is one.
    pub(crate) fn divided(&self) -> Option<&Divided> {
        match self {
            Tasks::Folder { divided, .. } => divided.as_deref(),
            Tasks::Synthetic { .. } => None,
        }
    }

    /// The images that a task is of; none of a task that was divided and has ended.
    pub(crate) fn images_of(&self, task: usize) -> Vec<usize> {
        match self.divided() {
            None => vec![task],
            Some(divided) => divided.unit(task).map_or_else(Vec::new, |unit| unit.images().to_vec()),
        }
    }

    pub(crate) fn synthetic(count: u32, service: Duration) -> Tasks {
        Tasks::Synthetic { count, service, nameless: Text::from("") }
    }

    /// Images, or tasks without one.
    pub(crate) fn count(&self) -> usize {
        match self {
            Tasks::Folder { names, .. } => names.len(),
            Tasks::Synthetic { count, .. } => *count as usize,
        }
    }

    /// The name of an image, relative to `input_dir`; empty for a task without one.
    pub(crate) fn name(&self, task: usize) -> Text {
        match self {
            Tasks::Folder { names, .. } => Text::clone(&names[task]),
            Tasks::Synthetic { nameless, .. } => Text::clone(nameless),
        }
    }
}

/// The end of a job, for whoever waits for it.
#[derive(Debug, Default)]
struct End {
    news: Mutex<News>,
    came: Condvar,
    /// Whether somebody has fetched the final report.
    told: Mutex<bool>,
    was_told: Condvar,
}

/// What is known of a job's end.
#[derive(Debug, Default)]
struct News {
    report: Option<JobReport>,
    /// The final report while the journal does not take it, and why it does not.
    put_off: Option<(JobReport, String)>,
}

impl Job {
    pub(crate) fn new(
        id: JobId,
        request: JobRequest,
        receipt: JobReceipt,
        tasks: Tasks,
        words: Words,
        submitted: Micros,
        submitted_at: SystemTime,
    ) -> Job {
        Job {
            id,
            told: Arc::new(Told::new(tasks.count())),
            claimed: (0..tasks.count()).map(|_| AtomicBool::new(false)).collect(),
            epoch: AtomicU64::new(request.epoch),
            deposed: AtomicBool::new(false),
            let_go: AtomicBool::new(false),
            held: Mutex::default(),
            request,
            receipt,
            tasks,
            words,
            submitted,
            submitted_at,
            closed: AtomicBool::new(false),
            left: AtomicBool::new(false),
            end: End::default(),
        }
    }

    /// The client's count of submissions of this job.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// The client has submitted the job once more. Answers whether that is news.
    pub(crate) fn raise_epoch(&self, epoch: u64) -> bool {
        self.epoch.fetch_max(epoch, Ordering::AcqRel) < epoch
    }

    /// Somebody else has taken the job or its folder over: nothing that is done here counts any more.
    pub(crate) fn depose(&self) {
        self.deposed.store(true, Ordering::Release);
    }

    /// Whether somebody else has taken the job over and this is the first one to ask: each attempt in flight finds it
    /// out by itself, and one of them tells it.
    pub(crate) fn is_to_be_let_go(&self) -> bool {
        self.is_deposed() && !self.let_go.swap(true, Ordering::AcqRel)
    }

    /// The folder is not this job's any more: somebody else has it, unless it was given back at the job's end.
    pub(crate) fn depose_if_open(&self) {
        if !self.is_closed() && !self.is_left() {
            self.depose();
        }
    }

    /// This process ends: the job is left as it is, for the next one.
    pub(crate) fn leave(&self) {
        self.left.store(true, Ordering::Release);
    }

    pub(crate) fn is_left(&self) -> bool {
        self.left.load(Ordering::Acquire)
    }

    pub(crate) fn is_deposed(&self) -> bool {
        self.deposed.load(Ordering::Acquire)
    }

    /// Who this job is on a shelf.
    pub(crate) fn owner(&self, incarnation: u64) -> journal::publication::Owner {
        let key = self.receipt.job_key.clone();
        journal::publication::Owner { key, epoch: self.epoch(), incarnation }
    }

    /// Keeps the owner's file, or lets go of it.
    pub(crate) fn hold(&self, file: Option<File>) {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = file;
    }

    /// Whether whoever asks may publish the task's result: the first one may, while the job is open.
    pub(crate) fn claim(&self, task: usize) -> bool {
        !self.is_closed() && !self.is_left() && !self.claimed[task].swap(true, Ordering::AcqRel)
    }

    /// Gives a claim back after publishing failed.
    pub(crate) fn release(&self, task: usize) {
        self.claimed[task].store(false, Ordering::Release);
    }

    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    fn news(&self) -> MutexGuard<'_, News> {
        self.end.news.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The final report; from now on everybody sees the job as ended.
    pub(crate) fn finish(&self, report: JobReport) {
        *self.news() = News { report: Some(report), put_off: None };
        self.end.came.notify_all();
    }

    /// Keeps the final report until the journal takes it, which it does not now; `why` says so.
    pub(crate) fn put_off(&self, report: JobReport, why: String) {
        self.news().put_off = Some((report, why));
        self.end.came.notify_all();
    }

    /// A final report that the journal did not take.
    pub(crate) fn take_put_off(&self) -> Option<JobReport> {
        self.news().put_off.take().map(|(report, _)| report)
    }

    /// The final report, once there is one; waits at most `wait`.
    pub(crate) fn wait(&self, wait: Duration) -> Option<JobReport> {
        let waited = self.end.came.wait_timeout_while(self.news(), wait, |news| news.report.is_none());
        waited.unwrap_or_else(PoisonError::into_inner).0.report.clone()
    }

    /// Whether everybody sees the job as ended.
    pub(crate) fn has_ended(&self) -> bool {
        self.news().report.is_some()
    }

    /// Of a job that is closed: the final report, or what there is to say as long as it cannot be written down. Waits at
    /// most `wait` for one of them.
    pub(crate) fn wait_for_news(&self, wait: Duration) -> Option<JobReport> {
        let is_quiet = |news: &mut News| news.report.is_none() && news.put_off.is_none();
        let waited = self.end.came.wait_timeout_while(self.news(), wait, is_quiet);
        let news = waited.unwrap_or_else(PoisonError::into_inner).0;
        news.report.clone().or_else(|| news.put_off.as_ref().map(|(report, why)| not_yet(report, why)))
    }

    /// Somebody has fetched the final report.
    pub(crate) fn note_told(&self) {
        *self.end.told.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.end.was_told.notify_all();
    }

    /// Waits until somebody has fetched the final report, at most `wait`.
    pub(crate) fn wait_until_told(&self, wait: Duration) {
        let told = self.end.told.lock().unwrap_or_else(PoisonError::into_inner);
        // Whether it came or the time was over, there is nothing more to wait for.
        drop(self.end.was_told.wait_timeout_while(told, wait, |told| !*told));
    }
}

/// The report of a job whose end is not in the journal: it has not ended for whoever asks.
fn not_yet(report: &JobReport, why: &str) -> JobReport {
    let mut report = report.clone();
    report.progress.state = JobState::Running;
    report.why =
        Some(format!("the job is over, and its end cannot be written down, which is tried again: {why}"));
    report
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::job::{JobProgress, JobSource};

    fn job() -> Job {
        let source = JobSource::Synthetic { tasks: 1, service: Duration::ZERO };
        let request = JobRequest {
            job_key: "key".to_owned(),
            epoch: 1,
            source,
            strategy: "random".to_owned(),
            admission: None,
            operation: "edges".to_owned(),
            seed: None,
            max_in_flight: None,
            max_attempts: None,
            label: None,
        };
        let receipt = JobReceipt {
            job_key: "key".to_owned(),
            tasks: 1,
            seed: 1,
            strategy: "random".to_owned(),
            admission: Admission::MayReject,
            operation: "synthetic".to_owned(),
            skipped: 0,
            run_folder: String::new(),
        };
        let words = Words::new(&request, &receipt);
        let tasks = Tasks::synthetic(1, Duration::ZERO);
        Job::new(JobId(0), request, receipt, tasks, words, Micros(0), SystemTime::UNIX_EPOCH)
    }

    fn report(job: &Job) -> JobReport {
        let begun = crate::view::not_begun(job);
        let progress = JobProgress { state: JobState::Done, done: 1, attempts: 1, ..begun.progress };
        JobReport { progress, ..begun }
    }

    #[test]
    fn an_end_that_is_not_written_down_is_told_as_such_until_it_is() {
        let job = job();
        assert!(job.wait_for_news(Duration::ZERO).is_none());
        job.put_off(report(&job), "no space".to_owned());
        assert!(job.wait(Duration::ZERO).is_none(), "nobody is told of an end");
        let told = job.wait_for_news(Duration::ZERO).unwrap();
        assert_eq!(told.progress.state, JobState::Running);
        assert!(told.why.unwrap().ends_with("which is tried again: no space"));
        let report = job.take_put_off().unwrap();
        job.finish(report.clone());
        assert_eq!(job.wait_for_news(Duration::ZERO), Some(report));
    }

    #[test]
    fn one_of_all_that_find_it_out_tells_that_a_job_has_moved() {
        let job = job();
        assert!(!job.is_to_be_let_go());
        job.depose();
        assert_eq!([(); 3].map(|()| job.is_to_be_let_go()), [true, false, false]);
    }

    #[test]
    fn what_is_left_to_the_next_process_is_neither_published_nor_deposed() {
        let job = job();
        job.leave();
        job.depose_if_open();
        assert!(!job.claim(0) && !job.is_deposed() && !job.is_closed());
    }
}
