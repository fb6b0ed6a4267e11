//! What monitors get from a node.

use crate::process::{Node, PATIENCE, run, synthetic};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

/// The port for monitors, by the ready line.
fn monitors(node: &Node) -> String {
    let (_, rest) = node.ready.split_once("metrics on http://").unwrap();
    rest.split('/').next().unwrap().to_owned()
}

/// Status and body.
fn get(address: &str, path: &str) -> (u16, String) {
    get_with(address, path, "")
}

fn get_with(address: &str, path: &str, more: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\n{more}\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

#[test]
fn prometheus_accepts_what_a_node_tells() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::anywhere(folder.path(), "0 --slots 3 --metrics 0");
    let address = monitors(&node);
    assert!(address.starts_with("127.0.0.1:"), "{address}");
    node.client().attempt(&synthetic(Duration::ZERO), PATIENCE).unwrap().unwrap();
    let (status, text) = get(&address, "/metrics");
    assert_eq!(status, 200);
    for line in
        ["ballast_node_slots 3", "ballast_node_attempts_total{outcome=\"done\"} 1", "ballast_node_draining 0"]
    {
        assert!(text.lines().any(|each| each == line), "{line} is not in\n{text}");
    }
    match program::metrics::checker::complaints(&text).unwrap() {
        Some(complaints) => assert_eq!(complaints, ""),
        None => println!("skipped: no promtool (Debian's package prometheus has it)"),
    }
}

#[test]
fn probes_are_answered_after_whoever_says_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::anywhere(folder.path(), "0 --metrics 127.0.0.1:0");
    let address = monitors(&node);
    let silent = TcpStream::connect(&address).unwrap();
    assert_eq!(get(&address, "/healthz"), (200, "alive\n".to_owned()));
    assert_eq!(get(&address, "/readyz"), (200, "ready\n".to_owned()));
    assert_eq!(get(&address, "/etc/passwd").0, 404);
    drop(silent);
}

#[test]
fn a_port_that_is_taken_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = run(folder.path(), &["0", "--listen", "127.0.0.1:0", "--metrics", &address]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains(&format!("{address} is taken")));
}

#[test]
fn figures_are_not_opened_to_other_machines_by_accident() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["0", "--listen", "127.0.0.1:0", "--metrics", "0.0.0.0:0"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("--metrics-token") && said.contains("--insecure"), "{said}");

    let node = Node::anywhere(folder.path(), "0 --metrics 0.0.0.0:0 --metrics-token abc");
    let port = monitors(&node).rsplit_once(':').unwrap().1.to_owned();
    let address = format!("127.0.0.1:{port}");
    assert_eq!(get(&address, "/metrics").0, 401);
    assert_eq!(get(&address, "/healthz").0, 200);
    assert_eq!(get_with(&address, "/metrics", "Authorization: Bearer abc\r\n").0, 200);
}
