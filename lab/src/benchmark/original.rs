//! The rival from which the system comes: a server that takes one image after the other, over four nodes in Python
//! with OpenCV, written anew from the original's interface.

use super::{BenchmarkError, NODES};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{fs, io};

const NODE: &str = include_str!("../../bench/original/node.py");
const SERVER: &str = include_str!("../../bench/original/server.py");
const INTERFACE: &str = include_str!("../../../idl/compat/server_compute.thrift");

/// Four Python nodes, ended when this is dropped.
#[derive(Debug)]
pub struct Original {
    python: PathBuf,
    folder: PathBuf,
    nodes: Vec<Child>,
    ports: Vec<String>,
}

/// Whether `python` has what the original needs: the packages `thriftpy2` and `opencv-python-headless`.
pub fn is_available(python: &Path) -> bool {
    let answer = Command::new(python)
        .args(["-c", "import cv2, numpy, thriftpy2"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    answer.is_ok_and(|status| status.success())
}

impl Original {
    /// Writes the programs into `folder` and starts the nodes.
    ///
    /// # Errors
    /// If a file cannot be written or a node does not say where it listens.
    pub fn start(python: &Path, folder: &Path) -> Result<Original, BenchmarkError> {
        for (name, text) in [("node.py", NODE), ("server.py", SERVER), ("server_compute.thrift", INTERFACE)] {
            let path = folder.join(name);
            fs::write(&path, text).map_err(|source| BenchmarkError::File { path, source })?;
        }
        let mut original = Original {
            python: python.to_owned(),
            folder: folder.to_owned(),
            nodes: Vec::new(),
            ports: Vec::new(),
        };
        for _ in 0..NODES {
            let port = original.start_node().map_err(|source| original.fault(source))?;
            original.ports.push(port);
        }
        Ok(original)
    }

    fn start_node(&mut self) -> io::Result<String> {
        let mut node =
            self.script("node.py").arg("0").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let output = node.stdout.take();
        self.nodes.push(node);
        let mut line = String::new();
        if let Some(output) = output {
            BufReader::new(output).read_line(&mut line)?;
        }
        let port = line.trim().rsplit(':').next().filter(|_| line.starts_with("listening on"));
        port.map(str::to_owned).ok_or_else(|| io::Error::other(format!("the node said '{}'", line.trim())))
    }

    /// Does the images of `data/input_dir` once; the time is the server's own, without the interpreter's start.
    ///
    /// # Errors
    /// If the server fails or does not say how long it took.
    pub fn run(&self, data: &Path) -> Result<Duration, BenchmarkError> {
        let output = self
            .script("server.py")
            .arg(data)
            .args(&self.ports)
            .output()
            .map_err(|source| self.fault(source))?;
        let seconds: Option<f64> = String::from_utf8_lossy(&output.stdout).trim().parse().ok();
        let duration = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        duration.ok_or_else(|| {
            let words = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            self.fault(io::Error::other(format!("the server said: {words}")))
        })
    }

    fn script(&self, name: &str) -> Command {
        let mut command = Command::new(&self.python);
        command.arg(self.folder.join(name)).arg(&self.folder);
        command
    }

    fn fault(&self, source: io::Error) -> BenchmarkError {
        BenchmarkError::File { path: self.folder.clone(), source }
    }
}

impl Drop for Original {
    fn drop(&mut self) {
        for node in &mut self.nodes {
            // They end with their standard input; killing makes sure, waiting reaps.
            drop(node.stdin.take());
            let _ = node.kill();
            let _ = node.wait();
        }
    }
}
