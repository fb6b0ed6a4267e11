//! The one line that a program prints when it is ready.

use std::io::{self, Write as _};

/// Prints `line`, from which others parse the address. A closed standard output is no reason to stop.
pub fn announce(line: &str) {
    let mut output = io::stdout();
    if writeln!(output, "{line}").and_then(|()| output.flush()).is_err() {
        log::info!("{line}");
    }
}
