//! The lints are on in every crate, and whoever silences one says why.

use crate::source::sources;
use crate::tree;
use toml::{Table, Value};

/// What the workspace promises, in rustc's and clippy's words.
const REQUIRED: &[(&str, &str)] = &[
    ("rust", "missing_docs"),
    ("rust", "missing_debug_implementations"),
    ("rust", "unreachable_pub"),
    ("clippy", "unwrap_used"),
    ("clippy", "expect_used"),
    ("clippy", "dbg_macro"),
    ("clippy", "todo"),
];

/// The one crate that may say `unsafe`, and so states its lints itself.
const UNSAFE: &str = "crates/lanes/Cargo.toml";

/// The only files that may silence a lint without a reason: they wrap generated code.
const GENERATED: &[&str] = &["idl/src/lib.rs"];

fn manifest(path: &str) -> Table {
    let file = tree::texts().iter().find(|file| file.path == path);
    let text = &file.unwrap_or_else(|| panic!("{path} is missing")).text;
    text.parse().unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn missing(lints: &Value) -> Vec<String> {
    let is_on = |group: &str, lint: &str| lints.get(group).and_then(|group| group.get(lint)).is_some();
    let off = REQUIRED.iter().filter(|(group, lint)| !is_on(group, lint));
    off.map(|(group, lint)| format!("{group}.{lint}")).collect()
}

#[test]
fn the_workspace_forbids_what_it_promises_to() {
    let root = manifest("Cargo.toml");
    let lints = &root["workspace"]["lints"];
    assert_eq!(lints["rust"]["unsafe_code"].as_str(), Some("forbid"));
    assert_eq!(missing(lints), [""; 0]);
}

#[test]
fn every_crate_takes_the_workspaces_lints() {
    let manifests = tree::texts().iter().filter(|file| file.path.ends_with("/Cargo.toml"));
    let complaints: Vec<String> = manifests
        .filter(|file| file.path != UNSAFE)
        .filter(|file| manifest(&file.path).get("lints").and_then(|lints| lints.get("workspace")).is_none())
        .map(|file| file.path.clone())
        .collect();
    tree::none(&complaints, "write `[lints]` and `workspace = true` in:");
}

#[test]
fn the_crate_that_may_say_unsafe_lacks_no_other_lint() {
    let lints = &manifest(UNSAFE)["lints"];
    assert_eq!(missing(lints), [""; 0]);
    assert_eq!(lints["rust"]["unsafe_op_in_unsafe_fn"].as_str(), Some("deny"));
    assert!(lints["clippy"].get("undocumented_unsafe_blocks").is_some(), "every block says why it is sound");
}

#[test]
fn silenced_lints_have_reasons() {
    let mut complaints = Vec::new();
    for source in
        sources().iter().filter(|source| !source.is_test && !GENERATED.contains(&source.path.as_str()))
    {
        complaints.extend(source.unexplained.iter().map(|line| format!("{}:{line}", source.path)));
    }
    tree::none(&complaints, "write `#[expect(lint, reason = \"…\")]`:");
}
