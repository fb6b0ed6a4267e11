//! The pipe that ends a child process with its parent, however the parent ends.
//!
//! The parent holds the writing end of the child's standard input and never writes. The operating system closes it
//! when the parent exits, panics or is killed, and the child, which reads, sees the end of its input and stops. No
//! signal has to be delivered and no process group to be cleaned up.

use signal_hook::consts::SIGTERM;
use std::io;
use std::process::Command;
use std::thread;
use std::time::Duration;

/// Set in the environment of a child that is to hold on to its standard input.
const VARIABLE: &str = "BALLAST_TETHER";

/// A child that has not ended so long after it was let go is ended hard.
const LONGEST_FAREWELL: Duration = Duration::from_secs(20);

/// Makes `command` one whose process ends with ours. Its standard input must be piped and kept.
pub fn tie(command: &mut Command) {
    command.env(VARIABLE, "stdin");
}

/// In a tied child: from now on the end of standard input ends this process, by SIGTERM to itself and thus as
/// gracefully as it ends by any SIGTERM. In other processes nothing happens.
pub fn hold_on() {
    if std::env::var_os(VARIABLE).is_none() {
        return;
    }
    thread::spawn(|| {
        // An error is an end as well: without its parent's pipe the process must not go on.
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        if signal_hook::low_level::raise(SIGTERM).is_ok() {
            thread::sleep(LONGEST_FAREWELL);
        }
        std::process::exit(1);
    });
}
