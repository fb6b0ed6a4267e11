//! What programs read: metrics, probes, JSON as its schema says.

use crate::fake::{World, node};
use serde_json::Value;
use std::io::Write as _;
use std::process::{Command, Stdio};
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
    let checker = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut checker) = checker else {
        println!("skipped: no promtool (Debian's package prometheus has it)");
        return;
    };
    checker.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let said = checker.wait_with_output().unwrap();
    assert!(said.status.success() && said.stderr.is_empty(), "{}", String::from_utf8_lossy(&said.stderr));
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

/// Every key that an answer has is described, and every key that is promised is there.
fn fits(schema: &Value, answer: &Value, place: &str) {
    let Some(properties) = schema["properties"].as_object() else { return };
    let object = answer.as_object().unwrap_or_else(|| panic!("{place} is no object: {answer}"));
    for (key, value) in object {
        let described = properties.get(key).unwrap_or_else(|| panic!("{place}.{key} is not in the schema"));
        fits(described, value, &format!("{place}.{key}"));
        if let (Some(items), Some(list)) = (described.get("items"), value.as_array()) {
            list.iter().for_each(|item| fits(items, item, &format!("{place}.{key}[]")));
        }
    }
    for key in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        assert!(object.contains_key(key), "{place}.{key} is promised");
    }
}

#[test]
fn answers_are_as_the_schema_says() {
    let world = World::new();
    let schema: Value = serde_json::from_str(include_str!("../../../docs/schema/console.json")).unwrap();
    for (path, name) in [
        ("/api/cluster", "cluster"),
        ("/api/options", "options"),
        ("/api/jobs", "jobs"),
        ("/api/history/jobs", "past_jobs"),
        ("/api/history/events", "events"),
        ("/api/runs", "runs"),
        ("/api/jobs/none", "problem"),
    ] {
        let definition = &schema["$defs"][name];
        assert!(definition.is_object(), "{name}");
        fits(definition, &world.get(path).json(), name);
    }
    assert_eq!(world.get("/api/cluster").json()["nodes"][0].as_array().unwrap().len(), 11);
}
