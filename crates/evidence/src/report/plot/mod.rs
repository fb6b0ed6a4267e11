//! Pictures as SVG inside the page: pure functions from figures to text.
//!
//! Colours are classes that the page's style sheet gives a light and a dark value; they can be told apart by
//! colour-blind readers, and lines differ in their dashes too. What a mark means in figures stands in its tool tip.
//!
//! Reading order: [`svg`] (elements), [`scale`] (axes), then one file a picture.

pub(super) mod latencies;
pub(super) mod means;
pub(super) mod parts;
mod scale;
pub(super) mod shares;
mod svg;
pub(super) mod sweep;
pub(super) mod timeline;

pub(super) use svg::escape;

use super::section::Section;
use crate::comparison::{Metric, Row, Summary};

/// Width of every picture, in its own pixels.
const WIDTH: f64 = 900.0;

/// Width of a letter of the pictures' text, on average, in the widest of the fonts that browsers choose.
const LETTER: f64 = 7.4;

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

/// Rows from the best to the worst, each with its place in the comparison: the colour stays with it.
fn ranked(section: &Section) -> Vec<(usize, &Row)> {
    let mut ranked: Vec<(usize, &Row)> = section.comparison.rows.iter().enumerate().collect();
    let figure = |row: &Row| decisive(&row.summary, section.comparison.metric).0.unwrap_or(f64::INFINITY);
    ranked.sort_by(|(_, left), (_, right)| figure(left).total_cmp(&figure(right)));
    ranked
}

/// The figure that decides, in seconds, and the half-width of its interval.
fn decisive(summary: &Summary, metric: Metric) -> (Option<f64>, Option<f64>) {
    match metric {
        Metric::Makespan => {
            (Some(summary.makespan_s).filter(|seconds| seconds.is_finite()), summary.makespan_half_width_s)
        }
        Metric::Mean => (summary.latency_mean_s, summary.latency_mean_half_width_s),
        Metric::P99 => (summary.latency_p99_s, summary.latency_p99_half_width_s),
    }
}
