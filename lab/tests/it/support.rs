//! Starting the lab and reading what it says.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The lab's executable, without settings of whoever runs the tests.
pub(crate) fn lab() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lab"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("BALLAST_")) {
        command.env_remove(name);
    }
    // Tests run side by side, and the console has one port.
    command.env("BALLAST_CONSOLE", "off");
    command
}

/// Runs the lab to its end.
pub(crate) fn run(arguments: &[&str]) -> Output {
    lab().args(arguments).output().unwrap()
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A folder with `count` tiny photographs in its `input_dir`.
pub(crate) fn photographs(count: usize) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let count = count.to_string();
    let output = run(&["dataset", text(folder.path()), "--count", &count, "--size", "40x30"]);
    assert!(output.status.success(), "{}", stderr(&output));
    folder
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The only folder in `folder`.
pub(crate) fn only_folder(folder: &Path) -> PathBuf {
    let entries: Vec<PathBuf> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(entries.len(), 1, "{entries:?}");
    entries[0].clone()
}
