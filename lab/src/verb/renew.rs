//! `lab renew`: makes the outputs that a document shows anew, by the commands that it says they are of.

use super::say::{failure, tell};
use crate::document::{Block, Command, blocks, renewed};
use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::process::{ExitCode, Stdio};

/// Make the outputs in a document anew, each by the command that stands in its first line
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A block stands between <!-- BEGIN NAME: COMMAND --> and <!-- END NAME -->. COMMAND is one of the lab's, written lab … or
cargo run --release -- …; what it prints on standard output takes the place of the block. With COMMAND; only HEADING it is
the part below == HEADING ==. Blocks of lab report are renewed by lab report --splice.

Examples:
  lab renew README.md --list                      what would be run
  lab renew README.md --only demo                 one block
  lab renew docs/original-table.md                all")]
pub(super) struct Arguments {
    /// The document
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Names of the blocks to renew [default: all]
    #[arg(long, value_delimiter = ',', value_name = "NAMES", env = "BALLAST_RENEW_ONLY")]
    only: Vec<String>,
    /// Say what would be run, and run nothing
    #[arg(long, env = "BALLAST_RENEW_LIST")]
    list: bool,
}

pub(super) fn run(arguments: &Arguments) -> ExitCode {
    match renew(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failure(&*error),
    }
}

fn renew(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let name = arguments.file.display();
    let document =
        fs::read_to_string(&arguments.file).map_err(|error| format!("cannot read '{name}': {error}"))?;
    let known = blocks(&document).map_err(|error| format!("{name}: {error}"))?;
    if let Some(unknown) = arguments.only.iter().find(|only| !known.iter().any(|block| block.name == **only))
    {
        let names: Vec<&str> = known.iter().map(|block| block.name.as_str()).collect();
        return Err(format!("{name} has no block '{unknown}'; it has {}", names.join(", ")).into());
    }
    let wanted = |block: &&Block| arguments.only.is_empty() || arguments.only.contains(&block.name);
    for block in known.iter().filter(wanted) {
        tell(&format!("{}: {}", block.name, block.command.text));
        if arguments.list {
            continue;
        }
        let printed = output(&block.command)?;
        // Read again: a command may take minutes, in which a person may have written.
        let document = fs::read_to_string(&arguments.file)?;
        let text = renewed(&document, &block.name, &printed).map_err(|error| format!("{name}: {error}"))?;
        fs::write(&arguments.file, text).map_err(|error| format!("cannot write '{name}': {error}"))?;
    }
    Ok(())
}

/// What the command prints. Its progress stays on standard error.
fn output(command: &Command) -> Result<String, Box<dyn Error>> {
    let lab = std::env::current_exe()?;
    let done = std::process::Command::new(lab).args(&command.arguments).stderr(Stdio::inherit()).output()?;
    // 99 is a goal that was missed: a document may say so.
    if !matches!(done.status.code(), Some(0 | 99)) {
        return Err(
            format!("'{}' ended with {}; the document is as it was", command.text, done.status).into()
        );
    }
    Ok(command.part_of(&String::from_utf8(done.stdout)?)?)
}
