//! Recorded runs: listed, compared as `lab compare` does, reported as `lab report` does.

use super::cluster::{json_of, json_text};
use super::problem::Problem;
use super::{App, blocking};
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use evidence::comparison::render::{Format, render};
use evidence::comparison::source::{By, summarised};
use evidence::comparison::{Metric, compare_by};
use evidence::report::source::Source;
use evidence::report::{Wish, page, report as report_of};
use records::{JobRow, Manifest, Run, SummaryRow, read_rows};
use serde::Deserialize;
use serde_json::json;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

/// Runs that a list holds, the newest.
const MOST_LISTED: usize = 200;
/// Runs that are compared at once.
const MOST_COMPARED: usize = 50;

/// A report is a page of its own, which may do nothing but be looked at.
const REPORT_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; \
     base-uri 'none'; form-action 'none'; sandbox";

pub(super) async fn list(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    blocking(move || {
        let mut names = names(&app);
        // Names begin with the time, so the newest are the last.
        names.sort_unstable_by(|a, b| b.cmp(a));
        let runs: Vec<_> =
            names.into_iter().take(MOST_LISTED).filter_map(|name| describe(&app, &name)).collect();
        Ok(json_of(&json!({ "runs": runs })))
    })
    .await
}

fn names(app: &App) -> Vec<String> {
    let entries = fs::read_dir(&app.results).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    folders.filter_map(|entry| entry.file_name().into_string().ok()).filter(|name| is_plain(name)).collect()
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0'])
}

fn describe(app: &App, name: &str) -> Option<serde_json::Value> {
    let folder = app.results.join(name);
    let manifest = Manifest::read(&folder).ok().flatten()?;
    let jobs = read_rows::<JobRow>(&folder).map(|(rows, _)| rows).unwrap_or_default();
    let mut strategies: Vec<String> = jobs.iter().map(|job| job.strategy.to_string()).collect();
    strategies.sort_unstable();
    strategies.dedup();
    let tasks: u64 = jobs.iter().map(|job| job.tasks).sum();
    Some(json!({
        "name": name,
        "label": manifest.label,
        "program": manifest.program,
        "started_utc": manifest.started_utc,
        "seed": manifest.seed.to_string(),
        "jobs": jobs.len(),
        "tasks": tasks,
        "strategies": strategies,
    }))
}

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    /// Names of run folders, with commas between.
    runs: String,
    baseline: Option<String>,
    by: Option<String>,
    metric: Option<String>,
    /// `json` or `text`.
    format: Option<String>,
}

impl Asked {
    /// Folders below the results folder, each named by one plain word.
    fn folders(&self, app: &App) -> Result<Vec<PathBuf>, Problem> {
        let words: Vec<&str> = self.runs.split(',').filter(|word| !word.is_empty()).collect();
        if words.is_empty() || words.len() > MOST_COMPARED {
            return Err(Problem::bad(format!("name 1 to {MOST_COMPARED} runs, with commas between")));
        }
        let known = names(app);
        let folder = |word: &&str| {
            let is_known = known.iter().any(|name| name == word);
            is_known
                .then(|| app.results.join(word))
                .ok_or_else(|| Problem::missing(format!("there is no run '{word}'")))
        };
        words.iter().map(folder).collect()
    }

    fn by(&self) -> Result<By, Problem> {
        match self.by.as_deref() {
            None | Some("" | "label") => Ok(By::Label),
            Some("folder") => Ok(By::Folder),
            Some("strategy") => Ok(By::Strategy),
            Some(other) => Err(Problem::bad(format!("by is label, folder or strategy, not {other:?}"))),
        }
    }

    fn metric(&self) -> Result<Metric, Problem> {
        match self.metric.as_deref() {
            None | Some("" | "makespan") => Ok(Metric::Makespan),
            Some("mean") => Ok(Metric::Mean),
            Some("p99") => Ok(Metric::P99),
            Some(other) => Err(Problem::bad(format!("metric is makespan, mean or p99, not {other:?}"))),
        }
    }
}

/// Runs with their summaries.
fn read(folders: &[PathBuf]) -> Result<Vec<(Run, Vec<SummaryRow>)>, Problem> {
    let read = |folder: &PathBuf| {
        let rows = read_rows::<SummaryRow>(folder).map(|(rows, _)| rows).unwrap_or_default();
        let run = Run::read(folder).map_err(|error| Problem::broken(error.to_string()))?;
        Ok((run, rows))
    };
    folders.iter().map(read).collect()
}

pub(super) async fn compare(
    State(app): State<Arc<App>>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    // The semaphore is never closed.
    let _turn = app.reports.acquire().await.ok();
    let this = Arc::clone(&app);
    blocking(move || {
        let runs = read(&asked.folders(&this)?)?;
        let (replications, warnings) = summarised(&runs, asked.by()?);
        let baseline = asked.baseline.as_deref().filter(|name| !name.is_empty());
        let comparison = compare_by(asked.metric()?, replications, baseline, warnings)
            .map_err(|error| Problem::bad(error.to_string()))?;
        if asked.format.as_deref() == Some("text") {
            let text = render(&comparison, Format::Table);
            return Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response());
        }
        Ok(json_text(render(&comparison, Format::Json)))
    })
    .await
}

pub(super) async fn report(
    State(app): State<Arc<App>>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    // The semaphore is never closed.
    let _turn = app.reports.acquire().await.ok();
    let this = Arc::clone(&app);
    blocking(move || {
        let sources =
            read(&asked.folders(&this)?)?.into_iter().map(|(run, rows)| Source::with_summaries(run, &rows));
        let command = format!("lab report {}", asked.runs.replace(',', " "));
        let wish = Wish {
            title: "Which strategy won?",
            command: &command,
            metric: asked.metric()?,
            baseline: asked.baseline.as_deref().filter(|name| !name.is_empty()),
            by: asked.by()?,
        };
        let made = report_of(sources.collect(), &wish).map_err(|error| Problem::bad(error.to_string()))?;
        let headers = [
            (header::CONTENT_TYPE, "text/html; charset=utf-8"),
            (header::CONTENT_SECURITY_POLICY, REPORT_POLICY),
        ];
        Ok((headers, page::render(&made)).into_response())
    })
    .await
}
