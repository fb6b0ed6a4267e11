//! A job's row: one list of columns for writing and for reading.

use crate::cluster::jobs::Job;
use rusqlite::{Connection, Row, params};
use serde::Serialize;

/// A job of the history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PastJob {
    /// Its key.
    pub key: String,
    /// Label of the request.
    pub label: String,
    /// The strategy in its full form.
    pub strategy: String,
    /// `may-reject` or `must-accept`.
    pub admission: String,
    /// The operation in its full form.
    pub operation: String,
    /// Names its luck.
    pub seed: String,
    /// `running`, `paused`, `done`, `partial`, `cancelled`, `no_node`, or `lost` with its server.
    pub state: String,
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
    /// From the submission to the end, or as long as it was watched.
    pub elapsed_us: u64,
    /// When the server took it, in milliseconds since 1970.
    pub submitted_ms: u64,
    /// The job's folder; none for synthetic work.
    pub folder: Option<String>,
    /// Folder of its records.
    pub run_folder: String,
    /// `host:port` of the server that had it last; empty where an earlier version noted it.
    pub server: String,
}

/// The columns in the order of [`insert`] and [`read`].
pub(super) const COLUMNS: &str = "key, label, strategy, admission, operation, seed, state, tasks, done, failed, \
     attempts, rejected, delayed, lost, elapsed_us, submitted_ms, folder, run_folder, server";

pub(super) fn insert(connection: &Connection, job: &Job) -> rusqlite::Result<()> {
    let places: Vec<String> = (1..=19).map(|place| format!("?{place}")).collect();
    let statement = format!("INSERT OR REPLACE INTO jobs ({COLUMNS}) VALUES ({})", places.join(", "));
    connection.prepare(&statement)?.execute(params![
        job.key,
        job.label,
        job.strategy,
        job.admission,
        job.operation,
        job.seed,
        job.state,
        job.tasks.cast_signed(),
        job.done.cast_signed(),
        job.failed.cast_signed(),
        job.attempts.cast_signed(),
        job.rejected.cast_signed(),
        job.delayed.cast_signed(),
        job.lost.cast_signed(),
        job.elapsed_us.cast_signed(),
        job.submitted_ms.cast_signed(),
        job.folder,
        job.run_folder,
        job.server,
    ])?;
    Ok(())
}

pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<PastJob> {
    let count = |place: usize| row.get::<_, i64>(place).map(i64::cast_unsigned);
    Ok(PastJob {
        key: row.get(0)?,
        label: row.get(1)?,
        strategy: row.get(2)?,
        admission: row.get(3)?,
        operation: row.get(4)?,
        seed: row.get(5)?,
        state: row.get(6)?,
        tasks: count(7)?,
        done: count(8)?,
        failed: count(9)?,
        attempts: count(10)?,
        rejected: count(11)?,
        delayed: count(12)?,
        lost: count(13)?,
        elapsed_us: count(14)?,
        submitted_ms: count(15)?,
        folder: row.get(16)?,
        run_folder: row.get(17)?,
        server: row.get(18)?,
    })
}
