//! The scheduler from outside: driven in virtual time over modelled nodes.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on should panic")]

mod behaviour;
mod cluster;
mod conformance;
mod conservation;
mod figures;
mod hedging;
mod history;
mod membership;
mod notation;
mod scale;
mod scenarios;
mod silence;
