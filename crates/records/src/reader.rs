//! Reads a run back: its folder, or an `attempts.csv` by itself.

use crate::RecordsError;
use crate::manifest::Manifest;
use crate::rows::{AttemptRow, JobRow, NodeRow, Row, TaskRow};
use crate::table::{self, ReadFault, Rows};
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// A recorded run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The folder or file that was read.
    pub path: PathBuf,
    /// The manifest, if there is one.
    pub manifest: Option<Manifest>,
    /// Rows of `attempts.csv`, in the order of the file: the order in which attempts ended.
    pub attempts: Vec<AttemptRow>,
    /// Rows of `tasks.csv`; none if a single file was read.
    pub tasks: Vec<TaskRow>,
    /// Rows of `jobs.csv`; none if a single file was read, or if no job has ended.
    pub jobs: Vec<JobRow>,
    /// Rows of `nodes.csv`; none if a single file was read, or if the run is older than that file.
    pub nodes: Vec<NodeRow>,
    /// Last rows that were written in part only, at most one a file, because the writer was killed. They are left out.
    pub torn_rows: usize,
}

impl Run {
    /// Reads the folder of a run, or a file with the columns of `attempts.csv`.
    ///
    /// # Errors
    /// If there is no such run, and for the first fault in its files.
    pub fn read(path: &Path) -> Result<Run, RecordsError> {
        let kind = fs::metadata(path).map_err(|cause| RecordsError::read(path, cause))?;
        let (manifest, attempts, tasks, jobs, nodes);
        if kind.is_dir() {
            manifest = Manifest::read(path)?;
            attempts = read_file::<AttemptRow>(&path.join(AttemptRow::FILE))?;
            tasks = read_if_there::<TaskRow>(path)?;
            jobs = read_if_there::<JobRow>(path)?;
            nodes = read_if_there::<NodeRow>(path)?;
        } else {
            manifest = None;
            attempts = read_file::<AttemptRow>(path)?;
            tasks = Rows { rows: Vec::new(), torn: 0 };
            jobs = Rows { rows: Vec::new(), torn: 0 };
            nodes = Rows { rows: Vec::new(), torn: 0 };
        }
        Ok(Run {
            path: path.to_owned(),
            manifest,
            torn_rows: attempts.torn + tasks.torn + jobs.torn + nodes.torn,
            attempts: attempts.rows,
            tasks: tasks.rows,
            jobs: jobs.rows,
            nodes: nodes.rows,
        })
    }
}

/// The rows of one file of a run's folder, and whether its last one was torn and is left out.
///
/// # Errors
/// If there is no such file, and for the first fault in it.
pub fn read_rows<R: Row>(folder: &Path) -> Result<(Vec<R>, bool), RecordsError> {
    read_file::<R>(&folder.join(R::FILE)).map(|file| (file.rows, file.torn > 0))
}

fn read_file<R: Row>(path: &Path) -> Result<Rows<R>, RecordsError> {
    let file = File::open(path).map_err(|cause| RecordsError::read(path, cause))?;
    table::read(file).map_err(|fault| match fault {
        ReadFault::Io(cause) => RecordsError::read(path, cause),
        ReadFault::Row(fault) => RecordsError::Row { path: path.to_owned(), fault },
    })
}

fn read_if_there<R: Row>(folder: &Path) -> Result<Rows<R>, RecordsError> {
    match read_file(&folder.join(R::FILE)) {
        Err(RecordsError::Read { cause, .. }) if cause.kind() == ErrorKind::NotFound => {
            Ok(Rows { rows: Vec::new(), torn: 0 })
        }
        other => other,
    }
}
