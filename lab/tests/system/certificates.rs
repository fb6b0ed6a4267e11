//! TLS between real processes: who shows a certificate of the cluster's authority gets the work done, and nobody else.

use crate::world::{Program, Said, World};
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

/// Has certificates made in a folder; answers what this machine's programs take.
pub(crate) fn certificates(world: &World, name: &str, more: &[&str]) -> String {
    let said: Said = world.command("certificates").arg(name).args(more).output().unwrap().into();
    assert_eq!(said.status, Some(0), "{said:?}");
    assert!(said.out.contains(&format!("export BALLAST_TLS={name}/localhost")), "{said:?}");
    format!("{name}/localhost")
}

fn refused(said: &Said, words: &str) {
    assert_eq!(said.status, Some(1), "{said:?}");
    assert!(said.err.contains(words), "{said:?}");
    assert!(said.err.lines().all(|line| !line.contains("panicked")), "{said:?}");
}

#[test]
fn a_job_runs_over_tls_and_strangers_are_refused() {
    let world = World::new();
    let ours = certificates(&world, "ours", &[]);
    let other = certificates(&world, "other", &[]);
    let tls = ["--tls", ours.as_str()];
    let node = world.node("0", &tls);
    let server = world.server([node.address.as_str()], &tls);
    // By registration, in the middle of the server's life.
    let mut command = world.command("computenode");
    command.args(["0", "--server", &server.address, "--name", "late"]).args(tls);
    let _late = world.start(command);

    let client = |more: &[&str]| world.client(&server, &[&["data", "random"], more].concat());
    refused(&client(&[]), "asks for a certificate");
    refused(&client(&["--tls", &other]), "signed by none of our authorities");
    assert!(!world.output().exists(), "somebody was let in");
    let said = client(&[&tls[..], &["--transfer", "inline"]].concat());
    assert_eq!(said.status, Some(0), "{said:?}");
    world.check_results(&world.images(), "edges");
    a_plain_call_gets_a_sentence(&server);
    a_plain_call_gets_a_sentence(&node);

    let nodes = world.command("nodes").args(["--server", &server.address]).args(tls).output().unwrap();
    let nodes = Said::from(nodes);
    assert!(nodes.out.contains("late"), "the node that came by itself: {nodes:?}");
}

/// As a program of the original's kind would.
fn a_plain_call_gets_a_sentence(program: &Program) {
    let mut stream = TcpStream::connect(&program.address).unwrap();
    stream.write_all(b"\x80\x01\x00\x01\x00\x00\x00\x04ping\x00\x00\x00\x00\x00").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.contains("this port asks for a certificate"), "{answer}");
}

#[test]
fn certificates_that_do_not_do_are_told_before_anything_begins() {
    let world = World::new();
    let ours = certificates(&world, "ours", &[]);
    let says = |folder: &str| {
        let mut command = world.command("client");
        command.args(["data", "random", "--server", "127.0.0.1:1", "--tls", folder]);
        Said::from(command.output().unwrap())
    };
    refused(&says("nowhere"), "lab certificates FOLDER");
    fs::copy(
        world.path().join("ours/authority/certificate.pem"),
        world.path().join(&ours).join("certificate.pem"),
    )
    .unwrap();
    refused(&says(&ours), "do not go together");
}

#[test]
fn a_port_beyond_this_machine_opens_with_certificates() {
    let world = World::new();
    let ours = certificates(&world, "ours", &["--host", "example.net"]);
    for (program, arguments) in [("computenode", &["0"][..]), ("server", &["--node", "127.0.0.1:1"])] {
        let mut command = world.command(program);
        command.args(arguments).args(["--listen", "0.0.0.0:0", "--tls", &ours]);
        drop(world.start(command));
    }
    assert!(world.path().join("ours/example.net/certificate.pem").exists());
}
