//! What operators, nodes and other servers ask a server.

use crate::services::{PATIENCE, Server, job_view, server, server_client};
use wire::job::{ServerService as _, SubmitError, UnknownJob};
use wire::membership::{NodeRegistration, UnknownNode};

fn registration(address: &str, name: &str) -> NodeRegistration {
    NodeRegistration { address: address.to_owned(), name: name.to_owned(), incarnation: u64::MAX }
}

#[test]
fn a_node_registers_and_is_told_its_name() {
    let running = server();
    let client = server_client(&running);
    let node = registration("127.0.0.1:5001", "node1");
    assert_eq!(client.register_node(&node, PATIENCE).unwrap(), Server.register_node(node));
    let refused = client.register_node(&registration("127.0.0.1:5001", "one-too-many"), PATIENCE).unwrap();
    assert!(matches!(refused, Err(SubmitError::Unavailable { .. })), "{refused:?}");
    let nowhere = client.register_node(&registration("127.0.0.1:0", "node1"), PATIENCE).unwrap();
    assert!(matches!(&nowhere, Err(SubmitError::Invalid { field, .. }) if field == "address"), "{nowhere:?}");
}

#[test]
fn operators_words_reach_the_server_and_unknown_names_are_answers() {
    let running = server();
    let client = server_client(&running);
    assert_eq!(client.drain("node0", PATIENCE).unwrap(), Ok(()));
    assert_eq!(client.resume("node0", PATIENCE).unwrap(), Ok(()));
    let unknown = UnknownNode { node: "node9".to_owned() };
    assert_eq!(client.drain("node9", PATIENCE).unwrap(), Err(unknown.clone()));
    assert_eq!(client.resume("node9", PATIENCE).unwrap(), Err(unknown));
    assert_eq!(client.pause_job("job", PATIENCE).unwrap(), Ok(()));
    assert_eq!(client.resume_job("job", PATIENCE).unwrap(), Ok(()));
    let unknown = UnknownJob::of("other");
    assert_eq!(client.pause_job("other", PATIENCE).unwrap(), Err(unknown.clone()));
    assert_eq!(client.resume_job("other", PATIENCE).unwrap(), Err(unknown));
    assert_eq!(client.connections(), (1, 0));
}

#[test]
fn jobs_and_events_arrive_as_they_were_sent() {
    let running = server();
    let client = server_client(&running);
    assert_eq!(client.jobs(false, PATIENCE).unwrap(), [job_view()]);
    assert_eq!(client.jobs(true, PATIENCE).unwrap(), []);
    assert_eq!(client.events(41, PATIENCE).unwrap(), Server.events(41));
}
