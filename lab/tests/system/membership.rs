//! Nodes that come by themselves, hang, come back and are drained; servers that are started again or are frozen.

use crate::world::{Program, World, free_ports, signal};
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::Duration;
use wire::membership::{ClusterEvent, EventKind};
use wire::{PoolSettings, ServerClient};

/// Long enough that only a defect reaches it.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn client_of(server: &Program) -> ServerClient {
    ServerClient::new(server.address.clone(), PoolSettings::default())
}

/// Asks for events until one is as wanted; answers its number. A server on which it never comes hangs the test.
pub(crate) fn wait_for(server: &ServerClient, after: u64, is_wanted: impl Fn(&ClusterEvent) -> bool) -> u64 {
    loop {
        let events = server.events(after, PATIENCE).unwrap().events;
        if let Some(event) = events.iter().find(|event| is_wanted(event)) {
            return event.number;
        }
        std::thread::yield_now();
    }
}

pub(crate) fn registering(world: &World, server: &str, name: &str, more: &[&str]) -> Program {
    let mut command = world.command("computenode");
    command.args(["0", "--server", server, "--name", name, "--delay", "20ms"]).args(more);
    world.start(command)
}

#[test]
fn nodes_register_in_the_middle_of_a_job_and_a_drained_one_finishes_and_leaves() {
    let world = World::new();
    world.multiply(60);
    let server = world.server([], &["--patience", "60s"]);
    let asked = client_of(&server);
    let mut client =
        world.client_command(&server, &["data", "round_robin"]).stdout(Stdio::null()).spawn().unwrap();
    wait_for(&asked, 0, |event| event.kind == EventKind::JobTaken);
    let first = registering(&world, &server.address, "first", &[]);
    wait_for(&asked, 0, |event| event.kind == EventKind::NodeUp && event.subject == "first");
    let _second = registering(&world, &server.address, "second", &[]);
    wait_for(&asked, 0, |event| event.kind == EventKind::NodeUp && event.subject == "second");
    let mut drain = world.command("drain");
    let drained = drain.args(["first", "--wait", "--server", &server.address]).output().unwrap();
    assert!(drained.status.success(), "{drained:?}");
    let text = String::from_utf8(drained.stdout).unwrap();
    assert!(text.contains("first has nothing in flight and gets nothing new"), "{text}");
    let kinds: Vec<EventKind> =
        asked.events(0, PATIENCE).unwrap().events.iter().map(|event| event.kind).collect();
    assert!(kinds.contains(&EventKind::NodeDraining) && kinds.contains(&EventKind::NodeDrained), "{kinds:?}");
    first.signal("TERM");
    assert_eq!(first.end(), Some(0), "nothing was in flight");
    assert_eq!(client.wait().unwrap().code(), Some(0));
    world.check_results(&world.images(), "edges");
    let unknown = world.command("drain").args(["nobody", "--server", &server.address]).output().unwrap();
    assert_eq!(unknown.status.code(), Some(1));
    assert!(String::from_utf8(unknown.stderr).unwrap().contains("the server has no node 'nobody'"));
}

#[test]
fn a_hanging_node_is_suspected_then_removed_and_comes_back() {
    let world = World::new();
    let server = world.server([], &["--silence", "400ms", "--remove-after", "900ms"]);
    let asked = client_of(&server);
    let node = registering(&world, &server.address, "sleepy", &[]);
    let up = wait_for(&asked, 0, |event| event.kind == EventKind::NodeUp);
    node.signal("STOP");
    let suspected = wait_for(&asked, up, |event| event.kind == EventKind::NodeSuspected);
    let removed = wait_for(&asked, suspected, |event| event.kind == EventKind::NodeRemoved);
    assert!(
        asked.describe(PATIENCE).unwrap().nodes.is_empty(),
        "who came by itself and is gone is not listed"
    );
    node.signal("CONT");
    wait_for(&asked, removed, |event| event.kind == EventKind::NodeUp);
    let said = world.client(&server, &["data", "random"]);
    assert_eq!(said.status, Some(0), "{said:?}");
}

#[test]
fn a_node_that_is_started_again_is_another_process() {
    let world = World::new();
    let address = format!("127.0.0.1:{}", free_ports(1)[0]);
    let start = || {
        let mut command = world.command("computenode");
        command.args(["0", "--listen", &address]);
        world.start(command)
    };
    let first = start();
    let server = world.server([address.as_str()], &[]);
    let asked = client_of(&server);
    let before = asked.describe(PATIENCE).unwrap().nodes[0].incarnation;
    drop(first);
    let _second = start();
    wait_for(&asked, 0, |event| event.kind == EventKind::NodeRestarted);
    assert_ne!(asked.describe(PATIENCE).unwrap().nodes[0].incarnation, before);
    let said = world.client(&server, &["data", "random"]);
    assert_eq!(said.status, Some(0), "{said:?}");
}

#[test]
fn client_and_nodes_wait_for_a_server_that_is_killed_and_started_again() {
    let world = World::new();
    world.multiply(80);
    let address = format!("127.0.0.1:{}", free_ports(1)[0]);
    let start = || {
        let mut command = world.command("server");
        command.args(["--listen", &address, "--results", "results", "--patience", "60s"]);
        world.start(command)
    };
    let server = start();
    let asked = client_of(&server);
    let _node = registering(&world, &address, "faithful", &["--slots", "2", "--delay-probability", "1"]);
    wait_for(&asked, 0, |event| event.kind == EventKind::NodeUp);
    let mut client = world
        .client_command(&server, &["data", "random", "--server-wait", "5m"])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    while world.results().iter().filter(|name| !name.starts_with('.')).count() < 3 {
        std::thread::yield_now();
    }
    drop(server);
    let _again = start();
    assert_eq!(client.wait().unwrap().code(), Some(0));
    world.check_results(&world.images(), "edges");
}

#[test]
fn ctrl_c_is_heard_while_the_server_is_frozen() {
    let world = World::new();
    let server = world.server([], &["--patience", "10m"]);
    let mut command = world.client_command(&server, &["data", "random"]);
    let mut client = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    wait_for(&client_of(&server), 0, |event| event.kind == EventKind::JobTaken);
    server.signal("STOP");
    signal(client.id(), "INT");
    // The first one is heard although no call is answered any more; the second one leaves at once.
    let mut lines = BufReader::new(client.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("once more to leave at once")));
    signal(client.id(), "INT");
    assert_eq!(client.wait().unwrap().code(), Some(130));
}

/// Two servers, the second one a standby of the first, and a node that registers with both.
fn pair(world: &World) -> (Program, Program, Program) {
    let first = world.server([], &["--patience", "10m"]);
    let standby = [
        "--name",
        "standby",
        "--standby-of",
        &first.address,
        "--takeover-after",
        "400ms",
        "--patience",
        "10m",
    ];
    let second = world.server([], &standby);
    let both = format!("{},{}", first.address, second.address);
    // Every task sleeps, so that the job is not over before it is paused.
    let node = registering(world, &both, "both", &["--slots", "2", "--delay-probability", "1"]);
    for server in [&first, &second] {
        wait_for(&client_of(server), 0, |event| event.kind == EventKind::NodeUp);
    }
    (first, second, node)
}

/// Has the first server take a job and pause it, so that it does not end there; ends when the second knows of it.
pub(crate) fn begin_at(world: &World, first: &Program, second: &Program) {
    let words = ["data", "random", "--job-key", "watched"];
    let mut client =
        world.client_command(first, &words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_for(&client_of(first), 0, |event| event.kind == EventKind::JobTaken);
    client_of(first).pause_job("watched", PATIENCE).unwrap().unwrap();
    wait_for(&client_of(second), 0, |event| event.kind == EventKind::JobWatched);
    client.kill().unwrap();
    client.wait().unwrap();
}

/// The watched job goes on at `second` to its end, and every image has its result.
pub(crate) fn goes_on_at(world: &World, second: &Program) {
    let asked = client_of(second);
    wait_for(&asked, 0, |event| event.kind == EventKind::JobFailedOver);
    wait_for(&asked, 0, |event| event.kind == EventKind::JobEnded);
    world.check_results(&world.images(), "edges");
}

#[test]
fn a_standby_goes_on_with_a_job_whose_server_and_client_are_gone() {
    let world = World::new();
    world.multiply(200);
    let (first, second, _node) = pair(&world);
    begin_at(&world, &first, &second);
    drop(first);
    goes_on_at(&world, &second);
}

#[test]
fn a_server_that_wakes_up_lets_go_of_the_job_that_another_one_has_taken_over() {
    let world = World::new();
    world.multiply(200);
    let (first, second, _node) = pair(&world);
    begin_at(&world, &first, &second);
    first.signal("STOP");
    let asked = client_of(&second);
    wait_for(&asked, 0, |event| event.kind == EventKind::JobEnded);
    first.signal("CONT");
    let woken = client_of(&first);
    // Its job was paused: when it goes on, the node refuses the older submission.
    let _known = woken.resume_job("watched", PATIENCE).unwrap();
    wait_for(&woken, 0, |event| event.kind == EventKind::JobDeposed);
    world.check_results(&world.images(), "edges");
    let unknown = woken.report("watched", PATIENCE).unwrap();
    assert!(unknown.is_err(), "{unknown:?}");
}
