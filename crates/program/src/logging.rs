//! Where the log goes: standard error, and on request a file that is put aside when it is full.

use crate::rotate::{Bounds, RotatingFile};
use log::LevelFilter;
use simplelog::{ColorChoice, CombinedLogger, Config, SharedLogger, TermLogger, TerminalMode, WriteLogger};
use std::io::{self, IsTerminal as _};
use std::path::Path;

/// Begins to log at `level`, to standard error and to a file of such bounds. A second call in one process changes nothing.
///
/// # Errors
/// If `file` cannot be written.
pub fn start(level: LevelFilter, file: Option<(&Path, Bounds)>) -> Result<(), LogError> {
    let config = Config::default();
    let colors = if io::stderr().is_terminal() { ColorChoice::Auto } else { ColorChoice::Never };
    let mut loggers: Vec<Box<dyn SharedLogger>> =
        vec![TermLogger::new(level, config.clone(), TerminalMode::Stderr, colors)];
    if let Some((path, bounds)) = file {
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
