//! The strategy of jobs that name none: chosen by people, kept in the history.

use super::cluster::json_of;
use super::problem::Problem;
use super::{App, blocking};
use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use scheduler::Strategy;
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;

/// What a job gets as long as nobody has chosen, if the server knows it.
const USUAL: &str = "ballast";
/// Longest strategy that is kept.
const MOST_BYTES: usize = 500;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    strategy: String,
}

/// What a job gets that names no strategy; nothing before a server told which ones it knows.
pub(super) fn default_strategy(app: &App) -> Result<Option<String>, Problem> {
    let chosen = match &app.history {
        Some(history) => history.default_strategy()?,
        None => None,
    };
    let scene = app.watch.scene();
    let known = &scene.picture.strategies;
    let usual = || known.iter().find(|name| *name == USUAL).or_else(|| known.first()).cloned();
    Ok(chosen.or_else(usual))
}

/// Chooses it. It is read as a server reads it, so that no job finds out later that a parameter is wrong.
pub(super) async fn choose(State(app): State<Arc<App>>, body: Bytes) -> Result<Response, Problem> {
    let wanted: Wanted = serde_json::from_slice(&body)
        .map_err(|error| Problem::bad(format!("not a default strategy: {error}")))?;
    blocking(move || {
        let strategy = wanted.strategy.trim();
        if strategy.len() > MOST_BYTES {
            return Err(Problem::bad(format!("a strategy has at most {MOST_BYTES} bytes")));
        }
        let read: Strategy = strategy.parse().map_err(|error| Problem::bad(format!("{error}")))?;
        let strategy = read.to_string();
        let name = strategy.split(['[', '+']).next().unwrap_or_default();
        let scene = app.watch.scene();
        if !scene.picture.strategies.iter().any(|known| known == name) {
            let known = scene.picture.strategies.join(", ");
            return Err(Problem::bad(format!("the server knows no {name:?}; it knows {known}")));
        }
        let history = app.history.as_ref();
        let history =
            history.ok_or_else(|| Problem::unavailable("there is no history to keep a default in"))?;
        history.set_default_strategy(&strategy)?;
        app.watch.note("default strategy", format!("{strategy} is the default strategy of new jobs"));
        Ok(json_of(&json!({ "default_strategy": strategy })))
    })
    .await
}
