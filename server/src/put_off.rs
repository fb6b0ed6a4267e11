//! Jobs of the journal whose folder could not be had at the start: who asks for one has the server try again.
//!
//! A disk that is full, or not there yet, is no reason to give a job up that was promised, nor to begin it anew.

use crate::service::Service;
use journal::book::Kept;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use wire::job::SubmitError;

/// When whoever asked is to ask again.
const AGAIN: Duration = Duration::from_secs(1);

/// The jobs that wait, by key.
#[derive(Debug, Default)]
pub(crate) struct PutOff(Mutex<BTreeMap<String, Kept>>);

impl PutOff {
    pub(crate) fn add(&self, kept: &Kept) {
        self.lock().insert(kept.accepted.key.clone(), kept.clone());
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Service {
    /// Goes on with the job of this key if it waits. Answers whether it did.
    ///
    /// # Errors
    /// If it still has to wait.
    pub(crate) fn goes_on_now(&self, key: &str) -> Result<bool, SubmitError> {
        // Held meanwhile: of two who ask, one begins it.
        let mut waiting = self.put_off.lock();
        let Some(kept) = waiting.get(key) else { return Ok(false) };
        match self.go_on(kept) {
            Ok(Some(why)) => {
                let why = format!("job '{key}' goes on as soon as it can: {why}");
                Err(SubmitError::NotNow { why, again_after: AGAIN })
            }
            Ok(None) => Ok(waiting.remove(key).is_some()),
            Err(why) => {
                log::error!("job '{key}' of the journal cannot go on: {why}");
                Ok(waiting.remove(key).is_none())
            }
        }
    }
}
