//! The cluster at one moment, and what a job may ask for.

use super::problem::Problem;
use super::{App, blocking, preference};
use crate::cluster::frame;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use imaging::operation::{self, Domain, Value};
use serde_json::{Value as Json, json};
use std::sync::Arc;

pub(super) async fn whole(State(app): State<Arc<App>>) -> Response {
    json_text(frame::whole(&app.watch.scene()))
}

/// Operations with their parameters, strategies, and bounds on uploads.
pub(super) async fn options(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    blocking(move || {
        let operations: Vec<Json> = operation::descriptions().map(describe).collect();
        Ok(json_of(&json!({
            "operations": operations,
            "strategies": app.watch.scene().picture.strategies,
            "default_strategy": preference::default_strategy(&app)?,
            "data_root": app.store.root(),
            "limits": {
                "file_bytes": app.limits.file_bytes,
                "total_bytes": app.limits.total_bytes,
                "files": app.limits.files,
                "pixels": app.limits.pixels,
            },
        })))
    })
    .await
}

fn describe(described: operation::Description) -> Json {
    let parameters = described.parameters.iter().map(|parameter| {
        let default = match parameter.default {
            Value::Integer(number) => json!(number),
            Value::Real(number) => json!(number),
            Value::Word(word) => json!(word),
        };
        let mut shown = match parameter.domain {
            Domain::Integer(low, high) => json!({ "kind": "integer", "low": low, "high": high }),
            Domain::Odd(low, high) => json!({ "kind": "odd", "low": low, "high": high }),
            Domain::Real(low, high) => json!({ "kind": "real", "low": low, "high": high }),
            Domain::Word(words) => json!({ "kind": "word", "words": words }),
        };
        shown["name"] = json!(parameter.name);
        shown["help"] = json!(parameter.help);
        shown["default"] = default;
        shown
    });
    let parameters: Vec<Json> = parameters.collect();
    json!({ "name": described.name, "help": described.help, "parameters": parameters })
}

/// JSON that is text already.
pub(super) fn json_text(text: String) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

pub(super) fn json_of(value: &Json) -> Response {
    json_text(value.to_string())
}
