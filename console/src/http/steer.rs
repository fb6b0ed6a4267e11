//! The operator's hand on nodes and jobs, by the server's own calls.

use super::cluster::json_of;
use super::jobs::{PATIENCE, not_ended};
use super::problem::Problem;
use super::{App, blocking};
use crate::watch::{Asked, Watch};
use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::json;
use std::sync::Arc;

/// What can be done to a node or a job.
type Call = fn(&Asked, &str) -> Result<(), Problem>;
/// Whose it is.
type Whose = fn(&Watch, &str) -> Option<Arc<Asked>>;

const OF_NODE: Whose = |watch, _| watch.leader();
const OF_JOB: Whose = |watch, key| watch.server_of(key);

async fn steer(
    app: Arc<App>,
    subject: String,
    done: &'static str,
    whose: Whose,
    call: Call,
) -> Result<Response, Problem> {
    blocking(move || {
        let server = whose(&app.watch, &subject).ok_or_else(|| Problem::unavailable("no server is known"))?;
        call(&server, &subject)?;
        app.watch.note(&subject, format!("{subject} was {done} by the console"));
        Ok(json_of(&json!({ done: subject })))
    })
    .await
}

pub(super) async fn drain(
    State(app): State<Arc<App>>,
    Path(node): Path<String>,
) -> Result<Response, Problem> {
    steer(app, node, "drained", OF_NODE, |server, node| Ok(server.client.drain(node, PATIENCE)??)).await
}

pub(super) async fn resume(
    State(app): State<Arc<App>>,
    Path(node): Path<String>,
) -> Result<Response, Problem> {
    steer(app, node, "resumed", OF_NODE, |server, node| Ok(server.client.resume(node, PATIENCE)??)).await
}

pub(super) async fn pause_job(
    State(app): State<Arc<App>>,
    Path(key): Path<String>,
) -> Result<Response, Problem> {
    steer(app, key, "paused", OF_JOB, |server, key| {
        not_ended(server, key)?;
        Ok(server.client.pause_job(key, PATIENCE)??)
    })
    .await
}

pub(super) async fn resume_job(
    State(app): State<Arc<App>>,
    Path(key): Path<String>,
) -> Result<Response, Problem> {
    steer(app, key, "resumed", OF_JOB, |server, key| {
        not_ended(server, key)?;
        Ok(server.client.resume_job(key, PATIENCE)??)
    })
    .await
}
