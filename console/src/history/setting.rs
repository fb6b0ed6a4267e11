//! What outlives a console: the few choices that people make, and how far each server's events are known.

use super::{History, HistoryError};
use crate::cluster::told::Mark;
use rusqlite::{Connection, OptionalExtension as _, params};

/// The strategy of jobs that name none.
const DEFAULT_STRATEGY: &str = "default_strategy";
/// Begins the name of a mark; the server's address follows.
const EVENTS_OF: &str = "events of ";
const WRITE: &str =
    "INSERT INTO settings (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2";

/// Notes how far the events of the server at `address` are known.
pub(super) fn write_mark(connection: &Connection, address: &str, mark: Mark) -> rusqlite::Result<()> {
    let value = format!("{} {}", mark.incarnation, mark.last);
    connection.execute(WRITE, params![format!("{EVENTS_OF}{address}"), value]).map(drop)
}

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
        let done = connection.execute(WRITE, params![DEFAULT_STRATEGY, strategy]);
        done.map(drop).map_err(|cause| self.wrap(cause))
    }

    /// How far the events of each server, by its address, are known.
    pub(crate) fn marks(&self) -> Result<Vec<(String, Mark)>, HistoryError> {
        let connection = self.lock();
        let read = || -> rusqlite::Result<Vec<(String, String)>> {
            let mut prepared = connection.prepare("SELECT name, value FROM settings ORDER BY name")?;
            prepared.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        };
        let rows = read().map_err(|cause| self.wrap(cause))?;
        Ok(rows.iter().filter_map(|(name, value)| mark(name, value)).collect())
    }
}

fn mark(name: &str, value: &str) -> Option<(String, Mark)> {
    let (incarnation, last) = value.split_once(' ')?;
    let mark = Mark { incarnation: incarnation.parse().ok()?, last: last.parse().ok()? };
    Some((name.strip_prefix(EVENTS_OF)?.to_owned(), mark))
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
        history.set_default_strategy("power_of_two[choices=3]").unwrap();
        drop(history);
        let history = History::open(folder.path()).unwrap();
        assert_eq!(history.default_strategy().unwrap().as_deref(), Some("power_of_two[choices=3]"));
    }

    #[test]
    fn how_far_events_are_known_outlives_the_console() {
        use crate::history::Chapter;
        let folder = tempfile::tempdir().unwrap();
        let history = History::open(folder.path()).unwrap();
        history.set_default_strategy("random").unwrap();
        let mark = |last| ("h:1".to_owned(), Mark { incarnation: u64::MAX, last });
        for last in [3, 4] {
            history.write(&Chapter { marks: &[mark(last)], ..Chapter::default() }).unwrap();
        }
        drop(history);
        assert_eq!(History::open(folder.path()).unwrap().marks().unwrap(), [mark(4)]);
    }
}
