//! Findings as text.

use super::theory::Checked;
use super::{CellFindings, Findings};
use evidence::comparison::parts::PARTS;
use evidence::comparison::render::{Format, grid_in, render};
use evidence::explanation::{Explanation, percent, time};

impl Findings {
    /// The findings in `format`, with a line break at the end. CSV has the comparisons only.
    pub fn render(&self, format: Format) -> String {
        match format {
            Format::Json => match serde_json::to_string_pretty(self) {
                Ok(text) => text + "\n",
                // Only a map without text keys or an own failing implementation could fail, and there is neither.
                Err(error) => unreachable!("findings are plain data: {error}"),
            },
            Format::Csv => {
                self.cells.iter().flat_map(|cell| &cell.comparison).map(|one| render(one, format)).collect()
            }
            Format::Table | Format::Markdown => {
                let cells: Vec<String> = self.cells.iter().map(|cell| self.cell(cell, format)).collect();
                let mut text = cells.join("\n");
                if self.cells.len() > 1 {
                    text.push_str(&format!("\n{}{}", heading("all cells", format), self.overview(format)));
                }
                text
            }
        }
    }

    fn cell(&self, cell: &CellFindings, format: Format) -> String {
        let mut text = if self.cells.len() > 1 { heading(&cell.label, format) } else { String::new() };
        let Some(comparison) = &cell.comparison else {
            let warnings: String =
                cell.warnings.iter().map(|warning| format!("warning: {warning}\n")).collect();
            return text + &warnings;
        };
        text.push_str(&render(comparison, format));
        if let Some(explanation) = &cell.explanation {
            text.push('\n');
            text.push_str(&why(explanation, format));
        }
        if !cell.theory.is_empty() {
            text.push('\n');
            text.push_str(&theory(&cell.theory, format));
        }
        text
    }

    /// The metric of every policy in every cell.
    fn overview(&self, format: Format) -> String {
        let mut names: Vec<&str> = Vec::new();
        let comparisons = || self.cells.iter().filter_map(|cell| cell.comparison.as_ref());
        for row in comparisons().flat_map(|comparison| &comparison.rows) {
            if !names.contains(&row.summary.name.as_str()) {
                names.push(&row.summary.name);
            }
        }
        let cell_text = |cell: &CellFindings, name: &str| {
            let comparison = cell.comparison.as_ref()?;
            let row = comparison.rows.iter().find(|row| row.summary.name == name)?;
            let value = match self.metric {
                evidence::comparison::Metric::Makespan => {
                    Some(row.summary.makespan_s).filter(|seconds| seconds.is_finite())
                }
                evidence::comparison::Metric::Mean => row.summary.latency_mean_s,
                evidence::comparison::Metric::P99 => row.summary.latency_p99_s,
            };
            let ties = comparison.overall.ties.iter().any(|other| other == name);
            let best = if comparison.overall.best == name { " *" } else { "" };
            let best = if ties { " =" } else { best };
            let dropped = if row.summary.dropped > 0.0 { " †" } else { "" };
            value.map(|value| format!("{}{dropped}{best}", time(value)))
        };
        let mut columns = vec!["strategy"];
        columns.extend(self.cells.iter().map(|cell| cell.label.as_str()));
        let rows = names.iter().map(|name| {
            let values =
                self.cells.iter().map(|cell| cell_text(cell, name).unwrap_or_else(|| "given up".to_owned()));
            std::iter::once((*name).to_owned()).chain(values).collect()
        });
        let table = grid_in(&columns, rows.collect(), format);
        let drops = comparisons().flat_map(|one| &one.rows).any(|row| row.summary.dropped > 0.0);
        let dropped = if drops { "; † of the arrivals that were not dropped" } else { "" };
        let ties = comparisons().any(|one| !one.overall.ties.is_empty());
        let tied = if ties { "; = not surely above it" } else { "" };
        format!("{table}\n{}; * the lowest of the cell{tied}{dropped}.\n", self.metric.name())
    }
}

fn heading(text: &str, format: Format) -> String {
    if format == Format::Markdown { format!("### {text}\n\n") } else { format!("== {text} ==\n") }
}

/// The table of parts and the sentences.
pub fn why(explanation: &Explanation, format: Format) -> String {
    let mut columns = vec!["strategy", "mean ms"];
    let parts: Vec<String> = PARTS.iter().map(|part| format!("{part} ms")).collect();
    columns.extend(parts.iter().map(String::as_str));
    columns.extend(["attempts/task", "delayed", "sinkhole", "wasted/task"]);
    let drops = explanation.rows.iter().any(|row| row.dropped_share > 0.0);
    columns.extend(drops.then_some("dropped"));
    let rows = explanation.rows.iter().map(|row| {
        let of_finished = |text: String| if row.finished { text } else { "–".to_owned() };
        let ms = |seconds: f64| of_finished(format!("{:.2}", seconds * 1e3));
        let mut cells = vec![row.name.clone(), ms(row.mean_s)];
        cells.extend(row.parts_s.iter().map(|part| ms(*part)));
        cells.extend([
            format!("{:.3}", row.attempts),
            of_finished(percent(row.delayed_share)),
            percent(row.sinkhole_share),
            format!("{:.3}", row.wasted),
        ]);
        cells.extend(drops.then(|| percent(row.dropped_share)));
        cells
    });
    let mut text = grid_in(&columns, rows.collect(), format);
    text.push_str("\nmean = wire + lost + waiting at the scheduler + queue at the node + delay + service; sinkhole: attempts refused by nodes above their fair share.\n");
    for sentence in &explanation.sentences {
        text.push_str(sentence);
        text.push('\n');
        if format == Format::Markdown {
            text.push('\n');
        }
    }
    text
}

fn theory(checked: &[Checked], format: Format) -> String {
    let columns = ["strategy", "quantity", "theory", "measured", "deviation", "law"];
    let rows = checked.iter().map(|one| {
        let measured = match one.standard_error {
            Some(error) => format!("{:.4} ± {:.4}", one.measured, error),
            None => format!("{:.4}", one.measured),
        };
        let deviation = match (one.claim, one.deviation) {
            (_, Some(deviation)) => {
                format!("{deviation:+.1} se{}", if one.contradicts { " !" } else { "" })
            }
            ("lower bound", _) => format!("x {:.2}", one.measured / one.theory),
            _ => format!("{:+.1} %", 100.0 * (one.measured / one.theory - 1.0)),
        };
        let law = format!("{} ({})", one.law, one.claim);
        vec![one.policy.clone(), one.quantity.clone(), format!("{:.4}", one.theory), measured, deviation, law]
    });
    grid_in(&columns, rows.collect(), format)
        + "\ntheory beside measurement: ± and se are the standard error of the mean over seeds; ! where chance gives such a \
           deviation less than once in 370 times (3 se of many seeds, more of few).\n"
}
