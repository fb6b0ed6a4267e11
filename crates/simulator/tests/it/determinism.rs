//! One seed is one run, byte for byte, whatever runs beside it; another seed is another run.

use crate::plans::{mixed, strategies};
use records::RunWriter;
use records::manifest::{Host, Manifest, SCHEMA_VERSION};
use simulator::{Collected, DecisionLog, Recorded, Rows, Scenario, simulate_into};
use std::fs;
use std::path::Path;
use std::time::SystemTime;

fn log(scenario: &Scenario) -> String {
    let mut log = DecisionLog::default();
    simulate_into(scenario, &mut log).unwrap();
    log.text
}

fn csv(scenario: &Scenario, folder: &Path) -> Vec<(String, Vec<u8>)> {
    let manifest = Manifest {
        schema_version: SCHEMA_VERSION,
        program: "test".to_owned(),
        program_version: "0".to_owned(),
        git_revision: None,
        command_line: Vec::new(),
        label: "label".to_owned(),
        seed: scenario.seed.0,
        started_utc: String::new(),
        host: Host { cores: 1, system: String::new(), architecture: String::new() },
        machines: Vec::new(),
        settings: std::collections::BTreeMap::new(),
    };
    let writer = RunWriter::create(folder, SystemTime::UNIX_EPOCH, &manifest).unwrap();
    let run = writer.name();
    let mut rows = Rows::new(scenario, run, "label", "", Recorded::new(writer));
    simulate_into(scenario, &mut rows).unwrap();
    let writer = rows.sink.finish().unwrap();
    let names = ["attempts.csv", "tasks.csv", "jobs.csv"];
    let files = names.map(|name| (name.to_owned(), fs::read(writer.folder().join(name)).unwrap()));
    writer.close().unwrap();
    files.into()
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_any_number_of_threads() {
    for strategy in strategies() {
        let scenario = mixed(&strategy, 11, 400);
        let alone = log(&scenario);
        let (first, second) = std::thread::scope(|scope| {
            let first = scope.spawn(|| log(&scenario));
            let second = scope.spawn(|| log(&scenario));
            (first.join().unwrap(), second.join().unwrap())
        });
        assert!(alone == first && alone == second, "{strategy}: one seed gave two decision logs");
        assert!(alone.lines().filter(|line| line.contains(" start ")).count() >= 400);
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let [one, other] = [0, 1].map(|index| csv(&scenario, folders[index].path()));
        assert!(one == other, "{strategy}: one seed gave two records");
    }
}

#[test]
fn another_seed_gives_another_run() {
    for strategy in strategies() {
        assert_ne!(log(&mixed(&strategy, 1, 50)), log(&mixed(&strategy, 2, 50)), "{strategy}");
    }
}

#[test]
fn watching_changes_nothing() {
    let scenario = mixed("power_of_two", 3, 500);
    let mut rows = Rows::new(&scenario, "run".into(), "label", "", Collected::default());
    let watched = simulate_into(&scenario, (&mut rows, DecisionLog::default())).unwrap();
    let alone = simulator::simulate(&scenario).unwrap();
    assert_eq!((watched.end, watched.events), (alone.end, alone.events));
    assert_eq!(watched.jobs[0].counts, alone.jobs[0].counts);
    assert_eq!(rows.sink.tasks.len(), 500);
}

#[test]
fn the_decision_log_reads_like_this() {
    let scenario = mixed("load_balancing", 5, 2);
    let text = log(&scenario);
    insta::assert_snapshot!(text, @r"
0 joined n0 slots=4
0 joined n1 slots=4
0 joined n2 slots=4
0 joined n3 slots=4
0 joined n4 slots=4
0 submitted j0 tasks=0 strategy=load_balancing admission=may-reject seed=5
5484 arrived j0 tasks=1
5484 start j0 t0 a1 n4
6738 ended j0 t0 a1 n4 rejected
6738 start j0 t0 a2 n1
8281 ended j0 t0 a2 n1 rejected
8281 start j0 t0 a3 n4
10923 ended j0 t0 a3 n4 rejected
10923 start j0 t0 a4 n3
13834 ended j0 t0 a4 n3 rejected
13834 start j0 t0 a5 n2
18025 ended j0 t0 a5 n2 done
18025 task j0 t0 done
25573 arrived j0 tasks=1
25573 start j0 t1 a1 n2
25573 sealed j0
26679 ended j0 t1 a1 n2 rejected
26679 start j0 t1 a2 n3
28243 ended j0 t1 a2 n3 rejected
28243 start j0 t1 a3 n1
378615 ended j0 t1 a3 n1 done
378615 task j0 t1 done
378615 job j0 done attempts=8
378615 drained j0
    ");
}
