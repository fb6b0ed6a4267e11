//! What a client and a server say to each other, as plain, checked types.

pub use crate::refusal::{SubmitError, UnknownJob};

use crate::division::Division;
use crate::membership::{NodeRegistered, NodeRegistration, ServerEvents, UnknownNode};
pub use crate::view::{ElectionView, NodeState, NodeView, ServerDescription};
use cluster::Admission;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// What a server does for its clients. Every method may be called from many threads at once.
pub trait ServerService: Send + Sync + 'static {
    /// The server and how it sees its nodes.
    fn describe(&self) -> ServerDescription;

    /// Takes a job and answers at once. The same key and request again answer the same receipt.
    ///
    /// # Errors
    /// If the request cannot be served, or the server takes no new work.
    fn submit(&self, request: JobRequest) -> Result<JobReceipt, SubmitError>;

    /// Waits for the job's end, at most `wait`.
    ///
    /// # Errors
    /// If the server has no such job.
    fn progress(&self, job_key: &str, wait: Duration) -> Result<JobProgress, UnknownJob>;

    /// The whole story of a job.
    ///
    /// # Errors
    /// If the server has no such job.
    fn report(&self, job_key: &str) -> Result<JobReport, UnknownJob>;

    /// Stops a job: what is done stays, nothing new is begun.
    ///
    /// # Errors
    /// If the server has no such job.
    fn cancel(&self, job_key: &str) -> Result<(), UnknownJob>;

    /// The jobs that the server knows, the latest first, at most [`MAX_LISTED_JOBS`].
    fn jobs(&self, running_only: bool) -> Vec<JobView>;

    /// Begins no attempt of the job until it is resumed.
    ///
    /// # Errors
    /// If the server has no such job.
    fn pause_job(&self, job_key: &str) -> Result<(), UnknownJob>;

    /// Goes on with a job that was paused.
    ///
    /// # Errors
    /// If the server has no such job.
    fn resume_job(&self, job_key: &str) -> Result<(), UnknownJob>;

    /// Gives the node nothing new until it is resumed or started anew.
    ///
    /// # Errors
    /// If the server has no such node.
    fn drain(&self, node: &str) -> Result<(), UnknownNode>;

    /// Gives a node that was drained work again.
    ///
    /// # Errors
    /// If the server has no such node.
    fn resume(&self, node: &str) -> Result<(), UnknownNode>;

    /// What happened to nodes and jobs since the event numbered `after`, as far as it is kept.
    fn events(&self, after: u64) -> ServerEvents;

    /// Takes a node that comes by itself, or notes that it is still there.
    ///
    /// # Errors
    /// If the node cannot be called at its address as it gives it, or there are too many.
    fn register_node(&self, registration: NodeRegistration) -> Result<NodeRegistered, SubmitError>;

    /// The original's call: processes the folder and answers when all is done.
    ///
    /// # Errors
    /// A sentence for the caller, who gets it as a Thrift application exception.
    fn submit_request(&self, source_folder: &str, is_random: bool) -> Result<Duration, String>;
}

/// How images reach the nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transfer {
    /// By path on a folder that server and nodes share.
    Shared,
    /// Inline in the messages.
    Inline,
}

/// A folder of images, or made-up work, and what to do with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRequest {
    /// Unique for ever; the same key again is the same job.
    pub job_key: String,
    /// The client's count of submissions of this job.
    pub epoch: u64,
    /// What the tasks are.
    pub source: JobSource,
    /// `random`, `load_balancing`, or a policy such as `power_of_two`.
    pub strategy: String,
    /// Overrides what the strategy's name implies.
    pub admission: Option<Admission>,
    /// A chain of operations, such as `edges`.
    pub operation: String,
    /// Names the luck; the server draws one if none is given.
    pub seed: Option<u64>,
    /// Most attempts in flight at once for this job.
    pub max_in_flight: Option<u32>,
    /// Attempts after which a task is given up.
    pub max_attempts: Option<u32>,
    /// Label of the run in the records.
    pub label: Option<String>,
}

impl JobRequest {
    /// A first submission that leaves the rest to the server and to what the strategy's name implies.
    pub fn new(
        job_key: impl Into<String>,
        source: JobSource,
        strategy: impl Into<String>,
        operation: impl Into<String>,
    ) -> JobRequest {
        JobRequest {
            job_key: job_key.into(),
            epoch: 1,
            source,
            strategy: strategy.into(),
            admission: None,
            operation: operation.into(),
            seed: None,
            max_in_flight: None,
            max_attempts: None,
            label: None,
        }
    }
}

/// When the tasks of an open job arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenArrivals {
    /// In microseconds since the server took the job, in ascending order: a task each.
    pub times_us: Arc<[u64]>,
    /// Arrivals that find this many tasks open are dropped and counted; none: no bound.
    pub max_open: Option<u32>,
}

/// What the tasks of a job are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobSource {
    /// The images of `<path>/input_dir`.
    Folder {
        /// The data folder, absolute.
        path: String,
        /// Also images in folders below `input_dir`.
        recursive: bool,
        /// How the images reach the nodes.
        transfer: Transfer,
        /// How the images become tasks.
        division: Division,
    },
    /// Tasks without images, which hold a slot without burning a processor.
    Synthetic {
        /// How many.
        tasks: u64,
        /// How long each.
        service: Duration,
    },
    /// Tasks that hold a slot and touch no file, and arrive over time.
    Open {
        /// When they arrive.
        arrivals: OpenArrivals,
        /// How long each holds its slot.
        service: Duration,
    },
}

/// A job that the server has taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobReceipt {
    /// The job's key.
    pub job_key: String,
    /// Tasks of the job.
    pub tasks: u64,
    /// The seed in use.
    pub seed: u64,
    /// The strategy in its full form.
    pub strategy: String,
    /// The admission in use.
    pub admission: Admission,
    /// The operation in its full form.
    pub operation: String,
    /// Files of `input_dir` that are no images by their names.
    pub skipped: u64,
    /// Folder of the CSV files, as the server sees it.
    pub run_folder: String,
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JobState {
    /// Work goes on.
    Running,
    /// Every image is done.
    Done,
    /// Ended with failed images.
    Partial,
    /// Stopped on request.
    Cancelled,
    /// Given up because no node took work.
    NoNode,
    /// One that a later version of the interface tells, by its number: nobody can say whether the job has ended.
    Other(i32),
}

impl JobState {
    /// Whether the job is known to have ended.
    pub const fn is_ended(self) -> bool {
        matches!(self, JobState::Done | JobState::Partial | JobState::Cancelled | JobState::NoNode)
    }
}

/// What happened so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobProgress {
    /// Where the job stands.
    pub state: JobState,
    /// Tasks in all.
    pub tasks: u64,
    /// Tasks with a result.
    pub done: u64,
    /// Tasks given up.
    pub failed: u64,
    /// Attempts begun.
    pub attempts: u64,
    /// Attempts that nodes refused.
    pub rejected: u64,
    /// Attempts that nodes delayed.
    pub delayed: u64,
    /// Attempts lost to nodes or wires.
    pub lost: u64,
    /// Attempts begun and not ended.
    pub in_flight: u64,
    /// Since the job was taken, until now or its end.
    pub elapsed: Duration,
    /// Whether an operator has paused it.
    pub paused: bool,
}

/// A task that got no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskFailure {
    /// The image, relative to `input_dir`.
    pub file_name: String,
    /// One sentence.
    pub why: String,
}

/// Per-node figures of one job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeShare {
    /// Name of the node.
    pub node: String,
    /// Attempts begun on it.
    pub attempts: u64,
    /// Attempts that it finished.
    pub done: u64,
    /// Attempts that it refused.
    pub rejected: u64,
    /// Attempts that it delayed.
    pub delayed: u64,
    /// Attempts lost with it.
    pub lost: u64,
    /// Time that it worked on them, without waits and injected delays.
    pub service: Duration,
}

/// The whole story of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobReport {
    /// Figures.
    pub progress: JobProgress,
    /// Failed tasks with reasons, at most [`MAX_REPORTED_FAILURES`] of them.
    pub failures: Vec<TaskFailure>,
    /// By node, in the order of `machine.txt`.
    pub nodes: Vec<NodeShare>,
    /// Why the job was given up, if it was.
    pub why: Option<String>,
    /// Of a data set, once all images are measured: how often each of the 256 sample values occurs.
    pub histogram: Option<Vec<u64>>,
}

/// One job as its server sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobView {
    /// The request, with the seed in use.
    pub request: JobRequest,
    /// What was answered to it.
    pub receipt: JobReceipt,
    /// Where it stands.
    pub progress: JobProgress,
    /// When it was submitted.
    pub submitted: SystemTime,
}

/// Jobs that a server lists at most.
pub const MAX_LISTED_JOBS: usize = 1_000;

/// Failures that a report lists by name; the rows of `tasks.csv` hold all.
pub const MAX_REPORTED_FAILURES: usize = 1_000;
