//! What monitors read: metrics and probes.

use crate::fake::{World, node};
use std::time::Duration;

#[test]
fn prometheus_accepts_the_metrics() {
    let world = World::new();
    let mut odd = node("quote\" and back\\slash");
    (odd.done, odd.mean_round_trip) = (5, Duration::from_millis(20));
    world.fake.nodes.lock().unwrap().push(odd);
    world.wait("the node", |world| world.get("/metrics").text().contains("quote"));
    let text = world.get("/metrics").text();
    assert!(text.contains("ballast_nodes{state=\"up\"} 3\n"), "{text}");
    assert!(
        text.contains("ballast_attempts_total{node=\"quote\\\" and back\\\\slash\",outcome=\"done\"} 5\n"),
        "{text}"
    );
    match program::metrics::checker::complaints(&text).unwrap() {
        Some(complaints) => assert_eq!(complaints, ""),
        None => println!("skipped: no promtool (Debian's package prometheus has it)"),
    }
}

#[test]
fn a_console_is_ready_when_a_server_and_a_node_are() {
    let mut world = World::new();
    assert_eq!((world.get("/healthz").status, world.get("/readyz").status), (200, 200));
    world.fake.nodes.lock().unwrap().clear();
    world.wait("no node", |world| world.get("/readyz").status == 503);
    assert!(world.get("/readyz").text().contains("no node takes work"));
    world.server.take().unwrap().stop(Duration::ZERO);
    world.wait("no server", |world| world.get("/readyz").text().contains("no server answers"));
    assert_eq!(world.get("/healthz").status, 200);
    world.wait("the event", |world| {
        world.get("/api/history/events?kind=server_down").text().contains("does not answer")
    });
}
