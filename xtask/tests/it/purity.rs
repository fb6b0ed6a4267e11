//! Crates that promise to have no effect have none, and luck comes from seeds everywhere.

use crate::source::{Source, sources};
use crate::tree;

/// The crates that own no clock, thread, file, socket or terminal, and name nothing of the process around them.
const WITHOUT_EFFECTS: &[&str] = &[
    "crates/luck",
    "crates/lanes",
    "crates/scheduler",
    "crates/journal",
    "crates/imaging",
    "crates/simulator",
    "crates/histories",
];

/// Where such a crate meets the machine: its command, and all cores at once.
const EDGES: &[&str] = &["crates/histories/src/main.rs", "crates/histories/src/many.rs"];

const EFFECTS: &[&str] = &[
    "std::time::Instant",
    "std::time::SystemTime",
    "std::time::*",
    "std::time::UNIX_EPOCH",
    "std::thread",
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::io::stdin",
    "std::io::stdout",
    "std::io::stderr",
    "print!",
    "println!",
    "eprint!",
    "eprintln!",
    "dbg!",
];

/// Libraries print nothing: the programs do, and the lab.
const LIBRARIES: &[&str] = &["crates/", "idl/"];

const PRINTING: &[&str] = &["print!", "println!", "eprint!", "eprintln!"];

/// Crates whose every run must repeat, byte for byte: no container with an order of its own.
const REPEATABLE: &[&str] = &["crates/luck", "crates/scheduler", "crates/simulator", "crates/histories"];

const UNORDERED: &[&str] = &[
    "std::collections::HashMap",
    "std::collections::HashSet",
    "std::collections::hash_map",
    "std::collections::*",
];

/// Sources of randomness that no seed governs.
const UNSEEDED: &[&str] = &[
    "rand",
    "getrandom",
    "fastrand",
    "std::hash::RandomState",
    "std::collections::hash_map::RandomState",
    "std::random",
];

/// Where something is drawn that must differ from run to run: a seed that is then reported, the name of a process's
/// life, the key of a submission.
const DRAWS: &[&str] = &[
    "crates/wire/src/door/proof.rs", // nonces of a handshake, which nobody may foresee
    "crates/program/src/chance.rs",
    "client/src/arguments.rs",
];

fn mentions(source: &Source, banned: &[&str]) -> Vec<String> {
    let hit = |name: &str| {
        banned.iter().any(|ban| {
            name == *ban
                || name.strip_prefix(ban).is_some_and(|rest| !ban.ends_with('!') && rest.starts_with("::"))
        })
    };
    let hits = source.mentions.iter().filter(|(_, name)| hit(name));
    hits.map(|(line, name)| format!("{}:{line}: {name}", source.path)).collect()
}

fn search(inside: &[&str], banned: &[&str], except: &[&str]) -> Vec<String> {
    let concerned = sources().iter().filter(|source| {
        let folder = source.crate_folder();
        let inside = inside.iter().any(|part| {
            folder == *part
                || source.path.starts_with(&format!("{part}/"))
                || (part.ends_with('/') && source.path.starts_with(part))
        });
        inside && !source.is_test && !except.contains(&source.path.as_str())
    });
    concerned.flat_map(|source| mentions(source, banned)).collect()
}

#[test]
fn pure_crates_have_no_effects() {
    let complaints = search(WITHOUT_EFFECTS, EFFECTS, EDGES);
    tree::none(&complaints, "take it as an argument, or move it to the program that drives this crate:");
}

#[test]
fn runs_that_must_repeat_have_no_container_without_an_order() {
    let complaints = search(REPEATABLE, UNORDERED, &[]);
    tree::none(&complaints, "use BTreeMap, BTreeSet or a Vec by number:");
}

#[test]
fn luck_comes_from_seeds() {
    let everywhere: Vec<&str> = sources().iter().map(Source::crate_folder).collect();
    let complaints = search(&everywhere, UNSEEDED, DRAWS);
    tree::none(&complaints, "take a coin from `luck`, so that one seed is one run:");
}

#[test]
fn libraries_do_not_print() {
    let complaints = search(LIBRARIES, PRINTING, EDGES);
    tree::none(&complaints, "return it, or log it:");
}

#[test]
fn the_search_finds_what_it_bans() {
    let (source, _) = crate::source::parse(
        "crates/scheduler/src/tea.rs",
        "use std::time;\nfn now() { time::Instant::now(); println!(\"{}\", std::threading::none()); }",
    );
    assert_eq!(
        mentions(&source, EFFECTS),
        ["crates/scheduler/src/tea.rs:2: std::time::Instant::now", "crates/scheduler/src/tea.rs:2: println!"]
    );
}
