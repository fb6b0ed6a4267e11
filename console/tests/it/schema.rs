//! Answers held against `docs/schema/console.json`, by as much of JSON Schema as that file uses.

use crate::fake::{World, node};
use serde_json::{Value, json};
use std::fs;
use wire::job::{ElectionView, JobState};
use wire::membership::EventKind;

/// Words of a schema that [`faults`] judges by, or that say nothing to judge.
const KNOWN: &[&str] = &[
    "type",
    "properties",
    "required",
    "items",
    "enum",
    "const",
    "minItems",
    "maxItems",
    "description",
    "$ref",
];

fn schema() -> Value {
    serde_json::from_str(include_str!("../../../docs/schema/console.json")).unwrap()
}

fn is_a(value: &Value, kind: &str) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "null" => value.is_null(),
        other => panic!("the schema knows a type {other:?}"),
    }
}

/// Where the answer is not as the schema says. A key that the schema does not describe is a fault too.
fn faults(whole: &Value, schema: &Value, answer: &Value, place: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for word in schema.as_object().unwrap().keys() {
        assert!(KNOWN.contains(&word.as_str()), "{place}: this test cannot judge by {word:?}");
    }
    if let Some(reference) = schema["$ref"].as_str() {
        return self::faults(whole, whole.pointer(reference.trim_start_matches('#')).unwrap(), answer, place);
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::Null => Vec::new(),
        Value::String(one) => vec![one],
        several => several.as_array().unwrap().iter().filter_map(Value::as_str).collect(),
    };
    if !kinds.is_empty() && !kinds.iter().any(|kind| is_a(answer, kind)) {
        faults.push(format!("{place} is no {}: {answer}", kinds.join(" or ")));
    }
    if schema.get("const").is_some_and(|only| only != answer) {
        faults.push(format!("{place} is not {}: {answer}", schema["const"]));
    }
    if schema["enum"].as_array().is_some_and(|words| !words.contains(answer)) {
        faults.push(format!("{place} is none of {}: {answer}", schema["enum"]));
    }
    for key in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        // Of what is no object nothing is required, as the standard has it.
        if answer.is_object() && answer.get(key).is_none() {
            faults.push(format!("{place}.{key} is promised"));
        }
    }
    if let (Some(properties), Some(object)) = (schema["properties"].as_object(), answer.as_object()) {
        for (key, value) in object {
            match properties.get(key) {
                Some(described) => {
                    faults.extend(self::faults(whole, described, value, &format!("{place}.{key}")))
                }
                None => faults.push(format!("{place}.{key} is not in the schema")),
            }
        }
    }
    if let Some(list) = answer.as_array() {
        let length = list.len() as u64;
        if schema["minItems"].as_u64().is_some_and(|least| length < least)
            || schema["maxItems"].as_u64().is_some_and(|most| length > most)
        {
            faults.push(format!("{place} has {length} items"));
        }
        if schema["items"].is_object() {
            let item = |item: &Value| self::faults(whole, &schema["items"], item, &format!("{place}[]"));
            faults.extend(list.iter().flat_map(item));
        }
    }
    faults
}

fn fits(name: &str, answer: &Value) {
    let schema = schema();
    assert!(schema["$defs"][name].is_object(), "{name}");
    let faults = faults(&schema, &schema["$defs"][name], answer, name);
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn answers_are_as_the_schema_says() {
    let world = World::new();
    // A world in which every list has something in it.
    world.fake.note(EventKind::NodeUp, "node0", "node0 is up");
    *world.fake.election.lock().unwrap() = Some(ElectionView { leader: None, term: Some(3) });
    let mut worked = node("node2");
    (worked.done, worked.load_probability, worked.slots) = (3, None, None);
    world.fake.nodes.lock().unwrap().push(worked);
    fs::create_dir_all(world.folder.path().join("data/photos/input_dir")).unwrap();
    fs::write(world.folder.path().join("data/photos/input_dir/a.png"), "a").unwrap();
    let wanted = json!({ "folder": "photos", "strategy": "random", "operation": "edges", "label": "first" });
    fits("wanted", &wanted);
    let receipt = world.post("/api/jobs", &wanted).json();
    fits("receipt", &receipt);
    let key = receipt["key"].as_str().unwrap();
    let running = world.post("/api/jobs", &wanted).json()["key"].as_str().unwrap().to_owned();
    world.fake.set_job(&running, JobState::Running, 2);
    world.wait("both jobs", |world| {
        let jobs = world.get("/api/jobs").json()["jobs"].clone();
        jobs.as_array().unwrap().len() == 2 && jobs.to_string().contains("\"running\"")
    });
    world.wait("the history", |world| {
        let past = world.get("/api/history/jobs").json()["jobs"].as_array().unwrap().len();
        past == 2 && !world.get("/api/history/events").json()["events"].as_array().unwrap().is_empty()
    });
    for (path, name) in [
        ("/api/cluster", "cluster"),
        ("/api/options", "options"),
        ("/api/jobs", "jobs"),
        (&format!("/api/jobs/{key}"), "job"),
        (&format!("/api/jobs/{key}/images"), "images"),
        ("/api/history/jobs", "past_jobs"),
        ("/api/history/events", "events"),
        ("/api/runs", "runs"),
        ("/api/jobs/none", "problem"),
    ] {
        fits(name, &world.get(path).json());
    }
    let cluster = world.get("/api/cluster").json();
    for list in ["servers", "nodes", "jobs", "performance", "strategies", "trend"] {
        assert!(
            !cluster[list].as_array().unwrap().is_empty(),
            "{list} is empty, and so nothing was held against the schema"
        );
    }
    let described = &schema()["$defs"]["events"]["properties"]["kinds"];
    assert_eq!(
        described["items"]["enum"],
        world.get("/api/history/events").json()["kinds"],
        "every kind is described"
    );
}

#[test]
fn an_answer_that_is_not_as_the_schema_says_is_found() {
    let whole = json!({ "$defs": { "name": { "type": "string" } } });
    let schema = json!({
        "type": "object", "required": ["a"],
        "properties": { "a": { "type": ["integer", "null"] }, "b": { "type": "array", "items": { "$ref": "#/$defs/name" } },
                        "c": { "enum": ["x"] } },
    });
    let of = |answer: Value| faults(&whole, &schema, &answer, "it");
    assert!(of(json!({ "a": null, "b": ["n"], "c": "x" })).is_empty());
    for (wrong, why) in [
        (json!({ "a": 1.5 }), "it.a is no integer or null: 1.5"),
        (json!({ "b": [] }), "it.a is promised"),
        (json!({ "a": 1, "b": ["n", 2] }), "it.b[] is no string: 2"),
        (json!({ "a": 1, "c": "y" }), "it.c is none of [\"x\"]: \"y\""),
        (json!({ "a": 1, "d": 1 }), "it.d is not in the schema"),
        (json!([]), "it is no object: []"),
    ] {
        assert!(of(wrong).contains(&why.to_owned()), "{why}");
    }
}
