//! The few choices that outlive a console.

use super::{History, HistoryError};
use rusqlite::{OptionalExtension as _, params};

/// The strategy of jobs that name none.
const DEFAULT_STRATEGY: &str = "default_strategy";

impl History {
    /// The strategy that somebody chose for jobs that name none.
    pub(crate) fn default_strategy(&self) -> Result<Option<String>, HistoryError> {
        let connection = self.lock();
        let found = connection
            .query_row("SELECT value FROM settings WHERE name = ?1", [DEFAULT_STRATEGY], |row| row.get(0))
            .optional();
        found.map_err(|cause| self.wrap(cause))
    }

    /// Chooses it.
    pub(crate) fn set_default_strategy(&self, strategy: &str) -> Result<(), HistoryError> {
        let connection = self.lock();
        let done = connection.execute(
            "INSERT INTO settings (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2",
            params![DEFAULT_STRATEGY, strategy],
        );
        done.map(drop).map_err(|cause| self.wrap(cause))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_choice_outlives_the_console() {
        let folder = tempfile::tempdir().unwrap();
        let history = History::open(folder.path()).unwrap();
        assert_eq!(history.default_strategy().unwrap(), None);
        history.set_default_strategy("random").unwrap();
        history.set_default_strategy("power_of_two[d=3]").unwrap();
        drop(history);
        let history = History::open(folder.path()).unwrap();
        assert_eq!(history.default_strategy().unwrap().as_deref(), Some("power_of_two[d=3]"));
    }
}
