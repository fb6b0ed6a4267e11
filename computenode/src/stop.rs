//! How a node ends: it takes nothing new, lets the attempts in flight finish within the grace, and goes.

use crate::node::Node;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};
use wire::Running;

/// What a stopping node waits for.
#[derive(Debug, PartialEq, Eq)]
enum Event {
    /// Ctrl-C or SIGTERM.
    Signal(i32),
    /// No attempt is in a slot any more.
    Idle,
}

/// Signals that ask the program to end, heard from the moment of its making.
#[derive(Debug)]
pub(crate) struct StopSignals {
    events: Receiver<Event>,
    sender: mpsc::Sender<Event>,
}

/// How the end came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Every attempt in flight was answered.
    Drained,
    /// The grace was over, or a second signal came, with so many attempts in slots.
    Abandoned(usize),
}

impl StopSignals {
    /// Begins to listen; from now on the signals do not end the process by themselves.
    ///
    /// # Errors
    /// If the system does not let the program listen.
    pub(crate) fn listen() -> io::Result<StopSignals> {
        let mut signals = Signals::new([SIGINT, SIGTERM])?;
        let (sender, events) = mpsc::channel();
        let heard = sender.clone();
        thread::Builder::new().name("signals".to_owned()).spawn(move || {
            for signal in signals.forever() {
                if heard.send(Event::Signal(signal)).is_err() {
                    return;
                }
            }
        })?;
        Ok(StopSignals { events, sender })
    }

    /// Waits for a signal, then ends `node` and its port within `grace`.
    pub(crate) fn wait_and_end(self, node: &Arc<Node>, port: Running, grace: Duration) -> End {
        // The sender lives in `self`, so waiting ends by a signal only.
        let _ = self.events.recv();
        let deadline = Instant::now() + grace;
        node.drain();
        let running = node.running();
        log::info!(
            "stopping: {running} attempts in flight have {} to finish",
            humantime::format_duration(grace)
        );
        let (watched, sender) = (Arc::clone(node), self.sender);
        thread::spawn(move || {
            if watched.wait_until_idle(grace) {
                // Nobody listens any more if a second signal came first.
                let _ = sender.send(Event::Idle);
            }
        });
        match self.events.recv_timeout(grace) {
            Ok(Event::Idle) => {
                // What is left is answers on their way out.
                let left = deadline.saturating_duration_since(Instant::now());
                match port.stop(left).cut {
                    0 => End::Drained,
                    cut => End::Abandoned(cut),
                }
            }
            Ok(Event::Signal(_)) | Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                End::Abandoned(node.running())
            }
        }
    }
}
