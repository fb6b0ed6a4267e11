//! Makespan by strategy: the mean with its interval, and every seed.

use super::scale::{Scale, TimeUnit, figures};
use super::svg::{Anchor, Svg};
use super::{WIDTH, ranked, room_for, short};
use crate::report::section::Section;

const ROW: f64 = 30.0;
const TOP: f64 = 12.0;
const RIGHT: f64 = 210.0;

/// One row a strategy, the fastest first.
pub(in crate::report) fn draw(section: &Section) -> String {
    let rows = ranked(&section.comparison.rows);
    let left = room_for(rows.iter().map(|(_, row)| row.summary.name.as_str()));
    let bottom = TOP + ROW * rows.len() as f64;
    let seeds = |index: usize| section.strategies[index].seeds.iter().map(|seed| seed.makespan_s);
    let ends = rows.iter().map(|(_, row)| row.summary.makespan_s + row.summary.makespan_half_width_s.unwrap_or(0.0));
    let highest = rows.iter().flat_map(|(index, _)| seeds(*index)).chain(ends).fold(0.0, f64::max);
    let unit = TimeUnit::for_seconds(highest);
    let scale = Scale::from_zero(unit.of(highest), left, WIDTH - RIGHT);
    let mut svg = Svg::new(WIDTH, bottom + 48.0, "Makespan by strategy: means with intervals, and every seed");
    scale.draw_below(&mut svg, TOP, bottom, &format!("makespan ({})", unit.name));
    for (place, (index, row)) in rows.iter().enumerate() {
        let y = TOP + ROW * (place as f64 + 0.5);
        let summary = &row.summary;
        let x = |seconds: f64| scale.at(unit.of(seconds));
        svg.text("name", (left - 10.0, y + 4.0), Anchor::End, &short(&summary.name));
        for seed in &section.strategies[*index].seeds {
            let tip = format!("seed {}: {}", seed.seed, unit.text(seed.makespan_s));
            svg.circle("seed", (x(seed.makespan_s), y), 3.0, &tip);
        }
        let half_width = summary.makespan_half_width_s;
        if let Some(half_width) = half_width {
            let (low, high) = (x(summary.makespan_s - half_width), x(summary.makespan_s + half_width));
            svg.line("whisker", (low, y), (high, y));
            for end in [low, high] {
                svg.line("whisker", (end, y - 5.0), (end, y + 5.0));
            }
        }
        svg.circle("mean", (x(summary.makespan_s), y), 5.0, &format!("mean {}", unit.text(summary.makespan_s)));
        let mean = figures(unit.of(summary.makespan_s));
        let interval = half_width.map_or(String::new(), |half| format!(" ± {}", figures(unit.of(half))));
        let verdict = row.versus_baseline.verdict;
        svg.text("value", (WIDTH - RIGHT + 12.0, y + 4.0), Anchor::Start, &format!("{mean}{interval} {}", unit.name));
        svg.text(verdict_class(verdict), (WIDTH - 6.0, y + 4.0), Anchor::End, verdict.name());
    }
    svg.finish()
}

fn verdict_class(verdict: crate::comparison::Verdict) -> &'static str {
    use crate::comparison::Verdict;
    match verdict {
        Verdict::Wins => "wins",
        Verdict::Loses => "loses",
        Verdict::Baseline | Verdict::Tie | Verdict::Unknown => "tick",
    }
}
