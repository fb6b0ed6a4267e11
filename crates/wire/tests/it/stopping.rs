//! Stopping a port: calls at work finish, nothing new begins.

use crate::raw::*;
use crate::services::*;
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::Ordering;
use std::time::Duration;
use wire::{CallError, StopReport};

#[test]
fn calls_at_work_finish_and_idle_connections_end() {
    let (running, node) = node();
    let address = running.local_addr();
    let client = node_client(&running);
    let mut idle = Raw::connect(&running);
    assert!(idle.is_alive());
    std::thread::scope(|scope| {
        let held: Vec<_> = (0..5)
            .map(|_| scope.spawn(|| client.attempt(&request("hold", empty()), PATIENCE).unwrap()))
            .collect();
        node.gate.wait_for(5);
        let stopping = scope.spawn(|| running.stop(PATIENCE));
        idle.wait_for_close();
        node.gate.open();
        for call in held {
            call.join().unwrap().unwrap();
        }
        assert_eq!(stopping.join().unwrap(), StopReport { cut: 0 });
    });
    TcpListener::bind(address).unwrap_or_else(|error| panic!("the port is free again: {error}"));
    assert!(matches!(client.ping(PATIENCE), Err(CallError::Unreachable { .. })));
}

#[test]
fn what_does_not_finish_in_time_is_cut_and_counted() {
    let (running, node) = node();
    let client = node_client(&running);
    std::thread::scope(|scope| {
        let held = scope.spawn(|| client.attempt(&request("hold", empty()), PATIENCE));
        node.gate.wait_for(1);
        assert_eq!(running.stop(Duration::ZERO), StopReport { cut: 1 });
        let error = held.join().unwrap().unwrap_err();
        assert!(matches!(error, CallError::Broken { .. }), "{error:?}");
        node.gate.open();
    });
}

#[test]
fn a_call_after_the_one_at_work_is_not_begun() {
    let (running, node) = node();
    let mut peer = Raw::connect(&running);
    let client = node_client(&running);
    std::thread::scope(|scope| {
        let held = scope.spawn(|| client.attempt(&request("hold", empty()), PATIENCE).unwrap());
        node.gate.wait_for(1);
        let stopping = scope.spawn(|| running.stop(PATIENCE));
        peer.wait_for_close();
        peer.send(&ping()).wait_for_close();
        node.gate.open();
        held.join().unwrap().unwrap();
        stopping.join().unwrap();
    });
    assert_eq!(node.attempts.load(Ordering::SeqCst), 1);
}

#[test]
fn dropping_a_port_closes_it() {
    let (running, _) = node();
    let address = running.local_addr();
    drop(running);
    TcpStream::connect(address).unwrap_err();
}

#[test]
fn a_port_on_all_addresses_can_be_stopped() {
    let listener = TcpListener::bind("0.0.0.0:0").unwrap();
    let node = std::sync::Arc::new(Node::default());
    let running = wire::serve_node(listener, node, wire::Limits::default()).unwrap();
    assert_eq!(running.stop(PATIENCE), StopReport { cut: 0 });
}
