//! A `computenode` process in a folder of its own.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};

/// The program, in `folder`, untouched by the environment of whoever runs the tests.
pub fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_computenode"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("BALLAST_") {
            command.env_remove(name);
        }
    }
    command.current_dir(folder).args(arguments).stdin(Stdio::null());
    command
}

/// Runs the program to its end, for those that do not begin to serve.
pub fn run(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().unwrap()
}

/// A node that listens. It is killed when the value goes.
pub struct Node {
    child: Child,
    output: BufReader<ChildStdout>,
    /// What it said when it was ready.
    pub ready: String,
    /// Its data root.
    pub folder: PathBuf,
}

impl Node {
    /// Starts a node over `folder` and waits for its ready line. Without `--listen` it needs a `machine.txt` there.
    pub fn start(folder: &Path, arguments: &[&str]) -> Node {
        let mut child =
            command(folder, arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut ready = String::new();
        output.read_line(&mut ready).unwrap();
        let mut node = Node { child, output, ready, folder: folder.to_owned() };
        if !node.ready.contains(" listening on ") {
            panic!("not ready: {:?} {}", node.ready.clone(), node.log());
        }
        node
    }

    /// Starts a node on any free port.
    pub fn anywhere(folder: &Path, arguments: &str) -> Node {
        let arguments = arguments.split(' ').chain(["--listen", "127.0.0.1:0"]);
        Node::start(folder, &arguments.collect::<Vec<_>>())
    }

    /// Where it listens, by its ready line.
    pub fn address(&self) -> SocketAddr {
        let (_, rest) = self.ready.split_once(" listening on ").unwrap();
        rest.split(' ').next().unwrap().parse().unwrap()
    }

    /// Sends it a signal such as `TERM`.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Waits for its end; answers its status, the rest of its output and its log.
    pub fn ended(&mut self) -> (ExitStatus, String, String) {
        let status = self.child.wait().unwrap();
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).unwrap();
        (status, rest, self.log())
    }

    /// Its log, when it has ended.
    fn log(&mut self) -> String {
        let mut log = String::new();
        if let Some(mut errors) = self.child.stderr.take() {
            errors.read_to_string(&mut log).unwrap();
        }
        log
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
