//! `lab demo --stay`: the cluster goes on after the comparison until Ctrl-C, and then nothing is left of it.

#![cfg(target_os = "linux")]

use super::processes::{children_of, wait_for_the_end_of};
use super::support::{lab, text};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

/// Dropping it ends it, however the test ends.
struct Staying(Child);

impl Drop for Staying {
    fn drop(&mut self) {
        // Nothing to do if it has ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_demonstration_stays_until_ctrl_c_and_leaves_nothing() {
    let world = tempfile::tempdir().unwrap();
    let (temporary, results) = (world.path().join("tmp"), world.path().join("results"));
    fs::create_dir(&temporary).unwrap();
    let mut command = lab();
    command.args([
        "demo",
        "--stay",
        "--results",
        text(&results),
        "--strategies",
        "random",
        "--replications",
        "1",
    ]);
    command.args(["--delay", "1ms", "--loads", "0.5,0.2", "--console", "127.0.0.1:28105"]);
    command.env("TMPDIR", &temporary).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut staying = Staying(command.spawn().unwrap());

    // The comparison is printed before it stays.
    let mut lines = BufReader::new(staying.0.stderr.take().unwrap()).lines().map_while(Result::ok);
    let said = lines.find(|line| line.contains("go on until Ctrl-C")).expect("it says that it stays");
    let address = said.split_once("http://").unwrap().1.trim_end_matches("/.").to_owned();
    let children = children_of(staying.0.id());
    assert_eq!(children.len(), 3, "two nodes and a server");
    let page = get(&address, "/");
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("<title>Ballast</title>"), "{page}");
    assert!(get(&address, "/readyz").contains("\"nodes_up\":2"));
    assert!(fs::read_dir(&temporary).unwrap().next().is_some(), "the made photographs are still there");

    let sent = Command::new("kill").args(["-INT", &staying.0.id().to_string()]).status().unwrap();
    assert!(sent.success());
    assert_eq!(staying.0.wait().unwrap().code(), Some(0), "who goes when told has done as asked");
    children.iter().for_each(|child| wait_for_the_end_of(child));
    assert!(TcpStream::connect(&address).is_err(), "nobody answers any more");
    let left: Vec<_> = fs::read_dir(&temporary).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.is_empty(), "{left:?}");
    let mut printed = String::new();
    staying.0.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
    assert!(printed.starts_with("strategy"), "{printed}");
}
