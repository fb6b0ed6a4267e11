//! The decision log of a run: lines of text that the scheduler's own reader understands, in `decisions.log`.

use crate::RecordsError;
use crate::table::WholeRows;
use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

/// Name of the file.
pub const FILE: &str = "decisions.log";

/// A decision log that is being written: it always ends with a whole line.
#[derive(Debug)]
pub(crate) struct DecisionFile {
    path: PathBuf,
    lines: WholeRows<File>,
}

impl DecisionFile {
    pub(crate) fn create(folder: &Path) -> Result<DecisionFile, RecordsError> {
        let path = folder.join(FILE);
        let file = OpenOptions::new().append(true).create_new(true).open(&path);
        let lines = WholeRows::new(file.map_err(|cause| RecordsError::create(&path, cause))?);
        Ok(DecisionFile { path, lines })
    }

    /// Opens the log in `folder` again and goes on after its last whole line.
    pub(crate) fn reopen(folder: &Path) -> Result<DecisionFile, RecordsError> {
        let path = folder.join(FILE);
        let text = std::fs::read(&path).map_err(|cause| RecordsError::read(&path, cause))?;
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        let file = OpenOptions::new().append(true).open(&path);
        let file = file.and_then(|file| file.set_len(whole as u64).map(|()| file));
        let lines = WholeRows::after(file.map_err(|cause| RecordsError::write(&path, cause))?, whole as u64);
        Ok(DecisionFile { path, lines })
    }

    /// Adds whole lines.
    pub(crate) fn write(&mut self, lines: &str) -> Result<(), RecordsError> {
        let written = self.lines.write_all(lines.as_bytes());
        written.map_err(|cause| RecordsError::write(&self.path, cause))?;
        if self.lines.is_full() { self.flush() } else { Ok(()) }
    }

    pub(crate) fn flush(&mut self) -> Result<(), RecordsError> {
        self.lines.flush().map_err(|cause| RecordsError::write(&self.path, cause))
    }

    pub(crate) fn close(mut self) -> Result<(), RecordsError> {
        self.flush()?;
        self.lines.sync().map_err(|cause| RecordsError::write(&self.path, cause))
    }
}

/// The decision log of a run, read line by line: it may be longer than memory.
#[derive(Debug)]
pub struct Decisions {
    path: PathBuf,
    lines: BufReader<File>,
    line: String,
    torn: bool,
}

impl Decisions {
    /// Opens the log of the run in `folder`; none if the run has none.
    ///
    /// # Errors
    /// If it is there and cannot be opened.
    pub fn open(folder: &Path) -> Result<Option<Decisions>, RecordsError> {
        let path = folder.join(FILE);
        match File::open(&path) {
            Ok(file) => {
                let lines = BufReader::new(file);
                Ok(Some(Decisions { path, lines, line: String::new(), torn: false }))
            }
            Err(cause) if matches!(cause.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
            Err(cause) => Err(RecordsError::read(&path, cause)),
        }
    }

    /// The next whole line, without its line feed; none at the end.
    ///
    /// # Errors
    /// If the file cannot be read, or is no text.
    pub fn next_line(&mut self) -> Result<Option<&str>, RecordsError> {
        self.line.clear();
        let read = self.lines.read_line(&mut self.line);
        read.map_err(|cause| RecordsError::read(&self.path, cause))?;
        if let Some(line) = self.line.strip_suffix('\n') {
            return Ok(Some(line));
        }
        self.torn = !self.line.is_empty();
        Ok(None)
    }

    /// Whether the file ended within a line, because its writer was killed.
    pub const fn is_torn(&self) -> bool {
        self.torn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_back_and_a_torn_one_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Decisions::open(folder.path()).unwrap().is_none());
        let mut file = DecisionFile::create(folder.path()).unwrap();
        file.write("one\ntwo\n").unwrap();
        file.write("three\n").unwrap();
        file.close().unwrap();
        let path = folder.path().join(FILE);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text + "fou").unwrap();
        let mut file = DecisionFile::reopen(folder.path()).unwrap();
        file.write("four\nfi").unwrap();
        file.close().unwrap();
        let mut log = Decisions::open(folder.path()).unwrap().unwrap();
        for line in ["one", "two", "three", "four"] {
            assert_eq!(log.next_line().unwrap(), Some(line));
        }
        assert_eq!(log.next_line().unwrap(), None);
        assert!(log.is_torn());
    }
}
