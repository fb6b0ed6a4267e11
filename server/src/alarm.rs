//! One thread that calls back at the time that the scheduler asked for last.

use scheduler::Micros;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

#[derive(Debug, Default)]
struct Setting {
    at: Option<Micros>,
    closed: bool,
}

/// An alarm clock over the run's own time, which began at `origin`.
#[derive(Debug, Clone)]
pub(crate) struct Alarm {
    shared: Arc<(Mutex<Setting>, Condvar)>,
}

impl Alarm {
    pub(crate) fn new() -> Alarm {
        Alarm { shared: Arc::default() }
    }

    /// Starts the thread; `ring` is called once for every time that was set and not set anew before.
    pub(crate) fn start(&self, origin: Instant, ring: impl Fn() + Send + 'static) -> std::io::Result<()> {
        let shared = Arc::clone(&self.shared);
        thread::Builder::new().name("alarm".to_owned()).spawn(move || {
            while wait(&shared, origin) {
                ring();
            }
        })?;
        Ok(())
    }

    pub(crate) fn set(&self, at: Micros) {
        let (setting, changed) = &*self.shared;
        setting.lock().unwrap_or_else(PoisonError::into_inner).at = Some(at);
        changed.notify_one();
    }

    /// Ends the thread.
    pub(crate) fn close(&self) {
        let (setting, changed) = &*self.shared;
        setting.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
        changed.notify_one();
    }
}

/// Waits until the alarm is due; false when it was closed.
fn wait(shared: &(Mutex<Setting>, Condvar), origin: Instant) -> bool {
    let (setting, changed) = shared;
    let mut setting = setting.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        if setting.closed {
            return false;
        }
        let left = setting
            .at
            .map(|at| (origin + Duration::from_micros(at.0)).saturating_duration_since(Instant::now()));
        setting = match left {
            None => changed.wait(setting).unwrap_or_else(PoisonError::into_inner),
            Some(Duration::ZERO) => {
                setting.at = None;
                return true;
            }
            Some(left) => changed.wait_timeout(setting, left).unwrap_or_else(PoisonError::into_inner).0,
        };
    }
}
