//! The program from outside: real processes, real sockets, real files.

#![allow(clippy::unwrap_used, reason = "a failed test should say where")]

mod attempts;
mod bad_images;
mod help;
mod metrics;
mod original;
mod process;
mod start;
mod stop;
