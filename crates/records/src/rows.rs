//! The rows of the files. A field's name is its column's name, and their order is the order of the columns.
//!
//! Times that end in `_us` are whole microseconds. `begun_us`, `submitted_us`, `started_us` and `ended_us` are since
//! the server took the job, by its monotonic clock; the others are durations. Stages that did not happen, and those
//! that a node does not tell, are 0.

use crate::RowFault;
use crate::cell::{Text, named};
use crate::table::{CellReader, CellWriter};
use cluster::Admission;

/// A row of one of the files.
pub trait Row: Sized {
    /// Name of the file.
    const FILE: &'static str;
    /// Names of the columns, in order.
    const COLUMNS: &'static [&'static str];
    /// For each column what a cell holds in files that are older than the column; none for those of the first version.
    const DEFAULTS: &'static [Option<&'static str>];

    /// Hands over the cells in the order of the columns.
    fn write(&self, to: &mut CellWriter);

    /// Takes the cells in the order of the columns.
    ///
    /// # Errors
    /// If a cell does not hold what its column holds.
    fn read(from: &mut CellReader<'_>) -> Result<Self, RowFault>;
}

/// The default of a column, if it has one.
macro_rules! default {
    () => {
        None
    };
    ($text:literal) => {
        Some($text)
    };
}

/// A struct, its file and its columns in one place, so that they cannot drift apart.
macro_rules! row {
    ($(#[$meta:meta])* $name:ident in $file:literal { $($(#[$field_meta:meta])* $field:ident: $type:ty $(= $default:literal)?,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name {
            $($(#[$field_meta])* pub $field: $type,)+
        }

        impl Row for $name {
            const FILE: &'static str = $file;
            const COLUMNS: &'static [&'static str] = &[$(stringify!($field)),+];
            const DEFAULTS: &'static [Option<&'static str>] = &[$(default!($($default)?)),+];

            fn write(&self, to: &mut CellWriter) {
                $(to.cell(&self.$field);)+
            }

            fn read(from: &mut CellReader<'_>) -> Result<$name, RowFault> {
                Ok($name { $($field: from.cell::<$type>()?,)+ })
            }
        }
    };
}

named! {
    /// How an attempt ended.
    AttemptOutcome {
        /// With a result.
        Done = "done",
        /// The node refused it.
        Rejected = "rejected",
        /// Without a result, by the image's fault: no other node would do better.
        Failed = "failed",
        /// Without a result, by the node's or the wire's fault.
        Lost = "lost",
        /// No answer within the time limit.
        TimedOut = "timed_out",
        /// Given up because its task had ended.
        Cancelled = "cancelled",
    }
}

named! {
    /// How a task ended.
    TaskOutcome {
        /// With a result.
        Done = "done",
        /// Without a result, by the image's fault.
        Failed = "failed",
        /// Without a result, because no node took it within the retry budget.
        GivenUp = "given_up",
        /// Its job was cancelled first.
        Cancelled = "cancelled",
    }
}

named! {
    /// How a job ended.
    JobOutcome {
        /// Every task has a result.
        Done = "done",
        /// Some tasks have none.
        Partial = "partial",
        /// Stopped on request.
        Cancelled = "cancelled",
        /// Given up because no node took work.
        NoNode = "no_node",
    }
}

row! {
    /// One attempt at one task on one node.
    AttemptRow in "attempts.csv" {
        /// Name of the run's folder.
        run: Text,
        /// Key of the job.
        job_key: Text,
        /// Index of the task in its job, from 0.
        task: u64,
        /// Count of attempts at this task, from 1.
        attempt: u32,
        /// The strategy in its full form.
        strategy: Text,
        /// Whether the node might refuse.
        admission: Admission,
        /// The operation in its full form.
        operation: Text,
        /// The image, relative to `input_dir`; empty for synthetic work.
        image: Text,
        /// Name of the node.
        node: Text,
        /// How it ended.
        outcome: AttemptOutcome,
        /// Why it ended so; empty if it is done.
        reason: Text,
        /// Whether the load probability made it start late.
        delayed: bool,
        /// When it was begun, since the server took the job.
        begun_us: u64,
        /// Waiting for a slot of the node.
        queue_us: u64,
        /// The injected delay.
        delay_us: u64,
        /// Reading the source file.
        read_us: u64,
        /// Encoded bytes to pixels.
        decode_us: u64,
        /// Pixels to pixels.
        operation_us: u64,
        /// Pixels to encoded bytes.
        encode_us: u64,
        /// Writing the result file.
        write_us: u64,
        /// The wire's part: the round trip without the node's own total.
        wire_us: u64,
        /// The round trip as the server saw it.
        total_us: u64,
        /// Size of the encoded source.
        bytes_in: u64,
        /// Size of the encoded result.
        bytes_out: u64,
        /// Width of the result in pixels.
        width: u32,
        /// Height of the result in pixels.
        height: u32,
        /// Names the luck of the job.
        seed: u64,
        /// What the task was of the image: a part and its place, or a batch; empty for a whole image.
        segment: Text = "",
    }
}

row! {
    /// One task.
    TaskRow in "tasks.csv" {
        /// Name of the run's folder.
        run: Text,
        /// Key of the job.
        job_key: Text,
        /// Index of the task in its job, from 0.
        task: u64,
        /// The image, relative to `input_dir`; empty for synthetic work.
        image: Text,
        /// How it ended.
        outcome: TaskOutcome,
        /// Why it ended so; empty if it is done.
        reason: Text,
        /// Attempts begun.
        attempts: u32,
        /// Attempts that nodes refused.
        rejections: u32,
        /// Attempts that started late.
        delays: u32,
        /// Attempts lost to nodes or wires, timed-out ones included.
        lost: u32,
        /// The node that finished it; empty if none did.
        node: Text,
        /// When it was ready to be placed, since the server took the job.
        submitted_us: u64,
        /// When its first attempt was begun, since the server took the job.
        started_us: u64,
        /// When it ended, since the server took the job.
        ended_us: u64,
        /// From submitted to ended.
        latency_us: u64,
    }
}

row! {
    /// One job.
    JobRow in "jobs.csv" {
        /// Name of the run's folder.
        run: Text,
        /// Key of the job.
        job_key: Text,
        /// Label of the run.
        label: Text,
        /// The strategy in its full form.
        strategy: Text,
        /// Whether nodes might refuse.
        admission: Admission,
        /// The operation in its full form.
        operation: Text,
        /// Names the luck of the job.
        seed: u64,
        /// How it ended.
        state: JobOutcome,
        /// Tasks.
        tasks: u64,
        /// Tasks with a result.
        done: u64,
        /// Tasks without one.
        failed: u64,
        /// Attempts begun.
        attempts: u64,
        /// Attempts that nodes refused.
        rejected: u64,
        /// Attempts that started late.
        delayed: u64,
        /// Attempts lost to nodes or wires, timed-out ones included.
        lost: u64,
        /// From the moment the server took the job to its end.
        makespan_us: u64,
        /// Nodes that had a part in it.
        nodes: u32,
        /// When the server took it, as RFC 3339 writes it.
        started_utc: Text,
        /// Why it was given up, if it was.
        why: Text,
        /// Arrivals that were dropped because too many tasks were open; they are not among the tasks.
        dropped: u64 = "0",
        /// The folder of images as the client named it; empty for synthetic work.
        source: Text = "",
        /// How images travel: `shared` (by path) or `inline`; empty for synthetic work.
        transfer: Text = "",
    }
}

row! {
    /// What a node told of itself. A node that comes back as something else has another row, which holds from then on.
    NodeRow in "nodes.csv" {
        /// Name of the run's folder.
        run: Text,
        /// Name of the node.
        node: Text,
        /// Where it listens; empty for a node of a simulation.
        address: Text,
        /// Attempts that it works on at once, sleeping ones included.
        slots: u32,
        /// Attempts that may wait for a slot; 4294967295 if nothing bounds them.
        queue: u32,
        /// Its load probability; empty if it tells none, or has another one for rejections than for delays.
        load: Text,
        /// How late a delayed attempt starts; 0 if it does not tell.
        delay_us: u64,
        /// Version of its program; empty for a node of the original's interface.
        version: Text,
    }
}

row! {
    /// What one strategy made of one seed: written by simulations, which may leave out the rows of attempts and tasks.
    SummaryRow in "summary.csv" {
        /// Name of the run's folder.
        run: Text,
        /// Label of the run.
        label: Text,
        /// The strategy in its full form.
        strategy: Text,
        /// Whether nodes might refuse.
        admission: Admission,
        /// The operation in its full form.
        operation: Text,
        /// Names the luck of the replication.
        seed: u64,
        /// Jobs of the replication: one for each scheduler.
        jobs: u64,
        /// How they ended.
        state: JobOutcome,
        /// Tasks.
        tasks: u64,
        /// Tasks with a result.
        done: u64,
        /// Arrivals that were dropped because too many tasks were open.
        dropped: u64,
        /// From the first submission to the last end.
        makespan_us: u64,
        /// Finished tasks at the beginning that latencies and their parts leave out.
        warm_up: u64,
        /// Mean latency in nanoseconds. It is the sum of its six parts.
        mean_ns: u64,
        /// Part of the mean latency: on the wire, refused attempts included.
        wire_ns: u64,
        /// Part of the mean latency: in lost attempts.
        lost_ns: u64,
        /// Part of the mean latency: waiting at the scheduler.
        waiting_ns: u64,
        /// Part of the mean latency: waiting at the node for a slot.
        queue_ns: u64,
        /// Part of the mean latency: the injected delay.
        delay_ns: u64,
        /// Part of the mean latency: the work itself.
        service_ns: u64,
        /// Standard deviation of latency over tasks.
        deviation_us: u64,
        /// Median latency.
        p50_us: u64,
        /// 95th percentile of latency.
        p95_us: u64,
        /// 99th percentile of latency.
        p99_us: u64,
        /// Attempts begun.
        attempts: u64,
        /// Attempts that nodes refused.
        rejected: u64,
        /// Attempts that started late.
        delayed: u64,
        /// Attempts lost to nodes or wires, timed-out ones included.
        lost: u64,
        /// Attempts whose result nobody needed, because another one had settled their task.
        wasted: u64,
        /// Finished tasks, without the warm-up, whose successful attempt started late.
        delayed_tasks: u64,
        /// Attempts and refusals by node, such as `node0=12/3 node1=9/0`.
        nodes: Text,
        /// The folder of images as the client named it; empty for synthetic work.
        source: Text = "",
        /// How images travel: `shared` (by path) or `inline`; empty for synthetic work.
        transfer: Text = "",
    }
}
