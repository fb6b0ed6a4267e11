//! A run that was interrupted goes on where it was, and the files are those of a run that was not.

use crate::{manifest, started};
use cluster::Admission;
use records::{JobOutcome, Kept, RecordsError, RunWriter, SummaryRow, TaskOutcome, TaskRow, read_rows};
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;

fn task(number: u64) -> TaskRow {
    TaskRow {
        run: "run".into(),
        job_key: "job".into(),
        task: number,
        image: "a \"quoted\"\nname.png".into(),
        outcome: TaskOutcome::Done,
        reason: "".into(),
        attempts: 1,
        rejections: 0,
        delays: 0,
        lost: 0,
        node: "node0".into(),
        submitted_us: 0,
        started_us: 0,
        ended_us: 5,
        latency_us: 5,
    }
}

fn summary(seed: u64) -> SummaryRow {
    SummaryRow {
        run: "run".into(),
        label: "label".into(),
        strategy: "random".into(),
        admission: Admission::MustAccept,
        operation: "synthetic".into(),
        seed,
        jobs: 1,
        state: JobOutcome::Done,
        tasks: 2,
        done: 2,
        dropped: 0,
        makespan_us: 5,
        warm_up: 0,
        mean_ns: 5_000,
        wire_ns: 1_000,
        lost_ns: 0,
        waiting_ns: 0,
        queue_ns: 0,
        delay_ns: 0,
        service_ns: 4_000,
        deviation_us: 0,
        p50_us: 5,
        p95_us: 5,
        p99_us: 5,
        attempts: 0,
        rejected: 0,
        delayed: 0,
        lost: 0,
        wasted: 0,
        delayed_tasks: 0,
        nodes: "node0=2/0".into(),
        source: "".into(),
        transfer: "".into(),
    }
}

/// Two tasks and a summary.
fn replication(writer: &mut RunWriter, seed: u64) {
    writer.write_tasks(&[task(2 * seed), task(2 * seed + 1)]).unwrap();
    writer.write_summary(&summary(seed)).unwrap();
    writer.flush().unwrap();
}

fn bytes(folder: &Path) -> Vec<Vec<u8>> {
    ["attempts.csv", "tasks.csv", "jobs.csv", "summary.csv"]
        .map(|name| fs::read(folder.join(name)).unwrap())
        .into()
}

#[test]
fn the_files_are_those_of_a_run_without_interruption() {
    let results = tempfile::tempdir().unwrap();
    let create =
        || RunWriter::create(results.path(), started(), &manifest()).unwrap().with_summaries().unwrap();
    let mut whole = create();
    (0..4).for_each(|seed| replication(&mut whole, seed));

    let mut halted = create();
    (0..2).for_each(|seed| replication(&mut halted, seed));
    // The third replication reached the disk in part: a task of it, and half a row.
    halted.write_tasks(&[task(4)]).unwrap();
    halted.flush().unwrap();
    let folder = halted.folder().to_owned();
    drop(halted);
    for name in ["tasks.csv", "summary.csv"] {
        OpenOptions::new().append(true).open(folder.join(name)).unwrap().write_all(b"run,job,5,\"a").unwrap();
    }

    let (summaries, torn) = read_rows::<SummaryRow>(&folder).unwrap();
    assert_eq!((summaries.len(), torn), (2, true));
    let kept = Kept { tasks: summaries.iter().map(|row| row.tasks).sum(), summaries: 2, ..Kept::default() };
    let mut resumed = RunWriter::resume(&folder, kept).unwrap();
    assert_eq!(Some(&*resumed.name()), folder.file_name().unwrap().to_str());
    (2..4).for_each(|seed| replication(&mut resumed, seed));
    resumed.close().unwrap();
    assert!(bytes(&folder) == bytes(whole.folder()), "a resumed run differs");
}

#[test]
fn rows_that_are_not_there_cannot_be_kept() {
    let results = tempfile::tempdir().unwrap();
    let mut writer =
        RunWriter::create(results.path(), started(), &manifest()).unwrap().with_summaries().unwrap();
    replication(&mut writer, 0);
    let error =
        RunWriter::resume(writer.folder(), Kept { tasks: 3, summaries: 1, ..Kept::default() }).unwrap_err();
    assert!(matches!(error, RecordsError::Row { .. }), "{error}");
}
