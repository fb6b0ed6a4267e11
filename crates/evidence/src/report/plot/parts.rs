//! Where the mean latency went: one stacked bar a strategy.

use super::scale::{Scale, TimeUnit};
use super::svg::{Anchor, Svg};
use super::{LETTER, WIDTH, ranked, room_for, short};
use crate::report::section::{MeanParts, Section};

const ROW: f64 = 28.0;
const TOP: f64 = 40.0;
const RIGHT: f64 = 80.0;

/// The class of each part, in the order of [`MeanParts::named`].
const CLASSES: [&str; 6] = ["waiting", "lost", "wire", "queue", "delay", "work"];

/// Bars in the order of the makespans; nothing if no strategy's parts are known.
pub(in crate::report) fn draw(section: &Section) -> Option<String> {
    let known: Vec<(&str, MeanParts)> = ranked(section)
        .into_iter()
        .filter_map(|(index, row)| Some((row.summary.name.as_str(), section.strategies[index].parts?)))
        .collect();
    let longest_s = known.iter().map(|(_, parts)| parts.sum() / 1e3).reduce(f64::max)?;
    let left = room_for(known.iter().map(|(name, _)| *name));
    let bottom = TOP + ROW * known.len() as f64;
    let unit = TimeUnit::for_seconds(longest_s);
    let scale = Scale::from_zero(unit.of(longest_s), left, WIDTH - RIGHT);
    let mut svg = Svg::new(WIDTH, bottom + 48.0, "Where the mean latency of a task went, by strategy");
    let shown = shown(&known);
    legend(&mut svg, &shown);
    scale.draw_below(&mut svg, TOP, bottom, &format!("mean latency of a task ({})", unit.name));
    for (place, (name, parts)) in known.iter().enumerate() {
        let y = TOP + ROW * place as f64 + 5.0;
        svg.text("name", (left - 10.0, y + 13.0), Anchor::End, &short(name));
        let mut from = 0.0;
        for (part, size_ms) in parts.named() {
            let size = unit.of((size_ms / 1e3).max(0.0));
            let Some(class) = shown.iter().find(|(name, _)| *name == part).map(|(_, class)| class) else {
                continue;
            };
            let (start, end) = (scale.at(from), scale.at(from + size));
            let share = 100.0 * size_ms / parts.sum().max(f64::MIN_POSITIVE);
            let tip = format!("{name}, {part}: {} ({share:.1} %)", unit.text(size_ms / 1e3));
            svg.rectangle(class, (start, y), (end - start, ROW - 10.0), &tip);
            from += size;
        }
        svg.text("value", (WIDTH - RIGHT + 10.0, y + 13.0), Anchor::Start, &unit.text(parts.sum() / 1e3));
    }
    Some(svg.finish())
}

/// Parts that are at least a thousandth of some strategy's latency, with their classes.
fn shown(known: &[(&str, MeanParts)]) -> Vec<(&'static str, &'static str)> {
    let matters = |place: usize| known.iter().any(|(_, parts)| parts.named()[place].1 >= parts.sum() / 1e3);
    let names = MeanParts::default().named().map(|(name, _)| name);
    names
        .into_iter()
        .zip(CLASSES)
        .enumerate()
        .filter(|(place, _)| matters(*place))
        .map(|(_, part)| part)
        .collect()
}

/// Names with their colours, in one line: closer together where they would reach beyond the picture.
pub(super) fn legend(svg: &mut Svg, entries: &[(&str, &str)]) {
    let steps: Vec<f64> =
        entries.iter().map(|(name, _)| 20.0 + name.chars().count() as f64 * LETTER + 18.0).collect();
    let closer = ((WIDTH - 8.0) / steps.iter().sum::<f64>()).min(1.0);
    let mut x = 4.0;
    for ((name, class), step) in entries.iter().zip(steps) {
        svg.rectangle(class, (x, 8.0), (14.0, 14.0), "");
        svg.text("name", (x + 20.0, 20.0), Anchor::Start, name);
        x += step * closer;
    }
}
