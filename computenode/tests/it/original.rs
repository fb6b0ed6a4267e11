//! The original's two calls, on the same port.

use crate::process::{Node, PATIENCE, cat, edges_of_cat};
use cluster::Admission;
use std::fs;
use wire::CallError;
use wire::node::{CompatibleAnswer, SharedFile};

#[test]
fn execute_and_delayed_execute_publish_the_result() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("input_dir")).unwrap();
    fs::write(folder.path().join("input_dir/cat.png"), cat()).unwrap();
    let node = Node::anywhere(folder.path(), "0");
    let client = node.client();
    // The original's clients name the folder as it was typed, relative or not.
    for base_path in [folder.path().to_str().unwrap(), "."] {
        for admission in [Admission::MayReject, Admission::MustAccept] {
            let file = SharedFile { base_path: base_path.to_owned(), file_name: "cat.png".to_owned() };
            assert_eq!(client.execute(admission, &file, PATIENCE), Ok(CompatibleAnswer::Success));
            let result = folder.path().join("output_dir/cat.png");
            assert_eq!(fs::read(&result).unwrap(), edges_of_cat());
            fs::remove_file(result).unwrap();
        }
    }
    assert_eq!(fs::read_dir(folder.path().join("output_dir")).unwrap().count(), 0, "no temporary file stays");
}

#[test]
fn a_loaded_node_rejects_what_may_be_rejected() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("input_dir")).unwrap();
    fs::write(folder.path().join("input_dir/cat.png"), cat()).unwrap();
    let node = Node::anywhere(folder.path(), "1 --delay 1ms");
    let file = SharedFile { base_path: ".".to_owned(), file_name: "cat.png".to_owned() };
    let execute = |admission| node.client().execute(admission, &file, PATIENCE);
    assert_eq!(execute(Admission::MayReject), Ok(CompatibleAnswer::Rejected));
    assert!(!folder.path().join("output_dir").exists());
    assert_eq!(execute(Admission::MustAccept), Ok(CompatibleAnswer::Success));
}

#[test]
fn faults_come_as_sentences() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("input_dir")).unwrap();
    let node = Node::anywhere(folder.path(), "0");
    let cases = [
        (".", "dog.png", "dog.png"),
        (".", "../../etc/passwd", "climbs out"),
        ("/", "etc/passwd", "data roots"),
    ];
    for (base_path, file_name, words) in cases {
        let file = SharedFile { base_path: base_path.to_owned(), file_name: file_name.to_owned() };
        match node.client().execute(Admission::MustAccept, &file, PATIENCE) {
            Err(CallError::Refused { why, .. }) => assert!(why.contains(words), "{why}"),
            other => panic!("{other:?}"),
        }
    }
}
