//! Runs on a real disk, from outside.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod faults;
mod resumed;
mod round_trip;

use records::Manifest;
use records::manifest::{Host, SCHEMA_VERSION};
use std::time::{Duration, SystemTime};

fn manifest() -> Manifest {
    Manifest {
        schema_version: SCHEMA_VERSION,
        program: "server".to_owned(),
        program_version: "0.1.0".to_owned(),
        git_revision: None,
        command_line: vec!["server".to_owned(), "--results".to_owned(), "a \"b\"".to_owned()],
        label: "power of two".to_owned(),
        seed: u64::MAX,
        started_utc: "2026-11-20T17:44:51.123Z".to_owned(),
        host: Host { cores: 2, system: "linux".to_owned(), architecture: "x86_64".to_owned() },
        machines: vec!["node0 127.0.0.1:5001".to_owned(), "server 127.0.0.1:5000".to_owned()],
        settings: [("max_attempts".to_owned(), "40".to_owned())].into(),
    }
}

fn started() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_196_691)
}
