//! The history, asked by pages and programs.

use super::cluster::json_of;
use super::problem::Problem;
use super::{App, blocking};
use crate::history::{EventQuery, History, JobQuery, KINDS};
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    search: Option<String>,
    kind: Option<String>,
    before: Option<u64>,
    after: Option<u64>,
    limit: Option<usize>,
}

fn history(app: &App) -> Result<&History, Problem> {
    app.history
        .as_deref()
        .ok_or_else(|| Problem::unavailable("this console keeps no history; its log says why"))
}

pub(super) async fn jobs(
    State(app): State<Arc<App>>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    blocking(move || {
        let all = JobQuery::default();
        let query = JobQuery {
            search: asked.search,
            before_ms: asked.before,
            limit: asked.limit.unwrap_or(all.limit),
        };
        Ok(json_of(&json!({ "jobs": history(&app)?.jobs(&query)? })))
    })
    .await
}

pub(super) async fn events(
    State(app): State<Arc<App>>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    blocking(move || {
        let all = EventQuery::default();
        let query = EventQuery {
            search: asked.search,
            kind: asked.kind.filter(|kind| !kind.is_empty()),
            before: asked.before.map(u64::cast_signed),
            after: asked.after.map(u64::cast_signed),
            limit: asked.limit.unwrap_or(all.limit),
        };
        let events: Vec<_> = history(&app)?
            .events(&query)?
            .into_iter()
            .map(|(number, event)| {
                json!({ "number": number, "at_ms": event.at_ms, "kind": event.kind, "subject": event.subject,
                        "text": event.text })
            })
            .collect();
        Ok(json_of(&json!({ "events": events, "kinds": KINDS })))
    })
    .await
}
