//! The strategy of jobs that name none: chosen by people, kept in the history.

use super::cluster::json_of;
use super::problem::Problem;
use super::{App, blocking};
use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
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

/// Chooses it. Parameters are the server's to judge, when a job comes.
pub(super) async fn choose(State(app): State<Arc<App>>, body: Bytes) -> Result<Response, Problem> {
    let wanted: Wanted = serde_json::from_slice(&body)
        .map_err(|error| Problem::bad(format!("not a default strategy: {error}")))?;
    blocking(move || {
        let strategy = wanted.strategy.trim();
        let name = strategy.split('[').next().unwrap_or_default();
        let whole = strategy.len() <= MOST_BYTES && (name.len() == strategy.len() || strategy.ends_with(']'));
        let scene = app.watch.scene();
        if !whole || !scene.picture.strategies.iter().any(|known| known == name) {
            let known = scene.picture.strategies.join(", ");
            return Err(Problem::bad(format!("{strategy:?} is no strategy; known are {known}")));
        }
        let history = app.history.as_ref();
        let history =
            history.ok_or_else(|| Problem::unavailable("there is no history to keep a default in"))?;
        history.set_default_strategy(strategy)?;
        app.watch.note("default strategy", format!("{strategy} is the default strategy of new jobs"));
        Ok(json_of(&json!({ "default_strategy": strategy })))
    })
    .await
}
