//! The verbs of the lab, each in a file of its own, and the table of them.

mod compare;
mod dataset;

use clap::{Parser, Subcommand};
use std::ffi::OsString;
use std::process::ExitCode;

/// The laboratory of the testbed: which strategy copes best with nodes that delay and refuse work?
#[derive(Debug, Parser)]
#[command(name = "lab", version, after_help = EXAMPLES)]
struct Lab {
    #[command(subcommand)]
    verb: Verb,
}

const EXAMPLES: &str = "\
Examples:
  lab compare results/*                               which strategy won?
  lab dataset photographs --count 240 --size medium   make 240 photographs of half a megapixel";

/// To add a verb: one file, one line here, one line in `run`.
#[derive(Debug, Subcommand)]
enum Verb {
    Compare(compare::Arguments),
    Dataset(dataset::Arguments),
}

/// Runs the lab's command line, `arguments[0]` being the program's name, and answers its exit status: 0 done,
/// 1 failure, 2 usage.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let lab = match Lab::try_parse_from(arguments) {
        Ok(lab) => lab,
        Err(error) => {
            // Help and version are "errors" of status 0; where they cannot be printed nothing can.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match lab.verb {
        Verb::Compare(arguments) => compare::run(&arguments),
        Verb::Dataset(arguments) => dataset::run(&arguments),
    }
}

/// Prints an error in one line on standard error, with the status of a failure.
fn failure(error: &dyn std::fmt::Display) -> ExitCode {
    eprintln!("lab: {error}");
    ExitCode::FAILURE
}
