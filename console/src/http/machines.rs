//! For machines: is it alive, is it ready, what are its figures?

use super::cluster::json_of;
use super::problem::Problem;
use super::{App, metrics};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use std::sync::Arc;

/// Alive: this process answers.
pub(super) async fn health() -> Response {
    json_of(&json!({ "status": "alive" }))
}

/// Ready: a server leads and a node takes work.
pub(super) async fn readiness(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    let scene = app.watch.scene();
    let (leads, up) = (scene.picture.has_leader(), scene.picture.totals.up);
    match (leads, up) {
        (false, _) => Err(Problem::unavailable("no server answers")),
        (true, 0) => {
            Err(Problem::unavailable("no node takes work: start nodes with `computenode LOAD_PROBABILITY`"))
        }
        (true, up) => Ok(json_of(&json!({ "status": "ready", "nodes_up": up }))),
    }
}

pub(super) async fn metrics(State(app): State<Arc<App>>) -> Response {
    let text = metrics::text(&app.watch.scene(), app.watch.followers());
    ([(header::CONTENT_TYPE, program::metrics::CONTENT_TYPE)], text).into_response()
}
