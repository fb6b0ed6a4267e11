//! `lab faults`: the same 27 faults against a plain Python system of the original's design and against this one.

use super::say::failure;
use crate::benchmark::original;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

/// Do 27 faults to a plain Python system of the original's design and to this one, and print both answers
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lab faults                               all of them, three to four minutes
  lab faults --only 1,2,26                 some, by their numbers in docs/faults.md
  lab faults --python venv/bin/python      an interpreter with thriftpy2, opencv-python-headless and numpy

Everything happens on loopback and in a temporary folder, and where the machine allows it in a network, mount and user
namespace of its own, in which packets are lost and disks are full; elsewhere those rows say that they were not tried.
The machine's clock is not touched: its jumps need Debian's package libfaketime.

Exit status: 0 this system kept every promise, 99 it broke one, 1 the comparison could not be made.")]
pub(super) struct Arguments {
    /// Only these rows
    #[arg(long, value_delimiter = ',', value_name = "NUMBERS", value_parser = clap::value_parser!(u8).range(1..=27), env = "BALLAST_FAULTS_ONLY")]
    only: Vec<u8>,
    /// Leave the original's design out
    #[arg(long, env = "BALLAST_FAULTS_OURS")]
    ours: bool,
    /// After how many seconds a job counts as hanging
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u16).range(3..=600), env = "BALLAST_FAULTS_LIMIT")]
    limit: u16,
    /// The interpreter of the original's design
    #[arg(long, value_name = "FILE", default_value = "python3", env = "BALLAST_PYTHON")]
    python: PathBuf,
}

/// What is written out to be run, so that the lab's one file is enough.
const SCRIPTS: [(&str, &str); 13] = [
    ("compare.py", include_str!("../../bench/faults/compare.py")),
    ("judge.py", include_str!("../../bench/faults/judge.py")),
    ("of_files.py", include_str!("../../bench/faults/of_files.py")),
    ("of_nodes.py", include_str!("../../bench/faults/of_nodes.py")),
    ("of_servers.py", include_str!("../../bench/faults/of_servers.py")),
    ("of_wires.py", include_str!("../../bench/faults/of_wires.py")),
    ("systems.py", include_str!("../../bench/faults/systems.py")),
    ("wire.py", include_str!("../../bench/faults/wire.py")),
    ("original/client.py", include_str!("../../bench/original/client.py")),
    ("original/node.py", include_str!("../../bench/original/node.py")),
    ("original/server.py", include_str!("../../bench/original/server.py")),
    ("compat/client_server.thrift", include_str!("../../../idl/compat/client_server.thrift")),
    ("compat/server_compute.thrift", include_str!("../../../idl/compat/server_compute.thrift")),
];

pub(super) fn run(arguments: &Arguments) -> ExitCode {
    if !original::is_available(&arguments.python) {
        let why = format!(
            "{} lacks thriftpy2, opencv-python-headless or numpy: install them, or name another interpreter with --python",
            arguments.python.display()
        );
        return failure(&*Box::<dyn std::error::Error>::from(why));
    }
    match compare(arguments) {
        Ok(status) => status,
        Err(error) => failure(&error),
    }
}

fn compare(arguments: &Arguments) -> io::Result<ExitCode> {
    let folder = tempfile::tempdir()?;
    write_scripts(folder.path())?;
    let mut command = Command::new(&arguments.python);
    command.arg(folder.path().join("compare.py")).arg("--lab").arg(std::env::current_exe()?);
    command.arg("--original").arg(folder.path().join("original"));
    command.arg("--compat").arg(folder.path().join("compat"));
    command.args(["--limit", &arguments.limit.to_string()]);
    if !arguments.only.is_empty() {
        let rows: Vec<String> = arguments.only.iter().map(u8::to_string).collect();
        command.args(["--only", &rows.join(",")]);
    }
    if arguments.ours {
        command.arg("--ours");
    }
    if !cfg!(debug_assertions) {
        command.arg("--no-panics");
    }
    // Settings that the user exported for the lab are not meant for every program that it starts.
    for (variable, _) in
        std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("BALLAST_"))
    {
        command.env_remove(variable);
    }
    let status = command.env("PYTHONDONTWRITEBYTECODE", "1").stdin(Stdio::null()).status()?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}

fn write_scripts(folder: &Path) -> io::Result<()> {
    for (name, text) in SCRIPTS {
        let path = folder.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, text)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_script_of_the_comparison_is_written() {
        let bench = Path::new(env!("CARGO_MANIFEST_DIR")).join("bench");
        for folder in ["faults", "original"] {
            for entry in fs::read_dir(bench.join(folder)).unwrap() {
                let name = entry.unwrap().file_name().into_string().unwrap();
                let written = SCRIPTS.iter().any(|(script, _)| script.ends_with(&*name));
                assert!(written || !name.ends_with(".py"), "{folder}/{name} is not among the scripts");
            }
        }
    }
}
