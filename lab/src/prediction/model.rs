//! A fitted model: plain numbers that people can read and change, as TOML.

use super::PredictionError;
use evidence::statistics::quantile;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;

/// Version of the file.
pub const SCHEMA_VERSION: u32 = 1;

/// Steps of the stored distributions: every two percent, both ends included.
const STEPS: usize = 50;

/// What a run was made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Version of this format.
    pub schema_version: u32,
    /// Where it was fitted, for readers.
    pub fitted_to: Vec<String>,
    /// Most attempts in flight at once that were seen.
    pub max_in_flight: u32,
    /// What the server takes to hand an attempt to a thread, in microseconds: the time between the starts of attempts that
    /// are decided at the same moment.
    #[serde(default)]
    pub hand_over_us: f64,
    /// Seeds of the jobs, as text: a prediction under them meets the luck of the run.
    pub seeds: Vec<String>,
    /// When tasks arrived, in microseconds since their job's start; empty if all came at the start.
    pub arrivals_us: Vec<u64>,
    /// The work of each task on a node of speed 1, in microseconds, without the spread.
    pub work_us: Vec<f64>,
    /// How much longer or shorter than `work_us` an attempt took: quantiles from 0 to 100 %.
    pub work_spread: Vec<f64>,
    /// The nodes, in the order of their numbers.
    pub nodes: Vec<NodeModel>,
}

/// What a node was like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeModel {
    /// Its name.
    pub name: String,
    /// Attempts that it worked on at once.
    pub slots: u32,
    /// Attempts that might wait for a slot, if it told a bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<u32>,
    /// How fast it worked, 1 on average.
    pub speed: f64,
    /// Probability of refusing an attempt.
    pub reject: f64,
    /// Whether every recorded coin agrees with it; else it is a share.
    pub reject_is_exact: bool,
    /// Probability of starting an accepted attempt late.
    pub delay: f64,
    /// Whether every recorded coin agrees with it; else it is a share.
    pub delay_is_exact: bool,
    /// How late, in microseconds.
    pub delay_us: u64,
    /// Round trips on the wire in microseconds: quantiles from 0 to 100 %.
    pub wire_us: Vec<u64>,
}

impl Model {
    /// The model as a file.
    pub fn to_toml(&self) -> String {
        let head =
            "# A model of recorded runs, by lab calibrate; lab predict takes it. Change what you like.\n\n";
        match toml::to_string(self) {
            Ok(text) => head.to_owned() + &text,
            // The types hold nothing that TOML cannot.
            Err(error) => unreachable!("a model is plain data: {error}"),
        }
    }

    /// Reads a model's file.
    ///
    /// # Errors
    /// If it cannot be read or is no model.
    pub fn read(path: &Path) -> Result<Model, PredictionError> {
        let fault = |why: String| PredictionError::Model { path: path.display().to_string(), why };
        let text = fs::read_to_string(path).map_err(|error| fault(error.to_string()))?;
        let model: Model = toml::from_str(&text).map_err(|error| fault(error.to_string()))?;
        if model.schema_version > SCHEMA_VERSION {
            return Err(fault(format!("version {} is newer than {SCHEMA_VERSION}", model.schema_version)));
        }
        let unusable = model.nodes.iter().any(|node| node.wire_us.is_empty() || node.speed <= 0.0);
        if model.nodes.is_empty() || model.work_us.is_empty() || model.work_spread.is_empty() || unusable {
            return Err(fault("it lacks nodes, work or wire times".to_owned()));
        }
        Ok(model)
    }
}

/// The quantiles of a sample from 0 to 100 %; all of a small one.
pub(super) fn quantiles(mut sample: Vec<f64>) -> Vec<f64> {
    sample.sort_by(f64::total_cmp);
    if sample.len() <= STEPS {
        return sample;
    }
    // The middles of equal parts: drawing one of them at random has nearly the mean of the sample.
    let at = |step: usize| quantile(&sample, (step as f64 + 0.5) / STEPS as f64);
    (0..STEPS).filter_map(at).collect()
}

#[cfg(test)]
pub(super) mod examples {
    use super::*;

    /// Two nodes, four tasks of 10 ms.
    pub(crate) fn model() -> Model {
        let node = |name: &str, load: f64| NodeModel {
            name: name.to_owned(),
            slots: 2,
            queue: None,
            speed: 1.0,
            reject: load,
            reject_is_exact: true,
            delay: load,
            delay_is_exact: true,
            delay_us: 50_000,
            wire_us: vec![200],
        };
        Model {
            schema_version: SCHEMA_VERSION,
            fitted_to: vec!["results/example".to_owned()],
            max_in_flight: 4,
            hand_over_us: 0.0,
            seeds: vec!["1".to_owned(), "2".to_owned()],
            arrivals_us: Vec::new(),
            work_us: vec![10_000.0; 4],
            work_spread: vec![1.0],
            nodes: vec![node("node0", 0.8), node("node1", 0.2)],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::examples::model;
    use super::*;

    #[test]
    fn a_model_survives_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.toml");
        fs::write(&path, model().to_toml()).unwrap();
        assert_eq!(Model::read(&path).unwrap(), model());
    }

    #[test]
    fn what_is_no_model_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.toml");
        for text in ["nodes = []", "", &model().to_toml().replace("wire_us = [200]", "wire_us = []")] {
            fs::write(&path, text).unwrap();
            assert!(Model::read(&path).unwrap_err().to_string().contains("lab calibrate"), "{text}");
        }
    }

    #[test]
    fn quantiles_keep_the_mean() {
        let sample: Vec<f64> = (0..10_000).map(|value| f64::from(value).sqrt()).collect();
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let kept = quantiles(sample.clone());
        assert_eq!(kept.len(), STEPS);
        assert!((mean(&kept) / mean(&sample) - 1.0).abs() < 0.01);
        assert_eq!(quantiles(vec![3.0, 1.0]), [1.0, 3.0]);
    }
}
