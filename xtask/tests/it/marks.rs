//! Nothing unfinished is checked in.

use crate::source::sources;
use crate::tree;

/// Written in halves, so that this file does not find itself.
const WORDS: &[&str] = &[concat!("FIX", "ME"), concat!("TO", "DO"), concat!("XX", "X"), concat!("HA", "CK")];

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
}

#[test]
fn no_note_to_oneself_is_left() {
    let mut complaints = Vec::new();
    for file in tree::texts() {
        for (number, line) in file.text.lines().enumerate() {
            if words(line).any(|word| WORDS.contains(&word)) {
                complaints.push(format!("{}:{}", file.path, number + 1));
            }
        }
    }
    tree::none(&complaints, "do it, or write an issue:");
}

#[test]
fn no_hole_is_left_in_the_code() {
    let mut complaints = Vec::new();
    for source in sources() {
        let holes = source
            .mentions
            .iter()
            .filter(|(_, name)| name == "todo!" || (name == "unimplemented!" && !source.is_test));
        complaints.extend(holes.map(|(line, name)| format!("{}:{line}: {name}", source.path)));
    }
    tree::none(&complaints, "write it:");
}
