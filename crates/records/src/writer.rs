//! Writes a run as it happens. There is no thread in here: whoever owns the writer decides when rows go to the disk.

use crate::decisions::DecisionFile;
use crate::manifest::Manifest;
use crate::reader::read_rows;
use crate::rows::{AttemptRow, JobRow, NodeRow, Row, SummaryRow, TaskRow};
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
    nodes: Option<Table<NodeRow>>,
    summaries: Option<Table<SummaryRow>>,
    decisions: Option<DecisionFile>,
}

/// Rows at the beginning of each file that a resumed run keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Of `attempts.csv`.
    pub attempts: u64,
    /// Of `tasks.csv`.
    pub tasks: u64,
    /// Of `jobs.csv`.
    pub jobs: u64,
    /// Of `summary.csv`.
    pub summaries: u64,
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
            nodes: None,
            summaries: None,
            decisions: None,
            name: Text::from(name),
            folder,
        })
    }

    /// Adds the file `nodes.csv` to the run.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn with_nodes(mut self) -> Result<RunWriter, RecordsError> {
        self.nodes = Some(Table::create(&self.folder)?);
        Ok(self)
    }

    /// Adds the file `decisions.log` to the run.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn with_decisions(mut self) -> Result<RunWriter, RecordsError> {
        self.decisions = Some(DecisionFile::create(&self.folder)?);
        Ok(self)
    }

    /// Adds the file `summary.csv` to the run.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn with_summaries(mut self) -> Result<RunWriter, RecordsError> {
        self.summaries = Some(Table::create(&self.folder)?);
        Ok(self)
    }

    /// Goes on with a run that has summaries and was interrupted: rows after those that are kept are cut off, torn ones
    /// too, and new ones follow.
    ///
    /// # Errors
    /// If a file has fewer rows than are to be kept, or cannot be read or written.
    pub fn resume(folder: &Path, kept: Kept) -> Result<RunWriter, RecordsError> {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        Ok(RunWriter {
            attempts: Table::resume(folder, kept.attempts)?,
            tasks: Table::resume(folder, kept.tasks)?,
            jobs: Table::resume(folder, kept.jobs)?,
            nodes: None,
            summaries: Some(Table::resume(folder, kept.summaries)?),
            decisions: None,
            name: Text::from(&*name),
            folder: folder.to_owned(),
        })
    }

    /// Goes on with a server's run: all whole rows are kept, torn ones are cut off, and new ones follow.
    ///
    /// # Errors
    /// If a file cannot be read or written.
    pub fn go_on(folder: &Path) -> Result<RunWriter, RecordsError> {
        fn rows<R: Row>(folder: &Path) -> Result<Table<R>, RecordsError> {
            let (kept, _torn) = read_rows::<R>(folder)?;
            Table::resume(folder, kept.len() as u64)
        }
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let has_log = folder.join(crate::DECISIONS_FILE).exists();
        Ok(RunWriter {
            attempts: rows(folder)?,
            tasks: rows(folder)?,
            jobs: rows(folder)?,
            nodes: Some(rows(folder)?),
            summaries: None,
            decisions: has_log.then(|| DecisionFile::reopen(folder)).transpose()?,
            name: Text::from(&*name),
            folder: folder.to_owned(),
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

    /// Adds a row to `nodes.csv`, if the run has one. It reaches the file at the next flush.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write_node(&mut self, row: &NodeRow) -> Result<(), RecordsError> {
        match &mut self.nodes {
            Some(nodes) => nodes.write(std::slice::from_ref(row)),
            None => Ok(()),
        }
    }

    /// Adds whole lines to `decisions.log`, if the run has one. They reach the file at the next flush, or when there are
    /// many.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write_decisions(&mut self, lines: &str) -> Result<(), RecordsError> {
        self.decisions.as_mut().map_or(Ok(()), |decisions| decisions.write(lines))
    }

    /// Adds a row to `summary.csv`, if the run has one. It reaches the file at the next flush.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write_summary(&mut self, row: &SummaryRow) -> Result<(), RecordsError> {
        match &mut self.summaries {
            Some(summaries) => summaries.write(std::slice::from_ref(row)),
            None => Ok(()),
        }
    }

    /// Hands every row to the system: from here on a reader sees them, also if this process is killed.
    ///
    /// # Errors
    /// If a file cannot be written; the others are written all the same.
    pub fn flush(&mut self) -> Result<(), RecordsError> {
        let mut results = vec![self.attempts.flush(), self.tasks.flush(), self.jobs.flush()];
        results.extend(self.nodes.as_mut().map(Table::flush));
        results.extend(self.summaries.as_mut().map(Table::flush));
        results.extend(self.decisions.as_mut().map(DecisionFile::flush));
        results.into_iter().collect()
    }

    /// Flushes, and waits until the rows would survive a power failure.
    ///
    /// # Errors
    /// If a file cannot be written; the others are closed all the same.
    pub fn close(self) -> Result<(), RecordsError> {
        let mut results = vec![self.attempts.close(), self.tasks.close(), self.jobs.close()];
        results.extend(self.nodes.map(Table::close));
        results.extend(self.summaries.map(Table::close));
        results.extend(self.decisions.map(DecisionFile::close));
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
