//! The page: files of `web/`, embedded in the program.

use super::problem::Problem;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// A file of the page.
struct Asset {
    name: &'static str,
    kind: &'static str,
    text: &'static str,
}

const SCRIPT: &str = "text/javascript; charset=utf-8";

macro_rules! assets {
    ($($name:literal $kind:expr),* $(,)?) => {
        &[$(Asset { name: $name, kind: $kind, text: include_str!(concat!("../../web/", $name)) }),*]
    };
}

const INDEX: &str = include_str!("../../web/index.html");
/// What a person sees who has not shown the token.
const TOKEN: &str = include_str!("../../web/token.html");
/// What the page that asks for the token may load: no script at all. Its form leads here and nowhere else.
const TOKEN_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
     frame-ancestors 'none'; base-uri 'none'";
/// Files of the page that asks for the token; they tell nothing.
pub(super) const OPEN: [&str; 2] = ["/web/style.css", "/web/icon.svg"];

static ASSETS: &[Asset] = assets![
    "style.css" "text/css; charset=utf-8",
    "icon.svg" "image/svg+xml",
    "app.js" SCRIPT,
    "chain.js" SCRIPT,
    "cluster.js" SCRIPT,
    "curve.js" SCRIPT,
    "dom.js" SCRIPT,
    "drop.js" SCRIPT,
    "feed.js" SCRIPT,
    "files.js" SCRIPT,
    "format.js" SCRIPT,
    "head.js" SCRIPT,
    "history.js" SCRIPT,
    "job.js" SCRIPT,
    "jobs.js" SCRIPT,
    "nodes.js" SCRIPT,
    "results.js" SCRIPT,
    "runs.js" SCRIPT,
    "submit.js" SCRIPT,
    "viewer.js" SCRIPT,
];

pub(super) async fn index(headers: HeaderMap) -> Response {
    answer(&headers, "text/html; charset=utf-8", INDEX)
}

/// The page that asks for the token; `tried` says that the one that was given is another one.
pub(super) fn token(tried: bool) -> Response {
    let why = if tried { "<p class=\"trouble\" role=\"alert\">That is not the token.</p>" } else { "" };
    let headers =
        [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CONTENT_SECURITY_POLICY, TOKEN_POLICY)];
    (StatusCode::UNAUTHORIZED, headers, TOKEN.replace("<!-- why -->", why)).into_response()
}

pub(super) async fn asset(Path(name): Path<String>, headers: HeaderMap) -> Result<Response, Problem> {
    let found = ASSETS.iter().find(|asset| asset.name == name);
    let asset = found.ok_or_else(|| Problem::missing("the page has no such file"))?;
    Ok(answer(&headers, asset.kind, asset.text))
}

/// The text, or word that the browser has it already.
fn answer(headers: &HeaderMap, kind: &'static str, text: &'static str) -> Response {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    let tag = format!("\"{:016x}\"", hasher.finish());
    let known = [(header::ETAG, tag.as_str()), (header::CACHE_CONTROL, "no-cache")];
    if headers.get(header::IF_NONE_MATCH).is_some_and(|given| given.as_bytes() == tag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, known).into_response();
    }
    (known, [(header::CONTENT_TYPE, kind)], text).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_small_and_fetches_nothing_from_elsewhere() {
        let texts: Vec<&str> = ASSETS.iter().map(|asset| asset.text).chain([INDEX, TOKEN]).collect();
        let bytes: usize = texts.iter().map(|text| text.len()).sum();
        assert!(bytes < 300_000, "the page has {bytes} bytes");
        for text in texts {
            let foreign = text.replace("http://www.w3.org/", "");
            assert!(
                !foreign.contains("http://") && !foreign.contains("https://"),
                "a foreign address in the page"
            );
        }
    }

    #[test]
    fn the_page_has_no_code_that_its_policy_forbids() {
        for forbidden in [" style=\"", "<style", "onclick=", "javascript:"] {
            assert!(!INDEX.contains(forbidden) && !TOKEN.contains(forbidden), "{forbidden}");
        }
        for asset in ASSETS {
            let risky = ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("];
            assert!(
                !risky.iter().any(|word| asset.text.contains(word)),
                "{} writes markup from text",
                asset.name
            );
        }
    }
}
