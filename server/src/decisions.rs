//! The decision log on its way from under the scheduler's lock to the thread that writes files.

use scheduler::{Action, Event, Micros, Settings, history};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Lines that nobody has written yet. Each attempt adds some, and attempts wait when their rows are too many: so what
/// waits here is bounded with them.
#[derive(Debug, Default)]
pub(crate) struct Decisions {
    lines: Mutex<String>,
}

/// The log while the scheduler is told something.
#[derive(Debug)]
pub(crate) struct Page<'a>(MutexGuard<'a, String>);

impl Decisions {
    /// A log that begins with the scheduler's settings.
    pub(crate) fn new(settings: &Settings) -> Decisions {
        let decisions = Decisions::default();
        history::settings(&mut decisions.lock(), settings);
        decisions
    }

    /// Lines are appended whole, so a panic while the lock is held leaves at most one that is torn.
    fn lock(&self) -> MutexGuard<'_, String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is told, before the scheduler consumes it.
    pub(crate) fn told(&self, now: Micros, event: &Event) -> Page<'_> {
        let mut lines = self.lock();
        history::event(&mut lines, now, event);
        Page(lines)
    }

    /// All lines that nobody has taken yet.
    pub(crate) fn take(&self) -> String {
        std::mem::take(&mut *self.lock())
    }
}

impl Page<'_> {
    /// What the scheduler answered.
    pub(crate) fn answered(mut self, now: Micros, actions: &[Action]) {
        actions.iter().for_each(|action| history::action(&mut self.0, now, action));
    }
}
