//! Which node got which share of a strategy's attempts: a map with a row a strategy and a column a node.

use super::svg::{Anchor, Svg};
use super::{LETTER, WIDTH, ranked, room_for, short};
use crate::report::node_order::node_order;
use crate::report::section::Section;
use std::collections::BTreeSet;

const ROW: f64 = 28.0;
const TOP: f64 = 26.0;
/// Most nodes whose columns are wide enough for numbers.
const MOST_WITH_NUMBERS: usize = 16;
/// Most nodes that have a column.
const MOST_NODES: usize = 100;
/// From this strength of the colour on a number in the paper's colour is easier to read than one in the ink's.
const DARK: f64 = 0.8;

/// The map, and how many nodes it leaves out; none if attempts were not counted by node.
pub(in crate::report) fn draw(section: &Section) -> Option<(String, usize)> {
    let rows = ranked(section);
    let nodes: BTreeSet<&str> =
        rows.iter().flat_map(|(_, row)| row.summary.node_shares.keys().map(String::as_str)).collect();
    if nodes.is_empty() {
        return None;
    }
    let mut nodes: Vec<&str> = nodes.into_iter().collect();
    nodes.sort_by_key(|node| node_order(node));
    let hidden = nodes.len().saturating_sub(MOST_NODES);
    nodes.truncate(MOST_NODES);
    let left = room_for(rows.iter().map(|(_, row)| row.summary.name.as_str()));
    let bottom = TOP + ROW * rows.len() as f64;
    let column = ((WIDTH - left) / nodes.len().max(1) as f64).min(110.0);
    let with_numbers = nodes.len() <= MOST_WITH_NUMBERS;
    let largest =
        rows.iter().flat_map(|(_, row)| row.summary.node_shares.values()).copied().fold(0.0, f64::max);
    // Twice the fair share is dark, whatever happens; equal shares are in the middle.
    let darkest = largest.max(2.0 / nodes.len() as f64);
    let width = left + column * nodes.len() as f64;
    let mut svg = Svg::new(width.max(300.0), bottom + 8.0, "Shares of attempts by strategy and node");
    let all_fit = nodes.iter().all(|node| node.chars().count() as f64 * LETTER < column - 4.0);
    for (place, node) in nodes.iter().enumerate() {
        let x = left + column * (place as f64 + 0.5);
        if all_fit {
            svg.text("tick", (x, TOP - 9.0), Anchor::Middle, node);
        } else if place == 0 {
            svg.text("tick", (left, TOP - 9.0), Anchor::Start, node);
        } else if place + 1 == nodes.len() {
            svg.text("tick", (x + column / 2.0, TOP - 9.0), Anchor::End, node);
        }
    }
    for (row_place, (_, row)) in rows.iter().enumerate() {
        let y = TOP + ROW * row_place as f64;
        svg.text("name", (left - 10.0, y + 18.0), Anchor::End, &short(&row.summary.name));
        for (place, node) in nodes.iter().enumerate() {
            let share = row.summary.node_shares.get(*node).copied().unwrap_or(0.0);
            // Even nothing is a field of the map.
            let strength = (share / darkest).max(0.04);
            let x = left + column * place as f64;
            let gap = if with_numbers { 2.0 } else { 0.0 };
            let tip = format!("{}, {node}: {:.2} %", row.summary.name, 100.0 * share);
            svg.shaded(strength, (x, y + 1.0), (column - gap, ROW - 2.0), &tip);
            if with_numbers {
                let class = if strength >= DARK { "on-dark" } else { "on-light" };
                let text = format!("{:.0} %", 100.0 * share);
                svg.text(class, (x + column / 2.0 - 1.0, y + 18.0), Anchor::Middle, &text);
            }
        }
    }
    Some((svg.finish(), hidden))
}
