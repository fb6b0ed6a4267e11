//! The figure that decides, by strategy: the mean with its interval, and every seed.

use super::scale::{Scale, TimeUnit, figures};
use super::svg::{Anchor, Svg};
use super::{WIDTH, decisive, ranked, room_for, short};
use crate::comparison::Row;
use crate::report::section::Section;

const ROW: f64 = 30.0;
const TOP: f64 = 12.0;
const RIGHT: f64 = 210.0;

/// One row a strategy, the best first.
pub(in crate::report) fn draw(section: &Section) -> String {
    let metric = section.comparison.metric;
    let rows = ranked(section);
    let left = room_for(rows.iter().map(|(_, row)| row.summary.name.as_str()));
    let bottom = TOP + ROW * rows.len() as f64;
    let seeds = |index: usize| section.strategies[index].seeds.iter().filter_map(|seed| seed.of(metric));
    let ends = rows.iter().filter_map(|(_, row)| {
        let (mean, half_width) = decisive(&row.summary, metric);
        Some(mean? + half_width.unwrap_or(0.0))
    });
    let highest = rows.iter().flat_map(|(index, _)| seeds(*index)).chain(ends).fold(0.0, f64::max);
    let unit = TimeUnit::for_seconds(highest);
    let scale = Scale::from_zero(unit.of(highest), left, WIDTH - RIGHT);
    let label = format!("{} by strategy: means with intervals, and every seed", metric.name());
    let mut svg = Svg::new(WIDTH, bottom + 48.0, &label);
    scale.draw_below(&mut svg, TOP, bottom, &format!("{} ({})", metric.name(), unit.name));
    for (place, (index, row)) in rows.iter().enumerate() {
        let y = TOP + ROW * (place as f64 + 0.5);
        svg.text("name", (left - 10.0, y + 4.0), Anchor::End, &short(&row.summary.name));
        for seed in &section.strategies[*index].seeds {
            if let Some(seconds) = seed.of(metric) {
                let tip = format!("seed {}: {}", seed.seed, unit.text(seconds));
                svg.circle("seed", (scale.at(unit.of(seconds)), y), 3.0, &tip);
            }
        }
        draw_mean(&mut svg, row, decisive(&row.summary, metric), y, (&scale, unit));
    }
    svg.finish()
}

fn draw_mean(
    svg: &mut Svg,
    row: &Row,
    (mean, half_width): (Option<f64>, Option<f64>),
    y: f64,
    axis: (&Scale, TimeUnit),
) {
    let (scale, unit) = axis;
    let Some(mean) = mean else { return };
    let x = |seconds: f64| scale.at(unit.of(seconds));
    if let Some(half_width) = half_width {
        let (low, high) = (x(mean - half_width), x(mean + half_width));
        svg.line("whisker", (low, y), (high, y));
        for end in [low, high] {
            svg.line("whisker", (end, y - 5.0), (end, y + 5.0));
        }
    }
    svg.circle("mean", (x(mean), y), 5.0, &format!("mean {}", unit.text(mean)));
    let interval = half_width.map_or(String::new(), |half| format!(" ± {}", figures(unit.of(half))));
    let text = format!("{}{interval} {}", figures(unit.of(mean)), unit.name);
    svg.text("value", (WIDTH - RIGHT + 12.0, y + 4.0), Anchor::Start, &text);
    let verdict = row.versus_baseline.verdict;
    svg.text(verdict_class(verdict), (WIDTH - 6.0, y + 4.0), Anchor::End, verdict.name());
}

fn verdict_class(verdict: crate::comparison::Verdict) -> &'static str {
    use crate::comparison::Verdict;
    match verdict {
        Verdict::Wins => "wins",
        Verdict::Loses => "loses",
        Verdict::Baseline | Verdict::Tie | Verdict::Unknown => "tick",
    }
}
