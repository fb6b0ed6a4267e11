//! A folder of images and the programs around it. Every program ends with the test, however the test ends.

use imaging::codec::{self, EncodeOptions, Limits};
use imaging::operation::Operation;
use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use tempfile::TempDir;

const LAB: &str = env!("CARGO_BIN_EXE_lab");

/// A temporary folder: `data/input_dir` with the shipped images, and whatever the programs write.
pub(crate) struct World {
    folder: PathBuf,
    /// Goes with the world.
    _temporary: Option<TempDir>,
}

/// A program that is ready. Dropping it kills it and waits for its end.
pub(crate) struct Program {
    pub(crate) child: Child,
    pub(crate) address: String,
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Program {
    /// Sends a signal by the system's own tool.
    pub(crate) fn signal(&self, name: &str) {
        signal(self.child.id(), name);
    }

    /// Waits for its end; answers its exit status.
    pub(crate) fn end(mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

pub(crate) fn signal(process: u32, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &process.to_string()]).status().unwrap();
    assert!(sent.success(), "kill -{name}");
}

/// What a program that has ended said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Said {
        Said {
            status: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl World {
    /// The shipped images under their names.
    pub(crate) fn new() -> World {
        let world = World::empty();
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/input_dir");
        for entry in fs::read_dir(shipped).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), world.input().join(entry.file_name())).unwrap();
        }
        world
    }

    /// No image.
    pub(crate) fn empty() -> World {
        let temporary = tempfile::tempdir().unwrap();
        let world = World { folder: temporary.path().to_owned(), _temporary: Some(temporary) };
        fs::create_dir_all(world.input()).unwrap();
        world
    }

    /// What lies in `folder` already, which stays.
    pub(crate) fn at(folder: &Path) -> World {
        World { folder: folder.to_owned(), _temporary: None }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    pub(crate) fn input(&self) -> PathBuf {
        self.data().join("input_dir")
    }

    pub(crate) fn output(&self) -> PathBuf {
        self.data().join("output_dir")
    }

    /// The shipped image, `count` times under other names.
    pub(crate) fn multiply(&self, count: usize) {
        let first = self.images().remove(0);
        for number in 0..count {
            fs::copy(self.input().join(&first), self.input().join(format!("copy_{number:04}.jpg"))).unwrap();
        }
    }

    /// Names in `input_dir`, sorted.
    pub(crate) fn images(&self) -> Vec<String> {
        names(&self.input())
    }

    /// Names in `output_dir`, hidden ones too, sorted; none if it is not there.
    pub(crate) fn results(&self) -> Vec<String> {
        if self.output().exists() { names(&self.output()) } else { Vec::new() }
    }

    /// A program of the lab's file with this folder as its own.
    pub(crate) fn command(&self, verb: &str) -> Command {
        let mut command = Command::new(LAB);
        // Tests run side by side, and the console has one port.
        command.arg(verb).current_dir(self.path()).stdin(Stdio::null()).env("BALLAST_CONSOLE", "off");
        command
    }

    /// Starts a program and waits until it says where it listens.
    pub(crate) fn start(&self, command: Command) -> Program {
        self.start_told(command).0
    }

    /// The same for one that serves HTTP too; answers where, which its ready line tells.
    pub(crate) fn start_with_console(&self, command: Command) -> (Program, String) {
        let (program, line) = self.start_told(command);
        let (_, rest) = line.split_once("http://").unwrap_or_else(|| panic!("no address in {line:?}"));
        let end = rest.find(['/', ' ', ')', '\n']).unwrap_or(rest.len());
        (program, rest[..end].to_owned())
    }

    fn start_told(&self, command: Command) -> (Program, String) {
        self.try_start_told(command).expect("it ended before it was ready")
    }

    /// As `start`; nothing if the program ends before it is ready.
    pub(crate) fn try_start(&self, command: Command) -> Option<Program> {
        self.try_start_told(command).map(|(program, _)| program)
    }

    fn try_start_told(&self, mut command: Command) -> Option<(Program, String)> {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        if line.is_empty() {
            child.wait().unwrap();
            return None;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        let place =
            words.iter().position(|&word| word == "on").unwrap_or_else(|| panic!("no ready line: {line:?}"));
        let address = words[place + 1].to_owned();
        // Nothing more is expected; reading on keeps the pipe open and empty.
        std::thread::spawn(move || lines.read_to_end(&mut Vec::new()));
        Some((Program { child, address }, line))
    }

    /// A node on a free port.
    pub(crate) fn node(&self, load: &str, more: &[&str]) -> Program {
        let mut command = self.command("computenode");
        command.args([load, "--listen", "127.0.0.1:0", "--delay", "20ms"]).args(more);
        self.start(command)
    }

    /// A server on a free port over these nodes.
    pub(crate) fn server<'a>(&self, nodes: impl IntoIterator<Item = &'a str>, more: &[&str]) -> Program {
        let mut command = self.command("server");
        command.args(["--listen", "127.0.0.1:0", "--results", "results"]);
        for node in nodes {
            command.args(["--node", node]);
        }
        command.args(more);
        self.start(command)
    }

    /// A server over fresh nodes of the given load probabilities.
    pub(crate) fn cluster(&self, loads: &[&str], more: &[&str]) -> (Program, Vec<Program>) {
        let nodes: Vec<Program> = loads.iter().map(|load| self.node(load, &[])).collect();
        let server = self.server(nodes.iter().map(|node| node.address.as_str()), more);
        (server, nodes)
    }

    /// Runs the client to its end.
    pub(crate) fn client<S: AsRef<OsStr>>(&self, server: &Program, arguments: &[S]) -> Said {
        self.client_command(server, arguments).output().unwrap().into()
    }

    pub(crate) fn client_command<S: AsRef<OsStr>>(&self, server: &Program, arguments: &[S]) -> Command {
        let mut command = self.command("client");
        command.args(arguments).args(["--server", &server.address]);
        command
    }

    /// Checks that `output_dir` holds the operation's result for exactly these images, to the byte, and nothing else.
    pub(crate) fn check_results(&self, images: &[String], operation: &str) {
        assert_eq!(self.results(), images);
        for image in images {
            let result = fs::read(self.output().join(image)).unwrap();
            assert!(
                result == expected(&self.input().join(image), operation),
                "{image} differs from {operation}"
            );
        }
    }

    /// The only run folder below `results`.
    pub(crate) fn run_folder(&self) -> PathBuf {
        let runs = names(&self.path().join("results"));
        assert_eq!(runs.len(), 1, "{runs:?}");
        self.path().join("results").join(&runs[0])
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The file that a node should make of an image, made here without any node.
pub(crate) fn expected(image: &Path, operation: &str) -> Vec<u8> {
    let decoded = codec::decode(&fs::read(image).unwrap(), &Limits::default()).unwrap();
    let result = Operation::parse(operation).unwrap().apply(decoded.image).unwrap();
    codec::encode(&result, decoded.format, &EncodeOptions::default()).unwrap()
}

/// Ports that are free now. Another program may take one before it is used, as with any such list.
pub(crate) fn free_ports(count: usize) -> Vec<u16> {
    let listeners: Vec<_> = (0..count).map(|_| std::net::TcpListener::bind("127.0.0.1:0").unwrap()).collect();
    listeners.iter().map(|listener| listener.local_addr().unwrap().port()).collect()
}
