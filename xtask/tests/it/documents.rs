//! Every module says what it is, and the documents name only what is there.

use crate::source::sources;
use crate::tree;

/// Documents whose names of files and tests are checked.
const CHECKED: &[&str] = &["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "METHODOLOGY.md"];

/// Names in documents that only a run makes.
const MADE: &[&str] = &["results/", "target/", "output_dir/", "input_dir/", "DIR/"];

#[test]
fn every_module_says_what_it_is() {
    let silent = sources().iter().filter(|source| !source.has_module_doc);
    let complaints: Vec<String> = silent.map(|source| source.path.clone()).collect();
    tree::none(&complaints, "begin with a line `//! …` that says the idea:");
}

/// Words in backticks, outside code blocks.
fn quoted(text: &str) -> Vec<&str> {
    let prose = text.split("\n```").step_by(2);
    prose.flat_map(|part| part.split('`').skip(1).step_by(2)).collect()
}

#[test]
fn documents_name_files_that_exist() {
    let mut complaints = Vec::new();
    for page in tree::texts().iter().filter(|file| CHECKED.contains(&file.path.as_str())) {
        for name in quoted(&page.text) {
            let looks_like_a_path = name.contains('/') && !name.contains([' ', '*', '{', '<', '…', '|', ':']);
            let made = MADE.iter().any(|start| name.starts_with(start));
            if looks_like_a_path && !made && !name.starts_with('/') && !tree::root().join(name).exists() {
                complaints.push(format!("{}: {name}", page.path));
            }
        }
    }
    tree::none(&complaints, "the file has moved, so the document must follow:");
}

#[test]
fn invariants_name_tests_that_exist() {
    let page = tree::texts().iter().find(|file| file.path == "ARCHITECTURE.md").expect("ARCHITECTURE.md");
    let section = page.text.split("\n## ").find(|section| section.starts_with("Invariants"));
    let rows = section.expect("a section Invariants").lines().filter(|line| line.starts_with('|')).skip(2);
    let named: Vec<&str> = rows.filter_map(|row| row.rsplit('|').nth(1)).flat_map(quoted).collect();
    assert!(named.len() > 20, "the last column of the table names tests");
    let is_test = |name: &str| {
        let head = format!("fn {name}(");
        sources().iter().any(|source| source.text.contains(&head))
    };
    let gone = named.iter().filter(|name| !name.contains('/') && !is_test(name));
    let complaints: Vec<String> = gone.map(|name| (*name).to_owned()).collect();
    tree::none(&complaints, "ARCHITECTURE.md names tests that are gone:");
}

#[test]
fn the_example_that_documents_quote_is_the_file() {
    let page = tree::texts().iter().find(|file| file.path == "CONTRIBUTING.md").expect("CONTRIBUTING.md");
    let file = tree::texts().iter().find(|file| file.path == "crates/imaging/src/operation/invert.rs");
    let file = file.expect("the shortest operation");
    assert!(page.text.contains(&file.text), "CONTRIBUTING.md quotes {} as it was; quote it anew", file.path);
}
