//! Records that are torn, wrong or not writable.

use crate::{manifest, started};
use records::{AttemptRow, Row, Run, RunWriter};
use std::fs;
use std::path::Path;

/// The complaint about an `attempts.csv` with this text, without the name of the folder.
fn complaint(text: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("attempts.csv"), text).unwrap();
    without(folder.path(), &Run::read(folder.path()).unwrap_err().to_string())
}

fn without(folder: &Path, text: &str) -> String {
    text.replace(&format!("{}/", folder.display()), "").replace(&*folder.to_string_lossy(), "FOLDER")
}

fn header() -> String {
    // As files were before segments: what came later may be missing.
    AttemptRow::COLUMNS.join(",").trim_end_matches(",segment").to_owned()
}

const ROW: &str =
    "r,j,0,1,random,may-reject,edges,a.png,node0,done,,false,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14";

#[test]
fn wrong_files_are_named_with_line_and_column() {
    insta::assert_snapshot!(complaint(b""), @"attempts.csv:1:1: the file is empty, without even the names of its columns");
    insta::assert_snapshot!(complaint(b"run,job_key,\x1b[31m\n"), @r#"attempts.csv:1:1: the column 'task' is missing: the file is no attempts.csv, or one of another version (it has run, job_key, \u{1b}[31m)"#);
    insta::assert_snapshot!(complaint(format!("{}\n{ROW}\n", header().replace("queue_us", "queue_ms")).as_bytes()), @"attempts.csv:1:1: the column 'queue_us' is missing: the file is no attempts.csv, or one of another version (it has run, job_key, task, attempt, strategy, admission, operation, image, node, outcome, reason, delayed, …)");
    let bad = |from: &str, to: &str| format!("{}\n{ROW}\n{}\n{ROW}\n", header(), ROW.replacen(from, to, 1));
    insta::assert_snapshot!(complaint(bad("done", "fine").as_bytes()), @"attempts.csv:3:10: column 'outcome' holds 'fine', and should hold one of: done rejected failed lost timed_out cancelled");
    insta::assert_snapshot!(complaint(bad(",14", ",-14").as_bytes()), @"attempts.csv:3:27: column 'seed' holds '-14', and should hold a whole number that is not negative");
    insta::assert_snapshot!(complaint(bad("false", "\"no\nway\"").as_bytes()), @r#"attempts.csv:3:12: column 'delayed' holds 'no\nway', and should hold true or false"#);
    insta::assert_snapshot!(complaint(bad(",14", "").as_bytes()), @"attempts.csv:3:27: the row has 26 cells and the first line 27");
    insta::assert_snapshot!(complaint(bad(",14", ",14,15").as_bytes()), @"attempts.csv:3:28: the row has 28 cells and the first line 27");
    insta::assert_snapshot!(complaint(&[header().as_bytes(), b"\n", &ROW.as_bytes()[..3], b"\xff", &ROW.as_bytes()[3..], b"\n"].concat()), @"attempts.csv:2:2: column 'job_key' holds 'j�', and should hold UTF-8 text");
}

#[test]
fn columns_may_be_more_and_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("merged.csv");
    let text = format!("\u{feff}note,{}\r\nmine,{ROW}\r\nyours,{ROW}", header());
    fs::write(&path, text).unwrap();
    let run = Run::read(&path).unwrap();
    assert_eq!((run.attempts.len(), run.torn_rows), (1, 1), "the last line has no end");
    assert_eq!((run.attempts[0].seed, &*run.attempts[0].node), (14, "node0"));
}

#[test]
fn missing_files() {
    let folder = tempfile::tempdir().unwrap();
    let read =
        |name: &str| without(folder.path(), &Run::read(&folder.path().join(name)).unwrap_err().to_string());
    insta::assert_snapshot!(read("nowhere"), @"cannot read 'nowhere': No such file or directory (os error 2); name the folder of a run, or an attempts.csv, that you may read");
    fs::create_dir(folder.path().join("empty")).unwrap();
    insta::assert_snapshot!(read("empty"), @"cannot read 'empty/attempts.csv': No such file or directory (os error 2); name the folder of a run, or an attempts.csv, that you may read");

    let old = folder.path().join("old");
    fs::create_dir(&old).unwrap();
    fs::write(old.join("attempts.csv"), header() + "\n").unwrap();
    let run = Run::read(&old).unwrap();
    assert!(run.manifest.is_none() && run.tasks.is_empty() && run.jobs.is_empty());
    fs::write(old.join("manifest.json"), "{\"schema_version\": 1").unwrap();
    insta::assert_snapshot!(read("old"), @"old/manifest.json: EOF while parsing an object at line 1 column 20");
}

#[test]
fn a_newer_manifest_is_not_guessed_at() {
    let results = tempfile::tempdir().unwrap();
    let mut newer = manifest();
    newer.schema_version = 99;
    let writer = RunWriter::create(results.path(), started(), &newer).unwrap();
    let complaint = Run::read(writer.folder()).unwrap_err().to_string();
    assert!(complaint.ends_with("schema version 99 is newer than 1: use a newer program"), "{complaint}");
}

#[test]
fn a_results_folder_that_cannot_be() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("results");
    fs::write(&file, "").unwrap();
    let complaint = RunWriter::create(&file.join("below"), started(), &manifest()).unwrap_err().to_string();
    insta::assert_snapshot!(without(folder.path(), &complaint), @"cannot create 'results/below': Not a directory (os error 20); choose a folder in which you may write");
}
