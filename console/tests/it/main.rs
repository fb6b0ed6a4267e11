//! The console from outside, over HTTP, beside a server that does what the tests want.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on should panic")]

mod fake;
mod form;
mod http;
mod machines;
mod many;
mod reach;
mod safety;
mod schema;
mod servers;
#[path = "../../../lab/tests/system/webdriver.rs"]
#[expect(dead_code, reason = "shared with the tests of the whole system, which take pictures too")]
mod webdriver;
mod work;
