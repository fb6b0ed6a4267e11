//! The card's way: one terminal a node, one for the server, one for the client, and a `machine.txt`.

use crate::world::{Program, World, free_ports};
use std::fs;

/// Writes the card's `machine.txt` and starts what it names, without any flag.
fn start(world: &World, loads: [&str; 4]) -> (Program, Vec<Program>) {
    let ports = free_ports(5);
    let mut lines: String = (0..4).map(|node| format!("node{node} 127.0.0.1:{}\n", ports[node])).collect();
    lines.push_str(&format!("server 127.0.0.1:{}\n", ports[4]));
    fs::write(world.path().join("machine.txt"), lines).unwrap();
    let nodes = loads.map(|load| {
        let mut command = world.command("computenode");
        command.arg(load).env("BALLAST_DELAY", "20ms");
        world.start(command)
    });
    let addresses: Vec<&str> = nodes.iter().map(|node| node.address.as_str()).collect();
    let wanted: Vec<String> = ports[..4].iter().map(|port| format!("127.0.0.1:{port}")).collect();
    assert_eq!(addresses, wanted, "each node takes the first free entry");
    (world.start(world.command("server")), nodes.into())
}

#[test]
fn four_terminals_need_no_flags() {
    let world = World::new();
    let (_server, _nodes) = start(&world, ["0.8", "0.6", "0.5", "0.2"]);
    for strategy in ["random", "load_balancing", "load_aware"] {
        let _ = fs::remove_dir_all(world.output());
        let mut command = world.command("client");
        let said: crate::world::Said = command.args(["data", strategy]).output().unwrap().into();
        assert_eq!(said.status, Some(0), "{said:?}");
        assert!(said.out.contains("8 of 8 images"), "{}", said.out);
        world.check_results(&world.images(), "edges");
    }
}

#[test]
fn another_operation_and_inline_images() {
    let world = World::new();
    let (server, _nodes) = world.cluster(&["0", "0.3"], &[]);
    let said =
        world.client(&server, &["data", "round_robin", "--operation", "grayscale", "--transfer", "inline"]);
    assert_eq!(said.status, Some(0), "{said:?}");
    world.check_results(&world.images(), "grayscale");
}

#[test]
fn one_seed_gives_one_history() {
    // One attempt at a time, so that nothing but the seed can decide.
    let world = World::new();
    let (server, _nodes) = world.cluster(&["0.8", "0.6", "0.5", "0.2"], &[]);
    let mut histories = Vec::new();
    for seed in ["7", "7", "8"] {
        let arguments = ["data", "load_balancing", "--seed", seed, "--max-in-flight", "1"];
        assert_eq!(world.client(&server, &arguments).status, Some(0));
        let run = records::Run::read(&world.run_folder()).unwrap();
        let job = run.jobs.last().unwrap().job_key.clone();
        let history: Vec<_> = run
            .attempts
            .iter()
            .filter(|row| row.job_key == job)
            .map(|row| (row.task, row.attempt, row.node.clone(), row.outcome, row.delayed))
            .collect();
        histories.push(history);
    }
    assert_eq!(histories[0], histories[1]);
    assert_ne!(histories[0], histories[2], "the seed does not reach the run");
}

#[test]
fn late_copies_of_one_job_do_not_disturb_the_next() {
    // Hedged attempts that lose come back after their job's end, into the same folder as the next job's.
    let world = World::new();
    let (server, _nodes) = world.cluster(&["0.8", "0.6", "0.5", "0.2"], &[]);
    for seed in 1..=12 {
        let said = world.client(&server, &["data", "ballast", "--seed", &seed.to_string()]);
        assert_eq!(said.status, Some(0), "{said:?}");
    }
    while world.results().iter().any(|name| name.starts_with('.')) {
        std::thread::yield_now();
    }
    world.check_results(&world.images(), "edges");
}
