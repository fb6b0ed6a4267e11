//! Writes a run as it happens. There is no thread in here: whoever owns the writer decides when rows go to the disk.

use crate::manifest::Manifest;
use crate::rows::{AttemptRow, JobRow, TaskRow};
use crate::table::Table;
use crate::{RecordsError, Text};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Numbers tried after a folder's name is taken.
const MOST_SUFFIXES: u32 = 10_000;

/// Longest label in a folder's name, in characters.
const LONGEST_LABEL: usize = 64;

/// A run that is being written: a folder, its manifest and three CSV files.
///
/// After every successful [`flush`](RunWriter::flush) each file ends with a whole row, and so it does after a failed
/// one where the system allows it: rows that did not fit stay in memory and are tried again by the next flush.
#[derive(Debug)]
pub struct RunWriter {
    folder: PathBuf,
    name: Text,
    attempts: Table<AttemptRow>,
    tasks: Table<TaskRow>,
    jobs: Table<JobRow>,
}

impl RunWriter {
    /// Makes `<results>/<utc>-<label>-<seed>`, or the first free of `…-2`, `…-3`, …, with the manifest and the three
    /// files, their columns named. `started` is what the folder's name tells; the rest comes from the manifest.
    ///
    /// # Errors
    /// If the folder or a file in it cannot be made or written.
    pub fn create(
        results: &Path,
        started: SystemTime,
        manifest: &Manifest,
    ) -> Result<RunWriter, RecordsError> {
        let wanted =
            format!("{}-{}-{}", crate::utc::stamp(started), folder_part(&manifest.label), manifest.seed);
        fs::create_dir_all(results).map_err(|cause| RecordsError::create(results, cause))?;
        let (folder, name) = make_folder(results, &wanted)?;
        manifest.write(&folder)?;
        Ok(RunWriter {
            attempts: Table::create(&folder)?,
            tasks: Table::create(&folder)?,
            jobs: Table::create(&folder)?,
            name: Text::from(name),
            folder,
        })
    }

    /// The run's folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder's name: the `run` of every row.
    pub fn name(&self) -> Text {
        Text::clone(&self.name)
    }

    /// Adds rows to `attempts.csv`. They reach the file at the next flush, or when there are many.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write_attempts(&mut self, rows: &[AttemptRow]) -> Result<(), RecordsError> {
        self.attempts.write(rows)
    }

    /// Adds rows to `tasks.csv`. They reach the file at the next flush, or when there are many.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write_tasks(&mut self, rows: &[TaskRow]) -> Result<(), RecordsError> {
        self.tasks.write(rows)
    }

    /// Adds a row to `jobs.csv`. It reaches the file at the next flush.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write_job(&mut self, row: &JobRow) -> Result<(), RecordsError> {
        self.jobs.write(std::slice::from_ref(row))
    }

    /// Hands every row to the system: from here on a reader sees them, also if this process is killed.
    ///
    /// # Errors
    /// If a file cannot be written; the others are written all the same.
    pub fn flush(&mut self) -> Result<(), RecordsError> {
        let results = [self.attempts.flush(), self.tasks.flush(), self.jobs.flush()];
        results.into_iter().collect()
    }

    /// Flushes, and waits until the rows would survive a power failure.
    ///
    /// # Errors
    /// If a file cannot be written; the others are closed all the same.
    pub fn close(self) -> Result<(), RecordsError> {
        let results = [self.attempts.close(), self.tasks.close(), self.jobs.close()];
        results.into_iter().collect()
    }
}

fn make_folder(results: &Path, wanted: &str) -> Result<(PathBuf, String), RecordsError> {
    for number in 1..=MOST_SUFFIXES {
        let name = if number == 1 { wanted.to_owned() } else { format!("{wanted}-{number}") };
        let folder = results.join(&name);
        match fs::create_dir(&folder) {
            Ok(()) => return Ok((folder, name)),
            Err(cause) if cause.kind() == ErrorKind::AlreadyExists => {}
            Err(cause) => return Err(RecordsError::create(&folder, cause)),
        }
    }
    Err(RecordsError::NoNameLeft(results.join(wanted)))
}

/// A label as a part of a folder's name, on any system: letters, digits, `.`, `_`, and `-` for all else.
fn folder_part(label: &str) -> String {
    let safe = |character: char| match character {
        '.' | '_' => character,
        _ if character.is_ascii_alphanumeric() => character,
        _ => '-',
    };
    let part: String = label.trim().chars().take(LONGEST_LABEL).map(safe).collect();
    if part.is_empty() { "run".to_owned() } else { part }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_in_folder_names() {
        assert_eq!(folder_part("power_of_two"), "power_of_two");
        assert_eq!(folder_part("../é b/c\0"), "..---b-c-");
        assert_eq!(folder_part("  "), "run");
        assert_eq!(folder_part(&"x".repeat(500)).len(), LONGEST_LABEL);
    }
}
