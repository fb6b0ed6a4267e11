//! The client's command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    client::run(std::env::args_os())
}
