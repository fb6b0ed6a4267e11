//! `lab run` round by round: stop rule, resumption, tasks that arrive over time, images.

use crate::replay::real_run;
use crate::support::{only_folder, photographs, run, stderr, stdout, text};
use records::Run;
use std::collections::BTreeSet;
use std::fs;

const SMALL: &str = r#"
name = "small"
policies = ["random", "round_robin"]
[nodes]
load = [0.5, 0.2]
delay = "3ms"
slots = 2
[arrivals]
kind = "batch"
tasks = 6
[work]
service = "1ms"
"#;

#[test]
fn seeds_are_added_until_the_intervals_are_narrow_enough() {
    // How narrow they are is the clock's affair, so one rule is never met and the other asks for nothing.
    for (rule, seeds) in [("at_least = 2\nat_most = 5\nhalf_width = 0.000001", 5), ("at_least = 2", 2)] {
        let folder = tempfile::tempdir().unwrap();
        let results = real_run(folder.path(), &format!("{SMALL}[replications]\n{rule}\n"));
        let recorded = Run::read(&results).unwrap();
        let seen: BTreeSet<u64> = recorded.jobs.iter().map(|job| job.seed).collect();
        assert_eq!((seen.len(), recorded.jobs.len()), (seeds, 2 * seeds), "{rule}");
    }
}

#[test]
fn what_is_missing_is_run_and_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let sweep = "[replications]\nat_least = 3\n[sweep]\n\"nodes.slots\" = [1, 2]\n";
    let parent = real_run(folder.path(), &format!("{SMALL}{sweep}"));
    let cells = || -> Vec<Run> {
        let entries = parent.read_dir().unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.is_dir()).map(|path| Run::read(&path).unwrap()).collect()
    };
    let (first, second) = (cells()[0].path.clone(), cells()[1].path.clone());
    // As if the lab and its server had been killed in the fourth job of one cell, before the other cell began.
    let jobs = fs::read_to_string(first.join("jobs.csv")).unwrap();
    let kept: Vec<&str> = jobs.split_inclusive('\n').take(1 + 3).collect();
    fs::write(first.join("jobs.csv"), kept.concat() + "torn,").unwrap();
    let log = fs::read(first.join("decisions.log")).unwrap();
    fs::write(first.join("decisions.log"), &log[..log.len() * 2 / 3]).unwrap();
    fs::remove_dir_all(second).unwrap();

    let file = folder.path().join("experiment.toml");
    let output = run(&["run", text(&file), "--resume", text(&parent)]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let cells = cells();
    assert_eq!(cells.len(), 2);
    for cell in cells {
        let ran: BTreeSet<(String, u64)> =
            cell.jobs.iter().map(|job| (job.strategy.to_string(), job.seed)).collect();
        assert_eq!((ran.len(), cell.jobs.len(), cell.torn_rows), (6, 6, 0), "{}", cell.path.display());
        let replayed = run(&["replay", text(&cell.path)]);
        assert!(stdout(&replayed).contains("byte for byte"), "{}", stderr(&replayed));
    }
    // Once more there is nothing to do, and another experiment's folder is refused.
    assert_eq!(run(&["run", text(&file), "--resume", text(&parent)]).status.code(), Some(0));
    let other = run(&["run", text(&file), "--set", "nodes.delay=4ms", "--resume", text(&parent)]);
    assert_eq!(other.status.code(), Some(1));
    assert!(stderr(&other).contains("is of another experiment"), "{}", stderr(&other));
}

#[test]
fn tasks_arrive_at_their_times_and_latencies_count_from_there() {
    let folder = tempfile::tempdir().unwrap();
    let open = SMALL.replace("kind = \"batch\"", "kind = \"constant\"\nrate = 500\nwarm_up = \"none\"");
    let results = real_run(folder.path(), &format!("{open}[replications]\nat_least = 2\n"));
    let recorded = Run::read(&results).unwrap();
    assert_eq!(recorded.tasks.len(), 24);
    for task in &recorded.tasks {
        assert_eq!(task.submitted_us, 2_000 * task.task);
        assert!(task.started_us >= task.submitted_us, "{task:?}");
        assert_eq!(task.latency_us, task.ended_us - task.submitted_us);
    }
    let replayed = run(&["replay", text(&results)]);
    assert!(stdout(&replayed).contains("byte for byte"), "{}", stderr(&replayed));
}

#[test]
fn arrivals_that_find_too_many_tasks_open_are_dropped_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("open.toml");
    let open = SMALL
        .replace("kind = \"batch\"", "kind = \"poisson\"\nrate = 2000\nmax_open = 1")
        .replace("tasks = 6", "tasks = 30")
        .replace("\"1ms\"", "\"40ms\"");
    fs::write(&file, format!("{open}[replications]\nat_least = 2\n")).unwrap();
    let results = folder.path().join("results");
    let output = run(&["run", text(&file), "--results", text(&results)]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let recorded = Run::read(&only_folder(&results)).unwrap();
    for job in &recorded.jobs {
        assert!(job.dropped > 0, "{job:?}");
        assert_eq!(job.tasks + job.dropped, 30);
    }
    assert!(
        stdout(&output).contains("of the arrivals, because max_open tasks were open"),
        "{}",
        stdout(&output)
    );
}

#[test]
fn images_go_through_the_same_file() {
    let (folder, images) = (tempfile::tempdir().unwrap(), photographs(5));
    let work = format!("[work]\ndata = {:?}\noperation = \"grayscale\"\n", text(images.path()));
    let experiment = SMALL.replace("[work]\nservice = \"1ms\"\n", &work).replace("tasks = 6", "tasks = 5");
    let results = real_run(folder.path(), &format!("{experiment}[replications]\nat_least = 2\n"));
    let recorded = Run::read(&results).unwrap();
    assert_eq!((recorded.jobs.len(), recorded.tasks.len()), (4, 20));
    assert!(recorded.jobs.iter().all(|job| job.done == 5 && &*job.operation == "grayscale"));
    assert_eq!(images.path().join("output_dir").read_dir().unwrap().count(), 5);
}
