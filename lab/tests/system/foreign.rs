//! The original system's programs, written in Python from its interface, beside ours.
//!
//! They need the registry's package `thriftpy2`, in the Python that `BALLAST_PYTHON` names or in `python3`; without it
//! these tests say so and pass.

use crate::world::{Program, World};
use records::Run;
use std::path::PathBuf;
use std::process::{Command, Stdio};

fn python() -> Option<String> {
    let python = std::env::var("BALLAST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let found = Command::new(&python).args(["-c", "import thriftpy2, thrift"]).stderr(Stdio::null()).status();
    if found.is_ok_and(|status| status.success()) {
        return Some(python);
    }
    println!("skipped: no Python with the packages thrift and thriftpy2 (set BALLAST_PYTHON)");
    None
}

fn script(python: &str, world: &World, name: &str) -> Command {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new(python);
    command.arg(here.join("tests/system/foreign").join(name)).current_dir(world.path());
    command.env("BALLAST_IDL", here.join("../idl/compat"));
    command.stdin(Stdio::null());
    command
}

fn port(program: &Program) -> String {
    program.address.rsplit(':').next().unwrap().to_owned()
}

#[test]
fn a_python_client_submits_to_our_server() {
    let Some(python) = python() else { return };
    let world = World::new();
    let (server, _nodes) = world.cluster(&["0.5", "0.2"], &[]);
    for is_random in ["true", "false"] {
        let mut client = script(&python, &world, "client.py");
        let said = client.args([&port(&server), world.data().to_str().unwrap(), is_random]).output().unwrap();
        let out = String::from_utf8(said.stdout).unwrap();
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
        assert!(out.trim().parse::<f64>().is_ok(), "the elapsed seconds as text, not {out:?}");
        world.check_results(&world.images(), "edges");
    }
    // The flag's meaning on the wire: true may be rejected, false must be accepted.
    let run = Run::read(&world.run_folder()).unwrap();
    let admissions: Vec<_> = run.jobs.iter().map(|job| job.admission.name()).collect();
    assert_eq!(admissions, ["may-reject", "must-accept"]);
}

#[test]
fn our_server_drives_a_python_node_beside_ours() {
    let Some(python) = python() else { return };
    let world = World::new();
    world.multiply(30);
    let ours = world.node("0.3", &[]);
    let theirs = world.start(script(&python, &world, "node.py"));
    let server = world.server([ours.address.as_str(), theirs.address.as_str()], &[]);
    let said = world.client(&server, &["data", "round_robin"]);
    assert_eq!(said.status, Some(0), "{said:?}");
    assert_eq!(world.results(), world.images());
    let run = Run::read(&world.run_folder()).unwrap();
    for node in ["node0", "node1"] {
        let done = run.tasks.iter().filter(|task| &*task.node == node).count();
        assert!(done > 5, "{node} did {done} of {} images", run.tasks.len());
    }
    let rejected = run
        .attempts
        .iter()
        .any(|row| &*row.node == "node1" && row.outcome == records::AttemptOutcome::Rejected);
    assert!(rejected, "the Python node rejects every third call, and the server heard of none");
}

#[test]
fn a_python_server_that_connects_per_call_drives_our_nodes() {
    let Some(python) = python() else { return };
    let world = World::new();
    world.multiply(20);
    let nodes = [world.node("0.5", &[]), world.node("0", &[])];
    std::fs::create_dir(world.output()).unwrap();
    let mut server = script(&python, &world, "server.py");
    server.arg(world.data()).args(nodes.iter().map(port));
    let said = server.output().unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    world.check_results(&world.images(), "edges");
}
