//! How no is said: a status and one sentence, as JSON.

use crate::history::HistoryError;
use crate::store::StoreError;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use wire::CallError;
use wire::job::{SubmitError, UnknownJob};
use wire::membership::UnknownNode;

/// An answer that is no.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    why: String,
    /// The field at fault, as the interface names it.
    field: Option<String>,
}

impl Problem {
    fn new(status: StatusCode, why: impl Into<String>) -> Problem {
        Problem { status, why: why.into(), field: None }
    }

    /// Whether it is no because nobody showed the token.
    pub(super) fn asks_for_the_token(&self) -> bool {
        self.status == StatusCode::UNAUTHORIZED
    }

    pub(super) fn bad(why: impl Into<String>) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, why)
    }

    pub(super) fn forbidden(why: impl Into<String>) -> Problem {
        Problem::new(StatusCode::FORBIDDEN, why)
    }

    pub(super) fn unauthorized(why: impl Into<String>) -> Problem {
        Problem::new(StatusCode::UNAUTHORIZED, why)
    }

    pub(super) fn missing(why: impl Into<String>) -> Problem {
        Problem::new(StatusCode::NOT_FOUND, why)
    }

    pub(super) fn too_late(why: impl Into<String>) -> Problem {
        Problem::new(StatusCode::CONFLICT, why)
    }

    pub(super) fn too_large(why: impl Into<String>) -> Problem {
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, why)
    }

    pub(super) fn not_an_image(why: impl Into<String>) -> Problem {
        Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, why)
    }

    pub(super) fn unavailable(why: impl Into<String>) -> Problem {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, why)
    }

    pub(super) fn broken(why: impl Into<String>) -> Problem {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, why)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = match self.field {
            Some(field) => json!({ "error": self.why, "field": field }),
            None => json!({ "error": self.why }),
        };
        (self.status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        let status = match error {
            StoreError::Outside(..) => StatusCode::FORBIDDEN,
            StoreError::NoFolder(..) | StoreError::Missing(_) => StatusCode::NOT_FOUND,
            StoreError::Refused(_) => StatusCode::BAD_REQUEST,
            StoreError::Io { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Problem::new(status, error.to_string())
    }
}

impl From<HistoryError> for Problem {
    fn from(error: HistoryError) -> Problem {
        Problem::broken(error.to_string())
    }
}

impl From<CallError> for Problem {
    fn from(error: CallError) -> Problem {
        Problem::new(StatusCode::BAD_GATEWAY, error.to_string())
    }
}

impl From<UnknownJob> for Problem {
    fn from(error: UnknownJob) -> Problem {
        Problem::missing(error.to_string())
    }
}

impl From<UnknownNode> for Problem {
    fn from(error: UnknownNode) -> Problem {
        Problem::missing(error.to_string())
    }
}

impl From<SubmitError> for Problem {
    fn from(error: SubmitError) -> Problem {
        match error {
            SubmitError::Invalid { field, why } => {
                Problem { field: Some(field), ..Problem::new(StatusCode::UNPROCESSABLE_ENTITY, why) }
            }
            other => Problem::unavailable(other.to_string()),
        }
    }
}
