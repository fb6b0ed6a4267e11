//! What an experiment is: a TOML text in, a checked plan of cells, policies and replications out.
//!
//! A **cell** is one setting of nodes, arrivals and work; a sweep has several. In each cell every policy meets every
//! seed. The same file is run in virtual time (`lab simulate`) and on real processes (`lab run`).
//! Nothing is read but the file itself and, where it names one, a file of arrival times.
//!
//! Reading order: `fields` (the names of the file), `values`, [`setting`], `sweep`, [`threshold`], [`plan`] (what would be run).

mod distribution;
mod error;
mod fields;
pub mod plan;
mod ranges;
pub mod setting;
mod sweep;
pub mod threshold;
mod values;

pub use error::DesignError;
pub use setting::{Images, Setting};
pub use threshold::{Measure, Threshold};

use error::Fault;
use evidence::comparison::Metric;
use fields::{Fields, Records};
use scheduler::Strategy;
use serde::Deserialize as _;
use simulator::Arrivals;
use std::path::Path;

/// An experiment.
#[derive(Clone, Debug)]
pub struct Design {
    /// Its name: the label of runs without a sweep.
    pub name: String,
    /// What it is about, for readers.
    pub about: String,
    /// Names the luck of all of it.
    pub seed: u64,
    /// What is compared, in the order of the tables.
    pub policies: Vec<Strategy>,
    /// What ratios refer to; `random` or else the first policy if not given.
    pub baseline: Option<String>,
    /// What decides who wins.
    pub metric: Metric,
    /// How often.
    pub replications: Replications,
    /// Whether every attempt and task becomes a row, and not only each replication.
    pub all_rows: bool,
    /// The cells of the sweep; one without a sweep.
    pub cells: Vec<Cell>,
    /// What has to come out.
    pub thresholds: Vec<Threshold>,
    /// The file's text, with what was set on the command line in it.
    pub text: String,
}

/// One setting of a sweep.
#[derive(Clone, Debug)]
pub struct Cell {
    /// What tells it from the others; the experiment's name without a sweep.
    pub label: String,
    /// What was swept: paths and their values as text.
    pub values: Vec<(String, String)>,
    /// Nodes, arrivals and work.
    pub setting: Setting,
    /// The file with this cell's values and without its sweep.
    pub text: String,
    /// Every value of the file by its path, as text.
    pub parameters: Vec<(String, String)>,
}

/// How many seeds, and when there are enough.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Replications {
    /// Seeds that every policy meets in any case.
    pub at_least: u64,
    /// Seeds after which no more are added.
    pub at_most: u64,
    /// Half-width of the 95 % interval over the mean, of the metric of every policy, at which there are enough.
    pub half_width: Option<f64>,
}

/// Replications of a file that does not say how many.
const REPLICATIONS: u64 = 20;

/// Most replications of a file with a half-width that does not say how many.
const MOST_REPLICATIONS: u64 = 400;

/// Reads the experiment file at `path`, with `settings` such as `nodes.slots=2` in place of what it says.
///
/// # Errors
/// If it cannot be read, and for the first fault in it, with its line.
pub fn load(path: &Path, settings: &[String]) -> Result<Design, DesignError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| DesignError::Unreadable { path: path.to_owned(), source })?;
    parse(&text, settings)
}

/// Reads the text of an experiment file, with `settings` such as `nodes.slots=2` in place of what it says.
///
/// # Errors
/// For the first fault in it, with its line.
pub fn parse(text: &str, settings: &[String]) -> Result<Design, DesignError> {
    // First as it stands, for errors that show the line.
    let wrong = |error: toml::de::Error| DesignError::Toml(in_plain_words(error.to_string().trim_end()));
    let mut fields: Fields = toml::from_str(text).map_err(wrong)?;
    let mut table: toml::Table = text.parse().map_err(wrong)?;
    let (own, mut text) = (text, text.to_owned());
    if !settings.is_empty() {
        for setting in settings {
            apply(&mut table, setting).map_err(|fault| fault.in_text(""))?;
        }
        fields = read(table.clone()).map_err(|why| Fault::new("--set", why).in_text(""))?;
        text = table.to_string();
    }
    design(fields, &table, text).map_err(|fault| {
        match settings.iter().any(|setting| speaks_of(setting, &fault.path)) {
            true => Fault::new(format!("--set {}", fault.path), fault.why).in_text(""),
            false => fault.in_text(own),
        }
    })
}

/// Whether `nodes.slots=2` is, holds or is a part of the value at a path.
fn speaks_of(setting: &str, path: &str) -> bool {
    let set = setting.split('=').next().unwrap_or_default().trim();
    let inside =
        |outer: &str, inner: &str| inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('.'));
    set == path || inside(set, path) || inside(path, set)
}

/// Puts `nodes.slots=2` in its place; a value that is no TOML is a text.
fn apply(table: &mut toml::Table, setting: &str) -> Result<(), Fault> {
    let (path, value) = setting.split_once('=').ok_or_else(|| {
        Fault::new("--set", format!("'{setting}' is not PATH=VALUE, such as nodes.slots=2"))
    })?;
    let value = format!("value = {value}")
        .parse::<toml::Table>()
        .ok()
        .and_then(|mut table| table.remove("value"))
        .unwrap_or_else(|| toml::Value::String(value.to_owned()));
    match path.trim() {
        // What is swept and what is set cannot both hold.
        path if path.contains('.') && !path.starts_with("replications.") => {
            if let Some(toml::Value::Table(sweep)) = table.get_mut("sweep") {
                sweep.remove(path);
            }
            sweep::set(table, path, value)
        }
        path => {
            let (outer, name) = path.rsplit_once('.').unwrap_or(("", path));
            let place = match outer {
                "" => Some(&mut *table),
                outer => table
                    .entry(outer)
                    .or_insert_with(|| toml::Value::Table(toml::Table::new()))
                    .as_table_mut(),
            };
            if let Some(place) = place {
                place.insert(name.to_owned(), value);
            }
            Ok(())
        }
    }
}

fn read(table: toml::Table) -> Result<Fields, String> {
    Fields::deserialize(toml::Value::Table(table))
        .map_err(|error| in_plain_words(error.to_string().trim_end()).replace('\n', " "))
}

/// The parser's words, less those that only its programmers know.
fn in_plain_words(message: &str) -> String {
    message
        .replace("expected a sequence", "expected a list in brackets, such as [1, 2]")
        .replace("expected u32", "expected a whole number from 0 up")
        .replace("expected u64", "expected a whole number from 0 up")
        .replace("expected f64", "expected a number")
        .replace("unknown variant", "unknown word")
        .replace("unknown field", "unknown name")
}

fn design(fields: Fields, table: &toml::Table, text: String) -> Result<Design, Fault> {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    if fields.name.is_empty() || !fields.name.chars().all(plain) {
        return Err(Fault::new("name", "a name for folders: letters, digits, '-', '_' and '.'"));
    }
    let policies: Vec<Strategy> = fields.policies.into_iter().map(|policy| policy.0).collect();
    if policies.is_empty() {
        return Err(Fault::new(
            "policies",
            "the list is empty: name at least one strategy, such as \"random\"",
        ));
    }
    let names: Vec<String> = policies.iter().map(Strategy::to_string).collect();
    if let Some(twin) = names.iter().enumerate().find(|(index, name)| names[..*index].contains(name)) {
        return Err(Fault::new("policies", format!("{} is there twice", twin.1)));
    }
    let baseline = fields.baseline.map(|baseline| baseline.0.to_string());
    if let Some(baseline) = baseline.as_ref().filter(|baseline| !names.contains(baseline)) {
        return Err(Fault::new(
            "baseline",
            format!("{baseline} is none of the policies: {}", names.join(", ")),
        ));
    }
    let cells = cells(&fields.name, table)?;
    let thresholds = threshold::thresholds(fields.thresholds, &names, &cells)?;
    let batch = cells.iter().all(|cell| matches!(cell.setting.arrivals, Arrivals::AllAtOnce { .. }));
    Ok(Design {
        name: fields.name,
        about: fields.about.trim().to_owned(),
        seed: fields.seed,
        baseline,
        metric: fields.metric.unwrap_or(if batch { Metric::Makespan } else { Metric::Mean }),
        replications: replications(&fields.replications)?,
        all_rows: fields.records == Records::All,
        policies,
        cells,
        thresholds,
        text,
    })
}

fn cells(name: &str, table: &toml::Table) -> Result<Vec<Cell>, Fault> {
    let combinations = sweep::combinations(table)?;
    combinations
        .into_iter()
        .map(|combination| {
            let here = |fault: Fault| match combination.label.as_str() {
                "" => fault,
                label => Fault { why: format!("{} (in the sweep's cell {label})", fault.why), ..fault },
            };
            let fields = read(combination.table.clone()).map_err(|why| here(Fault::new("sweep", why)))?;
            let setting = setting::setting(&fields).map_err(here)?;
            Ok(Cell {
                label: if combination.label.is_empty() { name.to_owned() } else { combination.label.clone() },
                setting,
                text: combination.table.to_string(),
                parameters: sweep::flat(&combination.table),
                values: combination.values,
            })
        })
        .collect()
}

fn replications(given: &fields::Replications) -> Result<Replications, Fault> {
    let half_width = given.half_width.as_ref().map(|half_width| half_width.0);
    if half_width.is_some_and(|half_width| !(half_width > 0.0 && half_width < 1.0)) {
        return Err(Fault::new(
            "replications.half_width",
            "this is a share of the mean above 0 and below 1, such as 0.01",
        ));
    }
    let at_least = given.at_least.unwrap_or(REPLICATIONS);
    let default = if half_width.is_some() { MOST_REPLICATIONS.max(at_least) } else { at_least };
    let at_most = given.at_most.unwrap_or(default);
    if at_least == 0 || at_most < at_least {
        return Err(Fault::new(
            "replications.at_least",
            format!(
                "{at_least} to {at_most} replications cannot be: at least 1, and at_most not below at_least"
            ),
        ));
    }
    Ok(Replications { at_least, at_most: if half_width.is_some() { at_most } else { at_least }, half_width })
}

#[cfg(test)]
mod tests;
