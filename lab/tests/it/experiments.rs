//! Experiment files from outside: those that are shipped, their records, their interruption, their thresholds.

use super::support::{only_folder, run, stderr, stdout, text};
use lab::design::{self, Design};
use lab::experiment::interrupt::Interrupt;
use lab::simulation::{CellResult, Options, Place, simulate};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// The folder of the shipped experiments.
fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../experiments")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Simulates a shipped experiment with changes; its output and exit status.
fn simulated(name: &str, set: &[&str]) -> (String, Option<i32>) {
    let results = tempfile::tempdir().unwrap();
    let file = shipped().join(name);
    let mut arguments = vec!["simulate", text(&file), "--results", text(results.path())];
    arguments.extend(set.iter().flat_map(|&one| ["--set", one]));
    let output = run(&arguments);
    (format!("{}{}", stdout(&output), stderr(&output)), output.status.code())
}

#[test]
fn every_shipped_experiment_can_be_planned() {
    let files = files(&shipped());
    assert!(files.len() >= 8, "{files:?}");
    for file in files {
        let output = run(&["simulate", text(&file), "--dry-run"]);
        assert!(output.status.success(), "{}: {}", file.display(), stderr(&output));
        assert!(stdout(&output).contains("cost: "), "{}", stdout(&output));
    }
}

#[test]
fn the_documented_file_is_one_that_is_read() {
    let page = fs::read_to_string(shipped().join("../docs/experiments.md")).unwrap();
    let example = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let design = design::parse(example, &[]).unwrap();
    assert_eq!((design.cells.len(), design.thresholds.len()), (4, 1));
}

#[test]
fn a_plan_reads_like_this() {
    let output = run(&["simulate", text(&shipped().join("quickstart.toml")), "--dry-run"]);
    let (plan, time) =
        stdout(&output).split_once("time: ").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    assert!(time.contains("in virtual time on"), "how long depends on the machine: {time}");
    insta::assert_snapshot!(plan, @r"
    quickstart
      Four nodes that reject and delay by their load probability, and a job of 96 tasks.
    policies: random, load_balancing, round_robin, least_connections, weighted_response_time, power_of_two, load_aware, ballast
    replications: 20 seeds; seed 1
    cell quickstart: 4 nodes with 8 slots, 96 tasks at once
    cost: 160 runs, at least 15 thousand tasks and about 32 thousand attempts, a row each
    ");
}

#[test]
fn a_mistake_is_shown_with_its_line_and_is_wrong_usage() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("wrong.toml");
    let good = fs::read_to_string(shipped().join("quickstart.toml")).unwrap();
    fs::write(&file, good.replace("tasks = 96", "task = 96")).unwrap();
    let output = run(&["simulate", text(&file)]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("tasks") && stderr(&output).contains("unknown name `task`"),
        "{}",
        stderr(&output)
    );
}

const SMALL: &str = r#"
name = "small"
policies = ["random", "load_balancing", "power_of_two+hedge[after=20ms]"]
[nodes]
load = [0.8, 0.6, 0.5, 0.2]
slots = 2
delay = "50ms"
wire = "lognormal[median_ms=1,sigma=0.3]"
[arrivals]
kind = "poisson"
rate = 100
tasks = 120
[work]
service = "exponential[mean_ms=5]"
[replications]
at_least = 4
at_most = 12
half_width = 0.05
[sweep]
"arrivals.rate" = [50, 100]
"#;

fn small() -> Design {
    design::parse(SMALL, &[]).unwrap()
}

fn simulate_small(results: &Path, threads: usize, resume: Option<&Path>) -> Vec<CellResult> {
    let started = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_196_691);
    let place = Place { results, started, command_line: &[] };
    simulate(&small(), &Options { place, resume, threads }, &Interrupt::default(), &mut ()).unwrap()
}

/// Every CSV file below a folder, by its path in it.
fn tables(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(inner) = open.pop() {
        for entry in fs::read_dir(inner).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "csv") {
                found.insert(path.strip_prefix(folder).unwrap().to_owned(), fs::read(&path).unwrap());
            }
        }
    }
    found
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let [one, four] = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let first = simulate_small(one.path(), 1, None);
    let second = simulate_small(four.path(), 4, None);
    let figures =
        |results: Vec<CellResult>| -> Vec<_> { results.into_iter().map(|cell| cell.replications).collect() };
    assert_eq!(figures(first), figures(second));
    let (first, second) = (tables(one.path()), tables(four.path()));
    assert_eq!(first.len(), 8, "four tables in each of two cells");
    assert!(first == second, "one and four threads wrote different tables");
}

#[test]
fn an_interrupted_experiment_goes_on_where_it_was() {
    let [whole, halted] = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    simulate_small(whole.path(), 2, None);
    let results = simulate_small(halted.path(), 2, None);
    let parent = only_folder(halted.path());
    // The second cell was never begun; of the first one some replications and half a row are on the disk.
    fs::remove_dir_all(&results[1].folder).unwrap();
    for (name, keep) in [("summary.csv", 5), ("jobs.csv", 6), ("tasks.csv", 650), ("attempts.csv", 1_200)] {
        let path = results[0].folder.join(name);
        let text = fs::read_to_string(&path).unwrap();
        let kept: String = text.split_inclusive('\n').take(keep).collect();
        fs::write(&path, format!("{kept}{}", "half,a,row")).unwrap();
    }
    simulate_small(halted.path(), 2, Some(&parent));
    assert!(tables(whole.path()) == tables(halted.path()), "a resumed experiment differs");
}

#[test]
fn the_records_tell_what_was_printed() {
    let results = tempfile::tempdir().unwrap();
    let file = results.path().join("small.toml");
    fs::write(&file, SMALL.replace("[sweep]\n\"arrivals.rate\" = [50, 100]\n", "")).unwrap();
    let records = results.path().join("results");
    let output = run(&["simulate", text(&file), "--results", text(&records)]);
    assert!(output.status.success(), "{}", stderr(&output));
    let folder = only_folder(&records);
    let why = run(&["why", text(&folder)]);
    assert!(
        why.status.success() && stdout(&output).contains(&stdout(&why)),
        "{}\n{}",
        stdout(&output),
        stdout(&why)
    );
    let compared = run(&["compare", text(&folder), "--metric", "mean"]);
    assert!(stdout(&output).starts_with(&stdout(&compared)), "{}\n{}", stdout(&output), stdout(&compared));
    let summary = tempfile::tempdir().unwrap();
    for name in ["summary.csv", "manifest.json"] {
        fs::copy(folder.join(name), summary.path().join(name)).unwrap();
    }
    let header = fs::read_to_string(folder.join("attempts.csv")).unwrap().lines().next().unwrap().to_owned();
    fs::write(summary.path().join("attempts.csv"), header + "\n").unwrap();
    let from_summary = run(&["compare", text(summary.path()), "--metric", "mean"]);
    assert_eq!(stdout(&from_summary), stdout(&compared));
    // The rows of attempts and tasks give the figures of the summary, warm-up and all.
    fs::remove_file(folder.join("summary.csv")).unwrap();
    let from_rows = run(&["why", text(&folder)]);
    assert_eq!(stdout(&from_rows), stdout(&why));
}

#[test]
fn a_missed_threshold_is_status_99() {
    let results = tempfile::tempdir().unwrap();
    let file = results.path().join("strict.toml");
    let strict = "[[thresholds]]\npolicy = \"random\"\nmeasure = \"mean_s\"\nat_most = 0.001\n";
    fs::write(&file, format!("{SMALL}{strict}")).unwrap();
    let output = run(&[
        "simulate",
        text(&file),
        "--results",
        text(&results.path().join("r")),
        "--set",
        "arrivals.rate=50",
    ]);
    assert_eq!(output.status.code(), Some(99), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("threshold missed: mean_s of random in small is 0.0"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn real_processes_run_the_same_file() {
    let results = tempfile::tempdir().unwrap();
    let file = shipped().join("quickstart.toml");
    let mut arguments = vec!["run", text(&file), "--results", text(results.path())];
    for set in ["nodes.delay=2ms", "work.service=1ms", "arrivals.tasks=12", "replications.at_least=2"] {
        arguments.extend(["--set", set]);
    }
    arguments.extend(["--set", "policies=[\"random\", \"load_balancing\"]"]);
    let output = run(&arguments);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).contains("attempts/task"), "{}", stdout(&output));
    let folder = only_folder(results.path());
    assert!(folder.join("experiment.toml").exists());
    let recorded = records::Run::read(&folder).unwrap();
    assert_eq!((recorded.jobs.len(), recorded.tasks.len()), (4, 48));
    assert_eq!(recorded.manifest.unwrap().settings["world"], "real");
    let faster = run(&["run", text(&file), "--set", "nodes.speed=2"]);
    assert_eq!(faster.status.code(), Some(2));
    assert!(stderr(&faster).contains("use lab simulate"), "{}", stderr(&faster));
}

#[test]
fn the_courses_table_in_small() {
    let (output, status) =
        simulated("original-table.toml", &["replications.at_least=3", "arrivals.tasks=30"]);
    assert_eq!(status, Some(0), "{output}");
    // Rejection costs two attempts and saves every delay where two nodes are always loaded; nobody takes work of four.
    assert!(output.contains("== load=1/1/0/0 ==") && output.contains("given up"), "{output}");
    assert!(output.contains("uniform, never the same node twice in a row (exact)"), "{output}");
}
