//! What can go wrong with the files of a run.

use std::io;
use std::path::{Path, PathBuf};

/// Why a run cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum RecordsError {
    /// A file or folder cannot be made.
    #[error("cannot create '{}': {cause}; choose a folder in which you may write", path.display())]
    Create {
        /// Which.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// Every name for the run's folder is taken.
    #[error("'{}' and every numbered name after it is taken: clear the results folder", .0.display())]
    NoNameLeft(PathBuf),
    /// Rows cannot be written. The file ends with the last whole row that could be.
    #[error("cannot write '{}': {cause}{}", path.display(), remedy(cause))]
    Write {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// A file cannot be read.
    #[error(
        "cannot read '{}': {cause}; name the folder of a run, or an attempts.csv, that you may read",
        path.display()
    )]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// A file of arrival times cannot be read.
    #[error(
        "cannot read '{}': {cause}; name a CSV file with a column of times, or the folder of a run (a relative name is \
         one in the current folder)",
        path.display()
    )]
    ReadTimes {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// A CSV file is not what its name says.
    #[error("{}:{}", path.display(), fault)]
    Row {
        /// Which file.
        path: PathBuf,
        /// Where and what.
        fault: RowFault,
    },
    /// A file of arrival times holds none, or something else.
    #[error("{}: {why}", path.display())]
    Times {
        /// Which file.
        path: PathBuf,
        /// What is wrong and what would be right.
        why: String,
    },
    /// A manifest is not what its name says.
    #[error("{}: {why}", path.display())]
    Manifest {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
}

fn remedy(cause: &io::Error) -> &'static str {
    match cause.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "; free some space, or write to another folder"
        }
        _ => "",
    }
}

impl RecordsError {
    pub(crate) fn create(path: &Path, cause: io::Error) -> RecordsError {
        RecordsError::Create { path: path.to_owned(), cause }
    }

    pub(crate) fn write(path: &Path, cause: io::Error) -> RecordsError {
        RecordsError::Write { path: path.to_owned(), cause }
    }

    pub(crate) fn read(path: &Path, cause: io::Error) -> RecordsError {
        RecordsError::Read { path: path.to_owned(), cause }
    }
}

/// What is wrong with a CSV file, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowFault {
    /// Nothing in it, not even the names of the columns.
    #[error("1:1: the file is empty, without even the names of its columns")]
    Empty,
    /// A column is not there.
    #[error(
        "1:1: the column '{column}' is missing: the file is no {file}, or one of another version (it has {})",
        some(found)
    )]
    NoColumn {
        /// Name of the column.
        column: &'static str,
        /// Name of the file that has such columns.
        file: &'static str,
        /// Columns that the file has.
        found: Vec<String>,
    },
    /// A row is longer or shorter than the names of the columns.
    #[error("{line}:{}: the row has {found} cells and the first line {wanted}", (*found).min(*wanted) + 1)]
    Length {
        /// Line on which the row begins, from 1.
        line: u64,
        /// Cells of the row.
        found: usize,
        /// Columns of the file.
        wanted: usize,
    },
    /// A cell does not hold what its column holds.
    #[error("{line}:{number}: column '{column}' holds '{}', and should hold {wanted}", text.escape_debug())]
    Cell {
        /// Line on which the row begins, from 1.
        line: u64,
        /// Number of the cell in its row, from 1.
        number: usize,
        /// Name of the column.
        column: &'static str,
        /// The beginning of what it holds.
        text: String,
        /// What it should hold.
        wanted: &'static str,
    },
}

/// Most columns that a complaint lists.
const MOST_LISTED: usize = 12;

fn some(columns: &[String]) -> String {
    let shown = columns.iter().take(MOST_LISTED).map(|name| name.escape_debug().to_string());
    let shown = shown.collect::<Vec<_>>().join(", ");
    if columns.len() > MOST_LISTED { format!("{shown}, …") } else { shown }
}
