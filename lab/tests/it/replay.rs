//! The decisions of a run on real processes, given again by the scheduler.

use crate::support::{only_folder, run, stderr, stdout, text};
use std::fs;
use std::path::{Path, PathBuf};

/// Nodes that refuse and delay; a policy that learns from times, one that hedges, one that waits.
const EXPERIMENT: &str = r#"
name = "replayed"
policies = ["random", "weighted_response_time", "power_of_two+hedge[after=4ms,idle=0]", "ballast"]
[nodes]
load = [0.8, 0.5, 0.2]
delay = "9ms"
slots = 2
queue = 7
[arrivals]
kind = "batch"
tasks = 40
[work]
service = "1ms"
[scheduler]
max_in_flight = 8
[replications]
at_least = 2
"#;

pub(crate) fn real_run(folder: &Path, experiment: &str) -> PathBuf {
    let (file, results) = (folder.join("experiment.toml"), folder.join("results"));
    fs::write(&file, experiment).unwrap();
    let output = run(&["run", text(&file), "--results", text(&results)]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    only_folder(&results)
}

#[test]
fn a_real_run_decides_the_same_again_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let results = real_run(folder.path(), EXPERIMENT);
    let log = results.join("decisions.log");
    let decisions = fs::read_to_string(&log).unwrap();
    let output = run(&["replay", text(&results)]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let lines = format!("of 8 jobs, gives all {} lines again, byte for byte", decisions.lines().count());
    assert!(stdout(&output).contains(&lines), "{}", stdout(&output));

    // One attempt on another node: the replay names the line.
    let wrong = decisions.lines().position(|line| line.contains(" start ") && line.ends_with("n0")).unwrap();
    let changed: Vec<String> = decisions
        .lines()
        .enumerate()
        .map(|(number, line)| if number == wrong { line.replace("n0", "n1") } else { line.to_owned() })
        .collect();
    fs::write(&log, changed.join("\n") + "\n").unwrap();
    let output = run(&["replay", text(&results)]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains(&format!("line {} of the decision log", wrong + 1)),
        "{}",
        stderr(&output)
    );

    // A server that was killed leaves a torn end.
    fs::write(&log, &decisions[..decisions.len() / 2]).unwrap();
    let output = run(&["replay", text(&results), "--strategy", "round_robin"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).contains("torn and left out"), "{}", stdout(&output));
    assert!(stdout(&output).contains("Had you used round_robin"), "{}", stdout(&output));
}

#[test]
fn what_nodes_tell_of_themselves_reaches_the_records_and_the_model() {
    let folder = tempfile::tempdir().unwrap();
    let results = real_run(folder.path(), EXPERIMENT);
    let recorded = records::Run::read(&results).unwrap();
    let told: Vec<(&str, u32, u32, &str, u64)> = recorded
        .nodes
        .iter()
        .map(|row| (&*row.node, row.slots, row.queue, &*row.load, row.delay_us))
        .collect();
    assert_eq!(
        told,
        [("node0", 2, 7, "0.8", 9_000), ("node1", 2, 7, "0.5", 9_000), ("node2", 2, 7, "0.2", 9_000)]
    );
    let model = stdout(&run(&["calibrate", text(&results)]));
    assert_eq!(model.matches("slots = 2\nqueue = 7\n").count(), 3, "{model}");
}
