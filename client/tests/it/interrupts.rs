//! Ctrl-C, once and twice.

#![cfg(unix)]

use crate::stage::{Part, Poll, Said, Scene, client};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use wire::Running;
use wire::job::JobState;

/// Starts a client whose job never ends by itself.
fn start(part: Part) -> (Arc<Part>, Running, TempDir, Child) {
    part.polls.lock().unwrap().extend(std::iter::repeat_n(Poll::Answer(JobState::Running, 1), 1_000_000));
    let (part, running) = part.play();
    let folder = tempfile::tempdir().unwrap();
    let server = running.local_addr().to_string();
    let child = client(folder.path(), &["data", "random", "--server", &server])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    (part, running, folder, child)
}

fn interrupt(child: &Child) {
    let status = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(status.success());
}

/// Waits for a cue. The bound is only there so that a broken client fails the test and does not hang it.
fn wait(cue: &Receiver<()>) {
    cue.recv_timeout(Duration::from_secs(120)).unwrap();
}

/// A cue that tells the test that it came, and goes on.
fn told() -> (crate::stage::Cue, Receiver<()>) {
    let (sender, receiver) = channel();
    // The test may have stopped listening.
    let cue = move || {
        let _ = sender.send(());
    };
    (Box::new(cue), receiver)
}

#[test]
fn ctrl_c_cancels_the_job() {
    let (on_poll, polled) = told();
    let (part, _running, _folder, child) = start(Part { on_poll: Some(on_poll), ..Part::default() });
    wait(&polled);
    interrupt(&child);
    // The polls run out at once when the job is cancelled.
    while !part.scenes().contains(&Scene::Cancelled) {
        wait(&polled);
    }
    part.polls.lock().unwrap().clear();
    let said = Said::from(child.wait_with_output().unwrap());
    assert_eq!(said.status, Some(130));
    assert!(said.out.starts_with("Cancelled: 2 of 4 images"), "{}", said.out);
    insta::assert_snapshot!(said.error, @"client: cancelling the job; once more to leave at once");
}

#[test]
fn the_second_ctrl_c_leaves_at_once() {
    let (on_poll, polled) = told();
    let (cancelled, cancelling) = channel();
    let (release, released) = channel::<()>();
    let released = Mutex::new(released);
    // The server hangs in the cancellation until the client is gone.
    let on_cancel = move || {
        cancelled.send(()).unwrap();
        let _ = released.lock().unwrap().recv();
    };
    let part = Part { on_poll: Some(on_poll), on_cancel: Some(Box::new(on_cancel)), ..Part::default() };
    let (_part, _running, _folder, child) = start(part);
    wait(&polled);
    interrupt(&child);
    wait(&cancelling);
    interrupt(&child);
    let said = Said::from(child.wait_with_output().unwrap());
    assert_eq!((said.status, said.out.as_str()), (Some(130), ""));
    drop(release);
}
