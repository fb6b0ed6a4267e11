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
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, SystemTime};
use wire::division::Division;
use wire::job::{JobReceipt, JobReport, JobRequest, Transfer};

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
    /// The owner's file of the folder of results, locked while the job runs.
    held: Mutex<Option<File>>,
    /// Which tasks have a final row in this run; shared by the lives of the job in this process.
    pub(crate) told: Arc<Told>,
    /// By task: whether its result is published, or being published.
    claimed: Vec<AtomicBool>,
    /// Set when the job ends: nothing is published any more.
    closed: AtomicBool,
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
    report: Mutex<Option<JobReport>>,
    came: Condvar,
    /// The final report, while the journal does not take it.
    put_off: Mutex<Option<JobReport>>,
    /// Whether somebody has fetched the final report.
    told: Mutex<bool>,
    was_told: Condvar,
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
            held: Mutex::default(),
            request,
            receipt,
            tasks,
            words,
            submitted,
            submitted_at,
            closed: AtomicBool::new(false),
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

    /// The folder is not this job's any more: somebody else has it, unless it was given back at the job's end.
    pub(crate) fn depose_if_open(&self) {
        if !self.is_closed() {
            self.depose();
        }
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
        !self.is_closed() && !self.claimed[task].swap(true, Ordering::AcqRel)
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

    /// The final report; from now on everybody sees the job as ended.
    pub(crate) fn finish(&self, report: JobReport) {
        *self.end.report.lock().unwrap_or_else(PoisonError::into_inner) = Some(report);
        self.end.came.notify_all();
    }

    /// Keeps the final report until the journal takes it.
    pub(crate) fn put_off(&self, report: JobReport) {
        *self.end.put_off.lock().unwrap_or_else(PoisonError::into_inner) = Some(report);
    }

    /// A final report that the journal did not take.
    pub(crate) fn take_put_off(&self) -> Option<JobReport> {
        self.end.put_off.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The final report, once there is one; waits at most `wait`.
    pub(crate) fn wait(&self, wait: Duration) -> Option<JobReport> {
        let report = self.end.report.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.end.came.wait_timeout_while(report, wait, |report| report.is_none());
        waited.unwrap_or_else(PoisonError::into_inner).0.clone()
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
