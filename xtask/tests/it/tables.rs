//! A policy, an operation, a verb of the lab: one file each, and one line in a table.

use crate::source::{Source, sources};
use crate::tree;
use std::collections::BTreeSet;

fn inside(folder: &str) -> impl Iterator<Item = &'static Source> {
    sources().iter().filter(move |source| {
        source.path.strip_prefix(folder).is_some_and(|rest| !rest.contains('/')) && !source.is_test
    })
}

fn module(source: &Source) -> &str {
    source.path.rsplit('/').next().unwrap_or_default().trim_end_matches(".rs")
}

/// Files of `folder` that declare an entry, and lines of its table.
fn entries_and_lines(folder: &str) -> (Vec<&'static str>, Vec<String>) {
    let table = inside(folder).find(|source| module(source) == "mod").expect("a table");
    let mentioned = table.mentions.iter().filter_map(|(_, name)| name.strip_suffix("::ENTRY"));
    let mut lines: Vec<String> = mentioned.map(str::to_owned).collect();
    lines.sort();
    let declares = |source: &&Source| source.text.contains("const ENTRY: Entry");
    let mut entries: Vec<&str> = inside(folder).filter(declares).map(module).collect();
    entries.sort_unstable();
    (entries, lines)
}

#[test]
fn every_policy_is_one_file_and_one_line() {
    let (entries, lines) = entries_and_lines("crates/scheduler/src/policy/");
    assert_eq!(entries, lines, "each file with an ENTRY stands once in ALL");
    assert!(entries.len() >= 6, "the table of policies was not found");
}

#[test]
fn every_operation_is_one_file_and_one_line() {
    let (entries, lines) = entries_and_lines("crates/imaging/src/operation/");
    assert_eq!(entries, lines, "each file with an ENTRY stands once in TABLE");
    assert!(entries.len() >= 2, "the table of operations was not found");
}

#[test]
fn a_file_holds_one_entry_of_its_own_name() {
    let mut complaints = Vec::new();
    for folder in ["crates/scheduler/src/policy/", "crates/imaging/src/operation/"] {
        for source in inside(folder).filter(|source| source.text.contains("const ENTRY: Entry")) {
            let named = source.text.contains(&format!("name: \"{}\"", module(source)));
            if source.text.matches("const ENTRY: Entry").count() != 1 || !named {
                complaints.push(source.path.clone());
            }
        }
    }
    tree::none(&complaints, "one file, one entry, one name:");
}

#[test]
fn every_verb_of_the_lab_is_one_file() {
    let folder = "lab/src/verb/";
    let table = inside(folder).find(|source| module(source) == "mod").expect("the table of verbs");
    let arguments = table.mentions.iter().filter_map(|(_, name)| name.strip_suffix("::Arguments"));
    let lines: BTreeSet<&str> = arguments.collect();
    let verbs = inside(folder).filter(|source| source.text.contains("struct Arguments"));
    let files: BTreeSet<&str> = verbs.map(module).collect();
    assert_eq!(files, lines, "each file with `Arguments` is a verb of the table, and each verb has its file");
    assert!(files.len() >= 2, "the table of verbs was not found");
}
