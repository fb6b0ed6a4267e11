//! Too many peers, silent ones and slow ones.

use crate::raw::*;
use crate::services::*;
use std::sync::atomic::Ordering;
use std::time::Duration;
use wire::{Limits, NodeClient, PoolSettings, Running};

const SHORT: Duration = Duration::from_millis(50);

/// A connection that got as far as a call; others may have been closed before.
fn get_in(running: &Running) -> Raw {
    loop {
        let mut peer = Raw::connect(running);
        if peer.is_alive() {
            return peer;
        }
    }
}

fn few(connections: usize) -> Limits {
    Limits { connections, ..Limits::default() }
}

#[test]
fn a_silent_connection_is_closed() {
    let (running, _) = node_with(Limits { idle: SHORT, ..Limits::default() });
    let mut never_spoke = Raw::connect(&running);
    never_spoke.wait_for_close();
    let mut spoke_once = get_in(&running);
    spoke_once.wait_for_close();
    assert!(running.counters().idle_closed >= 2);
}

#[test]
fn a_message_that_does_not_end_is_cut() {
    let limits = Limits { message_time: SHORT, slowest_bytes_per_second: 1 << 30, ..Limits::default() };
    let (running, _) = node_with(limits);
    let message = ping();
    for begun in [1, 5, 7, message.len() - 1] {
        let mut peer = Raw::connect(&running);
        peer.send(&message[..begun]).wait_for_close();
    }
    let mut second = Raw::connect(&running);
    assert!(second.is_alive());
    second.send(&message[..9]).wait_for_close();
    assert_eq!(running.counters().too_slow, 5);
    node_client(&running).ping(PATIENCE).unwrap();
}

#[test]
fn a_crowd_of_idle_and_trickling_peers_makes_place_for_honest_calls() {
    let (running, _) = node_with(few(8));
    let mut crowd: Vec<Raw> = Vec::new();
    for round in 0..10_usize {
        for _ in 0..8 {
            let mut peer = Raw::connect(&running);
            peer.send(&ping()[..round]);
            crowd.push(peer);
        }
        // A client without a pool: each call comes in by the door like anybody else.
        node_client(&running).ping(PATIENCE).unwrap();
    }
    let counters = running.counters();
    assert_eq!(counters.calls, 10);
    assert_eq!(counters.turned_away, 0, "nobody was at work");
    assert!(counters.evicted >= 80 - 8, "{counters:?}");
    assert!(running.connections() <= 8);
}

#[test]
fn a_flood_of_connections_is_survived() {
    let (running, _) = node_with(few(16));
    let flood: Vec<Raw> = (0..500).map(|_| Raw::connect(&running)).collect();
    let client = node_client(&running);
    for _ in 0..20 {
        client.ping(PATIENCE).unwrap();
    }
    drop(flood);
    assert!(running.connections() <= 16);
}

#[test]
fn calls_at_work_are_never_evicted() {
    let (running, node) = node_with(few(4));
    let client = node_client(&running);
    std::thread::scope(|scope| {
        let held: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| client.attempt(&request("hold", empty()), PATIENCE).unwrap().unwrap()))
            .collect();
        node.gate.wait_for(4);
        for _ in 0..20 {
            Raw::connect(&running).send(&ping()).wait_for_close();
        }
        assert_eq!(running.counters().turned_away, 20);
        assert_eq!(running.counters().evicted, 0);
        node.gate.open();
        for call in held {
            call.join().unwrap();
        }
    });
    assert_eq!(node.attempts.load(Ordering::SeqCst), 4);
}

#[test]
fn an_evicted_pooled_connection_costs_its_owner_nothing() {
    let (running, node) = node_with(few(2));
    let client = NodeClient::new(running.local_addr().to_string(), PoolSettings::default());
    let mut crowd = Vec::new();
    for round in 1..=10 {
        // The crowd's threads may not have noted yet that their answers are out: whoever comes then is turned away.
        let done = std::iter::from_fn(|| {
            let turned_away = running.counters().turned_away;
            match client.attempt(&request("edges", empty()), PATIENCE) {
                Err(_) if running.counters().turned_away > turned_away => Some(None),
                outcome => Some(Some(outcome)),
            }
        });
        done.flatten().next().unwrap().unwrap().unwrap();
        assert_eq!(node.attempts.load(Ordering::SeqCst), round, "each attempt runs once");
        crowd.extend([get_in(&running), get_in(&running)]);
    }
    assert!(running.counters().evicted >= 18, "{:?}", running.counters());
}

/// Set in the process that has few file descriptors.
const FEW_DESCRIPTORS: &str = "BALLAST_TEST_FEW_DESCRIPTORS";

#[test]
fn running_out_of_descriptors_is_survived() {
    let this_program = std::env::current_exe().unwrap();
    let output = std::process::Command::new("sh")
        .args(["-c", "ulimit -n 64 && exec \"$0\" --exact crowds::few_descriptors --nocapture"])
        .arg(this_program)
        .env(FEW_DESCRIPTORS, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("survived"),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// The part of the test above that runs in a process of its own.
#[test]
fn few_descriptors() {
    if std::env::var_os(FEW_DESCRIPTORS).is_none() {
        return;
    }
    let (running, _) = node();
    let mut crowd = Vec::new();
    let spare = std::fs::File::open("/dev/null").unwrap();
    // Each connection takes a descriptor at both ends until the port has none left and makes place.
    while let Ok(peer) = std::net::TcpStream::connect(running.local_addr()) {
        crowd.push(peer);
    }
    // If both ends came out even, this one more finds a descriptor and the port none.
    drop(spare);
    crowd.extend(std::net::TcpStream::connect(running.local_addr()));
    while running.counters().accept_errors == 0 {
        std::thread::yield_now();
    }
    crowd.truncate(crowd.len() / 2);
    node_client(&running).ping(PATIENCE).unwrap();
    println!("survived");
}
