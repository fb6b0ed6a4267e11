//! The demonstration: jobs, records, comparison and exit statuses.

use super::support::{only_folder, photographs, run, stderr, stdout, text};
use std::fs;

/// Options that make a demonstration short.
const SHORT: [&str; 4] = ["--delay", "1ms", "--replications", "2"];

#[test]
fn every_job_is_recorded_and_compared() {
    let data = photographs(6);
    let results = tempfile::tempdir().unwrap();
    let mut arguments = vec!["--data", text(data.path()), "--results", text(results.path())];
    arguments.extend(SHORT);
    arguments.extend(["--strategies", "random,load_aware,power_of_two"]);
    let output = run(&arguments);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).starts_with("strategy"), "{}", stdout(&output));
    let images = fs::read_dir(data.path().join("output_dir")).unwrap().count();
    assert_eq!(images, 6, "each image has its result");

    let folder = only_folder(results.path());
    let run_record = records::Run::read(&folder).unwrap();
    assert_eq!((run_record.jobs.len(), run_record.tasks.len()), (6, 36));
    assert!(stderr(&output).contains(text(&folder)), "{}", stderr(&output));

    let again = run(&["compare", text(&folder)]);
    assert_eq!(stdout(&again), stdout(&output), "the records tell the same story again");
    let attempts_alone = run(&["compare", text(&folder.join("attempts.csv")), "--format", "csv"]);
    assert_eq!(stdout(&attempts_alone).lines().count(), 4, "{}", stdout(&attempts_alone));
}

#[test]
fn the_same_seed_brings_the_same_luck() {
    let data = photographs(3);
    let seeds = |seed: &str| {
        let results = tempfile::tempdir().unwrap();
        let mut arguments =
            vec!["--data", text(data.path()), "--results", text(results.path()), "--seed", seed];
        arguments.extend(SHORT);
        arguments.extend(["--strategies", "round_robin"]);
        let output = run(&arguments);
        assert!(output.status.success(), "{}", stderr(&output));
        let run = records::Run::read(&only_folder(results.path())).unwrap();
        run.jobs.iter().map(|job| job.seed).collect::<Vec<u64>>()
    };
    assert_eq!(seeds("5"), seeds("5"));
    assert_ne!(seeds("5"), seeds("6"));
}

#[test]
fn a_damaged_image_fails_alone() {
    let data = photographs(2);
    fs::write(data.path().join("input_dir/broken.png"), b"no image").unwrap();
    let results = tempfile::tempdir().unwrap();
    let mut arguments = vec!["--data", text(data.path()), "--results", text(results.path())];
    arguments.extend(SHORT);
    arguments.extend(["--strategies", "round_robin"]);
    let output = run(&arguments);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(stderr(&output).contains("broken.png"), "{}", stderr(&output));
    assert_eq!(fs::read_dir(data.path().join("output_dir")).unwrap().count(), 2);
}

#[test]
fn what_cannot_be_done_says_why_and_with_which_status() {
    let data = photographs(2);
    let results = tempfile::tempdir().unwrap();
    let common = ["--data", text(data.path()), "--results", text(results.path()), "--delay", "1ms"];
    let status = |more: &[&str]| {
        let output = run(&[&common, more].concat());
        (output.status.code(), stderr(&output))
    };
    let (code, why) = status(&["--strategies", "load_awar"]);
    assert!(code == Some(2) && why.contains("did you mean 'load_aware'"), "{code:?} {why}");
    let (code, why) = status(&["--operation", "egdes"]);
    assert!(code == Some(2) && why.contains("edges"), "{code:?} {why}");
    let (code, why) = status(&["--loads", "1,1", "--strategies", "load_balancing", "--replications", "1"]);
    assert!(code == Some(4) && why.contains("rejected"), "{code:?} {why}");
    let missing = run(&["--data", "/does/not/exist"]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(stderr(&missing).contains("input_dir"), "{}", stderr(&missing));
}

#[test]
fn nothing_to_compare_says_what_to_name() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(&["compare", text(folder.path())]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("attempts.csv"), "{}", stderr(&output));
    assert_eq!(run(&["compare"]).status.code(), Some(2));
}
