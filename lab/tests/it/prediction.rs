//! `lab calibrate`, `predict` and `replay` from outside, on the records of a small run.

use crate::report::recorded;
use crate::support::{run, stderr, stdout, text};
use std::fs;

#[test]
fn a_model_goes_from_records_to_a_prediction() {
    let folder = tempfile::tempdir().unwrap();
    let results = recorded(folder.path());
    let calibrated = run(&["calibrate", text(&results), "--slots", "1"]);
    assert!(calibrated.status.success(), "{}", stderr(&calibrated));
    let model = folder.path().join("model.toml");
    fs::write(&model, stdout(&calibrated)).unwrap();
    let options = [
        "--strategy",
        "random,power_of_two",
        "--nodes",
        "8",
        "--tasks",
        "40",
        "--loads",
        "0",
        "--format",
        "csv",
    ];
    let predicted = run(&[&["predict", text(&model)], options.as_slice()].concat());
    assert!(predicted.status.success(), "{}", stderr(&predicted));
    let strategies: Vec<String> = stdout(&predicted)
        .lines()
        .skip(1)
        .filter_map(|line| Some(line.split(',').next()?.to_owned()))
        .collect();
    assert_eq!(strategies, ["random", "power_of_two"]);
}

#[test]
fn every_recorded_job_is_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let results = recorded(folder.path());
    let log = folder.path().join("log.txt");
    let output = run(&["replay", text(&results), "--strategy", "random", "--log", text(&log)]);
    assert!(output.status.success(), "{}", stderr(&output));
    let told = stdout(&output);
    assert_eq!(told.lines().filter(|line| line.contains("exact")).count(), 4 + 1, "{told}");
    assert!(told.contains("jobs of random would have taken 1.000 times as long"), "{told}");
    assert!(fs::read_to_string(&log).unwrap().contains("start j0 t0 a1 n0"));
}

#[test]
fn what_is_no_model_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model.toml");
    fs::write(&model, "nodes = 3\n").unwrap();
    let output = run(&["predict", text(&model)]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("make it anew with lab calibrate"), "{}", stderr(&output));
}
