//! Pictures as SVG inside the page: pure functions from figures to text.
//!
//! Colours are classes that the page's style sheet gives a light and a dark value; they can be told apart by
//! colour-blind readers, and lines differ in their dashes too. What a mark means in figures stands in its tool tip.
//!
//! Reading order: [`svg`] (elements), [`scale`] (axes), then one file a picture.

pub(super) mod latencies;
pub(super) mod makespans;
pub(super) mod parts;
mod scale;
pub(super) mod shares;
mod svg;
pub(super) mod sweep;
pub(super) mod timeline;

pub(super) use svg::escape;

use crate::comparison::Row;

/// Width of every picture, in its own pixels.
const WIDTH: f64 = 900.0;

/// Width of a letter of the pictures' text, on average.
const LETTER: f64 = 6.7;

/// Longest name beside a row; longer ones are cut and told whole in the tool tip.
const LONGEST_NAME: usize = 34;

/// A name that fits.
fn short(name: &str) -> String {
    if name.chars().count() <= LONGEST_NAME {
        return name.to_owned();
    }
    name.chars().take(LONGEST_NAME - 1).chain(['…']).collect()
}

/// The room that the longest of all names takes, in pixels.
fn room_for<'a>(names: impl IntoIterator<Item = &'a str>) -> f64 {
    let longest = names.into_iter().map(|name| short(name).chars().count()).max().unwrap_or(0);
    longest as f64 * LETTER + 16.0
}

/// Rows from the shortest makespan to the longest, each with its place in the comparison: the colour stays with it.
fn ranked(rows: &[Row]) -> Vec<(usize, &Row)> {
    let mut ranked: Vec<(usize, &Row)> = rows.iter().enumerate().collect();
    ranked.sort_by(|(_, left), (_, right)| left.summary.makespan_s.total_cmp(&right.summary.makespan_s));
    ranked
}
