//! Where the log goes: standard error, and on request a file that is put aside when it is full.

use crate::rotate::{Bounds, RotatingFile};
use log::LevelFilter;
use simplelog::{ColorChoice, CombinedLogger, Config, SharedLogger, TermLogger, TerminalMode, WriteLogger};
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

/// What is logged, and where.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Log {
    /// What is logged: off, error, warn, info, debug or trace [default: info; the client shows only warn, and writes
    /// info to its file]
    #[arg(long, env = "BALLAST_LOG_LEVEL", value_name = "LEVEL")]
    pub log_level: Option<LevelFilter>,

    /// Log to this file too; when it is full it becomes FILE.1, the one before FILE.2, and so on
    #[arg(long, env = "BALLAST_LOG_FILE", value_name = "FILE")]
    pub log_file: Option<PathBuf>,

    /// Size from which on a log file is full, in bytes
    #[arg(long, env = "BALLAST_LOG_BYTES", value_name = "N", default_value_t = Bounds::default().bytes, value_parser = clap::value_parser!(u64).range(1..))]
    pub log_bytes: u64,

    /// Log files that are kept, the one that is written to included
    #[arg(long, env = "BALLAST_LOG_FILES", value_name = "N", default_value_t = Bounds::default().files, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub log_files: u32,
}

impl Log {
    /// Begins to log as asked; if no level was, at `shown` to standard error and at info to the file.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn start(&self, shown: LevelFilter) -> Result<(), LogError> {
        let bounds = Bounds { bytes: self.log_bytes, files: self.log_files };
        let written = self.log_level.unwrap_or(LevelFilter::Info);
        let file = self.log_file.as_deref().map(|path| (path, bounds, written));
        start(self.log_level.unwrap_or(shown), file)
    }
}

/// Begins to log at `level` to standard error, and to a file of such bounds at its own level. A second call in one process changes nothing.
///
/// # Errors
/// If `file` cannot be written.
fn start(level: LevelFilter, file: Option<(&Path, Bounds, LevelFilter)>) -> Result<(), LogError> {
    let config = Config::default();
    let colors = if io::stderr().is_terminal() { ColorChoice::Auto } else { ColorChoice::Never };
    let mut loggers: Vec<Box<dyn SharedLogger>> =
        vec![TermLogger::new(level, config.clone(), TerminalMode::Stderr, colors)];
    if let Some((path, bounds, level)) = file {
        let file =
            RotatingFile::open(path, bounds).map_err(|cause| LogError { path: path.to_owned(), cause })?;
        loggers.push(WriteLogger::new(level, config, file));
    }
    // An error means that whoever embeds this program has a logger already.
    let _ = CombinedLogger::init(loggers);
    Ok(())
}

/// A log file that cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the log file {path:?} ({cause}): give --log-file a path that can be written")]
pub struct LogError {
    path: std::path::PathBuf,
    cause: io::Error,
}
