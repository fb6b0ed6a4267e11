//! Jobs: handed in, followed, cancelled. The server decides; this is a client of it.

use super::cluster::json_of;
use super::problem::Problem;
use super::{App, blocking, preference};
use crate::cluster::jobs::{Job, state_word};
use crate::history::PastJob;
use crate::watch::Asked;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use wire::CallError;
use wire::division::Division;
use wire::job::{JobReceipt, JobReport, JobRequest, JobSource, Transfer};

/// How long the server may take for an answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// Failures that a page shows; `tasks.csv` holds all.
const SHOWN_FAILURES: usize = 1_000;

/// What a page or a program hands in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// A folder with `input_dir` inside the data root. One of this and `upload`.
    folder: Option<String>,
    /// An upload.
    upload: Option<String>,
    /// The default one if it is not given.
    strategy: Option<String>,
    operation: String,
    /// `may-reject` or `must-accept`; what the strategy implies if it is not given.
    admission: Option<String>,
    /// Text, because such numbers lose their last digits in browsers.
    seed: Option<String>,
    /// `shared` or `inline`; uploads travel inline unless it is given, folders are shared.
    transfer: Option<String>,
    #[serde(default)]
    recursive: bool,
    label: Option<String>,
    /// The same key again is the same job; made up if it is not given.
    key: Option<String>,
}

pub(super) async fn list(State(app): State<Arc<App>>) -> Response {
    json_of(&json!({ "jobs": app.watch.scene().jobs }))
}

pub(super) async fn submit(State(app): State<Arc<App>>, body: Bytes) -> Result<Response, Problem> {
    let wanted: Wanted =
        serde_json::from_slice(&body).map_err(|error| Problem::bad(format!("not a job: {error}")))?;
    blocking(move || {
        let request = request(&app, wanted)?;
        let leader = app.watch.leader().ok_or_else(|| Problem::unavailable("no server is known"))?;
        let receipt = submitted(&app, &leader, &request)?;
        app.watch.note(
            &receipt.job_key,
            format!("submitted by the console: {} by {}", receipt.operation, receipt.strategy),
        );
        Ok(json_of(&json!({
            "key": receipt.job_key,
            "tasks": receipt.tasks,
            "skipped": receipt.skipped,
            "seed": receipt.seed.to_string(),
            "strategy": receipt.strategy,
            "admission": receipt.admission.to_string(),
            "operation": receipt.operation,
            "run_folder": receipt.run_folder,
        })))
    })
    .await
}

/// Hands the job in. Its upload, if it works on one, is kept from then on, unless the server refuses.
fn submitted(app: &App, leader: &Asked, request: &JobRequest) -> Result<JobReceipt, Problem> {
    let JobSource::Folder { path, .. } = &request.source else {
        return Ok(leader.client.submit(request, PATIENCE)??);
    };
    let folder = std::path::Path::new(path);
    let first = app.store.submitted(folder)?;
    let answer = leader.client.submit(request, PATIENCE)?;
    if first && answer.is_err() {
        app.store.refused(folder);
    }
    Ok(answer?)
}

fn request(app: &App, wanted: Wanted) -> Result<JobRequest, Problem> {
    let folder = match (&wanted.folder, &wanted.upload) {
        (Some(folder), None) => app.store.folder(folder)?.path,
        (None, Some(upload)) => app.store.upload(upload)?.path,
        _ => return Err(Problem::bad("name one of folder and upload")),
    };
    let path = folder.to_str().ok_or_else(|| Problem::bad("the folder's name is not UTF-8: rename it"))?;
    let transfer = match wanted.transfer.as_deref() {
        Some("shared") => Transfer::Shared,
        Some("inline") => Transfer::Inline,
        None if wanted.upload.is_some() => Transfer::Inline,
        None => Transfer::Shared,
        Some(other) => return Err(Problem::bad(format!("transfer is shared or inline, not {other:?}"))),
    };
    let seed = wanted.seed.filter(|text| !text.trim().is_empty());
    let seed = seed
        .map(|text| {
            text.trim().parse().map_err(|_| Problem::bad(format!("{text:?} is no seed: a whole number is")))
        })
        .transpose()?;
    let admission = wanted.admission.filter(|text| !text.is_empty());
    let admission =
        admission.map(|text| text.parse().map_err(|error| Problem::bad(format!("{error}")))).transpose()?;
    let strategy = match wanted.strategy.filter(|text| !text.trim().is_empty()) {
        Some(strategy) => strategy.trim().to_owned(),
        None => preference::default_strategy(app)?
            .ok_or_else(|| Problem::unavailable("no server is known, so there is no default strategy"))?,
    };
    let made_up = || format!("console-{:016x}", program::chance::draw());
    Ok(JobRequest {
        admission,
        seed,
        label: wanted.label.filter(|label| !label.is_empty()),
        ..JobRequest::new(
            wanted.key.filter(|key| !key.is_empty()).unwrap_or_else(made_up),
            JobSource::Folder {
                path: path.to_owned(),
                recursive: wanted.recursive,
                transfer,
                division: Division::default(),
            },
            strategy,
            wanted.operation,
        )
    })
}

/// One job with its failures and the parts that nodes had in it; from the history if the server does not know it.
pub(super) async fn one(State(app): State<Arc<App>>, Path(key): Path<String>) -> Result<Response, Problem> {
    blocking(move || {
        let job = find(&app, &key)?;
        let server = app.watch.server_of(&key);
        let report = server.and_then(|server| server.client.report(&key, PATIENCE).ok()).and_then(Result::ok);
        match (job, report) {
            (Found::Live(mut job), Some(report)) => {
                job.update(&report.progress);
                Ok(json_of(&json!({ "job": *job, "report": told(&report), "live": true })))
            }
            (Found::Live(job), None) => Ok(json_of(&json!({ "job": *job, "report": null, "live": true }))),
            (Found::Past(job), _) => Ok(json_of(&json!({ "job": *job, "report": null, "live": false }))),
        }
    })
    .await
}

fn told(report: &JobReport) -> serde_json::Value {
    let failures: Vec<_> = report
        .failures
        .iter()
        .take(SHOWN_FAILURES)
        .map(|failure| json!({ "name": failure.file_name, "why": failure.why }))
        .collect();
    let nodes: Vec<_> = report
        .nodes
        .iter()
        .map(|share| {
            json!({ "node": share.node, "attempts": share.attempts, "done": share.done, "rejected": share.rejected,
                    "delayed": share.delayed, "lost": share.lost })
        })
        .collect();
    json!({ "failures": failures, "nodes": nodes, "why": report.why })
}

pub(super) async fn cancel(
    State(app): State<Arc<App>>,
    Path(key): Path<String>,
) -> Result<Response, Problem> {
    blocking(move || {
        let server = app.watch.server_of(&key).ok_or_else(|| Problem::unavailable("no server is known"))?;
        not_ended(&server, &key)?;
        server.client.cancel(&key, PATIENCE)??;
        app.watch.note(&key, "cancelled by the console".to_owned());
        Ok(json_of(&json!({ "cancelled": key })))
    })
    .await
}

/// Whether there is still something to be done to the job, so that nobody is told that he stopped what had ended.
pub(super) fn not_ended(server: &Asked, key: &str) -> Result<(), Problem> {
    match server.client.progress(key, Duration::ZERO)??.state {
        open if !open.is_ended() => Ok(()),
        ended => Err(Problem::too_late(format!("job '{key}' has ended: {}", state_word(ended)))),
    }
}

/// Where a job is known.
pub(super) enum Found {
    /// The server lists it.
    Live(Box<Job>),
    /// Only the history remembers it.
    Past(Box<PastJob>),
}

impl Found {
    pub(super) fn folder(&self) -> Option<&str> {
        match self {
            Found::Live(job) => job.folder.as_deref(),
            Found::Past(job) => job.folder.as_deref(),
        }
    }
}

/// The job as the server lists it. One that has just ended is left out of the list until its end is written, which the server
/// waits for when it is asked for that job's progress.
fn listed(server: &Asked, key: &str) -> Result<Option<Job>, CallError> {
    let find = || -> Result<Option<Job>, CallError> {
        let jobs = server.client.jobs(false, PATIENCE)?;
        let found = jobs.into_iter().find(|job| job.receipt.job_key == key);
        Ok(found.map(|job| Job::of(job, server.address())))
    };
    match find()? {
        Some(job) => Ok(Some(job)),
        None if server.client.progress(key, Duration::ZERO)?.is_ok() => find(),
        None => Ok(None),
    }
}

/// A job by its key. Nothing of a folder is shown that no job was in.
pub(super) fn find(app: &App, key: &str) -> Result<Found, Problem> {
    let scene = app.watch.scene();
    if let Some(job) = scene.jobs.iter().find(|job| job.key == key) {
        return Ok(Found::Live(Box::new(job.clone())));
    }
    // It may have been submitted since the last look.
    let unheard = match app.watch.leader().map(|leader| listed(&leader, key)) {
        Some(Ok(Some(job))) => return Ok(Found::Live(Box::new(job))),
        Some(Ok(None)) | None => None,
        Some(Err(error)) => Some(error),
    };
    let past = match &app.history {
        Some(history) => history.job(key)?,
        None => None,
    };
    match (past, unheard) {
        (Some(job), _) => Ok(Found::Past(Box::new(job))),
        // Whoever cannot be asked may know it.
        (None, Some(error)) => Err(error.into()),
        (None, None) => Err(Problem::missing(format!("no job '{key}' is known"))),
    }
}
