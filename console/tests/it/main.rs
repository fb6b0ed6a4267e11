//! The console from outside, over HTTP, beside a server that does what the tests want.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on should panic")]

mod fake;
mod http;
mod machines;
mod safety;
mod work;
