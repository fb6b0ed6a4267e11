//! Every method of both services, there and back.

use crate::services::*;
use cluster::Admission;
use std::sync::atomic::Ordering;
use std::time::Duration;
use wire::job::*;
use wire::node::*;
use wire::{CallError, Counters, Evidence, NodeClient, Peer, PoolSettings};

#[test]
fn a_node_tells_of_itself() {
    let (running, node) = node();
    let client = node_client(&running);
    client.ping(PATIENCE).unwrap();
    assert_eq!(client.describe(PATIENCE).unwrap(), node.describe());
    assert_eq!(client.status(PATIENCE).unwrap(), node.status());
    assert_eq!(client.identify(PATIENCE).unwrap(), Peer::Ballast(node.describe()));
    assert_eq!(client.connections(), (1, 0), "one connection carried all of it");
}

#[test]
fn attempts_bring_results_by_every_way() {
    let (running, _) = node();
    let client = node_client(&running);
    let attempt = |work| client.attempt(&request("edges", work), PATIENCE).unwrap().unwrap();
    let file = SharedFile { base_path: "/data".to_owned(), file_name: "ü.png".to_owned() };
    assert_eq!(attempt(Work::Shared(file)).result, AttemptResult::TemporaryFile("ü.png.part".to_owned()));
    assert_eq!(attempt(empty()).result, AttemptResult::Nothing);
    assert_eq!(attempt(empty()).timings, timings());
    let image: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
    let reply = attempt(Work::Inline(image.clone()));
    assert_eq!((reply.width, reply.height, reply.bytes_in), (640, 480, 3_000_000));
    assert!(reply.result == AttemptResult::Inline(image), "an inline image comes back as it went");
    assert_eq!(client.connections(), (1, 0));
}

#[test]
fn refusals_and_failures_are_answers_and_keep_the_connection() {
    let (running, _) = node();
    let client = node_client(&running);
    let why = "as asked".to_owned();
    let node = "node0".to_owned();
    let expected = [
        ("reject", AttemptError::Rejected { reason: RejectReason::Load, node, why: why.clone() }),
        ("fail", AttemptError::Failed { kind: FailureKind::Truncated, why: why.clone(), timings: timings() }),
        ("fault", AttemptError::Fault { kind: FaultKind::DiskFull, why: why.clone() }),
        ("invalid", AttemptError::Invalid { field: "operation".to_owned(), why }),
    ];
    for (operation, error) in expected {
        assert_eq!(client.attempt(&request(operation, empty()), PATIENCE).unwrap(), Err(error));
    }
    assert_eq!(client.connections(), (1, 0));
}

#[test]
fn the_originals_calls_are_answered_and_can_be_made() {
    let (running, node) = node();
    let client = node_client(&running);
    let execute = |admission, name: &str| {
        let file = SharedFile { base_path: "/data".to_owned(), file_name: name.to_owned() };
        client.execute(admission, &file, PATIENCE)
    };
    assert_eq!(execute(Admission::MayReject, "a.png"), Ok(CompatibleAnswer::Success));
    assert_eq!(execute(Admission::MayReject, "busy.png"), Ok(CompatibleAnswer::Rejected));
    assert_eq!(execute(Admission::MustAccept, "busy.png"), Ok(CompatibleAnswer::Success));
    let address = running.local_addr().to_string();
    let why = "boom: no such file".to_owned();
    assert_eq!(execute(Admission::MayReject, "boom.png"), Err(CallError::Refused { address, why }));
    assert_eq!(node.executes.load(Ordering::SeqCst), 4);
    assert_eq!(client.connections(), (1, 0), "an exception of the application keeps the connection");
}

fn job(strategy: &str) -> JobRequest {
    JobRequest::new("job", JobSource::Synthetic { tasks: 10, service: Duration::ZERO }, strategy, "edges")
}

#[test]
fn a_job_from_submission_to_report() {
    let running = server();
    let client = server_client(&running);
    client.ping(PATIENCE).unwrap();
    let described = client.describe(PATIENCE).unwrap();
    assert_eq!(described.port.calls, 2, "told by the port itself");
    assert_eq!(ServerDescription { port: Counters::default(), ..described }, Server.describe());
    let receipt = client.submit(&job("random"), PATIENCE).unwrap().unwrap();
    assert_eq!(Ok(receipt), Server.submit(job("random")));
    assert_eq!(client.progress("job", Duration::from_secs(1)).unwrap(), Ok(progress()));
    assert_eq!(client.report("job", PATIENCE).unwrap(), Server.report("job"));
    assert_eq!(client.cancel("job", PATIENCE).unwrap(), Ok(()));
    assert_eq!(client.connections(), (1, 0));
}

#[test]
fn refused_jobs_and_unknown_ones_are_answers() {
    let running = server();
    let client = server_client(&running);
    for strategy in ["wrong", "late"] {
        assert_eq!(client.submit(&job(strategy), PATIENCE).unwrap(), Server.submit(job(strategy)));
    }
    let unknown = UnknownJob::of("other");
    assert_eq!(client.progress("other", Duration::ZERO).unwrap(), Err(unknown.clone()));
    assert_eq!(client.report("other", PATIENCE).unwrap(), Err(unknown.clone()));
    assert_eq!(client.cancel("other", PATIENCE).unwrap(), Err(unknown));
    assert_eq!(client.connections(), (1, 0));
}

#[test]
fn the_originals_submission_answers_seconds_as_text() {
    let running = server();
    let client = server_client(&running);
    assert_eq!(client.submit_request("/data/ü", true, PATIENCE).unwrap(), "1.5");
    assert_eq!(client.submit_request("/data/ü", false, PATIENCE).unwrap(), "2.25");
    let error = client.submit_request("/none", true, PATIENCE).unwrap_err();
    assert!(matches!(&error, CallError::Refused { why, .. } if why == "no folder /none"), "{error:?}");
}

#[test]
fn a_server_is_no_node_and_says_so() {
    // The server's `describe` answers another struct, so the node's client must not take it for a description.
    let running = server();
    let client = NodeClient::new(running.local_addr().to_string(), PoolSettings::default());
    let error = client.describe(PATIENCE).unwrap_err();
    assert!(matches!(error, CallError::Garbled { .. }), "{error:?}");
    let error = client.attempt(&request("edges", empty()), PATIENCE).unwrap_err();
    assert!(matches!(error, CallError::UnknownMethod { method: "attempt", .. }), "{error:?}");
    assert!(error.never_begun());
    let _ = Evidence::UnknownMethod;
}

#[test]
fn a_node_of_another_version_is_named_with_both_versions() {
    let node = std::sync::Arc::new(Node { speaks: Some("99.0.0"), ..Node::default() });
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let running = wire::serve_node(listener, node, wire::Limits::default()).unwrap();
    let error = node_client(&running).identify(PATIENCE).unwrap_err();
    assert!(matches!(&error, CallError::Unfit { field: "interface_version", .. }), "{error:?}");
    let said = error.to_string();
    assert!(said.contains("99.0.0") && said.contains(wire::INTERFACE_VERSION), "{said}");
}

#[test]
fn a_thousand_panics_cost_a_thousand_calls_and_nothing_else() {
    let (running, _) = node();
    let client = node_client(&running);
    for _ in 0..1_000 {
        let error = client.attempt(&request("panic", empty()), PATIENCE).unwrap_err();
        assert!(matches!(&error, CallError::Refused { .. }), "{error:?}");
    }
    client.ping(PATIENCE).unwrap();
    let counters = running.counters();
    assert_eq!(
        (counters.panics, counters.accepted),
        (1_000, 1),
        "one connection, and its thread, bore them all"
    );
}

#[test]
fn a_panicking_service_costs_one_call() {
    let (running, _) = node();
    let client = node_client(&running);
    let error = client.attempt(&request("panic", empty()), PATIENCE).unwrap_err();
    assert!(matches!(&error, CallError::Refused { why, .. } if why.contains("panicked")), "{error:?}");
    client.ping(PATIENCE).unwrap();
    assert_eq!(running.counters().panics, 1);
    assert_eq!(running.counters().accepted, 1, "the connection went on");
}
