//! `lab report` from outside: the files that it writes from a run's folder.

use crate::support::{run, stderr, text};
use records::manifest::Host;
use records::{AttemptOutcome, AttemptRow, JobOutcome, JobRow, Manifest, RunWriter, TaskOutcome, TaskRow};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// A run's folder with one job of one task under each of two strategies and two seeds.
pub(crate) fn recorded(results: &Path) -> PathBuf {
    let manifest = Manifest {
        schema_version: 1,
        program: "server".to_owned(),
        program_version: "0.1.0".to_owned(),
        git_revision: None,
        command_line: Vec::new(),
        label: "example".to_owned(),
        seed: 7,
        started_utc: "2026-01-01T00:00:00Z".to_owned(),
        host: Host::here(),
        machines: Vec::new(),
        settings: [].into(),
    };
    let mut writer = RunWriter::create(results, SystemTime::UNIX_EPOCH, &manifest).unwrap();
    for (strategy, makespan_us) in [("random", 2_000), ("power_of_two", 1_000)] {
        for seed in [1, 2] {
            let makespan_us = makespan_us + 10 * seed;
            let key = format!("{strategy}-{seed}");
            writer.write_attempts(&[attempt(&key, strategy, seed, makespan_us)]).unwrap();
            writer.write_tasks(&[task(&key, makespan_us)]).unwrap();
            writer.write_job(&job(&key, strategy, seed, makespan_us)).unwrap();
        }
    }
    writer.flush().unwrap();
    writer.folder().to_owned()
}

fn attempt(key: &str, strategy: &str, seed: u64, total_us: u64) -> AttemptRow {
    AttemptRow {
        run: "run".into(),
        job_key: key.into(),
        task: 0,
        attempt: 1,
        strategy: strategy.into(),
        admission: cluster::Admission::MayReject,
        operation: "edges".into(),
        image: "a.png".into(),
        node: "node0".into(),
        outcome: AttemptOutcome::Done,
        reason: "".into(),
        delayed: false,
        begun_us: 0,
        queue_us: 0,
        delay_us: 0,
        read_us: 0,
        decode_us: 0,
        operation_us: 0,
        encode_us: 0,
        write_us: 0,
        wire_us: 100,
        total_us,
        bytes_in: 0,
        bytes_out: 0,
        width: 0,
        height: 0,
        seed,
        segment: "".into(),
    }
}

fn task(key: &str, latency_us: u64) -> TaskRow {
    TaskRow {
        run: "run".into(),
        job_key: key.into(),
        task: 0,
        image: "a.png".into(),
        outcome: TaskOutcome::Done,
        reason: "".into(),
        attempts: 1,
        rejections: 0,
        delays: 0,
        lost: 0,
        node: "node0".into(),
        submitted_us: 0,
        started_us: 0,
        ended_us: latency_us,
        latency_us,
    }
}

fn job(key: &str, strategy: &str, seed: u64, makespan_us: u64) -> JobRow {
    JobRow {
        run: "run".into(),
        job_key: key.into(),
        label: "example".into(),
        strategy: strategy.into(),
        admission: cluster::Admission::MayReject,
        operation: "edges".into(),
        seed,
        state: JobOutcome::Done,
        tasks: 1,
        done: 1,
        failed: 0,
        attempts: 1,
        rejected: 0,
        delayed: 0,
        lost: 0,
        makespan_us,
        nodes: 1,
        started_utc: "2026-01-01T00:00:00Z".into(),
        why: "".into(),
        dropped: 0,
        source: "".into(),
        transfer: "".into(),
    }
}

#[test]
fn every_format_is_written_where_it_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let results = recorded(folder.path());
    let file = |name: &str| folder.path().join(name);
    let document = "# Title\n<!-- BEGIN lab report -->\n<!-- END lab report -->\n";
    fs::write(file("README.md"), document).unwrap();
    let [page, json, csv, markdown, readme] =
        ["r.html", "r.json", "r.csv", "r.md", "README.md"].map(|name| text(&file(name)).to_owned());
    let options =
        ["--out", &page, "--json", &json, "--csv", &csv, "--markdown", &markdown, "--splice", &readme];
    let output = run(&[&["report", text(&results)], options.as_slice()].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    let read = |path: &str| fs::read_to_string(path).unwrap();
    assert!(read(&page).starts_with("<!DOCTYPE html>"));
    let value: serde_json::Value = serde_json::from_str(&read(&json)).unwrap();
    assert_eq!(value["sections"][0]["comparison"]["overall"]["best"], "power_of_two");
    assert_eq!(read(&csv).lines().count(), 3);
    let spliced = read(&readme);
    assert!(spliced.contains(&format!("<!-- BEGIN lab report {} -->", results.display())), "{spliced}");
    assert!(spliced.contains(&read(&markdown)), "{spliced}");
}

#[test]
fn a_document_without_a_block_stays_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let results = recorded(folder.path());
    let document = folder.path().join("README.md");
    fs::write(&document, "# Title\n").unwrap();
    let output = run(&["report", text(&results), "--splice", text(&document)]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("there is no block to renew"), "{}", stderr(&output));
    assert_eq!(fs::read_to_string(&document).unwrap(), "# Title\n");
}
