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

/// Functions and methods of a script by the lines that open them, as our scripts are laid out: what begins at the margin, or
/// in a class, ends with a brace at the same place.
fn script_functions(text: &str) -> Vec<(String, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let opens = |line: &str| {
        let inner = line.trim_start();
        let margin = line.len() - inner.len();
        let is_word = |word: &str| inner.starts_with(&format!("{word} "));
        let names = ["if", "for", "while", "switch", "try", "class", "const", "else", "}"];
        let is_one = margin == 0 && (inner.contains("function ") || inner.contains("=> {"))
            || margin == 2 && inner.contains('(') && !names.iter().any(|word| is_word(word));
        (is_one && inner.ends_with('{')).then_some(margin)
    };
    let end = |from: usize, margin: usize| {
        let closed = lines[from..].iter().position(|line| {
            line.len() > margin && line[..margin].trim().is_empty() && line[margin..].starts_with('}')
        });
        closed.map(|lines| lines + 1)
    };
    let found = lines.iter().enumerate().filter_map(|(from, line)| Some((from, line, opens(line)?)));
    found.filter_map(|(from, line, margin)| Some((line.trim().to_owned(), end(from, margin)?))).collect()
}

#[test]
fn functions_of_scripts_are_short_too() {
    let scripts = tree::texts().iter().filter(|file| file.path.ends_with(".js"));
    let found: BTreeMap<String, usize> = scripts
        .flat_map(|file| {
            script_functions(&file.text)
                .into_iter()
                .map(|(name, lines)| (format!("{} {name}", file.path), lines))
        })
        .collect();
    assert!(found.len() > 50, "the scripts are read: {found:?}");
    tree::none(&judge(&found, FUNCTION_LINES, LONG_FUNCTIONS), "split it where its idea changes:");
}

#[test]
fn the_length_of_a_scripts_function_is_seen() {
    let text = "export function one() {\n  if (x) {\n  }\n}\n\nclass A {\n  two(b) {\n    return () => {\n    };\n  }\n}\n";
    let found = script_functions(text);
    let found: Vec<(&str, usize)> = found.iter().map(|(name, lines)| (name.as_str(), *lines)).collect();
    assert_eq!(found, [("export function one() {", 4), ("two(b) {", 4)]);
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
