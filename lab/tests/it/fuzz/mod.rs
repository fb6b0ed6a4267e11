//! Whatever comes in by a door, the process lives: inputs of a kept corpus, changed at random, at every parser.
//!
//! The rounds here take seconds. More: `BALLAST_FUZZ_ROUNDS=1000000 cargo test --release -p lab --test it fuzz`. What
//! was found once goes into the corpus.

mod journals;
mod mutate;

use cluster::Machines;
use imaging::codec::{self, Limits};
use lab::local_cluster::Process;
use mutate::Corpus;
use records::Run;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::time::Duration;
use wire::{NodeClient, PoolSettings};

#[test]
fn machine_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("machine.txt");
    Corpus::open("machines", 5_000).try_all(|input| {
        std::fs::write(&path, input).unwrap();
        match Machines::load(&path) {
            Ok(machines) => {
                assert!(
                    machines.servers().count() > 0,
                    "nodes may register themselves, a server has to be named"
                );
                // What was understood can be written down and means the same.
                let text: String = machines.all().iter().map(|machine| format!("{machine}\n")).collect();
                assert_eq!(Machines::parse(&text).unwrap(), machines, "{text}");
            }
            Err(error) => assert!(error.to_string().len() < 64 << 10, "a reader has to find the fault"),
        }
    });
}

#[test]
fn rows_of_records() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("attempts.csv");
    Corpus::open("rows", 3_000).try_all(|input| {
        std::fs::write(&path, input).unwrap();
        if let Err(error) = Run::read(&path) {
            assert!(error.to_string().len() < 64 << 10, "a reader has to find the fault");
        }
    });
}

#[test]
fn images() {
    // Small enough that a header which lies is refused and not believed.
    let limits = Limits { max_bytes: 1 << 20, max_pixels: 10_000 };
    Corpus::open("images", 6_000).try_all(|input| {
        if let Ok(decoded) = codec::decode(input, &limits) {
            let image = decoded.image;
            assert!(image.width as u64 * image.height as u64 <= limits.max_pixels);
            assert_eq!(image.samples.len() % (image.width * image.height).max(1), 0);
        }
    });
}

#[test]
fn messages_at_a_nodes_port() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["0", "--listen", "127.0.0.1:0", "--log-level", "warn", "--delay", "0s", "--data-root"];
    let arguments = arguments.iter().map(Into::into).chain([folder.path().into()]).collect();
    let node = Process::spawn(Path::new(env!("CARGO_BIN_EXE_lab")), "computenode", "node0", arguments);
    let mut node = node.unwrap().ready().unwrap();
    let honest = NodeClient::new(node.address().to_string(), PoolSettings::default());
    Corpus::open("messages", 2_000).try_all(|input| {
        let mut stranger = TcpStream::connect(node.address()).unwrap();
        // The node may have hung up already.
        if stranger.write_all(input).is_ok() && stranger.shutdown(Shutdown::Write).is_ok() {
            let _ = stranger.read_to_end(&mut Vec::new());
        }
    });
    honest.ping(Duration::from_secs(30)).unwrap();
    assert!(!node.has_ended());
    assert!(!node.last_words().contains("panicked"), "{}", node.last_words());
}
