//! Questions to the history.

use super::row::{self, COLUMNS};
use super::{Event, History, HistoryError, PastJob};
use rusqlite::params;

/// Rows that one answer holds at most.
const MOST_ROWS: usize = 1_000;
/// Rows that an answer holds if nobody says how many.
const ROWS: usize = 100;

/// Which jobs.
#[derive(Clone, Debug)]
pub struct JobQuery {
    /// Part of the key, label, strategy, operation, state or folder, in any case.
    pub search: Option<String>,
    /// Only jobs submitted before, in milliseconds since 1970.
    pub before_ms: Option<u64>,
    /// At most so many.
    pub limit: usize,
}

/// Which events.
#[derive(Clone, Debug)]
pub struct EventQuery {
    /// Part of the subject or the sentence, in any case.
    pub search: Option<String>,
    /// Only events of this kind.
    pub kind: Option<String>,
    /// Only events with a smaller number.
    pub before: Option<i64>,
    /// Only events with a larger number.
    pub after: Option<i64>,
    /// At most so many.
    pub limit: usize,
}

impl Default for JobQuery {
    fn default() -> JobQuery {
        JobQuery { search: None, before_ms: None, limit: ROWS }
    }
}

impl Default for EventQuery {
    fn default() -> EventQuery {
        EventQuery { search: None, kind: None, before: None, after: None, limit: ROWS }
    }
}

/// A pattern that finds `words` anywhere, taken as they are.
fn pattern(words: Option<&str>) -> String {
    let plain = words.unwrap_or_default().trim();
    let escaped = plain.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{escaped}%")
}

fn limit(wanted: usize) -> i64 {
    wanted.clamp(1, MOST_ROWS) as i64
}

impl History {
    /// Jobs, the newest first.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn jobs(&self, query: &JobQuery) -> Result<Vec<PastJob>, HistoryError> {
        let words = "key || ' ' || label || ' ' || strategy || ' ' || admission || ' ' || operation || ' ' || state \
                     || ' ' || ifnull(folder, '')";
        let statement = format!(
            "SELECT {COLUMNS} FROM jobs WHERE ({words}) LIKE ?1 ESCAPE '\\' AND submitted_ms < ?2 \
             ORDER BY submitted_ms DESC, key LIMIT ?3"
        );
        let before = query.before_ms.map_or(i64::MAX, u64::cast_signed);
        let connection = self.lock();
        let read = || -> rusqlite::Result<Vec<PastJob>> {
            let mut prepared = connection.prepare(&statement)?;
            let given = params![pattern(query.search.as_deref()), before, limit(query.limit)];
            prepared.query_map(given, row::read)?.collect()
        };
        read().map_err(|cause| self.wrap(cause))
    }

    /// Keys of the jobs that a server had when they were last heard of, and that had not ended.
    pub(crate) fn running_at(&self, server: &str) -> Result<Vec<String>, HistoryError> {
        let statement = "SELECT key FROM jobs WHERE server = ?1 AND state IN ('running', 'paused', 'unknown') ORDER BY key";
        let connection = self.lock();
        let read = || -> rusqlite::Result<Vec<String>> {
            connection.prepare(statement)?.query_map([server], |row| row.get(0))?.collect()
        };
        read().map_err(|cause| self.wrap(cause))
    }

    /// Whether a job worked in the folder.
    pub(crate) fn has_job_in(&self, folder: &str) -> Result<bool, HistoryError> {
        let statement = "SELECT EXISTS (SELECT 1 FROM jobs WHERE folder = ?1)";
        let found = self.lock().query_row(statement, [folder], |row| row.get(0));
        found.map_err(|cause| self.wrap(cause))
    }

    /// One job by its key.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn job(&self, key: &str) -> Result<Option<PastJob>, HistoryError> {
        let statement = format!("SELECT {COLUMNS} FROM jobs WHERE key = ?1");
        let connection = self.lock();
        let read = || -> rusqlite::Result<Option<PastJob>> {
            connection.prepare(&statement)?.query_map([key], row::read)?.next().transpose()
        };
        read().map_err(|cause| self.wrap(cause))
    }

    /// Events with their numbers, the newest first.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn events(&self, query: &EventQuery) -> Result<Vec<(i64, Event)>, HistoryError> {
        let statement = "SELECT id, at_ms, kind, subject, text FROM events \
             WHERE (subject || ' ' || text) LIKE ?1 ESCAPE '\\' AND (?2 IS NULL OR kind = ?2) AND id < ?3 AND id > ?4 \
             ORDER BY id DESC LIMIT ?5";
        let connection = self.lock();
        let read = || -> rusqlite::Result<Vec<(i64, Event)>> {
            let given = params![
                pattern(query.search.as_deref()),
                query.kind,
                query.before.unwrap_or(i64::MAX),
                query.after.unwrap_or(-1),
                limit(query.limit)
            ];
            let event = |row: &rusqlite::Row<'_>| {
                let at_ms = row.get::<_, i64>(1)?.cast_unsigned();
                Ok((row.get(0)?, Event { at_ms, kind: row.get(2)?, subject: row.get(3)?, text: row.get(4)? }))
            };
            connection.prepare(statement)?.query_map(given, event)?.collect()
        };
        read().map_err(|cause| self.wrap(cause))
    }
}
