//! The lab from outside: its command line, its processes, what it leaves behind.

mod dataset;
mod demo;
mod processes;
mod support;
