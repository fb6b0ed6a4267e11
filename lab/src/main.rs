//! The laboratory's command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    lab::verb::run(std::env::args_os())
}
