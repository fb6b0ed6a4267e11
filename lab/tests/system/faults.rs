//! Nodes and servers that refuse, are down, die or are told to stop.

use crate::world::{World, free_ports, signal};
use records::{AttemptOutcome, Run};
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Duration;
use wire::{NodeClient, PoolSettings};

/// Long enough that only a defect reaches it.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn a_cluster_that_refuses_everything() {
    let world = World::new();
    let (server, _nodes) = world.cluster(&["1", "1", "1", "1"], &[]);
    let said = world.client(&server, &["data", "load_balancing", "--max-attempts", "40"]);
    assert_eq!(said.status, Some(4), "{said:?}");
    let everything = format!("{}{}", said.out, said.err);
    assert!(
        everything.contains("no node accepted the work: 320 of 320 attempts were rejected"),
        "{everything}"
    );
    assert_eq!(world.results(), [""; 0]);
    // The same cluster must take what it may not refuse.
    let said = world.client(&server, &["data", "random"]);
    assert_eq!(said.status, Some(0), "{said:?}");
    world.check_results(&world.images(), "edges");
}

#[test]
fn nodes_that_are_down_for_ever() {
    let world = World::new();
    let ports: Vec<String> = free_ports(2).iter().map(|port| format!("127.0.0.1:{port}")).collect();
    let server = world.server(ports.iter().map(String::as_str), &["--patience", "1s"]);
    let said = world.client(&server, &["data", "random"]);
    assert_eq!(said.status, Some(4), "{said:?}");
    let everything = format!("{}{}", said.out, said.err);
    assert!(everything.contains("no node is up") && everything.contains("computenode"), "{everything}");
    assert!(everything.contains(&ports[0]) && everything.contains("refused"), "{everything}");
}

#[test]
fn a_node_that_is_down_at_the_start_and_comes_later() {
    let world = World::new();
    let address = format!("127.0.0.1:{}", free_ports(1)[0]);
    let server = world.server([address.as_str()], &["--patience", "60s"]);
    let mut client = world.client_command(&server, &["data", "round_robin"]).spawn().unwrap();
    let mut command = world.command("computenode");
    command.args(["0", "--listen", &address]);
    let _node = world.start(command);
    assert_eq!(client.wait().unwrap().code(), Some(0));
    world.check_results(&world.images(), "edges");
}

#[test]
fn a_node_that_dies_in_the_middle_costs_time_and_no_image() {
    let world = World::new();
    world.multiply(120);
    let (server, mut nodes) = world.cluster(&["0.9", "0.9", "0"], &[]);
    let mut command = world.client_command(&server, &["data", "random"]);
    let mut client = command.stdout(Stdio::null()).spawn().unwrap();
    wait_for_results(&world, 5);
    drop(nodes.remove(0));
    assert_eq!(client.wait().unwrap().code(), Some(0));
    world.check_results(&world.images(), "edges");
    let run = Run::read(&world.run_folder()).unwrap();
    assert!(run.attempts.iter().any(|row| row.outcome == AttemptOutcome::Lost), "the death was not felt");
    assert_eq!(
        run.attempts.iter().filter(|row| row.outcome == AttemptOutcome::Done).count(),
        run.tasks.len()
    );
}

#[test]
fn ctrl_c_cancels_the_job() {
    let world = World::new();
    world.multiply(400);
    let node = world.node("1", &["--slots", "2"]);
    let server = world.server([node.address.as_str()], &[]);
    let mut command = world.client_command(&server, &["data", "random"]);
    let client = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_for_results(&world, 3);
    signal(client.id(), "INT");
    let said = client.wait_with_output().unwrap();
    assert_eq!(said.status.code(), Some(130));
    let run = Run::read(&world.run_folder()).unwrap();
    assert_eq!(run.jobs[0].state, records::JobOutcome::Cancelled);
    assert_eq!(run.tasks.len(), run.jobs[0].tasks as usize);
    // The server is free for the next job at once.
    fs::remove_dir_all(world.input()).unwrap();
    fs::create_dir(world.input()).unwrap();
    let shipped = World::new();
    fs::copy(shipped.input().join("photograph_03.png"), world.input().join("next.png")).unwrap();
    assert_eq!(world.client(&server, &["data", "random"]).status, Some(0));
}

#[test]
fn the_records_survive_a_killed_server() {
    let world = World::new();
    world.multiply(300);
    let node = world.node("1", &["--slots", "4"]);
    let server = world.server([node.address.as_str()], &[]);
    let mut command = world.client_command(&server, &["data", "random", "--server-wait", "0s"]);
    let mut client = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let attempts = loop {
        let attempts = wait_for_rows(&world, 20);
        if attempts >= 20 {
            break attempts;
        }
    };
    drop(server);
    assert_ne!(client.wait().unwrap().code(), Some(0), "the client must tell that its server is lost");
    let run = Run::read(&world.run_folder()).unwrap();
    assert!(run.attempts.len() >= attempts, "rows that were in the file are gone");
    for name in world.results().iter().filter(|name| !name.starts_with('.')) {
        let result = fs::read(world.output().join(name)).unwrap();
        assert!(result == crate::world::expected(&world.input().join(name), "edges"), "{name} is not whole");
    }
}

#[test]
fn a_server_that_is_told_to_stop_finishes_its_jobs() {
    let world = World::new();
    world.multiply(40);
    // Every task sleeps, so that the job is not over when the signal comes.
    let (server, _nodes) = world.cluster(&["1"], &["--grace", "60s"]);
    let mut command = world.client_command(&server, &["data", "random"]);
    let mut client = command.stdout(Stdio::null()).spawn().unwrap();
    wait_for_results(&world, 1);
    server.signal("TERM");
    assert_eq!(client.wait().unwrap().code(), Some(0));
    assert_eq!(server.end(), Some(0));
    world.check_results(&world.images(), "edges");
}

#[test]
fn the_lab_leaves_no_process_behind_when_it_is_killed() {
    let world = World::new();
    let mut command = world.command("demo");
    command.args(["--data", "data", "--replications", "50", "--delay", "200ms"]);
    let mut lab = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Once there are records, all programs are up.
    while !world.path().join("results").exists() || wait_for_rows(&world, 1) == 0 {
        assert!(lab.try_wait().unwrap().is_none(), "the lab ended early");
        std::thread::yield_now();
    }
    let children = children_of(lab.id());
    assert!(children.len() >= 5, "{children:?}");
    lab.kill().unwrap();
    lab.wait().unwrap();
    // Their standard output is a pipe of the lab's; they end by themselves. Waiting for it needs no clock: the test
    // would hang, and be killed by its runner, if one of them lived on.
    while children.iter().any(|child| is_alive(*child)) {
        std::thread::yield_now();
    }
}

fn children_of(process: u32) -> Vec<u32> {
    let text = fs::read_to_string(format!("/proc/{process}/task/{process}/children")).unwrap_or_default();
    let own = text.split_whitespace().filter_map(|id| id.parse().ok());
    let threads = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let of_threads = threads.flat_map(|thread| {
        let text = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
        text.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<u32>>()
    });
    let mut all: Vec<u32> = own.chain(of_threads).collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn is_alive(process: u32) -> bool {
    // A process that has ended and is not yet reaped is a zombie.
    let Ok(status) = fs::File::open(format!("/proc/{process}/status")) else { return false };
    let mut lines = BufReader::new(status).lines().map_while(Result::ok);
    lines
        .find(|line| line.starts_with("State:"))
        .is_some_and(|line| !line.contains('Z') && !line.contains('X'))
}

fn wait_for_results(world: &World, count: usize) {
    while world.results().iter().filter(|name| !name.starts_with('.')).count() < count {
        std::thread::yield_now();
    }
}

#[test]
fn an_attempt_that_nobody_waits_for_any_more_leaves_nothing_after_its_job() {
    let world = World::new();
    world.multiply(40);
    let mut sleepy = world.command("computenode");
    sleepy.args(["1", "--listen", "127.0.0.1:0", "--slots", "2", "--delay", "400ms"]);
    let slow = world.start(sleepy);
    let fast = world.node("0", &[]);
    let addresses = [slow.address.as_str(), fast.address.as_str()];
    let server = world.server(addresses, &["--silence", "1s", "--attempt-timeout", "2s"]);
    let mut command = world.client_command(&server, &["data", "random", "--max-in-flight", "4"]);
    let mut client = command.stdout(Stdio::null()).spawn().unwrap();
    let asked = NodeClient::new(slow.address.clone(), PoolSettings::default());
    while asked.status(PATIENCE).unwrap().running == 0 {}
    slow.signal("STOP");
    assert_eq!(client.wait().unwrap().code(), Some(0));
    // It finishes what it had begun, for an attempt that was given up and a job that has ended, and then it ends.
    slow.signal("CONT");
    slow.signal("TERM");
    assert_eq!(slow.end(), Some(0));
    world.check_results(&world.images(), "edges");
}

/// Rows of `attempts.csv` so far; waits until there is a run.
fn wait_for_rows(world: &World, count: usize) -> usize {
    let results = world.path().join("results");
    loop {
        let runs = fs::read_dir(&results).into_iter().flatten().flatten();
        let rows = runs
            .filter_map(|run| fs::read_to_string(run.path().join("attempts.csv")).ok())
            .map(|text| text.lines().count().saturating_sub(1))
            .max()
            .unwrap_or(0);
        if rows >= count {
            return rows;
        }
        std::thread::yield_now();
    }
}

#[test]
fn a_node_that_hangs_does_not_hold_the_job_up() {
    let world = World::new();
    world.multiply(60);
    // The attempt's own time-out is far beyond any test's patience: only the silence can free the job.
    let (server, mut nodes) = world.cluster(&["0", "0"], &["--silence", "1s", "--attempt-timeout", "1h"]);
    nodes[0].signal("STOP");
    let said = world.client(&server, &["data", "round_robin"]);
    nodes[0].signal("CONT");
    assert_eq!(said.status, Some(0), "{said:?}");
    // The node goes on where it was stopped, and finds nowhere to put its late results.
    nodes[0].signal("TERM");
    nodes.remove(0).end();
    world.check_results(&world.images(), "edges");
    let run = Run::read(&world.run_folder()).unwrap();
    assert!(run.tasks.iter().all(|task| &*task.node == "node1"), "a stopped node finished a task");
}
