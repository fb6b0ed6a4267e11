//! Everything, for other programs.

use crate::comparison::Comparison;

pub(super) fn render(comparison: &Comparison) -> String {
    match serde_json::to_string_pretty(comparison) {
        Ok(text) => text + "\n",
        // Only a map without text keys or an own failing implementation could fail, and there is neither.
        Err(error) => unreachable!("a comparison is plain data: {error}"),
    }
}
