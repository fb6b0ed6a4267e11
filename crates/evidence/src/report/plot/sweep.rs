//! How a figure changes with a setting: a curve with a band for each strategy.

use super::scale::{Scale, TimeUnit};
use super::svg::{Anchor, Svg};
use super::{WIDTH, room_for, short};
use crate::report::sweep::{Curve, Sweep};

const TOP: f64 = 34.0;
const HEIGHT: f64 = 320.0;
const LEFT: f64 = 60.0;
/// From this ratio between the largest and the smallest figure on, the axis is logarithmic.
const WIDE: f64 = 30.0;

/// Numbers on an axis that are closer would touch, in pixels.
const NARROWEST_TICKS: f64 = 45.0;

/// The curves; in the legend the one that ends highest stands first, as in the picture.
pub(in crate::report) fn draw(sweep: &Sweep) -> String {
    let legend = room_for(sweep.curves.iter().map(|curve| curve.name.as_str())) + 50.0;
    let (right, bottom) = (WIDTH - legend, TOP + HEIGHT);
    let points = || sweep.curves.iter().flat_map(|curve| &curve.points);
    let highest = points().map(|point| point.high.unwrap_or(point.mean)).fold(0.0, f64::max);
    let lowest = points().map(|point| point.mean).fold(f64::INFINITY, f64::min);
    let unit = TimeUnit::for_seconds(highest);
    let logarithmic = lowest > 0.0 && highest / lowest > WIDE;
    let up = if logarithmic {
        Scale::logarithmic(unit.of(lowest) * 0.8, unit.of(highest), bottom, TOP)
    } else {
        Scale::from_zero(unit.of(highest), bottom, TOP)
    };
    let values = || points().map(|point| point.setting_value);
    let (first, last) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
    let across = if first > 0.0 && last / first > WIDE {
        Scale::logarithmic(first, last, LEFT, right)
    } else {
        Scale::between(first, last, LEFT, right)
    };
    let name = figure_name(sweep.figure);
    let mut svg = Svg::new(WIDTH, bottom + 48.0, &format!("{name} over {}, by strategy", sweep.setting));
    across.draw_ticks_below(&mut svg, TOP, bottom, &sweep.setting, &setting_ticks(sweep, &across));
    let kind = if logarithmic { ", logarithmic" } else { "" };
    up.draw_left(&mut svg, LEFT, right, &format!("{name} ({}{kind})", unit.name));
    for (index, curve) in sweep.curves.iter().enumerate() {
        draw_curve(&mut svg, curve, index, (&across, &up), unit);
    }
    let last = |curve: &Curve| curve.points.last().map_or(0.0, |point| point.mean);
    let mut order: Vec<(usize, &Curve)> = sweep.curves.iter().enumerate().collect();
    order.sort_by(|(_, left), (_, right)| last(right).total_cmp(&last(left)));
    for (place, (index, curve)) in order.into_iter().enumerate() {
        let y = TOP + 12.0 + 20.0 * place as f64;
        svg.line(&classes(index), (right + 14.0, y), (right + 42.0, y));
        svg.text("name", (right + 50.0, y + 4.0), Anchor::Start, &short(&curve.name));
    }
    svg.finish()
}

/// Ticks where there are settings, as they were written, if they stand apart; else round numbers.
fn setting_ticks(sweep: &Sweep, across: &Scale) -> Vec<(f64, String)> {
    let points = sweep.curves.iter().flat_map(|curve| &curve.points);
    let mut ticks: Vec<(f64, String)> =
        points.map(|point| (point.setting_value, point.setting_text.clone())).collect();
    ticks.sort_by(|left, right| left.0.total_cmp(&right.0));
    ticks.dedup_by(|left, right| left.0 == right.0);
    let apart = ticks.windows(2).all(|pair| across.at(pair[1].0) - across.at(pair[0].0) >= NARROWEST_TICKS);
    if apart { ticks } else { across.ticks() }
}

fn draw_curve(svg: &mut Svg, curve: &Curve, index: usize, scales: (&Scale, &Scale), unit: TimeUnit) {
    let (across, up) = scales;
    let at = |value: f64, seconds: f64| (across.at(value), up.at(unit.of(seconds)));
    let lower = curve.points.iter().filter_map(|point| Some(at(point.setting_value, point.low?)));
    let upper = curve.points.iter().filter_map(|point| Some(at(point.setting_value, point.high?)));
    let band: Vec<(f64, f64)> = lower.chain(upper.collect::<Vec<_>>().into_iter().rev()).collect();
    if band.len() > 2 {
        svg.polygon(&format!("band f{}", index % 8), &band);
    }
    let line: Vec<(f64, f64)> =
        curve.points.iter().map(|point| at(point.setting_value, point.mean)).collect();
    svg.polyline(&classes(index), &line, &curve.name);
    for (point, &place) in curve.points.iter().zip(&line) {
        let interval = match (point.low, point.high) {
            (Some(low), Some(high)) => format!(" [{}, {}]", unit.text(low), unit.text(high)),
            _ => String::new(),
        };
        let tip = format!("{} at {}: {}{interval}", curve.name, point.setting_text, unit.text(point.mean));
        svg.circle(&format!("dot f{}", index % 8), place, 3.5, &tip);
    }
}

fn classes(index: usize) -> String {
    format!("curve c{} d{}", index % 8, index / 8 % 3)
}

pub(in crate::report) fn figure_name(figure: &str) -> &str {
    match figure {
        "makespan_s" => "makespan",
        "latency_mean_s" => "mean latency of tasks",
        "latency_p99_s" => "99th percentile of task latency",
        other => other,
    }
}
