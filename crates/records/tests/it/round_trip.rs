//! What is written is what is read.

use crate::{manifest, started};
use cluster::Admission;
use proptest::prelude::*;
use proptest::sample::select;
use records::{
    AttemptOutcome, AttemptRow, JobOutcome, JobRow, NodeRow, Row, Run, RunWriter, SummaryRow, TaskOutcome,
    TaskRow, Text,
};

/// Names as the worst file systems have them.
fn text() -> impl Strategy<Value = Text> {
    "[a-z'=+@,;\"\\n\\r\\t é#-]{0,12}".prop_map(Text::from)
}

fn admission() -> impl Strategy<Value = Admission> {
    select(vec![Admission::MayReject, Admission::MustAccept])
}

prop_compose! {
    fn attempt()(
        texts in proptest::array::uniform7(text()),
        numbers in proptest::array::uniform14(any::<u64>()),
        counts in proptest::array::uniform3(any::<u32>()),
        admission in admission(),
        outcome in select(AttemptOutcome::ALL),
        delayed in any::<bool>(),
    ) -> AttemptRow {
        let [run, job_key, strategy, operation, image, node, reason] = texts;
        let [task, begun_us, queue_us, delay_us, read_us, decode_us, operation_us, encode_us, write_us, wire_us,
            total_us, bytes_in, bytes_out, seed] = numbers;
        let [attempt, width, height] = counts;
        AttemptRow {
            run, job_key, task, attempt, strategy, admission, operation, image, node, outcome, reason, delayed,
            begun_us, queue_us, delay_us, read_us, decode_us, operation_us, encode_us, write_us, wire_us, total_us,
            bytes_in, bytes_out, width, height, seed,
            segment: "".into(),
        }
    }
}

prop_compose! {
    fn task()(
        texts in proptest::array::uniform5(text()),
        numbers in proptest::array::uniform5(any::<u64>()),
        counts in proptest::array::uniform4(any::<u32>()),
        outcome in select(TaskOutcome::ALL),
    ) -> TaskRow {
        let [run, job_key, image, reason, node] = texts;
        let [task, submitted_us, started_us, ended_us, latency_us] = numbers;
        let [attempts, rejections, delays, lost] = counts;
        TaskRow {
            run, job_key, task, image, outcome, reason, attempts, rejections, delays, lost, node, submitted_us,
            started_us, ended_us, latency_us,
        }
    }
}

prop_compose! {
    fn job()(
        texts in proptest::array::uniform9(text()),
        numbers in proptest::array::uniform10(any::<u64>()),
        nodes in any::<u32>(),
        admission in admission(),
        outcome in select(JobOutcome::ALL),
    ) -> JobRow {
        let [run, job_key, label, strategy, operation, started_utc, why, source, transfer] = texts;
        let [seed, tasks, done, failed, attempts, rejected, delayed, lost, makespan_us, dropped] = numbers;
        JobRow {
            run, job_key, label, strategy, admission, operation, seed, state: outcome, tasks, done, failed, attempts,
            rejected, delayed, lost, makespan_us, nodes, started_utc, why, dropped, source, transfer,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_run_reads_back_as_it_was_written(
        attempts in proptest::collection::vec(attempt(), 0..8),
        tasks in proptest::collection::vec(task(), 0..8),
        jobs in proptest::collection::vec(job(), 0..4),
    ) {
        let results = tempfile::tempdir().unwrap();
        let mut writer = RunWriter::create(results.path(), started(), &manifest()).unwrap();
        let folder = writer.folder().to_owned();
        writer.write_attempts(&attempts).unwrap();
        writer.write_tasks(&tasks).unwrap();
        jobs.iter().try_for_each(|job| writer.write_job(job)).unwrap();
        writer.close().unwrap();

        let run = Run::read(&folder).unwrap();
        prop_assert_eq!(run.manifest, Some(manifest()));
        prop_assert_eq!(run.torn_rows, 0);
        prop_assert_eq!(&run.attempts, &attempts);
        prop_assert_eq!(run.tasks, tasks);
        prop_assert_eq!(run.jobs, jobs);
        let alone = Run::read(&folder.join(AttemptRow::FILE)).unwrap();
        prop_assert_eq!(alone.attempts, attempts);
        prop_assert_eq!(alone.tasks.len(), 0);
    }
}

#[test]
fn columns_are_stable_and_documented() {
    insta::assert_snapshot!(AttemptRow::COLUMNS.join(","), @"run,job_key,task,attempt,strategy,admission,operation,image,node,outcome,reason,delayed,begun_us,queue_us,delay_us,read_us,decode_us,operation_us,encode_us,write_us,wire_us,total_us,bytes_in,bytes_out,width,height,seed,segment");
    insta::assert_snapshot!(TaskRow::COLUMNS.join(","), @"run,job_key,task,image,outcome,reason,attempts,rejections,delays,lost,node,submitted_us,started_us,ended_us,latency_us");
    insta::assert_snapshot!(JobRow::COLUMNS.join(","), @"run,job_key,label,strategy,admission,operation,seed,state,tasks,done,failed,attempts,rejected,delayed,lost,makespan_us,nodes,started_utc,why,dropped,source,transfer");
    insta::assert_snapshot!(SummaryRow::COLUMNS.join(","), @"run,label,strategy,admission,operation,seed,jobs,state,tasks,done,dropped,makespan_us,warm_up,mean_ns,wire_ns,lost_ns,waiting_ns,queue_ns,delay_ns,service_ns,deviation_us,p50_us,p95_us,p99_us,attempts,rejected,delayed,lost,wasted,delayed_tasks,nodes,source,transfer");
    insta::assert_snapshot!(NodeRow::COLUMNS.join(","), @"run,node,address,slots,queue,load,delay_us,version");
    let columns =
        [AttemptRow::COLUMNS, TaskRow::COLUMNS, JobRow::COLUMNS, NodeRow::COLUMNS, SummaryRow::COLUMNS]
            .concat();
    let table = include_str!("../../README.md").lines().filter_map(|line| line.strip_prefix("| `"));
    let documented: Vec<&str> = table.filter_map(|line| line.split('`').next()).collect();
    assert_eq!(documented, columns, "the tables of README.md list the columns in their order");
}

#[test]
fn a_file_from_before_a_column_reads_as_if_it_were_zero() {
    let results = tempfile::tempdir().unwrap();
    let writer = RunWriter::create(results.path(), started(), &manifest()).unwrap();
    let path = writer.folder().join(JobRow::FILE);
    let old = "run,job_key,label,strategy,admission,operation,seed,state,tasks,done,failed,attempts,rejected,delayed,lost,\
               makespan_us,nodes,started_utc,why\n\
               r,k,l,random,may-reject,edges,1,done,5,5,0,6,1,0,0,900,4,2026,\n";
    std::fs::write(&path, old).unwrap();
    let jobs = Run::read(writer.folder()).unwrap().jobs;
    assert_eq!((jobs.len(), jobs[0].tasks, jobs[0].dropped), (1, 5, 0));
}

#[test]
fn rows_are_in_the_file_after_a_flush() {
    let results = tempfile::tempdir().unwrap();
    let mut writer = RunWriter::create(results.path(), started(), &manifest()).unwrap();
    let empty = Run::read(writer.folder()).unwrap();
    assert_eq!((empty.attempts.len(), empty.tasks.len(), empty.jobs.len(), empty.torn_rows), (0, 0, 0, 0));
    let row = JobRow {
        run: writer.name(),
        job_key: Text::from("k"),
        label: Text::from("l"),
        strategy: Text::from("random"),
        admission: Admission::MustAccept,
        operation: Text::from("edges"),
        seed: 7,
        state: JobOutcome::Partial,
        tasks: 3,
        done: 2,
        failed: 1,
        attempts: 5,
        rejected: 1,
        delayed: 1,
        lost: 0,
        makespan_us: 12_345,
        nodes: 2,
        started_utc: Text::from("2026-11-20T17:44:51.123Z"),
        why: Text::from(""),
        dropped: 0,
        source: Text::from(""),
        transfer: Text::from(""),
    };
    writer.write_job(&row).unwrap();
    writer.flush().unwrap();
    assert_eq!(Run::read(writer.folder()).unwrap().jobs, [row]);
    let text = std::fs::read_to_string(writer.folder().join("jobs.csv")).unwrap();
    insta::assert_snapshot!(text, @r"
    run,job_key,label,strategy,admission,operation,seed,state,tasks,done,failed,attempts,rejected,delayed,lost,makespan_us,nodes,started_utc,why,dropped,source,transfer
    20261120T174451Z-power-of-two-18446744073709551615,k,l,random,must-accept,edges,7,partial,3,2,1,5,1,1,0,12345,2,2026-11-20T17:44:51.123Z,,0,,
    ");
}

#[test]
fn two_runs_of_one_second_have_two_folders() {
    let results = tempfile::tempdir().unwrap();
    let below = results.path().join("new/results");
    let names: Vec<String> = (0..3)
        .map(|_| RunWriter::create(&below, started(), &manifest()).unwrap().name().to_string())
        .collect();
    insta::assert_snapshot!(names.join("\n"), @r"
    20261120T174451Z-power-of-two-18446744073709551615
    20261120T174451Z-power-of-two-18446744073709551615-2
    20261120T174451Z-power-of-two-18446744073709551615-3
    ");
    let text = std::fs::read_to_string(below.join(&names[0]).join("manifest.json")).unwrap();
    insta::assert_snapshot!(text, @r#"
    {
      "schema_version": 1,
      "program": "server",
      "program_version": "0.1.0",
      "command_line": [
        "server",
        "--results",
        "a \"b\""
      ],
      "label": "power of two",
      "seed": "18446744073709551615",
      "started_utc": "2026-11-20T17:44:51.123Z",
      "host": {
        "cores": 2,
        "system": "linux",
        "architecture": "x86_64"
      },
      "machines": [
        "node0 127.0.0.1:5001",
        "server 127.0.0.1:5000"
      ],
      "settings": {
        "max_attempts": "40"
      }
    }
    "#);
    assert_eq!(std::fs::read_dir(below.join(&names[0])).unwrap().count(), 4, "no temporary file stays");
}
