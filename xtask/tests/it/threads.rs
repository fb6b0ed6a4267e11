//! Threads are made in few, named places; nobody else ends the process.

use crate::source::sources;
use crate::tree;
use std::collections::BTreeSet;

/// Every file that makes threads, and which.
const THREADS: &[(&str, &str)] = &[
    ("crates/wire/src/serve/accept.rs", "one that accepts, one a connection, bounded"),
    ("crates/program/src/probe.rs", "one that answers monitors, where asked for"),
    ("server/src/engine.rs", "the pool of workers, one an attempt in flight; one a probe or a greeting"),
    ("server/src/divided/joining.rs", "one that writes while a large strip is shifted"),
    ("server/src/alarm.rs", "the scheduler's timer"),
    ("server/src/recorder.rs", "the writer of CSV files"),
    ("server/src/greet.rs", "one a node at the start; one that greets again"),
    ("server/src/arrivals.rs", "one an open job: tells its arrivals"),
    ("server/src/watch.rs", "one that watches the nodes; one a question"),
    ("server/src/election/drive.rs", "one that renews its lead, or waits for it"),
    ("server/src/standby.rs", "one a server that is watched"),
    ("server/src/stop.rs", "signals"),
    ("console/src/run.rs", "the console's runtime, which makes threads that wait for files and servers"),
    ("computenode/src/stop.rs", "signals"),
    ("computenode/src/register.rs", "one a server that the node registers with"),
    ("client/src/servers.rs", "one a call that may take long, so that Ctrl-C is heard meanwhile"),
    ("lab/src/local_cluster/process.rs", "one a pipe of a child process"),
    ("lab/src/local_cluster/tether.rs", "waits for the parent's end"),
    ("lab/src/dataset/mod.rs", "one a core while photographs are made"),
    ("lab/src/simulation/in_order.rs", "one a core while runs are simulated"),
    ("lab/src/benchmark/port.rs", "two strangers at a besieged port"),
    ("crates/histories/src/many.rs", "one a core while histories are lived"),
    ("lab/src/torture/mod.rs", "the one that makes faults happen"),
    ("lab/src/torture/network.rs", "one for whatever is done in another network namespace"),
    ("lab/src/torture/proxy.rs", "one that accepts, two a connection of a wire that misbehaves"),
    ("lab/src/benchmark/plain_loop.rs", "one a core: the rival without any RPC"),
];

/// Files that end the process without returning from `main`, and why.
const EXITS: &[(&str, &str)] = &[
    ("server/src/stop.rs", "the second signal"),
    ("server/src/journal/mod.rs", "it is not certain what is on the disk"),
    ("server/src/journal/fault.rs", "test builds only: the end at a counted write"),
    ("lab/src/local_cluster/tether.rs", "the parent is gone and the process does not end gracefully"),
];

fn who(makes: &[&str]) -> BTreeSet<&'static str> {
    let does = |name: &str| makes.iter().any(|part| name == *part || name.starts_with(&format!("{part}::")));
    let files = sources().iter().filter(|source| !source.is_test);
    files
        .filter(|source| source.mentions.iter().any(|(_, name)| does(name)))
        .map(|source| source.path.as_str())
        .collect()
}

#[test]
fn threads_are_made_in_named_places() {
    let found = who(&["std::thread::spawn", "std::thread::Builder", "std::thread::scope", "threadpool"]);
    let named: BTreeSet<&str> = THREADS.iter().map(|(path, _)| *path).collect();
    assert_eq!(
        found, named,
        "THREADS here, and the table in ARCHITECTURE.md, name every file that makes threads"
    );
}

#[test]
fn processes_end_by_returning() {
    let found = who(&["std::process::exit", "std::process::abort"]);
    let named: BTreeSet<&str> = EXITS.iter().map(|(path, _)| *path).collect();
    assert_eq!(found, named, "return an exit status from `run`; destructors and last rows depend on it");
}

#[test]
fn the_table_of_architecture_names_the_same_places() {
    let page = tree::texts().iter().find(|file| file.path == "ARCHITECTURE.md").expect("ARCHITECTURE.md");
    let complaints: Vec<String> = THREADS
        .iter()
        .filter(|(path, _)| !page.text.contains(&format!("`{path}`")))
        .map(|(path, what)| format!("{path}: {what}"))
        .collect();
    tree::none(&complaints, "ARCHITECTURE.md says where threads are made; it lacks:");
}
