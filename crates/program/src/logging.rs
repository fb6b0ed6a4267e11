//! Where the log goes: standard error, and a file on request.

use log::LevelFilter;
use simplelog::{ColorChoice, CombinedLogger, Config, SharedLogger, TermLogger, TerminalMode, WriteLogger};
use std::fs::OpenOptions;
use std::io::{self, IsTerminal as _};
use std::path::Path;

/// Begins to log at `level`. A second call in one process changes nothing.
///
/// # Errors
/// If `file` cannot be written.
pub fn start(level: LevelFilter, file: Option<&Path>) -> Result<(), LogError> {
    let config = Config::default();
    let colors = if io::stderr().is_terminal() { ColorChoice::Auto } else { ColorChoice::Never };
    let mut loggers: Vec<Box<dyn SharedLogger>> =
        vec![TermLogger::new(level, config.clone(), TerminalMode::Stderr, colors)];
    if let Some(path) = file {
        let opened = OpenOptions::new().create(true).append(true).open(path);
        let file = opened.map_err(|cause| LogError { path: path.to_owned(), cause })?;
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
