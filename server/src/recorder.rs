//! The thread that owns the CSV files.
//!
//! Rows are handed over under a short lock and written in batches, so that a worker waits for the disk only when the
//! disk is far behind. Every batch is flushed: when the server is killed, what is lost is younger than [`GATHER`].

use crate::decisions::Decisions;
use records::{AttemptRow, JobRow, NodeRow, RecordsError, RunWriter, TaskRow};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How long rows gather before they are written.
const GATHER: Duration = Duration::from_millis(50);
/// Rows that may wait; whoever brings one more waits for the disk.
const MOST_WAITING: usize = 200_000;

/// Called when everything that was handed over before is in the files, or cannot be.
type Written = Box<dyn FnOnce(Result<(), String>) + Send>;

#[derive(Default)]
struct Waiting {
    attempts: Vec<AttemptRow>,
    tasks: Vec<TaskRow>,
    jobs: Vec<JobRow>,
    nodes: Vec<NodeRow>,
    written: Vec<Written>,
    closing: bool,
}

impl Waiting {
    fn rows(&self) -> usize {
        self.attempts.len() + self.tasks.len() + self.jobs.len() + self.nodes.len()
    }

    fn is_idle(&self) -> bool {
        self.rows() == 0 && self.written.is_empty() && !self.closing
    }

    fn is_urgent(&self) -> bool {
        !self.written.is_empty() || self.closing || self.rows() >= MOST_WAITING / 2
    }
}

struct Shared {
    waiting: Mutex<Waiting>,
    brought: Condvar,
    taken: Condvar,
}

impl Shared {
    /// A panic while the lock is held cannot leave half a row: the vectors are whole at every step.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hands rows to the thread that writes them.
pub(crate) struct Recorder {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Recorder")
            .field("waiting", &self.shared.lock().rows())
            .finish_non_exhaustive()
    }
}

impl Recorder {
    /// Starts the thread, which owns `writer` from now on and writes the decision log too, if there is one.
    pub(crate) fn start(writer: RunWriter, decisions: Option<Arc<Decisions>>) -> std::io::Result<Recorder> {
        let shared = Arc::new(Shared {
            waiting: Mutex::new(Waiting::default()),
            brought: Condvar::new(),
            taken: Condvar::new(),
        });
        let theirs = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("recorder".to_owned())
            .spawn(move || write_all(&theirs, writer, decisions.as_deref()))?;
        Ok(Recorder { shared, thread: Mutex::new(Some(thread)) })
    }

    pub(crate) fn attempt(&self, row: AttemptRow) {
        let mut waiting = self.shared.lock();
        while waiting.rows() >= MOST_WAITING {
            waiting = self.shared.taken.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        let wakes = waiting.is_idle() || waiting.rows() + 1 == MOST_WAITING / 2;
        waiting.attempts.push(row);
        drop(waiting);
        if wakes {
            self.shared.brought.notify_one();
        }
    }

    /// Never waits: it is called by whoever holds up others.
    pub(crate) fn tasks(&self, rows: Vec<TaskRow>) {
        if rows.is_empty() {
            return;
        }
        let mut waiting = self.shared.lock();
        let wakes = waiting.is_idle();
        waiting.tasks.extend(rows);
        drop(waiting);
        if wakes {
            self.shared.brought.notify_one();
        }
    }

    /// What a node told of itself.
    pub(crate) fn node(&self, row: NodeRow) {
        self.shared.lock().nodes.push(row);
        self.shared.brought.notify_one();
    }

    /// The job's row, and `written` when all its rows are in the files.
    pub(crate) fn job(&self, row: JobRow, written: Written) {
        let mut waiting = self.shared.lock();
        waiting.jobs.push(row);
        waiting.written.push(written);
        drop(waiting);
        self.shared.brought.notify_one();
    }
}

impl Recorder {
    /// Writes what is left and ends the thread. Rows that come later are lost.
    pub(crate) fn close(&self) {
        self.shared.lock().closing = true;
        self.shared.brought.notify_one();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // It ends by itself once everything is written; a panic there has been reported by its own message.
            let _ = thread.join();
        }
    }
}

fn write_all(shared: &Shared, mut writer: RunWriter, decisions: Option<&Decisions>) {
    let mut told = false;
    loop {
        let batch = next_batch(shared);
        // After the batch: the log holds what its rows came from.
        let lines = decisions.map(Decisions::take).unwrap_or_default();
        let result = write(&mut writer, &batch, &lines).map_err(|error| error.to_string());
        if let (Err(why), false) = (&result, told) {
            told = true;
            log::error!("the records of this run are incomplete: {why}");
        }
        for written in batch.written {
            written(result.clone());
        }
        if batch.closing {
            if let Err(error) = writer.close() {
                log::error!("the records of this run are incomplete: {error}");
            }
            return;
        }
    }
}

fn next_batch(shared: &Shared) -> Waiting {
    let mut waiting = shared.lock();
    while waiting.is_idle() {
        waiting = shared.brought.wait(waiting).unwrap_or_else(PoisonError::into_inner);
    }
    if !waiting.is_urgent() {
        let gathered = shared.brought.wait_timeout_while(waiting, GATHER, |waiting| !waiting.is_urgent());
        waiting = gathered.unwrap_or_else(PoisonError::into_inner).0;
    }
    let batch = std::mem::take(&mut *waiting);
    drop(waiting);
    shared.taken.notify_all();
    batch
}

fn write(writer: &mut RunWriter, batch: &Waiting, decisions: &str) -> Result<(), RecordsError> {
    writer.write_decisions(decisions)?;
    batch.nodes.iter().try_for_each(|node| writer.write_node(node))?;
    writer.write_attempts(&batch.attempts)?;
    writer.write_tasks(&batch.tasks)?;
    for job in &batch.jobs {
        writer.write_job(job)?;
    }
    writer.flush()
}
