//! A job as the server was given it: what its tasks are, and who may publish their results.

use crate::divided::Divided;
use crate::folder::Folder;
use crate::mix::Mix;
use cluster::Admission;
use records::Text;
use scheduler::{JobId, Micros};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
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
    /// By task: whether its result is published, or being published.
    claimed: Vec<AtomicBool>,
    /// Set when the job ends: nothing is published any more.
    closed: AtomicBool,
    /// Another server goes on with it.
    deposed: AtomicBool,
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
    ) -> Job {
        Job {
            id,
            claimed: (0..tasks.count()).map(|_| AtomicBool::new(false)).collect(),
            request,
            receipt,
            tasks,
            words,
            submitted,
            submitted_at: SystemTime::now(),
            closed: AtomicBool::new(false),
            deposed: AtomicBool::new(false),
            end: End::default(),
        }
    }

    /// Whether whoever asks may publish the task's result: the first one may, while the job is open.
    pub(crate) fn claim(&self, task: usize) -> bool {
        !self.is_closed() && !self.claimed[task].swap(true, Ordering::AcqRel)
    }

    /// Gives a claim back after publishing failed.
    pub(crate) fn release(&self, task: usize) {
        self.claimed[task].store(false, Ordering::Release);
    }

    /// A node has seen a newer submission of this job: another server goes on with it.
    pub(crate) fn depose(&self) {
        self.deposed.store(true, Ordering::Release);
    }

    pub(crate) fn is_deposed(&self) -> bool {
        self.deposed.load(Ordering::Acquire)
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
