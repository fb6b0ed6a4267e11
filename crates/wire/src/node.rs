//! What a server and a compute node say to each other.
//!
//! These are the plain twins of the generated types, checked: an [`AttemptRequest`] that reaches a service has no
//! negative number and no unknown enum value in it.

use crate::division::{Batch, BatchItem, Segment};
use cluster::Admission;
use std::collections::BTreeMap;
use std::time::Duration;

/// What a compute node does. Every method may be called from many threads at once.
pub trait NodeService: Send + Sync + 'static {
    /// What the node tells of itself.
    fn describe(&self) -> NodeDescription;

    /// The node's counters since its start.
    fn status(&self) -> NodeStatus;

    /// One try at one task; answers when the result is whole.
    ///
    /// # Errors
    /// Whose fault it is that there is no result: see [`AttemptError`].
    fn attempt(&self, request: AttemptRequest) -> Result<AttemptReply, AttemptError>;

    /// The original's call: `<base_path>/input_dir/<file_name>` by the default operation, the result under the same
    /// name in `output_dir`. `MayReject` is `execute`, `MustAccept` is `delayed_execute`.
    ///
    /// # Errors
    /// A sentence for the caller, who gets it as a Thrift application exception.
    fn execute(&self, admission: Admission, file: SharedFile) -> Result<CompatibleAnswer, String>;
}

/// The two answers of the original's `execute`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompatibleAnswer {
    /// `Success` on the wire.
    Success,
    /// `Rejected` on the wire.
    Rejected,
}

/// One try at one task on one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptRequest {
    /// The job, unique for ever.
    pub job_key: String,
    /// The client's count of submissions of this job: the fencing token between servers.
    pub epoch: u64,
    /// Drawn by each server process at its start.
    pub server_incarnation: u64,
    /// Index of the task in its job, from 0.
    pub task: u64,
    /// Count of attempts at this task, from 1.
    pub attempt: u32,
    /// Names the luck of the run.
    pub seed: u64,
    /// Whether the node may refuse.
    pub admission: Admission,
    /// A chain of operations, such as `edges`.
    pub operation: String,
    /// The job's strategy, for the node's totals.
    pub strategy: Option<String>,
    /// Where the work is.
    pub work: Work,
    /// Whether a result on a shared folder is to be flushed to the disk before the answer.
    pub durable: bool,
    /// Whether the server has made the folder for temporary files, and the node is to make none.
    pub folder_made: bool,
}

/// Where the work of an attempt is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    /// An image on a folder that server and node share.
    Shared(SharedFile),
    /// The encoded image itself.
    Inline(Vec<u8>),
    /// No image: hold a slot for the given time without burning a processor.
    Synthetic(Duration),
    /// One part of an image. The result is a piece.
    Segment(Box<Segment>),
    /// Several images.
    Batch(Batch),
}

/// `<base_path>/input_dir/<file_name>`, whose result belongs to `<base_path>/output_dir/<file_name>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedFile {
    /// The data folder, absolute.
    pub base_path: String,
    /// Relative to `input_dir`, with `/` between folders.
    pub file_name: String,
}

/// Where the time of an attempt went on the node. Stages that did not happen are zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AttemptTimings {
    /// Waiting for a free slot.
    pub queue: Duration,
    /// The injected delay of the load probability.
    pub delay: Duration,
    /// Reading the source file.
    pub read: Duration,
    /// Encoded bytes to pixels.
    pub decode: Duration,
    /// Pixels to pixels.
    pub operation: Duration,
    /// Pixels to encoded bytes.
    pub encode: Duration,
    /// Writing the temporary result file.
    pub write: Duration,
    /// From the decoded request to the reply.
    pub total: Duration,
}

/// A finished attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptReply {
    /// Where the time went.
    pub timings: AttemptTimings,
    /// Size of the encoded source.
    pub bytes_in: u64,
    /// Size of the encoded result.
    pub bytes_out: u64,
    /// Width of the result in pixels, 0 for synthetic work.
    pub width: u32,
    /// Height of the result in pixels, 0 for synthetic work.
    pub height: u32,
    /// Where the result is.
    pub result: AttemptResult,
    /// CRC-32 of a result on a shared folder, where the node tells it.
    pub checksum: Option<u32>,
}

/// Where the result of an attempt is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttemptResult {
    /// A whole temporary file, relative to `<base_path>/output_dir`, for the server to rename.
    TemporaryFile(String),
    /// The encoded result itself.
    Inline(Vec<u8>),
    /// Synthetic work has none.
    Nothing,
    /// Of a batch: each image, in the order of the request.
    Items(Vec<BatchItem>),
}

/// Why an attempt has no result, by whose fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AttemptError {
    /// The node refused: an outcome, not a failure.
    #[error("{node} rejected the attempt: {why}")]
    Rejected {
        /// Why it refused.
        reason: RejectReason,
        /// Name of the node.
        node: String,
        /// One sentence.
        why: String,
    },
    /// The image is at fault: no other node would do better.
    #[error("{why}")]
    Failed {
        /// How.
        kind: FailureKind,
        /// One sentence.
        why: String,
        /// What was spent before the failure showed.
        timings: AttemptTimings,
    },
    /// The node is at fault: another may do better.
    #[error("{why}")]
    Fault {
        /// What it lacked.
        kind: FaultKind,
        /// One sentence.
        why: String,
    },
    /// The request cannot be served as it stands.
    #[error("invalid request, {field}: {why}")]
    Invalid {
        /// The field at fault.
        field: String,
        /// What is wrong and what would be right.
        why: String,
    },
}

/// Why a node refused an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RejectReason {
    /// The load probability's coin.
    Load,
    /// All slots are taken and the queue is full.
    QueueFull,
    /// The node finishes what it has and takes nothing new.
    Draining,
    /// The attempt carries an older epoch than one that the node has seen for this job.
    StaleEpoch,
}

/// How an image failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// No such file.
    NotFound,
    /// The file cannot be read.
    Unreadable,
    /// Zero bytes.
    Empty,
    /// The file ends too early.
    Truncated,
    /// The bytes contradict each other.
    Corrupt,
    /// No image, or of a kind that is not served.
    Unsupported,
    /// Above the limits on bytes or pixels.
    TooLarge,
    /// The operation cannot be applied to this image.
    Operation,
}

/// What a node lacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaultKind {
    /// The folder is outside the node's data roots, or not there.
    NoAccess,
    /// No space is left for the result.
    DiskFull,
    /// The result cannot be written.
    WriteFailed,
    /// A panic, or the node ran out of something.
    Internal,
}

/// What a node tells of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeDescription {
    /// Its name in `machine.txt`, or the one it was given.
    pub name: String,
    /// Version of the interface that it speaks.
    pub interface_version: String,
    /// Version of the program.
    pub program_version: String,
    /// Drawn at its start: another number means another process.
    pub incarnation: u64,
    /// Attempts worked on at once, sleeping ones included.
    pub slots: u32,
    /// Attempts that may wait for a slot.
    pub queue_bound: u32,
    /// The load probability, where it tells.
    pub load_probability: Option<f64>,
    /// The injected delay, where it tells.
    pub delay: Option<Duration>,
    /// Operations that it knows, with their defaults.
    pub operations: Vec<String>,
}

/// A node's counters since its start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeStatus {
    /// Drawn at the node's start.
    pub incarnation: u64,
    /// Attempts in a slot.
    pub running: u32,
    /// Attempts waiting for a slot.
    pub queued: u32,
    /// Finished attempts.
    pub done: u64,
    /// Refused attempts.
    pub rejected: u64,
    /// Attempts that started late.
    pub delayed: u64,
    /// Attempts whose image failed.
    pub failed: u64,
    /// Time since the start.
    pub uptime: Duration,
    /// Whether it takes nothing new.
    pub draining: bool,
    /// Finished attempts by operation.
    pub by_operation: BTreeMap<String, OperationTotals>,
    /// Finished attempts by the strategy of their job.
    pub by_strategy: BTreeMap<String, OperationTotals>,
}

/// Finished attempts of one operation or strategy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OperationTotals {
    /// How many.
    pub count: u64,
    /// Their total time on the node.
    pub total: Duration,
}
