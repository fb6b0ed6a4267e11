//! How a server ends: it takes no new job, lets the running ones finish within the grace, leaves the rest to the next
//! process with the same state or, if nobody named one, cancels it, and goes.

use crate::engine::Engine;
use crate::service::Service;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::io;
use std::process;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};
use wire::Running;

/// How long cancelled jobs may take to write their records, and attempts of jobs that are left to come back.
const LAST_RECORDS: Duration = Duration::from_secs(5);
/// How long clients may take to hear of their job's end and to fetch its report.
const LAST_ANSWERS: Duration = Duration::from_secs(2);

/// Signals that ask the program to end, heard from the moment of its making.
#[derive(Debug)]
pub(crate) struct StopSignals {
    first: Receiver<()>,
}

/// How the end came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Every job had ended.
    Drained,
    /// Jobs are left to the next process with the same state.
    Left,
    /// Jobs were cancelled.
    Abandoned,
}

impl StopSignals {
    /// Begins to listen; from now on the first signal does not end the process by itself, and the second does.
    pub(crate) fn listen() -> io::Result<StopSignals> {
        let mut signals = Signals::new([SIGINT, SIGTERM])?;
        let (heard, first) = mpsc::channel();
        thread::Builder::new().name("signals".to_owned()).spawn(move || {
            let mut forever = signals.forever();
            if let Some(_first) = forever.next() {
                // Nobody listens only if the server is ending already.
                let _ = heard.send(());
            }
            if let Some(second) = forever.next() {
                process::exit(128 + second);
            }
        })?;
        Ok(StopSignals { first })
    }

    /// Waits for a signal, then ends everything within `grace`.
    pub(crate) fn wait_and_end(
        self,
        service: &Service,
        engine: &Arc<Engine>,
        port: Running,
        grace: Duration,
    ) -> End {
        // The sender is gone only if the thread panicked; ending is right then too.
        let _ = self.first.recv();
        service.close();
        let running = service.unfinished();
        if !running.is_empty() {
            log::info!(
                "stopping: {} jobs have {} to finish",
                running.len(),
                humantime::format_duration(grace)
            );
        }
        let end = if service.wait_until_idle(grace) {
            End::Drained
        } else if service.terms.leaves_jobs {
            service.leave_jobs(LAST_RECORDS)
        } else {
            service.cancel_all();
            service.wait_until_idle(LAST_RECORDS);
            End::Abandoned
        };
        // Clients ask once more when their job has ended: for its report.
        let answered = Instant::now() + LAST_ANSWERS;
        running
            .iter()
            .filter(|job| !job.is_left())
            .for_each(|job| job.wait_until_told(answered.saturating_duration_since(Instant::now())));
        port.stop(LAST_ANSWERS);
        engine.close();
        engine.means.recorder.close();
        engine.means.journal.close();
        end
    }
}
