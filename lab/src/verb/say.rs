//! What verbs print: answers on standard output, everything else on standard error.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write as _};
use std::process::ExitCode;

/// Prints an answer. A reader that has seen enough (`lab compare … | head`) is no failure; a full disk is one.
pub(super) fn answer(text: &str) -> ExitCode {
    let mut output = io::stdout().lock();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => failure(&format!("cannot print: {error}")),
        _ => ExitCode::SUCCESS,
    }
}

/// Tells what goes on, a line. If nobody can read it the work goes on all the same.
pub(super) fn tell(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Tells what went wrong; the status of a failure.
pub(super) fn failure(error: &dyn Display) -> ExitCode {
    tell(&format!("lab: {error}"));
    ExitCode::FAILURE
}
