//! Ports that ask for a secret, and callers that know it, know another one, or know none.

use crate::raw::*;
use crate::services::*;
use wire::{CallError, Credentials, Limits, NodeClient, PoolSettings, Running, Secret};

fn secret(letter: u8) -> Credentials {
    Credentials::of_secret(Secret::new(&[letter; 32]).unwrap())
}

fn guarded() -> Running {
    node_with(Limits { credentials: secret(b'a'), ..Limits::default() }).0
}

fn caller(running: &Running, credentials: Credentials) -> NodeClient {
    let settings = PoolSettings { credentials, ..PoolSettings::default() };
    NodeClient::new(running.local_addr().to_string(), settings)
}

fn why(error: CallError) -> String {
    assert!(error.never_begun(), "{error}");
    match error {
        CallError::NotAdmitted { why, .. } => why,
        other => panic!("{other}"),
    }
}

#[test]
fn who_knows_the_secret_comes_in_and_stays() {
    let running = guarded();
    let client = caller(&running, secret(b'a'));
    for _ in 0..20 {
        client.ping(PATIENCE).unwrap();
    }
    let counters = running.counters();
    assert_eq!((counters.accepted, counters.calls, counters.unproven), (1, 20, 0), "one proof a connection");
}

#[test]
fn another_secret_is_told_by_the_caller_itself() {
    let running = guarded();
    let told = why(caller(&running, secret(b'b')).ping(PATIENCE).unwrap_err());
    assert!(told.contains("knows another secret"), "{told}");
    assert_eq!(running.counters().calls, 0);
}

#[test]
fn no_secret_is_refused_in_a_sentence_before_the_message_is_looked_at() {
    let running = guarded();
    let told = why(caller(&running, Credentials::default()).ping(PATIENCE).unwrap_err());
    assert!(told.contains("--secret-file"), "{told}");
    let mut foreign = Raw::connect(&running);
    let answer = foreign.send(&ping()).answer();
    assert!(
        matches!(&answer, Answer::Exception(method, 10, words) if method == "ping" && words.contains("secret")),
        "{answer:?}"
    );
    // A message of a gigabyte is not waited for.
    let mut greedy = Raw::connect(&running);
    let claim = [&[0x80, 1, 0, 1][..], &text(b"attempt"), &[0, 0, 0, 1, STRUCT, 0, 1], &[0x3f; 16]].concat();
    assert!(matches!(greedy.send(&claim).answer(), Answer::Exception(..)));
    let counters = running.counters();
    assert_eq!((counters.calls, counters.malformed, counters.unproven), (0, 0, 3));
}

#[test]
fn a_caller_with_a_secret_does_not_talk_to_a_port_without_one() {
    let (running, _) = node();
    let told = why(caller(&running, secret(b'a')).ping(PATIENCE).unwrap_err());
    assert!(told.contains("hung up instead of proving"), "{told}");
    assert_eq!(running.counters().calls, 0);
}

#[test]
fn a_proof_cannot_be_played_back_or_guessed() {
    let running = guarded();
    for proof in [[0; 32], [0xff; 32]] {
        let mut thief = Raw::connect(&running);
        thief.send(b"BLST\x00\x01").send(&[7; 32]).send(&proof).send(&ping());
        let mut answer = [0; 64];
        std::io::Read::read_exact(&mut thief.0, &mut answer).unwrap();
        thief.wait_for_close();
    }
    let counters = running.counters();
    assert_eq!((counters.calls, counters.unproven), (0, 2));
    // What the port itself proves is of no use to a caller.
    let mut mirror = Raw::connect(&running);
    mirror.send(b"BLST\x00\x01").send(&[7; 32]);
    let mut answer = [0; 64];
    std::io::Read::read_exact(&mut mirror.0, &mut answer).unwrap();
    mirror.send(&answer[32..]).send(&ping()).wait_for_close();
    assert_eq!(running.counters().unproven, 3);
}

#[test]
fn a_greeting_that_does_not_end_is_cut() {
    let limits = Limits {
        credentials: secret(b'a'),
        message_time: std::time::Duration::from_millis(50),
        slowest_bytes_per_second: 1 << 30,
        ..Limits::default()
    };
    let (running, _) = node_with(limits);
    for begun in [0, 3, 6, 20] {
        let mut peer = Raw::connect(&running);
        peer.send(&b"BLST\x00\x01aaaaaaaaaaaaaaaaaaaa"[..begun]).wait_for_close();
    }
    caller(&running, secret(b'a')).ping(PATIENCE).unwrap();
}
