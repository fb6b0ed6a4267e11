//! Runs under different settings: which setting was swept, and which runs belong to each of its values.

use super::source::Source;
use records::Manifest;

/// What names of settings begin with that an experiment sweeps.
const SWEPT: &str = "sweep.";

/// A value of the swept setting, or of several that changed together.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Name of the setting.
    pub name: String,
    /// The value as it was written.
    pub text: String,
    /// The value as a number, in seconds if it is a time; none if it is a word, or if several settings changed.
    pub number: Option<f64>,
}

impl Setting {
    /// Such as `load = 0.8`.
    pub fn title(&self) -> String {
        format!("{} = {}", self.name, self.text)
    }
}

/// Sorts runs by the settings in which their manifests differ: those that an experiment sweeps (`sweep.…`) or, without
/// such, those that are numbers in every manifest. Without any difference all runs belong together.
pub fn split(runs: Vec<Source>) -> Vec<(Option<Setting>, Vec<Source>)> {
    let names = swept(&runs);
    if names.is_empty() {
        return vec![(None, runs)];
    }
    let mut parts: Vec<(Setting, Vec<Source>)> = Vec::new();
    for run in runs {
        let setting = setting(&names, run.run.manifest.as_ref());
        match parts.iter_mut().find(|(known, _)| *known == setting) {
            Some((_, runs)) => runs.push(run),
            None => parts.push((setting, vec![run])),
        }
    }
    parts.sort_by(|(left, _), (right, _)| match (left.number, right.number) {
        (Some(left), Some(right)) => left.total_cmp(&right),
        _ => left.text.cmp(&right.text),
    });
    parts.into_iter().map(|(setting, runs)| (Some(setting), runs)).collect()
}

/// Names of the settings that tell the runs apart.
fn swept(runs: &[Source]) -> Vec<String> {
    let manifests: Vec<&Manifest> = runs.iter().filter_map(|source| source.run.manifest.as_ref()).collect();
    let Some((first, others)) = manifests.split_first() else {
        return Vec::new();
    };
    if manifests.len() < runs.len() {
        return Vec::new();
    }
    let differs =
        |name: &&String| others.iter().any(|other| other.settings.get(*name) != first.settings.get(*name));
    let names: Vec<&String> = first.settings.keys().filter(differs).collect();
    let declared: Vec<String> =
        names.iter().filter(|name| name.starts_with(SWEPT)).map(|&name| name.clone()).collect();
    if !declared.is_empty() {
        return declared;
    }
    let numeric = |name: &String| {
        manifests
            .iter()
            .all(|manifest| manifest.settings.get(name).is_some_and(|text| number(text).is_some()))
    };
    names.into_iter().filter(|name| numeric(name)).cloned().collect()
}

fn setting(names: &[String], manifest: Option<&Manifest>) -> Setting {
    let value =
        |name: &String| manifest.and_then(|manifest| manifest.settings.get(name)).map_or("", String::as_str);
    let bare = |name: &String| name.strip_prefix(SWEPT).unwrap_or(name).to_owned();
    let only = match names {
        [name] => number(value(name)),
        _ => None,
    };
    Setting {
        name: names.iter().map(bare).collect::<Vec<_>>().join(", "),
        text: names.iter().map(value).collect::<Vec<_>>().join(", "),
        number: only,
    }
}

/// A plain number, or a time in seconds.
fn number(text: &str) -> Option<f64> {
    let plain = text.parse().ok().filter(|value: &f64| value.is_finite());
    plain.or_else(|| humantime::parse_duration(text).ok().map(|time| time.as_secs_f64()))
}

#[cfg(test)]
mod tests {
    use super::super::section::examples::run;
    use super::*;

    fn titles(settings: &[&[(&str, &str)]]) -> Vec<Option<String>> {
        let runs = settings.iter().map(|settings| Source::rows(run("r", settings, &[]))).collect();
        split(runs).into_iter().map(|(setting, _)| setting.map(|setting| setting.title())).collect()
    }

    #[test]
    fn equal_settings_belong_together() {
        assert_eq!(titles(&[&[("slots", "2")], &[("slots", "2")]]), [None]);
        assert_eq!(titles(&[]), [None]);
    }

    #[test]
    fn a_number_that_differs_was_swept() {
        let seen = titles(&[
            &[("slots", "10"), ("a", "x")],
            &[("slots", "2"), ("a", "y")],
            &[("slots", "10"), ("a", "x")],
        ]);
        assert_eq!(seen, [Some("slots = 2".to_owned()), Some("slots = 10".to_owned())]);
    }

    #[test]
    fn what_an_experiment_sweeps_goes_first() {
        let seen = titles(&[&[("sweep.load", "0.8"), ("n", "1")], &[("sweep.load", "0.2"), ("n", "2")]]);
        assert_eq!(seen, [Some("load = 0.2".to_owned()), Some("load = 0.8".to_owned())]);
    }

    #[test]
    fn times_are_numbers_too() {
        assert_eq!(number("50ms"), Some(0.05));
        assert_eq!(number("0.25"), Some(0.25));
        assert_eq!((number("fast"), number("NaN"), number("")), (None, None, None));
    }
}
