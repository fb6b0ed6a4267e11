//! The wire crate from outside: honest peers, hostile ones, foreign ones.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed test should say where")]

mod certificates;
mod crowds;
mod dialects;
mod floods;
mod foreign;
mod honest;
mod malformed;
mod membership;
mod mutations;
mod pools;
mod raw;
mod secrets;
mod services;
mod stopping;
