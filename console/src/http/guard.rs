//! Who may ask: nobody by way of another web site, and from another machine only who knows the token.
//!
//! On loopback the `Host` must be ours, so that a name that an attacker makes point here (DNS rebinding) gets nothing.
//! What changes something must not come from another site: its `Origin` must be ours, its `Sec-Fetch-Site` must not say
//! otherwise, and its type must be one that no form can send. Beyond loopback everything needs the token.

use super::problem::Problem;
use super::{App, page};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::net::SocketAddr;
use std::sync::Arc;

/// Name of the cookie that holds the token.
const COOKIE: &str = "ballast_token";

/// What the page may load: its own files, and pictures that it makes itself.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; \
     connect-src 'self'; frame-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// What is asked of those who come.
#[derive(Debug)]
pub(crate) struct Guard {
    address: SocketAddr,
    token: Option<String>,
}

impl Guard {
    pub(crate) fn new(address: SocketAddr, token: Option<String>) -> Guard {
        Guard { address, token }
    }

    fn knows_host(&self, host: &str) -> bool {
        let port = self.address.port();
        let own = [
            self.address.to_string(),
            format!("127.0.0.1:{port}"),
            format!("localhost:{port}"),
            format!("[::1]:{port}"),
        ];
        own.iter().any(|known| known.eq_ignore_ascii_case(host))
    }

    fn knows_token(&self, headers: &HeaderMap) -> bool {
        let Some(token) = &self.token else { return true };
        let bearer = text(headers, header::AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
        let cookies = text(headers, header::COOKIE).unwrap_or_default();
        let cookie = cookies.split(';').filter_map(|each| each.trim().split_once('='));
        let cookie = cookie.filter(|(name, _)| *name == COOKIE).map(|(_, value)| value);
        bearer.into_iter().chain(cookie).any(|given| same(given, token))
    }

    /// Whether the request may be answered.
    fn judge(&self, method: &Method, path: &str, headers: &HeaderMap) -> Result<(), Problem> {
        let host = text(headers, header::HOST).unwrap_or_default();
        if self.token.is_none() && !self.knows_host(host) {
            let right = self.address;
            return Err(Problem::forbidden(format!(
                "{host:?} is not a name of this console: open http://{right}/"
            )));
        }
        // Probes carry no secrets and tell none.
        let is_open = ["/healthz", "/readyz"].contains(&path) || page::OPEN.contains(&path);
        if !is_open && !self.knows_token(headers) {
            return Err(Problem::unauthorized(
                "this console asks for its token: open the address that the server printed, or send 'Authorization: Bearer TOKEN'",
            ));
        }
        if [Method::GET, Method::HEAD].contains(method) { Ok(()) } else { self.judge_change(host, headers) }
    }

    fn judge_change(&self, host: &str, headers: &HeaderMap) -> Result<(), Problem> {
        let other_site = || Problem::forbidden("requests from other sites change nothing here");
        if let Some(origin) = text(headers, header::ORIGIN)
            && origin.strip_prefix("http://").is_none_or(|site| !site.eq_ignore_ascii_case(host))
        {
            return Err(other_site());
        }
        let fetch_site = text(headers, HeaderName::from_static("sec-fetch-site"));
        if fetch_site.is_some_and(|site| site != "same-origin" && site != "none") {
            return Err(other_site());
        }
        let kind = text(headers, header::CONTENT_TYPE).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if kind == "application/json" || kind == "application/octet-stream" {
            Ok(())
        } else {
            Err(Problem::bad("send Content-Type: application/json, or application/octet-stream for an image"))
        }
    }
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Compares in a time that does not tell how much was right.
fn same(given: &str, token: &str) -> bool {
    let differences = given.bytes().zip(token.bytes()).fold(0, |all, (a, b)| all | (a ^ b));
    given.len() == token.len() && differences == 0
}

/// Stands before every handler.
pub(super) async fn check(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    if let Some(response) = welcome(&app.guard, &request) {
        return response;
    }
    let verdict = app.guard.judge(request.method(), request.uri().path(), request.headers());
    let mut response = match verdict {
        Ok(()) => next.run(request).await,
        Err(problem) if problem.asks_for_the_token() && is_person(&request) => {
            page::token(request.uri().query().is_some_and(|query| query.contains("token=")))
        }
        Err(problem) => problem.into_response(),
    };
    let headers = response.headers_mut();
    for (name, value) in [
        ("content-security-policy", POLICY),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cache-control", "no-store"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Whether a browser asks for something to show, rather than a program or a script for data.
fn is_person(request: &Request) -> bool {
    let accepted = text(request.headers(), header::ACCEPT).unwrap_or_default();
    request.method() == Method::GET && accepted.contains("text/html")
}

/// Whoever comes with the token in the address gets it as a cookie, and an address without it.
fn welcome(guard: &Guard, request: &Request) -> Option<Response> {
    let token = guard.token.as_ref()?;
    let given = request.uri().query()?.split('&').find_map(|part| part.strip_prefix("token="))?;
    if request.method() != Method::GET || request.uri().path() != "/" || !same(given, token) {
        return None;
    }
    let cookie = format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict");
    let headers = [(header::LOCATION, "/".to_owned()), (header::SET_COOKIE, cookie)];
    Some((StatusCode::SEE_OTHER, headers).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(token: Option<&str>, method: &str, path: &str, headers: &[(&str, &str)]) -> Option<u16> {
        let guard = Guard::new("127.0.0.1:5005".parse().unwrap(), token.map(str::to_owned));
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
        }
        let verdict = guard.judge(&method.parse().unwrap(), path, &map);
        verdict.err().map(|problem| problem.into_response().status().as_u16())
    }

    const HERE: (&str, &str) = ("host", "127.0.0.1:5005");
    const JSON: (&str, &str) = ("content-type", "application/json");

    #[test]
    fn another_name_for_this_machine_gets_nothing() {
        assert_eq!(judge(None, "GET", "/", &[HERE]), None);
        assert_eq!(judge(None, "GET", "/", &[("host", "LOCALHOST:5005")]), None);
        for host in ["evil.example:5005", "127.0.0.1", "127.0.0.1:80", "127.0.0.1.evil.example:5005", ""] {
            assert_eq!(judge(None, "GET", "/", &[("host", host)]), Some(403), "{host}");
        }
        assert_eq!(judge(None, "GET", "/healthz", &[]), Some(403));
    }

    #[test]
    fn another_site_changes_nothing() {
        let post = |headers: &[(&str, &str)]| judge(None, "POST", "/api/jobs", headers);
        assert_eq!(post(&[HERE, JSON]), None, "a program without a browser");
        assert_eq!(post(&[HERE, JSON, ("origin", "http://127.0.0.1:5005")]), None);
        for origin in ["http://evil.example", "https://127.0.0.1:5005", "null", "http://localhost:5005"] {
            assert_eq!(post(&[HERE, JSON, ("origin", origin)]), Some(403), "{origin}");
        }
        for site in ["cross-site", "same-site"] {
            assert_eq!(post(&[HERE, JSON, ("sec-fetch-site", site)]), Some(403), "{site}");
        }
        for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""] {
            assert_eq!(post(&[HERE, ("content-type", kind)]), Some(400), "{kind}");
        }
    }

    #[test]
    fn beyond_loopback_the_token_is_asked_for() {
        let get = |headers: &[(&str, &str)]| judge(Some("abc"), "GET", "/api/cluster", headers);
        assert_eq!(get(&[("host", "lab.example:5005")]), Some(401));
        assert_eq!(get(&[("authorization", "Bearer abd")]), Some(401));
        assert_eq!(get(&[("authorization", "Bearer abcd")]), Some(401));
        assert_eq!(get(&[("authorization", "Bearer abc")]), None);
        assert_eq!(get(&[("cookie", "other=1; ballast_token=abc")]), None);
        assert_eq!(judge(Some("abc"), "GET", "/readyz", &[]), None);
    }
}
