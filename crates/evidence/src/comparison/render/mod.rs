//! A comparison as text: one pure function a format.

mod csv_text;
mod json;
mod markdown;
mod table;

pub use csv_text::render_settings as csv_of_settings;
pub use table::grid;

use super::{Comparison, Metric, Row, Summary};
use std::collections::BTreeMap;

/// How a comparison is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people at a terminal.
    Table,
    /// For documents.
    Markdown,
    /// A row a strategy, for other programs.
    Csv,
    /// Everything, for other programs.
    Json,
}

/// `comparison` in `format`, with a line break at the end.
pub fn render(comparison: &Comparison, format: Format) -> String {
    match format {
        Format::Table => table::render(comparison),
        Format::Markdown => markdown::render(comparison),
        Format::Csv => csv_text::render(comparison),
        Format::Json => json::render(comparison),
    }
}

/// A table for people or for documents; columns that hold words are aligned to the left, the others to the right.
pub fn grid_in(columns: &[&str], rows: Vec<Vec<String>>, format: Format) -> String {
    if format == Format::Markdown { markdown::grid(columns, &rows) } else { table::grid(columns, rows) }
}

/// Cells of the two tables that people read: the verdicts, and where they come from.
pub(crate) struct Tables {
    pub(crate) verdicts: Vec<Vec<String>>,
    pub(crate) details: Vec<Vec<String>>,
}

pub(crate) fn verdict_columns(comparison: &Comparison) -> [&'static str; 7] {
    ["strategy", "admission", "n", comparison.metric.column(), "images/s", "ratio", "verdict"]
}

/// The columns of the second table, the shares last. Lost attempts, those whose result nobody needed, and dropped arrivals
/// have one where there are any.
pub(crate) fn detail_columns(comparison: &Comparison) -> Vec<&'static str> {
    let mut columns = vec!["strategy", "mean ms", "p50 ms", "p95 ms", "p99 ms"];
    columns.extend(["attempts", "rejections", "delays", "failed"]);
    columns.extend(RARE.iter().filter(|rare| rare.occurs(comparison)).map(|rare| rare.column));
    columns.push("share per node");
    columns
}

/// A count that has a column where it is not zero throughout.
struct Rare {
    column: &'static str,
    of: fn(&Summary) -> f64,
}

const RARE: [Rare; 3] = [
    Rare { column: "lost", of: |summary| summary.lost },
    Rare { column: "wasted", of: |summary| summary.wasted },
    Rare { column: "dropped", of: |summary| summary.dropped },
];

impl Rare {
    fn occurs(&self, comparison: &Comparison) -> bool {
        comparison.rows.iter().any(|row| (self.of)(&row.summary) > 0.0)
    }
}

/// Columns that hold words; the others hold numbers.
pub const WORD_COLUMNS: [&str; 6] = ["strategy", "admission", "verdict", "share per node", "quantity", "law"];

pub(crate) fn tables(comparison: &Comparison) -> Tables {
    Tables {
        verdicts: comparison.rows.iter().map(|row| verdict_cells(row, comparison.metric)).collect(),
        details: comparison.rows.iter().map(|row| detail_cells(row, comparison)).collect(),
    }
}

fn verdict_cells(row: &Row, metric: Metric) -> Vec<String> {
    let (summary, versus) = (&row.summary, &row.versus_baseline);
    let (centre, half_width) = match metric {
        Metric::Makespan => {
            (Some(summary.makespan_s).filter(|seconds| seconds.is_finite()), summary.makespan_half_width_s)
        }
        Metric::Mean => (summary.latency_mean_s, summary.latency_mean_half_width_s),
        Metric::P99 => (summary.latency_p99_s, summary.latency_p99_half_width_s),
    };
    let centre = centre.map_or("–".to_owned(), figures);
    let seconds =
        half_width.map_or(centre.clone(), |half_width| format!("{centre} ± {}", figures(half_width)));
    let ratio = match (versus.ratio, versus.ratio_low, versus.ratio_high) {
        (Some(ratio), Some(low), Some(high)) => {
            format!("{} [{}, {}]", ratio_text(ratio), ratio_text(low), ratio_text(high))
        }
        (Some(ratio), ..) => ratio_text(ratio),
        (None, ..) => "–".to_owned(),
    };
    vec![
        summary.name.clone(),
        summary.admission.to_owned(),
        if summary.jobs == summary.replications {
            summary.replications.to_string()
        } else {
            format!("{} ({} jobs)", summary.replications, summary.jobs)
        },
        seconds,
        figures(summary.images_per_s),
        ratio,
        versus.verdict.name().to_owned(),
    ]
}

fn detail_cells(row: &Row, comparison: &Comparison) -> Vec<String> {
    let summary = &row.summary;
    let milliseconds =
        |seconds: Option<f64>| seconds.map_or("–".to_owned(), |seconds| figures(seconds * 1e3));
    let mut cells = vec![
        summary.name.clone(),
        milliseconds(summary.latency_mean_s),
        milliseconds(summary.latency_p50_s),
        milliseconds(summary.latency_p95_s),
        milliseconds(summary.latency_p99_s),
        count(summary.attempts),
        count(summary.rejections),
        count(summary.delays),
        count(summary.failed),
    ];
    cells.extend(RARE.iter().filter(|rare| rare.occurs(comparison)).map(|rare| count((rare.of)(summary))));
    cells.push(shares(&summary.node_shares));
    cells
}

/// Most nodes whose shares are told one by one.
const MOST_NODES: usize = 8;

/// Each node's share of the attempts; of many nodes only those with the most and the fewest.
fn shares(shares: &BTreeMap<String, f64>) -> String {
    let text = |(node, share): (&String, &f64)| format!("{node} {:.0} %", share * 100.0);
    let by_share = |one: &(&String, &f64), other: &(&String, &f64)| one.1.total_cmp(other.1);
    match (shares.iter().max_by(by_share), shares.iter().min_by(by_share)) {
        (Some(most), Some(fewest)) if shares.len() > MOST_NODES => {
            format!("{} nodes: {} to {}", shares.len(), text(most), text(fewest))
        }
        _ => shares.iter().map(text).collect::<Vec<_>>().join(", "),
    }
}

/// A ratio with three digits; what is beyond all doubt far from a tie has none.
fn ratio_text(ratio: f64) -> String {
    if ratio < 99.0 { format!("{ratio:.3}") } else { ">99".to_owned() }
}

/// Three significant figures, never in powers of ten.
fn figures(value: f64) -> String {
    let digits = match value.abs() {
        size if size >= 99.95 => 0,
        size if size >= 9.995 => 1,
        size if size >= 0.9995 => 2,
        size if size >= 0.099_95 => 3,
        _ => 4,
    };
    format!("{value:.digits$}")
}

/// A mean count of a job: whole, or with one digit.
fn count(value: f64) -> String {
    if value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.1}") }
}

/// The lines below the tables: what the columns mean, who won, and what weakens it.
pub fn notes(comparison: &Comparison) -> Vec<String> {
    let mut notes = vec![
        format!(
            "ratio: {} over that of {}, paired by seed, with its {:.0} % interval (Holm over all rows).",
            comparison.metric.name(),
            comparison.baseline,
            comparison.confidence * 100.0
        ),
        "Latencies, attempts, rejections, delays and failures are of a job, as means over seeds; shares are of attempts.".to_owned(),
    ];
    if RARE.iter().any(|rare| rare.column == "wasted" && rare.occurs(comparison)) {
        notes.push(
            "wasted: attempts of a job whose result nobody needed, because another one was first or the job had ended."
                .to_owned(),
        );
    }
    if comparison.rows.iter().any(|row| row.summary.tasks < 100.0) {
        notes.push("With fewer than 100 tasks a job, p99 is nearly its slowest task.".to_owned());
    }
    notes.push(comparison.overall.sentence());
    notes.extend(comparison.warnings.iter().map(|warning| format!("warning: {warning}")));
    notes
}

#[cfg(test)]
mod tests {
    use super::super::examples::{job, three_strategies};
    use super::super::{Comparison, compare};
    use super::*;

    fn example() -> Comparison {
        compare(three_strategies(), None, vec![]).unwrap()
    }

    #[test]
    fn figures_are_three() {
        let texts = [0.0, 0.01234, 0.1234, 1.234, 12.34, 123.4, 99.96, 1234.5].map(figures);
        assert_eq!(texts, ["0.0000", "0.0123", "0.123", "1.23", "12.3", "123", "100", "1234"]);
        assert_eq!([0.98765, 98.7, 1e6].map(ratio_text), ["0.988", "98.700", ">99"]);
        assert_eq!((count(10.0), count(9.66)), ("10".to_owned(), "9.7".to_owned()));
    }

    #[test]
    fn as_a_table() {
        insta::assert_snapshot!(render(&example(), Format::Table), @r"
        strategy  admission    n     makespan s  images/s                 ratio  verdict
        random    must-accept  5   1.13 ± 0.247      8.85                 1.000  baseline
        even      may-reject   5   1.13 ± 0.258      8.84  1.000 [0.980, 1.020]  tie
        fast      may-reject   5  0.735 ± 0.167      13.6  0.650 [0.634, 0.666]  wins

        strategy  mean ms  p50 ms  p95 ms  p99 ms  attempts  rejections  delays  failed  share per node
        random        621     621    1079    1120        10           0       3       0  node0 50 %, node1 50 %
        even          622     622    1080    1121        14           4       3       0  node0 50 %, node1 50 %
        fast          404     404     702     729        14           4       3       0  node0 50 %, node1 50 %

        ratio: makespan over that of random, paired by seed, with its 95 % interval (Holm over all rows).
        Latencies, attempts, rejections, delays and failures are of a job, as means over seeds; shares are of attempts.
        With fewer than 100 tasks a job, p99 is nearly its slowest task.
        fast wins: it is faster than every other strategy.
        ");
    }

    #[test]
    fn as_markdown() {
        insta::assert_snapshot!(render(&example(), Format::Markdown), @r"
        | strategy | admission | n | makespan s | images/s | ratio | verdict |
        | --- | --- | ---: | ---: | ---: | ---: | --- |
        | random | must-accept | 5 | 1.13 ± 0.247 | 8.85 | 1.000 | baseline |
        | even | may-reject | 5 | 1.13 ± 0.258 | 8.84 | 1.000 [0.980, 1.020] | tie |
        | fast | may-reject | 5 | 0.735 ± 0.167 | 13.6 | 0.650 [0.634, 0.666] | wins |

        | strategy | mean ms | p50 ms | p95 ms | p99 ms | attempts | rejections | delays | failed | share per node |
        | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |
        | random | 621 | 621 | 1079 | 1120 | 10 | 0 | 3 | 0 | node0 50 %, node1 50 % |
        | even | 622 | 622 | 1080 | 1121 | 14 | 4 | 3 | 0 | node0 50 %, node1 50 % |
        | fast | 404 | 404 | 702 | 729 | 14 | 4 | 3 | 0 | node0 50 %, node1 50 % |

        ratio: makespan over that of random, paired by seed, with its 95 % interval (Holm over all rows).

        Latencies, attempts, rejections, delays and failures are of a job, as means over seeds; shares are of attempts.

        With fewer than 100 tasks a job, p99 is nearly its slowest task.

        fast wins: it is faster than every other strategy.
        ");
    }

    #[test]
    fn as_csv() {
        let mut jobs = three_strategies();
        jobs.push(job("power_of_two[d=3,\"x\"]", 0, 700_000));
        let comparison = compare(jobs, None, vec![]).unwrap();
        insta::assert_snapshot!(render(&comparison, Format::Csv), @r#"
        name,label,strategy,admission,replications,jobs,makespan_s,makespan_half_width_s,images_per_s,latency_mean_s,latency_p50_s,latency_p95_s,latency_p99_s,tasks,failed,dropped,attempts,rejections,delays,lost,wasted,pairs,ratio,ratio_low,ratio_high,verdict,share_node0,share_node1
        random,,random,must-accept,5,5,1.130000,0.246776,8.849558,0.621500,0.621500,1.079150,1.119830,10.000000,0.000000,0.000000,10.000000,0.000000,3.000000,0.000000,0.000000,5,1.000000,,,baseline,0.500000,0.500000
        even,,even,may-reject,5,5,1.131000,0.257631,8.841733,0.622050,0.622050,1.080105,1.120821,10.000000,0.000000,0.000000,14.000000,4.000000,3.000000,0.000000,0.000000,5,0.999900,0.980458,1.019727,tie,0.500000,0.500000
        fast,,fast,may-reject,5,5,0.735150,0.167460,13.602666,0.404332,0.404333,0.702068,0.728534,10.000000,0.000000,0.000000,14.000000,4.000000,3.000000,0.000000,0.000000,5,0.649935,0.634066,0.666201,wins,0.500000,0.500000
        "power_of_two[d=3,""x""]",,"power_of_two[d=3,""x""]",may-reject,1,1,0.700000,,14.285714,0.385000,0.385000,0.668500,0.693700,10.000000,0.000000,0.000000,14.000000,4.000000,3.000000,0.000000,0.000000,1,0.700000,,,?,0.500000,0.500000
        "#);
    }

    #[test]
    fn dropped_arrivals_have_a_column_and_a_warning_where_there_are_any() {
        let mut jobs = three_strategies();
        assert!(!detail_columns(&compare(jobs.clone(), None, vec![]).unwrap()).contains(&"dropped"));
        // As many arrivals as the others had, or it would be another work.
        (jobs[0].tasks, jobs[0].dropped) = (jobs[0].tasks - 5, 5);
        let comparison = compare(jobs, None, vec![]).unwrap();
        let columns = detail_columns(&comparison);
        let place = columns.iter().position(|name| *name == "dropped").unwrap();
        let cells: Vec<String> = tables(&comparison).details.iter().map(|row| row[place].clone()).collect();
        assert_eq!(cells, ["1", "0", "0"]);
        let told = comparison.warnings.iter().find(|warning| warning.contains("dropped")).unwrap();
        insta::assert_snapshot!(told, @"random dropped 10.0 % of the arrivals, because max_open tasks were open: its latencies are of the others");
    }

    #[test]
    fn attempts_that_nobody_needed_have_a_column_and_a_note_where_there_are_any() {
        let mut jobs = three_strategies();
        jobs.iter_mut().filter(|job| job.strategy == "fast").for_each(|job| job.wasted = 4);
        let text = render(&compare(jobs, None, vec![]).unwrap(), Format::Table);
        assert!(text.contains("failed  wasted  share per node"), "{text}");
        assert!(text.contains("wasted: attempts of a job whose result nobody needed"), "{text}");
        assert!(!render(&example(), Format::Table).contains("wasted"));
    }

    #[test]
    fn as_json() {
        let comparison = compare(vec![job("random", 1, 1_000_000)], None, vec![]).unwrap();
        insta::assert_snapshot!(render(&comparison, Format::Json), @r#"
        {
          "confidence": 0.95,
          "metric": "makespan",
          "baseline": "random",
          "rows": [
            {
              "name": "random",
              "label": null,
              "strategy": "random",
              "admission": "must-accept",
              "replications": 1,
              "jobs": 1,
              "makespan_s": 1.0,
              "makespan_half_width_s": null,
              "images_per_s": 10.0,
              "latency_mean_s": 0.55,
              "latency_mean_half_width_s": null,
              "latency_p50_s": 0.55,
              "latency_p95_s": 0.9549999999999998,
              "latency_p99_s": 0.991,
              "latency_p99_half_width_s": null,
              "tasks": 10.0,
              "failed": 0.0,
              "dropped": 0.0,
              "attempts": 10.0,
              "rejections": 0.0,
              "delays": 3.0,
              "lost": 0.0,
              "wasted": 0.0,
              "node_shares": {
                "node0": 0.5,
                "node1": 0.5
              },
              "versus_baseline": {
                "pairs": 1,
                "ratio": 1.0,
                "ratio_low": null,
                "ratio_high": null,
                "verdict": "baseline"
              }
            }
          ],
          "overall": {
            "metric": "makespan",
            "best": "random",
            "beats": [],
            "ties": []
          },
          "warnings": [
            "n = 1 for random: one replication has no interval and allows no verdict; run more seeds"
          ]
        }
        "#);
    }
}
