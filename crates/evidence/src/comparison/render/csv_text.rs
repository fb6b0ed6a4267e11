//! A row a strategy, for other programs. Units stand in the columns' names.

use crate::comparison::{Comparison, Row};
use std::collections::BTreeSet;

const COLUMNS: [&str; 26] = [
    "name",
    "label",
    "strategy",
    "admission",
    "replications",
    "jobs",
    "makespan_s",
    "makespan_half_width_s",
    "images_per_s",
    "latency_mean_s",
    "latency_p50_s",
    "latency_p95_s",
    "latency_p99_s",
    "tasks",
    "failed",
    "dropped",
    "attempts",
    "rejections",
    "delays",
    "lost",
    "wasted",
    "pairs",
    "ratio",
    "ratio_low",
    "ratio_high",
    "verdict",
];

pub(super) fn render(comparison: &Comparison) -> String {
    lines(&[("", comparison)], false)
}

/// The same for comparisons under several settings, with a first column that names the setting.
pub fn render_settings(comparisons: &[(&str, &Comparison)]) -> String {
    lines(comparisons, true)
}

fn lines(comparisons: &[(&str, &Comparison)], tell_setting: bool) -> String {
    let rows = || {
        comparisons
            .iter()
            .flat_map(|(setting, comparison)| comparison.rows.iter().map(move |row| (*setting, row)))
    };
    let nodes: BTreeSet<&String> = rows().flat_map(|(_, row)| row.summary.node_shares.keys()).collect();
    let setting = |text: &str| tell_setting.then(|| text.to_owned());
    let header = COLUMNS.iter().map(|name| (*name).to_owned());
    let shares = nodes.iter().map(|node| format!("share_{node}"));
    let mut text = line(setting("setting").into_iter().chain(header).chain(shares));
    for (name, row) in rows() {
        let shares = nodes.iter().map(|node| number(row.summary.node_shares.get(*node).copied()));
        text.push_str(&line(setting(name).into_iter().chain(cells(row)).chain(shares)));
    }
    text
}

fn cells(row: &Row) -> Vec<String> {
    let (summary, versus) = (&row.summary, &row.versus_baseline);
    vec![
        summary.name.clone(),
        summary.label.clone().unwrap_or_default(),
        summary.strategy.clone(),
        summary.admission.to_owned(),
        summary.replications.to_string(),
        summary.jobs.to_string(),
        number(Some(summary.makespan_s)),
        number(summary.makespan_half_width_s),
        number(Some(summary.images_per_s)),
        number(summary.latency_mean_s),
        number(summary.latency_p50_s),
        number(summary.latency_p95_s),
        number(summary.latency_p99_s),
        number(Some(summary.tasks)),
        number(Some(summary.failed)),
        number(Some(summary.dropped)),
        number(Some(summary.attempts)),
        number(Some(summary.rejections)),
        number(Some(summary.delays)),
        number(Some(summary.lost)),
        number(Some(summary.wasted)),
        versus.pairs.to_string(),
        number(versus.ratio),
        number(versus.ratio_low),
        number(versus.ratio_high),
        versus.verdict.name().to_owned(),
    ]
}

/// Six digits after the point are microseconds of a second; nothing where there is no figure.
fn number(value: Option<f64>) -> String {
    value.map(|value| format!("{value:.6}")).unwrap_or_default()
}

/// One line by RFC 4180: cells with a comma, a quote or a line break are quoted.
fn line(cells: impl Iterator<Item = String>) -> String {
    let quoted: Vec<String> = cells
        .map(|cell| {
            if cell.contains([',', '"', '\n', '\r']) {
                format!("\"{}\"", cell.replace('"', "\"\""))
            } else {
                cell
            }
        })
        .collect();
    format!("{}\n", quoted.join(","))
}
