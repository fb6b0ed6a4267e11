//! Machines that connect or call more often than they may.

use crate::raw::*;
use crate::services::*;
use std::net::TcpListener;
use std::sync::Arc;
use wire::{CallError, Limits, PoolSettings, Rates, ServerClient, serve_server};

/// One in a while: in a test nothing comes after the first second's worth.
fn rates(connections: Option<u32>, calls: Option<u32>) -> Limits {
    Limits { rates: Rates { connections, calls, loopback: true }, ..Limits::default() }
}

#[test]
fn connections_beyond_the_rate_are_closed_unheard_and_counted() {
    let (running, _) = node_with(rates(Some(1), None));
    let mut first = Raw::connect(&running);
    assert!(first.is_alive());
    let flood: Vec<Raw> = (0..50).map(|_| Raw::connect(&running)).collect();
    // Some may get through: a second passes on a slow machine.
    let refused = flood.into_iter().filter_map(|mut peer| (!peer.is_alive()).then_some(())).count();
    assert!(refused > 0);
    assert!(first.is_alive(), "who is in stays in");
    let counters = running.counters();
    assert_eq!(counters.refused_connections, refused as u64);
    assert_eq!(counters.accepted, 51);
}

#[test]
fn calls_beyond_the_rate_are_answered_in_a_sentence_and_counted() {
    let (running, _) = node_with(rates(None, Some(3)));
    let mut peers = [Raw::connect(&running), Raw::connect(&running)];
    let mut answers = Vec::new();
    for number in 0..20 {
        answers.push(peers[number % 2].send(&ping()).answer_whole());
    }
    let refused = answers.iter().filter(|answer| matches!(answer, Answer::Exception(..))).count();
    assert!((1..=17).contains(&refused), "three at once, over both connections: {answers:?}");
    assert!(answers.iter().all(|answer| match answer {
        Answer::Exception(method, _, words) => method == "ping" && words.contains("--max-call-rate"),
        other => *other == Answer::Reply("ping".to_owned()),
    }));
    assert_eq!(running.counters().refused_calls, refused as u64);
}

#[test]
fn a_caller_learns_that_it_calls_too_often() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let running = serve_server(listener, Arc::new(Server), rates(None, Some(1))).unwrap();
    let client = ServerClient::new(running.local_addr().to_string(), PoolSettings::default());
    let outcomes: Vec<_> = (0..20).map(|_| client.describe(PATIENCE)).collect();
    let refused = outcomes.iter().filter_map(|outcome| outcome.as_ref().err());
    let told: Vec<_> = refused.collect();
    assert!(!told.is_empty());
    for error in told {
        assert!(
            matches!(error, CallError::Refused { why, .. } if why.contains("more than 1 times")),
            "{error}"
        );
    }
}

#[test]
fn a_server_tells_what_happened_at_its_port() {
    let running = server();
    Raw::connect(&running).send(b"GET / HTTP/1.1\r\n\r\n").wait_for_close();
    let client = ServerClient::new(running.local_addr().to_string(), PoolSettings::default());
    let told = client.describe(PATIENCE).unwrap().port;
    assert_eq!((told.accepted, told.foreign, told.calls, told.refused_calls), (2, 1, 1, 0));
}

#[test]
fn without_a_rate_nothing_is_refused() {
    let (running, _) = node_with(Limits {
        rates: Rates { connections: Some(1), calls: Some(1), loopback: false },
        ..Limits::default()
    });
    for _ in 0..20 {
        assert!(Raw::connect(&running).is_alive());
    }
    assert_eq!((running.counters().refused_connections, running.counters().refused_calls), (0, 0));
}
