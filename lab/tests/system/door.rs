//! Who may come in: programs with the cluster's secret, with another one, with none; and ports beyond this machine.

use crate::certificates::certificates;
use crate::world::{Said, World};
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;

/// A secret in a file of its own; answers its path.
fn secret(world: &World, name: &str) -> String {
    let path = world.path().join(name);
    fs::write(&path, format!("{name}, and long enough to be one\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn who_knows_the_secret_gets_the_work_done_and_nobody_else_does() {
    let world = World::new();
    let (ours, other) = (secret(&world, "ours"), secret(&world, "other"));
    let node = world.node("0", &["--secret-file", &ours]);
    let server = world.server([node.address.as_str()], &["--secret-file", &ours]);
    let said = world.client(&server, &["data", "random"]);
    assert_eq!(said.status, Some(1), "{said:?}");
    assert!(said.err.contains("secret") && said.err.contains("--secret-file"), "{said:?}");
    let said = world.client(&server, &["data", "random", "--secret-file", &other]);
    assert_eq!(said.status, Some(1), "{said:?}");
    assert!(said.err.contains("another secret"), "{said:?}");
    assert!(!world.path().join("data/output_dir").exists(), "somebody was let in");
    let said = world.client(&server, &["data", "random", "--secret-file", &ours]);
    assert_eq!(said.status, Some(0), "{said:?}");
    world.check_results(&world.images(), "edges");
}

#[test]
fn a_server_without_the_nodes_secret_says_so() {
    let world = World::new();
    let node = world.node("0", &["--secret-file", &secret(&world, "ours")]);
    let server = world.server([node.address.as_str()], &["--patience", "1s"]);
    let said = world.client(&server, &["data", "random"]);
    assert_eq!(said.status, Some(4), "{said:?}");
    let everything = format!("{}{}", said.out, said.err);
    assert!(everything.contains("secret"), "{everything}");
}

#[test]
fn a_port_beyond_this_machine_is_not_opened_by_accident() {
    let world = World::new();
    let ours = secret(&world, "ours");
    for (program, arguments) in [("computenode", &["0"][..]), ("server", &["--node", "127.0.0.1:1"])] {
        let mut command = world.command(program);
        command.args(arguments).args(["--listen", "0.0.0.0:0"]);
        let refused = command.output().unwrap();
        assert_eq!(refused.status.code(), Some(1));
        let told = String::from_utf8(refused.stderr).unwrap();
        assert!(told.contains("--secret-file") && told.contains("--insecure"), "{told}");
        for allowed in [&["--insecure"][..], &["--secret-file", &ours]] {
            let mut command = world.command(program);
            command.args(arguments).args(["--listen", "0.0.0.0:0"]).args(allowed);
            drop(world.start(command));
        }
    }
}

#[test]
fn a_secret_that_others_may_read_is_none() {
    let world = World::new();
    let path = secret(&world, "ours");
    fs::set_permissions(Path::new(&path), fs::Permissions::from_mode(0o644)).unwrap();
    let mut command = world.command("client");
    command.args(["data", "random", "--server", "127.0.0.1:1", "--secret-file", &path]).stdout(Stdio::null());
    let told = String::from_utf8(command.output().unwrap().stderr).unwrap();
    assert!(told.contains("others may read") && told.contains("chmod 600"), "{told}");
}

/// What operators ask for is told to who shows what the cluster asks for, and to nobody else.
fn every_verb_comes_in(world: &World, keys: &[&str], words: &str) {
    let server = world.server([], keys);
    let mut command = world.command("computenode");
    command.args(["0", "--server", &server.address, "--name", "late"]).args(keys);
    let node = world.start(command);
    let ask = |verb: &[&str], keys: &[&str]| {
        let mut command = world.command(verb[0]);
        Said::from(command.args(&verb[1..]).args(["--server", &server.address]).args(keys).output().unwrap())
    };
    // The node registers by itself, after its ready line.
    while !ask(&["nodes"], keys).out.contains("late") {}
    let verbs: [(&[&str], &str); 6] = [
        (&["top", "--once"], "nodes 1 of 1"),
        (&["nodes"], "late"),
        (&["events"], "late"),
        (&["log", "--live"], "late"),
        (&["health"], "1 of 1 nodes up"),
        (&["health", "--node", &node.address], "lives"),
    ];
    for (verb, told) in verbs {
        let said = ask(verb, keys);
        assert_eq!(said.status, Some(0), "{verb:?} {said:?}");
        assert!(said.out.contains(told), "{verb:?} {said:?}");
        let said = ask(verb, &[]);
        assert_eq!(said.status, Some(1), "{verb:?} {said:?}");
        assert!(said.err.contains(words) && said.out.is_empty(), "{verb:?} {said:?}");
    }
}

#[test]
fn operators_and_nodes_that_register_know_the_secret() {
    let world = World::new();
    let ours = secret(&world, "ours");
    every_verb_comes_in(&world, &["--secret-file", &ours], "--secret-file");
}

#[test]
fn operators_and_nodes_that_register_show_certificates() {
    let world = World::new();
    let ours = certificates(&world, "ours", &[]);
    every_verb_comes_in(&world, &["--tls", &ours], "--tls");
}

/// The console asks its own server and others over their ports, and is let in.
fn the_console_comes_in(world: &World, keys: &[&str]) {
    let mut command = world.command("server");
    command.args(["--listen", "127.0.0.1:0", "--console", "127.0.0.1:0"]).args(keys);
    let (server, console) = world.start_with_console(command);
    let metrics = loop {
        let metrics = get(&console, "/metrics");
        if metrics.contains("ballast_server_up{") && metrics.contains("\"accepted\"") {
            break metrics;
        }
    };
    assert!(metrics.contains(&format!("ballast_server_up{{server=\"{}\"}} 1", server.address)), "{metrics}");
}

#[test]
fn the_console_knows_the_secret_and_shows_certificates() {
    let world = World::new();
    the_console_comes_in(&world, &["--secret-file", &secret(&world, "ours")]);
    the_console_comes_in(&world, &["--tls", &certificates(&world, "certificates", &[])]);
}

#[test]
fn a_standby_goes_on_with_a_job_over_tls() {
    let world = World::new();
    world.multiply(60);
    let tls = certificates(&world, "ours", &[]);
    let keys = ["--tls", tls.as_str()];
    let slow = ["--slots", "1", "--delay-probability", "1", "--name", "node"];
    let node = world.node("0", &[&keys[..], &slow].concat());
    let first = world.server([node.address.as_str()], &keys);
    let watch = ["--standby-of", &first.address, "--takeover-after", "400ms", "--name", "second"];
    let standby = world.server([node.address.as_str()], &[&keys[..], &watch].concat());
    let tells = |word: &str| {
        let mut command = world.command("log");
        command.args(["--live", "--limit", "1000", "--server", &standby.address]).args(keys);
        let said = Said::from(command.output().unwrap());
        assert_eq!(said.status, Some(0), "{said:?}");
        said.out.contains(word)
    };
    let mut client = world.client_command(&first, &["data", "random", "--job-key", "watched"]);
    let mut client = client.args(keys).stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
    while !tells("job_watched") {}
    client.kill().unwrap();
    client.wait().unwrap();
    drop(first);
    while !tells("job_ended") {}
    world.check_results(&world.images(), "edges");
}

#[test]
fn who_connects_too_often_is_refused_and_counted() {
    let world = World::empty();
    let mut command = world.command("computenode");
    command.args(["0", "--listen", "127.0.0.1:0", "--metrics", "0", "--max-connection-rate", "1"]);
    let (node, monitors) = world.start_with_console(command);
    let flood: Vec<_> = (0..50).map(|_| TcpStream::connect(&node.address).unwrap()).collect();
    let counted = || {
        let metrics = get(&monitors, "/metrics");
        let line =
            metrics.lines().find(|line| line.contains("event=\"refused_connections\"")).unwrap().to_owned();
        line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()
    };
    while counted() == 0 {}
    drop(flood);
}

/// What a program answers over HTTP.
fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
