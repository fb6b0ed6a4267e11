//! OpenCV as a process beside the test: ask it for an operation's result.

use imaging::image::{Channels, Image};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A running `operations.py`. Tests and benchmark each use a part of it.
#[allow(dead_code, reason = "included by two programs")]
#[derive(Debug)]
pub(crate) struct OpenCv {
    process: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
    /// OpenCV's version.
    pub(crate) version: String,
}

#[allow(dead_code, reason = "included by two programs")]
impl OpenCv {
    /// Starts Python, or says in a line why not.
    pub(crate) fn start() -> Option<OpenCv> {
        let python = std::env::var("BALLAST_PYTHON").unwrap_or_else(|_| "python3".into());
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/opencv/operations.py");
        let started = Command::new(&python)
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut process = match started {
            Ok(process) => process,
            Err(error) => {
                eprintln!("skipped: {python} cannot be run: {error}");
                return None;
            }
        };
        let requests = process.stdin.take()?;
        let mut answers = BufReader::new(process.stdout.take()?);
        let mut version = String::new();
        if answers.read_line(&mut version).unwrap_or(0) == 0 {
            let _ = process.wait();
            eprintln!(
                "skipped: {python} has no cv2 and numpy (pip install opencv-python-headless numpy scikit-image)"
            );
            return None;
        }
        Some(OpenCv { process, requests, answers, version: version.trim().to_owned() })
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("an answer");
        assert!(!line.is_empty(), "OpenCV's process has ended: {}", self.complaint());
        line
    }

    fn complaint(&mut self) -> String {
        let mut text = String::new();
        if let Some(stderr) = self.process.stderr.as_mut() {
            let _ = stderr.read_to_string(&mut text);
        }
        text
    }

    fn image(&mut self) -> (Image, u64) {
        let line = self.line();
        let numbers: Vec<usize> =
            line.split_whitespace().map(|word| word.parse().expect("a number")).collect();
        let [width, height, channels, microseconds] = numbers[..] else { panic!("unexpected answer {line}") };
        let mut samples = vec![0; width * height * channels];
        self.answers.read_exact(&mut samples).expect("samples");
        let channels = if channels == 1 { Channels::Gray } else { Channels::Rgb };
        (Image { width, height, channels, samples }, microseconds as u64)
    }

    fn send(&mut self, command: &str, image: &Image, operation: &str) -> (Image, u64) {
        let Image { width, height, channels, samples } = image;
        writeln!(self.requests, "{command} {width} {height} {} {operation}", channels.count()).expect("sent");
        self.requests.write_all(samples).expect("sent");
        self.requests.flush().expect("sent");
        self.image()
    }

    /// OpenCV's result.
    pub(crate) fn apply(&mut self, operation: &str, image: &Image) -> Image {
        self.send("apply", image, operation).0
    }

    /// Takes the picture for [`time`](Self::time).
    pub(crate) fn hold(&mut self, image: &Image) {
        self.send("hold", image, "");
    }

    /// The least time in microseconds that an operation takes of the picture that is held, out of as many as fit into so
    /// many milliseconds, at least one.
    pub(crate) fn time(&mut self, operation: &str, milliseconds: u64) -> u64 {
        writeln!(self.requests, "time {milliseconds} {operation}").expect("sent");
        self.image().1
    }

    /// The photographs that scikit-image brings along; none when it is not there.
    pub(crate) fn photos(&mut self) -> Vec<String> {
        writeln!(self.requests, "photos").expect("sent");
        self.line().split_whitespace().map(str::to_owned).collect()
    }

    /// A photograph, tiled to `width` pixels (16 by 9) unless that is 0.
    pub(crate) fn photo(&mut self, name: &str, width: usize) -> Image {
        writeln!(self.requests, "photo {name} {width}").expect("sent");
        self.image().0
    }

    /// How many threads OpenCV uses.
    pub(crate) fn threads(&mut self, count: usize) {
        writeln!(self.requests, "threads {count}").expect("sent");
        self.image();
    }
}

impl Drop for OpenCv {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
