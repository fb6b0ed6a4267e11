//! Axes: from figures to pixels, and where the ticks stand.

use super::svg::{Anchor, Svg};

/// A linear or logarithmic axis.
#[derive(Clone, Debug)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
    logarithmic: bool,
}

/// The unit in which times of an axis are told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct TimeUnit {
    pub(super) name: &'static str,
    seconds: f64,
}

impl TimeUnit {
    /// The unit in which `longest_s` seconds are a number that people read easily.
    pub(super) fn for_seconds(longest_s: f64) -> TimeUnit {
        match longest_s {
            longest if longest < 1e-3 => TimeUnit { name: "µs", seconds: 1e-6 },
            longest if longest < 1.0 => TimeUnit { name: "ms", seconds: 1e-3 },
            longest if longest < 900.0 => TimeUnit { name: "s", seconds: 1.0 },
            _ => TimeUnit { name: "min", seconds: 60.0 },
        }
    }

    pub(super) fn of(self, seconds: f64) -> f64 {
        seconds / self.seconds
    }

    /// Three figures and the unit, such as `1.25 s`.
    pub(super) fn text(self, seconds: f64) -> String {
        format!("{} {}", figures(self.of(seconds)), self.name)
    }
}

/// Three significant figures, without needless zeros after the point.
pub(super) fn figures(value: f64) -> String {
    let digits = match value.abs() {
        size if size >= 99.95 => 0,
        size if size >= 9.995 => 1,
        size if size >= 0.9995 => 2,
        _ => 3,
    };
    format!("{value:.digits$}")
}

impl Scale {
    /// From 0 to a round number at or above `highest`.
    pub(super) fn from_zero(highest: f64, from: f64, to: f64) -> Scale {
        let highest = if highest.is_finite() && highest > 0.0 { highest } else { 1.0 };
        let step = step(highest, 6.0);
        // A hair less, because 3 × 0.1 is above 0.3.
        let high = step * (highest / step - 1e-9).ceil();
        Scale { low: 0.0, high, from, to, logarithmic: false }
    }

    /// From `low` to `high`, both kept.
    pub(super) fn between(low: f64, high: f64, from: f64, to: f64) -> Scale {
        let high = if high > low { high } else { low + 1.0 };
        Scale { low, high, from, to, logarithmic: false }
    }

    /// Logarithmic between two numbers above 0.
    pub(super) fn logarithmic(low: f64, high: f64, from: f64, to: f64) -> Scale {
        let low = low.max(f64::MIN_POSITIVE);
        Scale { low, high: high.max(low * 1.001), from, to, logarithmic: true }
    }

    /// The pixel of `value`; what lies beyond an end is put on it.
    pub(super) fn at(&self, value: f64) -> f64 {
        let share = if self.logarithmic {
            (value.max(self.low) / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        self.from + share.clamp(0.0, 1.0) * (self.to - self.from)
    }

    /// Round numbers within the scale, with their texts.
    pub(super) fn ticks(&self) -> Vec<(f64, String)> {
        let values = if self.logarithmic { self.decades() } else { self.steps() };
        let digits = if self.logarithmic {
            None
        } else {
            let step = step(self.high - self.low, 6.0);
            Some(if step >= 1.0 { 0 } else { (-step.log10()).ceil() as usize })
        };
        let text = |value: f64| match digits {
            Some(digits) => format!("{value:.digits$}"),
            None if value >= 1.0 => format!("{value:.0}"),
            None => format!("{value}"),
        };
        values.into_iter().map(|value| (value, text(value))).collect()
    }

    fn steps(&self) -> Vec<f64> {
        let step = step(self.high - self.low, 6.0);
        let first = (self.low / step - 1e-9).ceil() as i64;
        let last = (self.high / step + 1e-9).floor() as i64;
        (first..=last).map(|count| count as f64 * step).collect()
    }

    fn decades(&self) -> Vec<f64> {
        let many = (self.high / self.low).log10() > 3.0;
        let factors: &[f64] = if many { &[1.0] } else { &[1.0, 2.0, 5.0] };
        let (first, last) = (self.low.log10().floor() as i32, self.high.log10().ceil() as i32);
        let all =
            (first..=last).flat_map(|power| factors.iter().map(move |factor| factor * 10f64.powi(power)));
        let inside = |value: &f64| (self.low * 0.999..=self.high * 1.001).contains(value);
        all.filter(inside).map(|value| (value * 1e9).round() / 1e9).collect()
    }

    /// Grid lines, numbers and title of an axis below the rows between `top` and `bottom`.
    pub(super) fn draw_below(&self, svg: &mut Svg, top: f64, bottom: f64, title: &str) {
        self.draw_ticks_below(svg, top, bottom, title, &self.ticks());
    }

    /// The same with ticks of one's own.
    pub(super) fn draw_ticks_below(
        &self,
        svg: &mut Svg,
        top: f64,
        bottom: f64,
        title: &str,
        ticks: &[(f64, String)],
    ) {
        for (value, text) in ticks {
            let x = self.at(*value);
            svg.line("grid", (x, top), (x, bottom));
            svg.text("tick", (x, bottom + 16.0), Anchor::Middle, text);
        }
        svg.text("title", (f64::midpoint(self.from, self.to), bottom + 36.0), Anchor::Middle, title);
    }

    /// Grid lines and numbers of an axis at the left of the area between `left` and `right`, its title above it.
    pub(super) fn draw_left(&self, svg: &mut Svg, left: f64, right: f64, title: &str) {
        for (value, text) in self.ticks() {
            let y = self.at(value);
            svg.line("grid", (left, y), (right, y));
            svg.text("tick", (left - 8.0, y + 4.0), Anchor::End, &text);
        }
        svg.text("title", (left - 8.0, self.to.min(self.from) - 12.0), Anchor::Start, title);
    }
}

/// The step of 1, 2 or 5 times a power of ten that gives about `wanted` ticks.
fn step(range: f64, wanted: f64) -> f64 {
    let rough = range / wanted;
    let power = 10f64.powf(rough.log10().floor());
    let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| factor * power >= rough * 0.999).unwrap_or(10.0);
    factor * power
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(scale: &Scale) -> String {
        scale.ticks().into_iter().map(|(_, text)| text).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn ticks_are_round_and_inside() {
        assert_eq!(texts(&Scale::from_zero(0.3, 0.0, 1.0)), "0.00 0.05 0.10 0.15 0.20 0.25 0.30");
        assert_eq!(texts(&Scale::from_zero(437.0, 0.0, 1.0)), "0 100 200 300 400 500");
        assert_eq!(texts(&Scale::from_zero(0.0, 0.0, 1.0)), "0.0 0.2 0.4 0.6 0.8 1.0");
        assert_eq!(texts(&Scale::between(0.2, 0.8, 0.0, 1.0)), "0.2 0.3 0.4 0.5 0.6 0.7 0.8");
        assert_eq!(texts(&Scale::logarithmic(0.4, 130.0, 0.0, 1.0)), "0.5 1 2 5 10 20 50 100");
        assert_eq!(texts(&Scale::logarithmic(0.001, 1e4, 0.0, 1.0)), "0.001 0.01 0.1 1 10 100 1000 10000");
    }

    #[test]
    fn values_beyond_the_ends_stay_on_them() {
        let scale = Scale::from_zero(10.0, 100.0, 200.0);
        assert_eq!(
            [-1.0, 0.0, 5.0, 10.0, 99.0].map(|value| scale.at(value)),
            [100.0, 100.0, 150.0, 200.0, 200.0]
        );
        let log = Scale::logarithmic(1.0, 100.0, 0.0, 10.0);
        assert_eq!((log.at(0.0), log.at(10.0)), (0.0, 5.0));
    }

    #[test]
    fn times_have_the_unit_that_reads_well() {
        let text = |seconds: f64| TimeUnit::for_seconds(seconds).text(seconds);
        assert_eq!(
            [0.000_25, 0.05, 1.25, 90.0, 3_600.0].map(text),
            ["250 µs", "50.0 ms", "1.25 s", "90.0 s", "60.0 min"]
        );
    }
}
