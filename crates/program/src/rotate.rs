//! A log file that does not grow without bound: when it is full it becomes `NAME.1`, the one before `NAME.2`, and the
//! oldest goes.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Bounds of a log on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Size in bytes from which on a file is full. A line is never cut, so a file may be longer by one line.
    pub bytes: u64,
    /// Files in all, the one that is written to included; at least 1.
    pub files: u32,
}

impl Default for Bounds {
    /// Five files of 10 MiB.
    fn default() -> Bounds {
        Bounds { bytes: 10 << 20, files: 5 }
    }
}

/// Writes to a file and puts another in its place when it is full.
#[derive(Debug)]
pub struct RotatingFile {
    path: PathBuf,
    file: File,
    written: u64,
    bounds: Bounds,
    /// The last byte written ended a line.
    at_line_end: bool,
}

impl RotatingFile {
    /// Goes on at the end of the file at `path`, or begins it.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn open(path: &Path, bounds: Bounds) -> io::Result<RotatingFile> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        let written = file.metadata()?.len();
        Ok(RotatingFile { path: path.to_owned(), file, written, bounds, at_line_end: true })
    }

    fn numbered(&self, number: u32) -> PathBuf {
        let mut name = OsString::from(&self.path);
        name.push(format!(".{number}"));
        PathBuf::from(name)
    }

    fn rotate(&mut self) -> io::Result<()> {
        let oldest = self.bounds.files.saturating_sub(1);
        for number in (1..oldest).rev() {
            match fs::rename(self.numbered(number), self.numbered(number + 1)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        if oldest == 0 {
            self.file.set_len(0)?;
        } else {
            fs::rename(&self.path, self.numbered(1))?;
            self.file = OpenOptions::new().create(true).append(true).open(&self.path)?;
        }
        self.written = 0;
        Ok(())
    }
}

impl Write for RotatingFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.at_line_end && self.written >= self.bounds.bytes {
            // A log that cannot be put aside (a folder without permission) is better than none.
            if self.rotate().is_err() {
                self.written = 0;
            }
        }
        let written = self.file.write(bytes)?;
        self.written += written as u64;
        self.at_line_end = bytes[..written].last() == Some(&b'\n');
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn keeps_the_latest_lines_in_so_many_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let mut log = RotatingFile::open(&path, Bounds { bytes: 20, files: 3 }).unwrap();
        for number in 0..20 {
            // In two pieces, as loggers write: a line is not cut between them.
            log.write_all(format!("line {number:02} ").as_bytes()).unwrap();
            log.write_all(b"ends\n").unwrap();
        }
        assert_eq!(names(folder.path()), ["log", "log.1", "log.2"]);
        let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
        assert_eq!(read("log"), "line 18 ends\nline 19 ends\n");
        assert_eq!(read("log.1"), "line 16 ends\nline 17 ends\n");
        assert_eq!(read("log.2"), "line 14 ends\nline 15 ends\n");
    }

    #[test]
    fn goes_on_where_an_earlier_process_ended() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let bounds = Bounds { bytes: 10, files: 2 };
        RotatingFile::open(&path, bounds).unwrap().write_all(b"the first one\n").unwrap();
        RotatingFile::open(&path, bounds).unwrap().write_all(b"the second\n").unwrap();
        assert_eq!(fs::read(folder.path().join("log.1")).unwrap(), b"the first one\n");
        assert_eq!(fs::read(&path).unwrap(), b"the second\n");
    }

    #[test]
    fn one_file_begins_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let mut log = RotatingFile::open(&path, Bounds { bytes: 5, files: 1 }).unwrap();
        log.write_all(b"one line\n").unwrap();
        log.write_all(b"another\n").unwrap();
        assert_eq!(
            (names(folder.path()), fs::read(&path).unwrap()),
            (vec!["log".to_owned()], b"another\n".to_vec())
        );
    }

    #[test]
    fn a_log_that_cannot_be_put_aside_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let mut log = RotatingFile::open(&path, Bounds { bytes: 5, files: 2 }).unwrap();
        // A folder that is not empty stands where the older file would go.
        fs::create_dir_all(folder.path().join("log.1/x")).unwrap();
        (0..3).for_each(|_| log.write_all(b"one line\n").unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), "one line\n".repeat(3));
    }
}
