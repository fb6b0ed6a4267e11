//! The history of jobs and events in a SQLite file, `.history.sqlite` beside the run folders.
//!
//! It is a copy for looking things up: what counts are the CSV files. Any SQLite tool opens it; writers and readers do
//! not wait for each other.

mod query;
mod row;
mod setting;

pub use crate::cluster::changes::{Event, KINDS};
pub use query::{EventQuery, JobQuery};
pub use row::PastJob;

use crate::cluster::jobs::Job;
use crate::cluster::told::Mark;
use rusqlite::{Connection, OpenFlags, params};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Name of the file. It begins with a dot so that `results/*` on a command line means run folders and nothing else.
pub const FILE: &str = ".history.sqlite";

/// Events that are kept; the oldest go first.
const MOST_EVENTS: i64 = 200_000;
/// How long one writer waits for another.
const PATIENCE: Duration = Duration::from_secs(2);
/// Version of the tables.
const VERSION: i64 = 2;

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS jobs (
        key TEXT PRIMARY KEY, label TEXT NOT NULL, strategy TEXT NOT NULL, admission TEXT NOT NULL,
        operation TEXT NOT NULL, seed TEXT NOT NULL, state TEXT NOT NULL,
        tasks INTEGER NOT NULL, done INTEGER NOT NULL, failed INTEGER NOT NULL, attempts INTEGER NOT NULL,
        rejected INTEGER NOT NULL, delayed INTEGER NOT NULL, lost INTEGER NOT NULL,
        elapsed_us INTEGER NOT NULL, submitted_ms INTEGER NOT NULL, folder TEXT, run_folder TEXT NOT NULL,
        server TEXT NOT NULL DEFAULT ''
    );
    CREATE INDEX IF NOT EXISTS jobs_by_time ON jobs (submitted_ms);
    CREATE TABLE IF NOT EXISTS events (
        id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL, text TEXT NOT NULL
    );
    CREATE INDEX IF NOT EXISTS events_by_kind ON events (kind, id);
    CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
";

/// Version 1 did not say which server had a job.
const FROM_1_TO_2: &str = "ALTER TABLE jobs ADD COLUMN server TEXT NOT NULL DEFAULT '';";

/// A history that cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// SQLite said so.
    #[error("the history '{}' cannot be used ({cause}): move the file away, or free the disk", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// SQLite's words.
        cause: rusqlite::Error,
    },
    /// There is none.
    #[error(
        "there is no history '{}': a server with a console keeps one beside its run folders; say which with --results",
        path.display()
    )]
    Missing {
        /// Where it would be.
        path: PathBuf,
    },
    /// A later version of the program made it.
    #[error("the history '{}' is of version {found}, and this program knows {VERSION}: use the newer one", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// What it says of itself.
        found: i64,
    },
}

/// What happened between two looks, written as one.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Chapter<'look> {
    /// Jobs that are new or in another state.
    pub(crate) jobs: &'look [&'look Job],
    /// Keys of jobs that nobody goes on with.
    pub(crate) lost: &'look [String],
    pub(crate) events: &'look [Event],
    /// How far the events of servers, by their addresses, are in here.
    pub(crate) marks: &'look [(String, Mark)],
}

/// The open history. Share it between threads.
#[derive(Debug)]
pub struct History {
    path: PathBuf,
    connection: Mutex<Connection>,
}

impl History {
    /// Opens the history below `results`, and makes it if it is not there.
    ///
    /// # Errors
    /// If the file cannot be made or is of a later version.
    pub fn open(results: &Path) -> Result<History, HistoryError> {
        let path = results.join(FILE);
        let wrap = |cause| HistoryError::Database { path: path.clone(), cause };
        let connection = Connection::open(&path).map_err(wrap)?;
        connection.busy_timeout(PATIENCE).map_err(wrap)?;
        // Losing the last second in a power cut is fine: the CSV files have it.
        connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;").map_err(wrap)?;
        let found = version(&connection).map_err(wrap)?;
        if found > VERSION {
            return Err(HistoryError::Version { path, found });
        }
        if found == 1 {
            connection.execute_batch(FROM_1_TO_2).map_err(wrap)?;
        }
        connection.execute_batch(TABLES).map_err(wrap)?;
        connection.pragma_update(None, "user_version", VERSION).map_err(wrap)?;
        Ok(History { path, connection: Mutex::new(connection) })
    }

    /// Opens the history below `results` for reading, while a server may write to it.
    ///
    /// # Errors
    /// If there is none.
    pub fn open_to_read(results: &Path) -> Result<History, HistoryError> {
        let path = results.join(FILE);
        if !path.exists() {
            return Err(HistoryError::Missing { path });
        }
        let wrap = |cause| HistoryError::Database { path: path.clone(), cause };
        let connection =
            Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(wrap)?;
        connection.busy_timeout(PATIENCE).map_err(wrap)?;
        let found = version(&connection).map_err(wrap)?;
        if found > VERSION {
            return Err(HistoryError::Version { path, found });
        }
        if found < VERSION {
            // Its columns are given the names of today by whoever may write.
            return History::open(results);
        }
        Ok(History { path, connection: Mutex::new(connection) })
    }

    pub(crate) fn write(&self, chapter: &Chapter<'_>) -> Result<(), HistoryError> {
        let Chapter { jobs, lost, events, marks } = *chapter;
        if jobs.is_empty() && lost.is_empty() && events.is_empty() && marks.is_empty() {
            return Ok(());
        }
        let mut connection = self.lock();
        let mut write = || -> rusqlite::Result<()> {
            let transaction = connection.transaction()?;
            for job in jobs {
                row::insert(&transaction, job)?;
            }
            for key in lost {
                transaction.execute("UPDATE jobs SET state = 'lost' WHERE key = ?1", [key])?;
            }
            for (address, mark) in marks {
                setting::write_mark(&transaction, address, *mark)?;
            }
            for event in events {
                transaction
                    .prepare("INSERT INTO events (at_ms, kind, subject, text) VALUES (?1, ?2, ?3, ?4)")?
                    .execute(params![event.at_ms.cast_signed(), event.kind, event.subject, event.text])?;
            }
            if !events.is_empty() {
                let floor = "DELETE FROM events WHERE id <= (SELECT max(id) FROM events) - ?1";
                transaction.prepare(floor)?.execute([MOST_EVENTS])?;
            }
            transaction.commit()
        };
        write().map_err(|cause| self.wrap(cause))
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wrap(&self, cause: rusqlite::Error) -> HistoryError {
        HistoryError::Database { path: self.path.clone(), cause }
    }
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::strategies::tests::job;

    fn event(at_ms: u64, kind: &str, subject: &str) -> Event {
        Event::new(at_ms, kind, subject, format!("{subject} 100%_sure"))
    }

    fn events(history: &History, events: &[Event]) {
        history.write(&Chapter { events, ..Chapter::default() }).unwrap();
    }

    #[test]
    fn a_shell_that_lists_runs_does_not_list_the_history() {
        let folder = tempfile::tempdir().unwrap();
        let history = History::open(folder.path()).unwrap();
        events(&history, &[event(1, "node_up", "node0")]);
        let names: Vec<_> =
            std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(!names.is_empty());
        assert!(names.iter().all(|name| name.to_string_lossy().starts_with('.')), "{names:?}");
    }

    #[test]
    fn what_is_written_is_found_again_by_any_word() {
        let folder = tempfile::tempdir().unwrap();
        let history = History::open(folder.path()).unwrap();
        let (a, b) = (job("a", "random", "running"), job("b", "power_of_two[choices=3]", "done"));
        events(&history, &[event(1, "node_up", "node0"), event(2, "node_down", "node1")]);
        history.write(&Chapter { jobs: &[&a, &b], ..Chapter::default() }).unwrap();
        history.write(&Chapter { jobs: &[&job("a", "random", "done")], ..Chapter::default() }).unwrap();
        let reader = History::open_to_read(folder.path()).unwrap();
        let jobs = reader.jobs(&JobQuery::default()).unwrap();
        assert_eq!(jobs.len(), 2);
        assert!(jobs.iter().all(|job| job.state == "done"), "the later state replaced the earlier one");
        let found =
            reader.jobs(&JobQuery { search: Some("OF_two".to_owned()), ..JobQuery::default() }).unwrap();
        assert_eq!(found.iter().map(|job| job.key.as_str()).collect::<Vec<_>>(), ["b"]);
        let down = EventQuery { kind: Some("node_down".to_owned()), ..EventQuery::default() };
        assert_eq!(reader.events(&down).unwrap()[0].1.subject, "node1");
    }

    #[test]
    fn a_search_takes_its_words_as_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let history = History::open(folder.path()).unwrap();
        events(&history, &[event(1, "node_up", "node0")]);
        let count = |search: &str| {
            let query = EventQuery { search: Some(search.to_owned()), ..EventQuery::default() };
            history.events(&query).unwrap().len()
        };
        assert_eq!((count("100%_"), count("100_%"), count("' OR 1=1 --")), (1, 0, 0));
    }

    #[test]
    fn events_come_newest_first_a_page_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let history = History::open(folder.path()).unwrap();
        let ten: Vec<Event> = (0..10).map(|at| event(at, "rejected", "n")).collect();
        events(&history, &ten);
        let page = history.events(&EventQuery { limit: 3, ..EventQuery::default() }).unwrap();
        assert_eq!(page.iter().map(|(_, event)| event.at_ms).collect::<Vec<_>>(), [9, 8, 7]);
        let next = EventQuery { limit: 3, before: Some(page[2].0), ..EventQuery::default() };
        assert_eq!(history.events(&next).unwrap()[0].1.at_ms, 6);
    }

    #[test]
    fn a_history_of_the_first_version_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let first = TABLES.replace(",\n        server TEXT NOT NULL DEFAULT ''", "");
        assert_ne!(first, TABLES);
        let old = Connection::open(folder.path().join(FILE)).unwrap();
        old.execute_batch(&first).unwrap();
        old.pragma_update(None, "user_version", 1).unwrap();
        drop(old);
        let history = History::open(folder.path()).unwrap();
        history.write(&Chapter { jobs: &[&job("a", "random", "running")], ..Chapter::default() }).unwrap();
        assert_eq!(history.running_at("h:1").unwrap(), ["a"]);
        drop(history);
        assert!(History::open_to_read(folder.path()).is_ok());
    }

    #[test]
    fn a_job_that_nobody_goes_on_with_is_lost() {
        let folder = tempfile::tempdir().unwrap();
        let history = History::open(folder.path()).unwrap();
        let jobs = [job("a", "random", "running"), job("b", "random", "done"), job("c", "random", "paused")];
        history.write(&Chapter { jobs: &jobs.each_ref(), ..Chapter::default() }).unwrap();
        assert_eq!(history.running_at("h:2").unwrap(), [""; 0], "jobs of another server are not this one's");
        assert_eq!(history.running_at("h:1").unwrap(), ["a", "c"]);
        history.write(&Chapter { lost: &["a".to_owned()], ..Chapter::default() }).unwrap();
        assert_eq!(history.job("a").unwrap().unwrap().state, "lost");
        assert_eq!(history.running_at("h:1").unwrap(), ["c"]);
    }

    #[test]
    fn where_there_is_none_it_is_said_who_makes_one() {
        let folder = tempfile::tempdir().unwrap();
        let error = History::open_to_read(folder.path()).unwrap_err().to_string();
        assert!(error.contains("there is no history") && error.contains("--results"), "{error}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "looking makes none");
    }

    #[test]
    fn a_later_version_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let history = History::open(folder.path()).unwrap();
        history.lock().pragma_update(None, "user_version", 99).unwrap();
        drop(history);
        let error = History::open(folder.path()).unwrap_err().to_string();
        assert!(error.contains("is of version 99"), "{error}");
    }
}
