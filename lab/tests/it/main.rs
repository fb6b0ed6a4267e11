//! The lab from outside: its command line, its processes, what it leaves behind.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should stop")]

mod collect;
mod coverage;
mod dataset;
mod demo;
mod experiments;
mod fuzz;
mod pitfalls;
mod prediction;
mod processes;
mod replay;
mod report;
mod rounds;
mod siege;
mod stay;
mod support;
