//! How the program starts, and what it says when it cannot.

use crate::process::{Node, run};
use std::fs;
use std::net::TcpListener;
use std::path::Path;

/// Exit status and the one thing that was said, of a start that fails.
fn refused(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let output = run(folder, arguments);
    assert!(output.stdout.is_empty(), "{output:?}");
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn takes_its_line_of_machine_txt_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    // A loopback address of this test alone: nobody else takes the ports between their choice and their use.
    let [_, _, high, low] = std::process::id().to_be_bytes();
    let own = format!("127.77.{high}.{low}:0");
    let [one, two] = [&own; 2].map(|own| TcpListener::bind(own).unwrap().local_addr().unwrap());
    fs::write(
        folder.path().join("machine.txt"),
        format!("node0 {one} slots=3\nnode1 {two} p=0.25\nserver 127.0.0.1\n"),
    )
    .unwrap();
    let first = Node::start(folder.path(), &["0.5", "--delay", "50ms"]);
    assert_eq!(
        first.ready,
        format!("computenode node0 listening on {one} (load 0.5, delay 50ms, 3 slots)\n")
    );
    let second = Node::start(folder.path(), &["--slots", "4"]);
    assert_eq!(
        second.ready,
        format!("computenode node1 listening on {two} (load 0.25, delay 3s, 4 slots)\n")
    );

    let (status, said) = refused(folder.path(), &["0.5"]);
    assert_eq!(status, 1);
    assert!(said.contains("every compute node of machine.txt") && said.contains("free port"), "{said}");
    let (status, said) = refused(folder.path(), &["0.5", "--name", "node0"]);
    assert_eq!(status, 1);
    assert!(said.contains(&format!("port {} of 'node0' is taken", one.port())), "{said}");
}

#[test]
fn a_second_program_on_the_same_port_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let first = Node::anywhere(folder.path(), "0 --name alone");
    let address = first.address().to_string();
    let (status, said) = refused(folder.path(), &["0", "--listen", &address]);
    assert_eq!(status, 1);
    assert_eq!(
        said,
        format!(
            "computenode: {address} is taken by another program: stop that one, or listen at another port (0 takes any free one)\n"
        )
    );
}

#[test]
fn faults_are_one_sentence_with_the_remedy_and_the_right_status() {
    let folder = tempfile::tempdir().unwrap();
    let faulty = folder.path().join("faulty.txt");
    fs::write(&faulty, "node0 127.0.0.1:99999\nnode1 127.0.0.1:5001\nnode1 127.0.0.1:5002\n").unwrap();
    let elsewhere = folder.path().join("elsewhere.txt");
    fs::write(&elsewhere, "node0 192.0.2.1:5000\nserver 192.0.2.2\n").unwrap();
    let cases: [(&[&str], i32, &[&str]); 11] = [
        (&["0.5"], 1, &["no file 'machine.txt'", "--machines"]),
        (&["0.5", "--machines", "faulty.txt"], 1, &["99999", "node1", "server", "1:"]),
        (&["0.5", "--machines", "elsewhere.txt"], 1, &["address of this machine", "192.0.2.1"]),
        (
            &["0.5", "--machines", "elsewhere.txt", "--name", "node9"],
            1,
            &["no compute node 'node9'", "node0"],
        ),
        (&["0.5", "--listen", "192.0.2.1:5000"], 1, &["cannot listen at 192.0.2.1:5000", "127.0.0.1:5001"]),
        (&["0.5", "--listen", "127.0.0.1:0", "--data-root", "nowhere"], 1, &["\"nowhere\"", "--data-root"]),
        (&["0.5", "--listen", "127.0.0.1:0", "--log-file", "no/such.log"], 1, &["no/such.log", "--log-file"]),
        (&["--listen", "127.0.0.1:0"], 2, &["no load probability", "computenode 0.8"]),
        (&["1.5"], 2, &["'1.5' is not a number from 0 to 1"]),
        (&["x"], 2, &["'x' is not a number from 0 to 1"]),
        (&["0.5", "--dealy", "1s"], 2, &["--dealy", "--delay"]),
    ];
    for (arguments, wanted_status, wanted_words) in cases {
        let (status, said) = refused(folder.path(), arguments);
        assert_eq!(status, wanted_status, "{arguments:?}: {said}");
        for word in wanted_words {
            assert!(said.contains(word), "{arguments:?}: no {word:?} in: {said}");
        }
        assert!(!said.contains("panicked"), "{said}");
    }
}

#[test]
fn options_come_from_the_environment_too() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = crate::process::command(folder.path(), &[]);
    let output = command.env("BALLAST_LOAD_PROBABILITY", "7").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("'7' is not a number from 0 to 1"));
}
