//! The calling side against peers that close, stall and lie.

use crate::raw::*;
use crate::services::*;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;
use wire::{Breakage, CallError, Evidence, NodeClient, Peer, PoolSettings};

const SHORT: Duration = Duration::from_millis(50);

/// Reads one call from a peer that sends small ones.
fn read_call(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut bytes = vec![0; 4096];
    let read = stream.read(&mut bytes).ok()?;
    bytes.truncate(read);
    (read > 0).then_some(bytes)
}

/// A peer that treats its connections one after another, each by its own script.
fn peer(scripts: Vec<fn(&mut TcpStream)>) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let served = thread::spawn(move || {
        for script in scripts {
            let (mut stream, _) = listener.accept().unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            script(&mut stream);
        }
    });
    (address, served)
}

fn client(address: SocketAddr) -> NodeClient {
    NodeClient::new(address.to_string(), PoolSettings::default())
}

fn broken(address: SocketAddr, how: Breakage) -> CallError {
    CallError::Broken { address: address.to_string(), how }
}

fn answer_ping(stream: &mut TcpStream) {
    if read_call(stream).is_some() {
        stream.write_all(&pong()).unwrap();
    }
}

fn close_upon_call(stream: &mut TcpStream) {
    read_call(stream);
}

/// Waits for the other side to hang up.
fn stall(stream: &mut TcpStream) {
    while read_call(stream).is_some() {}
}

#[test]
fn nobody_there_is_unreachable() {
    // A port that was free a moment ago.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = client(address).ping(PATIENCE).unwrap_err();
    assert!(matches!(error, CallError::Unreachable { .. }), "{error:?}");
    assert!(error.never_begun());
    let error = NodeClient::new("no such host:1", PoolSettings::default()).ping(PATIENCE).unwrap_err();
    assert!(matches!(error, CallError::Unreachable { .. }), "{error:?}");
}

#[test]
fn silence_is_a_time_out_and_the_connection_is_not_used_again() {
    let (address, served) = peer(vec![stall, answer_ping]);
    let client = client(address);
    let error = client.ping(SHORT).unwrap_err();
    assert_eq!(error, CallError::TimedOut { address: address.to_string(), waited: SHORT });
    assert!(!error.never_begun());
    assert_eq!(client.connections(), (0, 0));
    client.ping(PATIENCE).unwrap();
    served.join().unwrap();
}

#[test]
fn a_late_answer_is_never_taken_for_the_next_call() {
    // The answer comes after the time-out, on a connection that has been given up.
    let (address, served) = peer(vec![
        |stream| {
            read_call(stream);
            stall(stream);
            let _ = stream.write_all(&message_of(REPLY, "ping", 1, &[0]));
        },
        answer_ping,
    ]);
    let client = client(address);
    client.ping(SHORT).unwrap_err();
    client.ping(PATIENCE).unwrap();
    served.join().unwrap();
}

#[test]
fn half_an_answer_is_broken_and_a_trickled_one_times_out() {
    let (address, served) = peer(vec![
        |stream| {
            read_call(stream);
            stream.write_all(&pong()[..9]).unwrap();
        },
        |stream| {
            read_call(stream);
            stream.write_all(&pong()[..9]).unwrap();
            stall(stream);
        },
    ]);
    let client = client(address);
    assert_eq!(client.ping(PATIENCE), Err(broken(address, Breakage::Midway)));
    assert!(matches!(client.ping(SHORT), Err(CallError::TimedOut { .. })));
    served.join().unwrap();
}

#[test]
fn a_dead_pooled_connection_is_replaced_unnoticed() {
    // The first connection answers once and closes.
    let (address, served) = peer(vec![answer_ping, answer_ping]);
    let client = client(address);
    client.ping(PATIENCE).unwrap();
    client.ping(PATIENCE).unwrap();
    served.join().unwrap();
}

#[test]
fn an_attempt_that_may_have_begun_is_not_repeated() {
    // The node takes the attempt on a pooled connection and dies; a second connection would be answered.
    let (address, served) = peer(vec![|stream| {
        answer_ping(stream);
        close_upon_call(stream);
    }]);
    let client = client(address);
    client.ping(PATIENCE).unwrap();
    let error = client.attempt(&request("edges", empty()), PATIENCE).unwrap_err();
    assert_eq!(error, broken(address, Breakage::Closed));
    assert!(!error.never_begun());
    served.join().unwrap();
}

#[test]
fn a_fresh_connection_that_dies_is_not_tried_again() {
    let (address, served) = peer(vec![close_upon_call]);
    assert_eq!(client(address).ping(PATIENCE), Err(broken(address, Breakage::Closed)));
    served.join().unwrap();
}

#[test]
fn an_answer_that_is_no_thrift_is_garbled() {
    let (address, served) = peer(vec![
        |stream| {
            read_call(stream);
            stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        },
        |stream| {
            read_call(stream);
            stream.write_all(&message_of(REPLY, "ping", 2, &[0])).unwrap();
        },
        |stream| {
            read_call(stream);
            stream.write_all(&message_of(REPLY, "pong", 1, &[0])).unwrap();
        },
        |stream| {
            read_call(stream);
            let bomb = [&field(LIST, 9)[..], &[STRUCT], &i32::MAX.to_be_bytes()].concat();
            stream.write_all(&message_of(REPLY, "ping", 1, &bomb)).unwrap();
        },
    ]);
    let client = client(address);
    for lie in ["http", "sequence", "method", "bomb"] {
        let error = client.ping(PATIENCE).unwrap_err();
        assert!(matches!(error, CallError::Garbled { .. }), "{lie}: {error:?}");
        assert_eq!(client.connections(), (0, 0), "{lie}");
    }
    served.join().unwrap();
}

#[test]
fn an_answer_of_a_wrong_type_is_no_success() {
    // `execute` answers a string; a number in its place must not pass for an empty one.
    let (address, served) = peer(vec![|stream| {
        read_call(stream);
        let body = [&field(I32, 0)[..], &[0; 4], &[0]].concat();
        stream.write_all(&message_of(REPLY, "execute", 1, &body)).unwrap();
    }]);
    let file = wire::node::SharedFile { base_path: "/".to_owned(), file_name: "a".to_owned() };
    let error = client(address).execute(cluster::Admission::MayReject, &file, PATIENCE).unwrap_err();
    assert!(matches!(error, CallError::Garbled { .. }), "{error:?}");
    served.join().unwrap();
}

#[test]
fn an_answer_after_the_answer_spoils_the_connection() {
    let (address, served) = peer(vec![
        |stream| {
            read_call(stream);
            stream.write_all(&pong().repeat(2)).unwrap();
            stall(stream);
        },
        answer_ping,
    ]);
    let client = client(address);
    client.ping(PATIENCE).unwrap();
    client.ping(PATIENCE).unwrap();
    assert_eq!(client.connections(), (1, 0));
    drop(client);
    served.join().unwrap();
}

/// The original's node: knows `execute` only.
fn original(stream: &mut TcpStream, words: &str) {
    while let Some(call) = read_call(stream) {
        let answer = if call[8..].starts_with(b"execute") {
            let body = [&field(TEXT, 0)[..], &text(words.as_bytes()), &[0]].concat();
            message_of(REPLY, "execute", 1, &body)
        } else {
            let body =
                [&field(TEXT, 1)[..], &text(b"Unknown function describe"), &field(I32, 2), &[0, 0, 0, 1, 0]];
            message_of(EXCEPTION, "describe", 1, &body.concat())
        };
        stream.write_all(&answer).unwrap();
    }
}

#[test]
fn a_node_of_the_originals_kind_is_known_by_what_it_does_not_know() {
    let (address, served) = peer(vec![
        |stream| original(stream, "Success"),
        |stream| original(stream, "Status: Rejected, try elsewhere"),
        |stream| original(stream, "perhaps"),
    ]);
    let file = wire::node::SharedFile { base_path: "/".to_owned(), file_name: "a".to_owned() };
    let execute = |client: &NodeClient| client.execute(cluster::Admission::MayReject, &file, PATIENCE);
    let first = client(address);
    let error = first.describe(PATIENCE).unwrap_err();
    assert!(matches!(error, CallError::UnknownMethod { method: "describe", .. }), "{error:?}");
    assert_eq!(execute(&client(address)), Ok(wire::node::CompatibleAnswer::Rejected));
    let error = execute(&client(address)).unwrap_err();
    assert!(error.to_string().contains("'perhaps' is neither Success nor Rejected"), "{error}");
    served.join().unwrap();
}

#[test]
fn identification_tells_the_evidence() {
    let (address, served) = peer(vec![|stream| original(stream, "Success")]);
    let found = client(address).identify(PATIENCE).unwrap();
    assert_eq!(found, Peer::Compatible(Evidence::UnknownMethod));
    served.join().unwrap();
    let (address, served) = peer(vec![close_upon_call, close_upon_call, stall]);
    let found = client(address).identify(PATIENCE).unwrap();
    assert_eq!(found, Peer::Compatible(Evidence::ClosedConnection));
    served.join().unwrap();
    // As a wire does that leads to nobody any more.
    let (address, served) = peer(vec![close_upon_call, close_upon_call, |_| {}]);
    let error = client(address).identify(PATIENCE).unwrap_err();
    assert!(matches!(error, CallError::Broken { how: Breakage::Closed, .. }), "{error:?}");
    served.join().unwrap();
}

#[test]
fn the_bound_holds_and_whoever_waits_gets_a_turn() {
    let (running, node) = node();
    let settings = PoolSettings { connections: 3, ..PoolSettings::default() };
    let client = NodeClient::new(running.local_addr().to_string(), settings);
    thread::scope(|scope| {
        let (done, finished) = mpsc::channel();
        for _ in 0..12 {
            let (done, client) = (done.clone(), &client);
            scope.spawn(move || {
                client.attempt(&request("hold", empty()), PATIENCE).unwrap().unwrap();
                done.send(()).unwrap();
            });
        }
        node.gate.wait_for(3);
        assert_eq!(client.connections(), (0, 3));
        let error = client.ping(Duration::from_millis(1)).unwrap_err();
        assert!(matches!(error, CallError::Busy { connections: 3, .. }), "{error:?}");
        assert!(error.never_begun());
        assert_eq!(node.attempts.load(Ordering::SeqCst), 3, "no fourth call reached the node");
        node.gate.open();
        for _ in 0..12 {
            finished.recv_timeout(PATIENCE).unwrap();
        }
    });
    assert_eq!(client.connections(), (3, 0));
    assert_eq!(running.counters().accepted, 3);
}

#[test]
fn a_connection_too_old_is_not_used() {
    let (running, _) = node();
    let settings = PoolSettings { idle_age: Duration::ZERO, ..PoolSettings::default() };
    let client = NodeClient::new(running.local_addr().to_string(), settings);
    for _ in 0..3 {
        client.ping(PATIENCE).unwrap();
    }
    assert_eq!(running.counters().accepted, 3);
    client.close_expired();
    assert_eq!(client.connections(), (0, 0));
}
