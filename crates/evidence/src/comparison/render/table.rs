//! For people at a terminal.

use super::{Tables, WORD_COLUMNS, detail_columns, notes, tables, verdict_columns};
use crate::comparison::Comparison;
use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ContentArrangement, Table};

pub(super) fn render(comparison: &Comparison) -> String {
    let Tables { verdicts, details } = tables(comparison);
    let mut text = grid(&verdict_columns(comparison), verdicts);
    text.push('\n');
    text.push_str(&grid(&detail_columns(comparison), details));
    text.push('\n');
    for note in notes(comparison) {
        text.push_str(&note);
        text.push('\n');
    }
    text
}

/// A table without lines; numbers are aligned to the right, words to the left.
pub fn grid(columns: &[&str], rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(columns.to_vec());
    table.add_rows(rows);
    for (column, name) in table.column_iter_mut().zip(columns) {
        let right = !WORD_COLUMNS.contains(name);
        column.set_cell_alignment(if right { CellAlignment::Right } else { CellAlignment::Left });
        column.set_padding((0, 2));
    }
    let lines = table.to_string();
    lines.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}
