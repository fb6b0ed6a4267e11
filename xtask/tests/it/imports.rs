//! Imports run downward only, and each foreign format has one crate that names it.

use crate::tree;
use std::collections::{BTreeMap, BTreeSet};
use toml::{Table, Value};

/// Every crate and its floor, the ground first.
const FLOORS: &[(&str, u8)] = &[
    ("luck", 0),
    ("lanes", 0),
    ("cluster", 0),
    ("journal", 0),
    ("scheduler", 0),
    ("imaging", 0),
    ("idl", 0),
    ("wire", 1),
    ("program", 1),
    ("records", 1),
    ("evidence", 1),
    ("simulator", 1),
    ("histories", 1),
    ("console", 2),
    ("server", 2),
    ("computenode", 2),
    ("client", 2),
    ("lab", 3),
    ("xtask", 4),
];

/// Imports between neighbours of one floor. None may be added that would close a circle.
const NEIGHBOURS: &[(&str, &str)] = &[
    ("cluster", "luck"),
    ("scheduler", "cluster"), // an attempt asks for an admission, and the load model is what policies guess at
    ("scheduler", "luck"),
    ("imaging", "luck"), // operations with noise
    ("imaging", "lanes"),
    ("simulator", "records"), // simulated rows are the same rows
    ("evidence", "records"),
    ("server", "console"), // one command serves the page too; the console knows nothing of the server but its port
    ("program", "wire"),   // the options of the door make the port's credentials
];

/// What only these crates may name, tests included: formats, concurrency, the terminal, whole programs.
const RESERVED: &[(&str, &[&str])] = &[
    ("server", &["lab"]), // a program is started, not called; the lab links all to start them from one file
    ("computenode", &["lab"]),
    ("client", &["lab"]),
    ("idl", &["wire"]),
    ("thrift", &["idl", "wire"]),
    ("csv", &["records"]),
    ("threadpool", &["server"]),
    ("image", &["imaging"]),
    ("png", &["imaging"]),
    ("clap", &["server", "computenode", "client", "program", "evidence", "lab"]),
    ("indicatif", &["client", "lab"]),
    ("simplelog", &["program"]),
    ("signal-hook", &["server", "computenode", "client", "lab"]),
    ("statrs", &["evidence"]),
    ("uuid", &["wire"]),
    ("ureq", &["server"]),
    ("rustls", &["wire"]),
    ("rcgen", &["wire", "lab"]), // the one for its tests
    ("axum", &["console"]),      // nothing asynchronous anywhere else
    ("tokio", &["console"]),
    ("rusqlite", &["console"]),
    ("zip", &["console"]),
];

/// All that the crates without effects may build on besides each other.
const PURE: &[(&str, &[&str])] = &[
    ("luck", &[]),
    ("lanes", &[]),
    ("scheduler", &["humantime", "thiserror"]),
    ("imaging", &["crc32fast", "image", "png", "simd-adler32", "strsim", "thiserror"]),
    ("simulator", &["hdrhistogram", "thiserror"]),
    ("journal", &["crc32fast", "thiserror"]),
    ("histories", &[]),
];

struct Member {
    folder: String,
    /// With the tests' dependencies, which must look down as well.
    dependencies: BTreeMap<String, Value>,
    /// Without the tests' dependencies.
    built_on: BTreeSet<String>,
}

fn table(text: &str, path: &str) -> Table {
    text.parse().unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn members() -> BTreeMap<String, Member> {
    let manifests = tree::texts().iter().filter(|file| file.path.ends_with("/Cargo.toml"));
    manifests
        .map(|file| {
            let manifest = table(&file.text, &file.path);
            let name = manifest["package"]["name"].as_str().expect("a package has a name").to_owned();
            let section =
                |key: &str| manifest.get(key).and_then(Value::as_table).cloned().unwrap_or_default();
            let built: Table =
                section("dependencies").into_iter().chain(section("build-dependencies")).collect();
            let member = Member {
                folder: file.path.trim_end_matches("/Cargo.toml").to_owned(),
                built_on: built.keys().cloned().collect(),
                dependencies: built.into_iter().chain(section("dev-dependencies")).collect(),
            };
            (name, member)
        })
        .collect()
}

fn floor(name: &str) -> Option<u8> {
    FLOORS.iter().find(|(known, _)| *known == name).map(|(_, floor)| *floor)
}

#[test]
fn every_crate_has_a_floor_and_the_name_of_its_folder() {
    let members = members();
    let listed: BTreeSet<&str> = FLOORS.iter().map(|(name, _)| *name).collect();
    let found: BTreeSet<&str> = members.keys().map(String::as_str).collect();
    assert_eq!(found, listed, "FLOORS here and ARCHITECTURE.md list every crate of the workspace");
    for (name, member) in &members {
        assert_eq!(member.folder.rsplit('/').next(), Some(name.as_str()), "folder and crate have one name");
    }
}

#[test]
fn imports_run_downward() {
    let mut complaints = Vec::new();
    for (name, member) in members() {
        for used in member.dependencies.keys() {
            let (Some(here), Some(there)) = (floor(&name), floor(used)) else { continue };
            let neighbours = NEIGHBOURS.contains(&(name.as_str(), used.as_str()));
            if there > here || (there == here && !neighbours) {
                complaints.push(format!("{name} (floor {here}) imports {used} (floor {there})"));
            }
        }
    }
    tree::none(&complaints, "move what is shared to a crate below both:");
}

#[test]
fn every_exception_is_used() {
    let members = members();
    let mut complaints = Vec::new();
    for (name, used) in NEIGHBOURS {
        if !members[*name].dependencies.contains_key(*used) {
            complaints.push(format!("{name} imports its neighbour {used}"));
        }
    }
    tree::none(&complaints, "no longer true, so strike it from NEIGHBOURS:");
}

#[test]
fn one_crate_names_each_format() {
    let mut complaints = Vec::new();
    for (name, member) in members() {
        for (library, owners) in RESERVED {
            if member.dependencies.contains_key(*library) && !owners.contains(&name.as_str()) {
                complaints.push(format!("{name} names {library}, which belongs to {}", owners.join(" and ")));
            }
        }
    }
    tree::none(&complaints, "go through the crate that owns it:");
}

#[test]
fn crates_without_effects_build_on_little() {
    let members = members();
    let mut complaints = Vec::new();
    for (name, allowed) in PURE {
        let foreign = members[*name].built_on.iter().filter(|used| floor(used).is_none());
        complaints.extend(
            foreign
                .filter(|used| !allowed.contains(&used.as_str()))
                .map(|used| format!("{name} builds on {used}")),
        );
    }
    tree::none(&complaints, "a library in a crate without effects needs a line in PURE, and a reason:");
}

#[test]
fn dependencies_are_named_once_with_their_features() {
    let root = tree::texts().iter().find(|file| file.path == "Cargo.toml").expect("a root manifest");
    let root = table(&root.text, &root.path);
    let mut complaints = Vec::new();
    for (name, dependency) in root["workspace"]["dependencies"].as_table().expect("a table") {
        let local = dependency.get("path").is_some();
        if dependency.get("git").is_some() || (local && floor(name).is_none()) {
            complaints.push(format!("{name} comes neither from crates.io nor from this workspace"));
        }
    }
    for (name, member) in members() {
        for (used, dependency) in &member.dependencies {
            let inherited = dependency.get("workspace").and_then(Value::as_bool) == Some(true);
            if !inherited || dependency.get("features").is_some() {
                complaints.push(format!("{name} states its own version or features of {used}"));
            }
        }
    }
    tree::none(
        &complaints,
        "name it in the root's [workspace.dependencies] and write `name.workspace = true`:",
    );
}

#[test]
fn the_graph_of_architecture_is_the_one_of_the_manifests() {
    let page = tree::texts().iter().find(|file| file.path == "ARCHITECTURE.md").expect("ARCHITECTURE.md");
    let members = members();
    let mut complaints = Vec::new();
    for (name, member) in &members {
        let below: Vec<&str> =
            member.built_on.iter().map(String::as_str).filter(|used| floor(used).is_some()).collect();
        let head = format!("  {name} --> ");
        let drawn = page.text.lines().find_map(|line| line.strip_prefix(&head)).unwrap_or_default();
        let drawn: BTreeSet<&str> = drawn.split(" & ").filter(|word| !word.is_empty()).collect();
        if drawn != below.iter().copied().collect() {
            complaints.push(format!("{name} --> {}", below.join(" & ")));
        }
    }
    tree::none(&complaints, "draw in ARCHITECTURE.md what is true now:");
}
