//! No process outlives the lab, however the lab ends.

#![cfg(target_os = "linux")]

use super::support::{lab, photographs, text};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// A lab whose jobs take far longer than the test: every attempt sleeps for an hour.
struct LongRun {
    lab: Child,
    children: Vec<String>,
    _data: tempfile::TempDir,
}

impl LongRun {
    fn start() -> LongRun {
        let data = photographs(4);
        let results = data.path().join("results");
        let mut command = lab();
        command.args(["--data", text(data.path()), "--results", text(&results), "--strategies", "random"]);
        command.args(["--loads", "1,1", "--delay", "1h"]).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut run = LongRun { lab: command.spawn().unwrap(), children: Vec::new(), _data: data };
        // The first line appears when all processes are ready.
        let mut line = String::new();
        BufReader::new(run.lab.stderr.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains("run as processes"), "{line}");
        run.children = children_of(run.lab.id());
        assert_eq!(run.children.len(), 3, "two nodes and a server");
        run
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.lab.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for the lab's end and then for the end of all that it started.
    fn end(mut self) -> Option<i32> {
        let status = self.lab.wait().unwrap();
        for child in &self.children {
            wait_for_the_end_of(child);
        }
        status.code()
    }
}

impl Drop for LongRun {
    fn drop(&mut self) {
        // Nothing to do if it has ended.
        let _ = self.lab.kill();
        let _ = self.lab.wait();
    }
}

/// Ids of the processes whose parent is `parent`.
pub(crate) fn children_of(parent: u32) -> Vec<String> {
    let parent = format!("PPid:\t{parent}");
    let mut ids = Vec::new();
    for entry in fs::read_dir("/proc").unwrap() {
        let id = entry.unwrap().file_name().into_string().unwrap();
        let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        if status.lines().any(|line| line == parent) {
            ids.push(id);
        }
    }
    ids
}

/// Waits for the end of a process that is no child of ours: the system says when. One that would not end for hours is
/// given up after two minutes, which is far beyond the time that a process is given to end.
pub(crate) fn wait_for_the_end_of(id: &str) {
    let Some(pid) = Pid::from_raw(id.parse().unwrap()) else { panic!("{id} is no process") };
    let process = match pidfd_open(pid, PidfdFlags::empty()) {
        Ok(process) => process,
        // It is gone already.
        Err(Errno::SRCH) => return,
        Err(error) => panic!("process {id} cannot be watched: {error}"),
    };
    // Readable as soon as it has ended, even if nobody has fetched its status yet.
    let patience = Timespec { tv_sec: 120, tv_nsec: 0 };
    let ended = poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&patience)).unwrap();
    assert_eq!(ended, 1, "process {id} outlives the lab");
}

#[test]
fn an_interrupted_lab_stops_its_processes() {
    let run = LongRun::start();
    run.signal("-INT");
    assert_eq!(run.end(), Some(130));
}

#[test]
fn a_terminated_lab_stops_its_processes() {
    let run = LongRun::start();
    run.signal("-TERM");
    assert_eq!(run.end(), Some(143));
}

#[test]
fn a_killed_lab_leaves_no_process_behind() {
    let run = LongRun::start();
    run.signal("-KILL");
    assert_eq!(run.end(), None);
}

#[test]
fn a_node_that_cannot_start_is_told_in_its_own_words() {
    let output = lab().args(["computenode", "1.5"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let help = lab().args(["server", "--help"]).output().unwrap();
    assert!(help.status.success());
    assert!(String::from_utf8(help.stdout).unwrap().contains("--listen"));
}
