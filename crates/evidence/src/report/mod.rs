//! What recorded runs tell: one page with pictures for people, tables and JSON for everything else.
//!
//! [`report`] turns runs into a [`Report`], which is plain data; the renderers turn that into text and do nothing else.
//! The same runs and the same command give the same bytes.
//!
//! Reading order: [`source`] (what goes in), [`section`] (the figures of one setting), its parts [`members`], [`latencies`] and
//! [`timeline`] with [`node_order`], [`setting`] and [`sweep`] (several settings), `plot` (the pictures), [`page`] (HTML), [`text`]
//! (Markdown, CSV, JSON), [`splice`] (into another document).

pub mod latencies;
pub mod members;
pub mod node_order;
pub mod page;
mod plot;
pub mod section;
pub mod setting;
pub mod source;
pub mod splice;
pub mod sweep;
pub mod text;
pub mod timeline;

use crate::comparison::source::By;
use crate::comparison::{ComparisonError, Metric};
use schemars::JsonSchema;
use section::Section;
use serde::Serialize;
use source::Source;
use sweep::Sweep;

/// Version of the report's JSON. Fields may be added within a version, not taken away.
pub const SCHEMA_VERSION: u32 = 1;

/// All that a report shows.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Report {
    /// Version of this format.
    pub schema_version: u32,
    /// The heading.
    pub title: String,
    /// The command that makes it again.
    pub command: String,
    /// Where the rows came from.
    pub runs: Vec<RunFacts>,
    /// One for each setting, in ascending order; only one if all runs had the same settings.
    pub sections: Vec<Section>,
    /// How figures change with the setting; none if there is one setting, or if settings are not numbers.
    pub sweeps: Vec<Sweep>,
}

/// Where rows came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RunFacts {
    /// The folder or file.
    pub path: String,
    /// The program that recorded it, with its version; none if there is no manifest.
    pub program: Option<String>,
    /// When it was recorded; none if there is no manifest.
    pub started_utc: Option<String>,
    /// The machine that it was recorded on; none if there is no manifest.
    pub host: Option<String>,
    /// Finished jobs in it.
    pub jobs: usize,
    /// Attempts in it.
    pub attempts: u64,
}

/// What a report is asked to be.
#[derive(Clone, Debug)]
pub struct Wish<'a> {
    /// The heading.
    pub title: &'a str,
    /// The command that makes it again.
    pub command: &'a str,
    /// What decides who wins.
    pub metric: Metric,
    /// Name of the strategy that ratios refer to; `random` if it is there, else the first.
    pub baseline: Option<&'a str>,
    /// How runs are told apart.
    pub by: By,
}

/// The report of `runs`.
///
/// # Errors
/// If no job of a setting has ended with results, or no strategy has the baseline's name.
pub fn report(runs: Vec<Source>, wish: &Wish<'_>) -> Result<Report, ComparisonError> {
    let facts = runs.iter().map(RunFacts::of).collect();
    let mut sections = Vec::new();
    let mut setting_name = None;
    for (setting, sources) in setting::split(runs) {
        setting_name = setting.as_ref().map(|setting| setting.name.clone()).or(setting_name);
        sections.push(section::section(setting, sources, wish)?);
    }
    let sweeps = setting_name.map(|name| sweep::sweeps(&name, &sections)).unwrap_or_default();
    Ok(Report {
        schema_version: SCHEMA_VERSION,
        title: wish.title.to_owned(),
        command: wish.command.to_owned(),
        runs: facts,
        sections,
        sweeps,
    })
}

impl RunFacts {
    fn of(source: &Source) -> RunFacts {
        let run = &source.run;
        let manifest = run.manifest.as_ref();
        RunFacts {
            path: run.path.display().to_string(),
            program: manifest.map(|manifest| format!("{} {}", manifest.program, manifest.program_version)),
            started_utc: manifest.map(|manifest| manifest.started_utc.clone()),
            host: manifest.map(|manifest| {
                let host = &manifest.host;
                format!("{} cores, {} on {}", host.cores, host.system, host.architecture)
            }),
            jobs: run.jobs.len().max(source.summaries.len()),
            attempts: run.attempts.len() as u64
                + source.summaries.iter().map(|summary| summary.attempts).sum::<u64>(),
        }
    }
}
