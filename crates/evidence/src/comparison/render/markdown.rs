//! For documents.

use super::{Tables, WORD_COLUMNS, detail_columns, notes, tables, verdict_columns};
use crate::comparison::Comparison;

pub(super) fn render(comparison: &Comparison) -> String {
    let Tables { verdicts, details } = tables(comparison);
    let mut text = grid(&verdict_columns(comparison), &verdicts);
    text.push('\n');
    text.push_str(&grid(&detail_columns(comparison), &details));
    for note in notes(comparison) {
        text.push_str(&format!("\n{}\n", escape(&note)));
    }
    text
}

pub(super) fn grid(columns: &[&str], rows: &[Vec<String>]) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let mut text = line(columns.iter().map(|name| (*name).to_owned()).collect());
    text.push_str(&line(columns.iter().map(|name| rule(name).to_owned()).collect()));
    for row in rows {
        text.push_str(&line(row.iter().map(|cell| escape(cell)).collect()));
    }
    text
}

/// Numbers to the right, words to the left.
fn rule(column: &str) -> &'static str {
    if WORD_COLUMNS.contains(&column) { "---" } else { "---:" }
}

/// Keeps names such as `power_of_two` and `a|b` from becoming markup.
fn escape(text: &str) -> String {
    text.chars()
        .flat_map(|character| {
            let markup = matches!(character, '|' | '_' | '*' | '`' | '<' | '\\');
            markup.then_some('\\').into_iter().chain([character])
        })
        .collect()
}
