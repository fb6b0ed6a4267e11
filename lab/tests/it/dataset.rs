//! Made photographs, and the ones that the product ships.

use super::support::{run, stderr, stdout, text};
use std::fs;
use std::path::Path;

#[test]
fn the_shipped_photographs_are_the_ones_that_their_command_makes() {
    let folder = tempfile::tempdir().unwrap();
    let made = folder.path().join("data");
    let output = run(&[
        "dataset",
        text(&made),
        "--count",
        "8",
        "--size",
        "256x192",
        "--format",
        "mix",
        "--seed",
        "2026",
    ]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stdout(&output).starts_with("8 photographs of 256x192, 0.5 MB, in "), "{}", stdout(&output));
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/input_dir");
    let mut names: Vec<_> = fs::read_dir(&shipped).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names.len(), 8);
    for name in names {
        let same =
            fs::read(shipped.join(&name)).unwrap() == fs::read(made.join("input_dir").join(&name)).unwrap();
        assert!(
            same,
            "{name:?} differs: make data/ anew with the command of data/README.md, or mend what changed it"
        );
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("occupied");
    fs::write(&file, b"").unwrap();
    let output = run(&["dataset", text(&file)]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("occupied"), "{}", stderr(&output));
}
