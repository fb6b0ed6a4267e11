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
pub(crate) fn start(level: LevelFilter, file: Option<&Path>) -> io::Result<()> {
    let config = Config::default();
    let colors = if io::stderr().is_terminal() { ColorChoice::Auto } else { ColorChoice::Never };
    let mut loggers: Vec<Box<dyn SharedLogger>> =
        vec![TermLogger::new(level, config.clone(), TerminalMode::Stderr, colors)];
    if let Some(path) = file {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        loggers.push(WriteLogger::new(level, config, file));
    }
    // An error means that whoever embeds this program has a logger already.
    let _ = CombinedLogger::init(loggers);
    Ok(())
}
