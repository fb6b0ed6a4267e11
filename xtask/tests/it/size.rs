//! Functions stay short and files of one idea; what is longer today may only shrink.

use crate::source::sources;
use crate::tree;
use std::collections::BTreeMap;

/// The longest function, from its signature to its closing brace.
const FUNCTION_LINES: usize = 70;

/// The longest file, without its tests.
const FILE_LINES: usize = 400;

/// A ratchet's tooth: by so many lines something may shrink before its number has to follow.
const TOOTH: usize = 20;

/// Functions that are longer, with their lengths. A number here may fall and never rise.
const LONG_FUNCTIONS: &[(&str, usize)] = &[];

/// Files that are longer, with their lengths. A number here may fall and never rise.
const LONG_FILES: &[(&str, usize)] = &[];

/// What is too long, or shorter than tolerated: `found` maps a name to its length.
fn judge(found: &BTreeMap<String, usize>, limit: usize, tolerated: &[(&str, usize)]) -> Vec<String> {
    let mut complaints = Vec::new();
    for (name, &lines) in found {
        match tolerated.iter().find(|(known, _)| known == name) {
            Some(&(_, most)) if lines > most => {
                complaints.push(format!("{name}: {lines} lines, at most {most}"))
            }
            Some(&(_, most)) if lines + TOOTH < most => {
                complaints.push(format!("{name}: {lines} lines now, so write that instead of {most}"));
            }
            None if lines > limit => complaints.push(format!("{name}: {lines} lines, at most {limit}")),
            _ => {}
        }
    }
    let gone = tolerated.iter().filter(|(name, most)| !found.contains_key(*name) || *most <= limit);
    complaints.extend(gone.map(|(name, _)| format!("{name}: no exception is needed any more, strike it")));
    complaints
}

#[test]
fn functions_are_short() {
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for source in sources() {
        for function in &source.functions {
            let lines = found.entry(format!("{} {}", source.path, function.name)).or_default();
            *lines = function.lines.max(*lines);
        }
    }
    tree::none(&judge(&found, FUNCTION_LINES, LONG_FUNCTIONS), "split it where its idea changes:");
}

#[test]
fn files_are_short() {
    let found = sources().iter().map(|source| (source.path.clone(), source.lines())).collect();
    tree::none(&judge(&found, FILE_LINES, LONG_FILES), "one idea a file:");
}

#[test]
fn a_ratchet_turns_one_way() {
    let found = |lines: usize| BTreeMap::from([("f".to_owned(), lines)]);
    assert_eq!(judge(&found(70), 70, &[]), [""; 0]);
    assert_eq!(judge(&found(80), 70, &[("f", 80)]), [""; 0]);
    assert_eq!(judge(&found(71), 70, &[]).len(), 1, "too long");
    assert_eq!(judge(&found(81), 70, &[("f", 80)]).len(), 1, "grown");
    assert_eq!(judge(&found(75), 70, &[("f", 80)]), [""; 0], "shrunk by less than a tooth");
    assert_eq!(judge(&found(75), 70, &[("f", 96)]).len(), 1, "shrunk, and the number stays");
    assert_eq!(judge(&found(60), 70, &[("g", 80)]).len(), 1, "gone");
}
