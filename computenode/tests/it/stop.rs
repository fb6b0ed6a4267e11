//! How the program ends.

use crate::process::{Node, PATIENCE, reason, synthetic};
use std::thread;
use std::time::Duration;
use wire::node::RejectReason;

/// Longer than any test lasts.
const ENDLESS: Duration = Duration::from_secs(600);

#[test]
fn an_idle_node_ends_at_once_and_well() {
    for signal in ["TERM", "INT"] {
        let folder = tempfile::tempdir().unwrap();
        let mut node = Node::anywhere(folder.path(), "0");
        node.client().ping(PATIENCE).unwrap();
        node.signal(signal);
        let (status, output, log) = node.ended();
        assert!(status.success(), "{status} {log}");
        assert_eq!(output, "", "one line when ready and no other");
        assert!(log.contains("stopping: 0 attempts in flight"), "{log}");
    }
}

#[test]
fn attempts_in_flight_are_finished_and_answered() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = Node::anywhere(folder.path(), "0 --grace 10m");
    let client = node.client();
    let in_flight = thread::spawn(move || client.attempt(&synthetic(Duration::from_millis(400)), PATIENCE));
    node.until(|status| status.running == 1 || status.done == 1);
    node.signal("TERM");
    in_flight.join().unwrap().unwrap().unwrap();
    let (status, _, log) = node.ended();
    assert!(status.success(), "{status} {log}");
}

#[test]
fn a_draining_node_takes_nothing_new_and_a_second_signal_ends_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = Node::anywhere(folder.path(), "0 --slots 1 --grace 10m");
    let (working, waiting, asking) = (node.client(), node.client(), node.client());
    let working = thread::spawn(move || working.attempt(&synthetic(ENDLESS), PATIENCE));
    node.until(|status| status.running == 1);
    let waiting = thread::spawn(move || waiting.attempt(&synthetic(ENDLESS), PATIENCE));
    node.until(|status| status.queued == 1);

    node.signal("TERM");
    node.until(|status| status.draining);
    assert_eq!(reason(waiting.join().unwrap()), RejectReason::Draining);
    assert_eq!(reason(asking.attempt(&synthetic(Duration::ZERO), PATIENCE)), RejectReason::Draining);
    assert_eq!(asking.status(PATIENCE).unwrap().running, 1);

    node.signal("TERM");
    let (status, _, log) = node.ended();
    assert_eq!(status.code(), Some(1), "{log}");
    assert!(log.contains("ended with 1 attempts in flight"), "{log}");
    working.join().unwrap().unwrap_err();
}

#[test]
fn the_grace_has_an_end() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = Node::anywhere(folder.path(), "0 --grace 1ms");
    let client = node.client();
    let working = thread::spawn(move || client.attempt(&synthetic(ENDLESS), PATIENCE));
    node.until(|status| status.running == 1);
    node.signal("TERM");
    let (status, _, log) = node.ended();
    assert_eq!(status.code(), Some(1), "{log}");
    working.join().unwrap().unwrap_err();
}
