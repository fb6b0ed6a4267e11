//! How a figure changes with the setting that was swept, with an interval at every point.

use super::section::{Section, SeedFigures};
use crate::comparison::{CONFIDENCE, Metric};
use crate::statistics::{interval_of_mean, mean};
use schemars::JsonSchema;
use serde::Serialize;

/// A figure over a setting.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Sweep {
    /// Name of the setting.
    pub setting: String,
    /// What is shown, with its unit: `makespan_s`, `latency_mean_s` or `latency_p99_s`.
    pub figure: &'static str,
    /// One curve for each strategy.
    pub curves: Vec<Curve>,
}

/// A strategy's curve.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Curve {
    /// The strategy's name.
    pub name: String,
    /// In the order of the settings.
    pub points: Vec<Point>,
}

/// A point of a curve: the mean over seeds.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Point {
    /// The setting as it was written.
    pub setting_text: String,
    /// The setting as a number.
    pub setting_value: f64,
    /// The mean.
    pub mean: f64,
    /// Lower end of its 95 % interval; none of one seed.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// Number of seeds.
    pub seeds: usize,
}

type Figure = fn(&SeedFigures) -> Option<f64>;

const FIGURES: [(&str, Figure); 3] = [
    ("makespan_s", |seed| Some(seed.makespan_s)),
    ("latency_mean_s", |seed| seed.latency_mean_s),
    ("latency_p99_s", |seed| seed.latency_p99_s),
];

impl Sweep {
    /// Whether it shows the figure that decides, or the tail of latencies, which concerns everybody.
    pub fn is_worth_a_picture(&self, metric: Metric) -> bool {
        let decides = match metric {
            Metric::Makespan => "makespan_s",
            Metric::Mean => "latency_mean_s",
            Metric::P99 => "latency_p99_s",
        };
        (self.figure == decides || self.figure == "latency_p99_s")
            && self.curves.iter().any(|curve| !curve.points.is_empty())
    }
}

/// The sweeps over `setting`; none unless at least two sections have settings that are numbers.
pub fn sweeps(setting: &str, sections: &[Section]) -> Vec<Sweep> {
    let mut names: Vec<&str> = Vec::new();
    for figures in sections.iter().flat_map(|section| &section.strategies) {
        if !names.contains(&figures.name.as_str()) {
            names.push(&figures.name);
        }
    }
    if sections.iter().filter(|section| section.setting_value.is_some()).count() < 2 {
        return Vec::new();
    }
    let sweep = |(figure, of): (&'static str, Figure)| {
        let curve = |name: &&str| Curve {
            name: (*name).to_owned(),
            points: sections.iter().filter_map(|section| point(section, name, of)).collect(),
        };
        Sweep { setting: setting.to_owned(), figure, curves: names.iter().map(curve).collect() }
    };
    FIGURES.into_iter().map(sweep).collect()
}

fn point(section: &Section, name: &str, of: Figure) -> Option<Point> {
    let figures = section.strategies.iter().find(|figures| figures.name == name)?;
    let values: Vec<f64> = figures.seeds.iter().filter_map(of).collect();
    let interval = interval_of_mean(&values, CONFIDENCE);
    Some(Point {
        setting_text: section.setting_text.clone()?,
        setting_value: section.setting_value?,
        mean: mean(&values)?,
        low: interval.map(|interval| interval.low),
        high: interval.map(|interval| interval.high),
        seeds: values.len(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::section::examples::two_strategies;
    use super::super::source::Source;
    use super::super::{Wish, report};
    use super::*;
    use crate::comparison::source::By;

    #[test]
    fn one_point_for_each_setting() {
        let runs = [("0.8", 3.0), ("0.2", 1.0), ("0.5", 2.0)]
            .map(|(load, slowness)| Source::rows(two_strategies(&[("sweep.load", load)], slowness)));
        let wish = Wish { title: "t", command: "c", metric: Metric::Makespan, baseline: None, by: By::Label };
        let report = report(runs.into(), &wish).unwrap();
        assert_eq!(report.sections.len(), 3);
        let makespan = &report.sweeps[0];
        assert_eq!(
            (makespan.setting.as_str(), makespan.figure, makespan.curves.len()),
            ("load", "makespan_s", 2)
        );
        let values: Vec<f64> = makespan.curves[0].points.iter().map(|point| point.setting_value).collect();
        assert_eq!(values, [0.2, 0.5, 0.8]);
        let middle = &makespan.curves[0].points[1];
        assert!((middle.mean - 0.122).abs() < 1e-9, "{middle:?}");
        assert!(middle.low.unwrap() < middle.mean && middle.mean < middle.high.unwrap());
        assert_eq!(report.sweeps[2].figure, "latency_p99_s");
        let pictures: Vec<bool> =
            report.sweeps.iter().map(|sweep| sweep.is_worth_a_picture(Metric::Makespan)).collect();
        assert_eq!(pictures, [true, false, true]);
    }

    #[test]
    fn one_setting_is_no_sweep() {
        let wish = Wish { title: "t", command: "c", metric: Metric::Makespan, baseline: None, by: By::Label };
        assert_eq!(report(vec![Source::rows(two_strategies(&[], 1.0))], &wish).unwrap().sweeps, []);
    }
}
