//! How task latencies are spread: one distribution function a strategy.

use super::scale::{Scale, TimeUnit};
use super::svg::{Anchor, Svg};
use super::{LETTER, WIDTH, ranked, room_for, short};
use crate::report::latencies::STEPS;
use crate::report::section::Section;

const TOP: f64 = 34.0;
const HEIGHT: f64 = 340.0;
const LEFT: f64 = 52.0;
/// From this ratio between the slowest tail and the fastest median on, the axis is logarithmic.
const WIDE: f64 = 30.0;

/// Lines from the fastest task at the bottom to the slowest at the top, with a legend at the right. None if no task's
/// latency was recorded, but only summaries.
pub(in crate::report) fn draw(section: &Section) -> Option<String> {
    let rows = ranked(section);
    let legend = room_for(rows.iter().map(|(_, row)| row.summary.name.as_str())) + 50.0 + 10.0 * LETTER;
    let (right, bottom) = (WIDTH - legend, TOP + HEIGHT);
    let curves: Vec<&[f64]> =
        section.strategies.iter().map(|figures| figures.latency_quantiles_s.as_slice()).collect();
    let at = |step: usize| curves.iter().filter_map(move |curve| curve.get(step).copied());
    let longest = at(STEPS).reduce(f64::max)?;
    let fastest_median = at(STEPS / 2).fold(f64::INFINITY, f64::min);
    let unit = TimeUnit::for_seconds(longest);
    let shortest = at(0).fold(f64::INFINITY, f64::min).max(longest / 1e6);
    let logarithmic = fastest_median.is_finite() && fastest_median > 0.0 && longest / fastest_median > WIDE;
    let across = if logarithmic {
        Scale::logarithmic(unit.of(shortest), unit.of(longest), LEFT, right)
    } else {
        Scale::from_zero(unit.of(longest), LEFT, right)
    };
    let up = Scale::between(0.0, 100.0, bottom, TOP);
    let mut svg = Svg::new(WIDTH, bottom + 48.0, "Distribution of task latencies by strategy");
    let kind = if logarithmic { ", logarithmic" } else { "" };
    across.draw_below(&mut svg, TOP, bottom, &format!("latency of a task ({}{kind})", unit.name));
    up.draw_left(&mut svg, LEFT, right, "tasks that ended by then (%)");
    for (place, (index, row)) in rows.iter().enumerate() {
        let (name, curve) = (&row.summary.name, curves[*index]);
        let class = format!("curve c{} d{}", index % 8, index / 8 % 3);
        let percent = |step: usize| 100.0 * step as f64 / STEPS as f64;
        let points: Vec<(f64, f64)> = curve
            .iter()
            .enumerate()
            .map(|(step, &s)| (across.at(unit.of(s)), up.at(percent(step))))
            .collect();
        svg.polyline(&class, &points, name);
        let y = TOP + 12.0 + 20.0 * place as f64;
        svg.line(&class, (right + 24.0, y), (right + 52.0, y));
        let median = curve.get(STEPS / 2).map_or("–".to_owned(), |&median| unit.text(median));
        svg.text("name", (right + 60.0, y + 4.0), Anchor::Start, &short(name));
        svg.text("tick", (WIDTH - 2.0, y + 4.0), Anchor::End, &median);
    }
    svg.text("tick", (WIDTH - 2.0, TOP - 12.0), Anchor::End, "median");
    Some(svg.finish())
}
