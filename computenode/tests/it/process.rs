//! A `computenode` process in a folder of its own, and what tests send to it.

use cluster::Admission;
use imaging::codec::{self, EncodeOptions, Format};
use imaging::image::{Channels, Image};
use imaging::operation::Operation;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::thread;
use std::time::Duration;
use wire::node::{AttemptError, AttemptReply, AttemptRequest, NodeStatus, RejectReason, SharedFile, Work};
use wire::{CallError, NodeClient, PoolSettings};

/// How long a test waits for an answer before it gives the node up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// A small image with edges, as PNG.
pub(crate) fn cat() -> Vec<u8> {
    picture(32, 24)
}

/// An image that does not compress well, as PNG.
pub(crate) fn picture(width: usize, height: usize) -> Vec<u8> {
    let samples = (0..width * height * 3).map(|index| (index * index % 251) as u8).collect();
    let image = Image { width, height, channels: Channels::Rgb, samples };
    codec::encode(&image, Format::Png, &EncodeOptions::default()).unwrap()
}

/// What `edges` makes of the cat.
pub(crate) fn edges_of_cat() -> Vec<u8> {
    let decoded = codec::decode(&cat(), &codec::Limits::default()).unwrap();
    let result = Operation::parse("edges").unwrap().apply(decoded.image).unwrap();
    codec::encode(&result, Format::Png, &EncodeOptions::default()).unwrap()
}

/// An attempt at work without an image.
pub(crate) fn synthetic(time: Duration) -> AttemptRequest {
    AttemptRequest {
        job_key: "job".to_owned(),
        epoch: 1,
        server_incarnation: 2,
        task: 3,
        attempt: 1,
        seed: 4,
        admission: Admission::MayReject,
        operation: "edges".to_owned(),
        strategy: None,
        work: Work::Synthetic(time),
        durable: false,
        folder_made: false,
    }
}

/// An attempt at an image on disk.
pub(crate) fn shared(base_path: &Path, file_name: &str) -> AttemptRequest {
    let base_path = base_path.to_str().unwrap().to_owned();
    let work = Work::Shared(SharedFile { base_path, file_name: file_name.to_owned() });
    AttemptRequest { work, ..synthetic(Duration::ZERO) }
}

/// Why an attempt was rejected.
pub(crate) fn reason(outcome: Result<Result<AttemptReply, AttemptError>, CallError>) -> RejectReason {
    match outcome {
        Ok(Err(AttemptError::Rejected { reason, .. })) => reason,
        other => panic!("no rejection: {other:?}"),
    }
}

/// The program's file.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_computenode");

/// The program, in `folder`, untouched by the environment of whoever runs the tests.
pub(crate) fn command(folder: &Path, arguments: &[&str]) -> Command {
    command_by(Command::new(PROGRAM), folder, arguments)
}

/// As [`command`], for a `command` that starts the program in the end.
pub(crate) fn command_by(mut command: Command, folder: &Path, arguments: &[&str]) -> Command {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("BALLAST_") {
            command.env_remove(name);
        }
    }
    command.current_dir(folder).args(arguments).stdin(Stdio::null());
    command
}

/// Runs the program to its end, for those that do not begin to serve.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().unwrap()
}

/// A node that listens. It is killed when the value goes.
pub(crate) struct Node {
    child: Child,
    output: BufReader<ChildStdout>,
    /// What it said when it was ready.
    pub(crate) ready: String,
}

impl Node {
    /// Starts a node over `folder` and waits for its ready line. Without `--listen` it needs a `machine.txt` there.
    pub(crate) fn start(folder: &Path, arguments: &[&str]) -> Node {
        Node::of(command(folder, arguments))
    }

    /// Starts a node by any command and waits for its ready line.
    pub(crate) fn of(mut command: Command) -> Node {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut ready = String::new();
        output.read_line(&mut ready).unwrap();
        let mut node = Node { child, output, ready };
        if !node.ready.contains(" listening on ") {
            panic!("not ready: {:?} {}", node.ready.clone(), node.log());
        }
        node
    }

    /// Starts a node on any free port.
    pub(crate) fn anywhere(folder: &Path, arguments: &str) -> Node {
        let arguments = arguments.split(' ').chain(["--listen", "127.0.0.1:0"]);
        Node::start(folder, &arguments.collect::<Vec<_>>())
    }

    /// Where it listens, by its ready line.
    pub(crate) fn address(&self) -> SocketAddr {
        let (_, rest) = self.ready.split_once(" listening on ").unwrap();
        rest.split(' ').next().unwrap().parse().unwrap()
    }

    /// Calls it.
    pub(crate) fn client(&self) -> NodeClient {
        NodeClient::new(self.address().to_string(), PoolSettings::default())
    }

    /// Asks for its status until it is as wanted.
    pub(crate) fn until(&self, wanted: impl Fn(&NodeStatus) -> bool) {
        let client = self.client();
        while !wanted(&client.status(PATIENCE).unwrap()) {
            thread::yield_now();
        }
    }

    /// Sends it a signal such as `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Waits for its end; answers its status, the rest of its output and its log.
    pub(crate) fn ended(&mut self) -> (ExitStatus, String, String) {
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
