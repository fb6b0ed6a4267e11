//! What a user gets for a mistake: one sentence with the cause and the remedy, and the right exit status.

use crate::world::{Said, World, free_ports};
use std::fs;

fn run(world: &World, verb: &str, arguments: &[&str]) -> Said {
    world.command(verb).args(arguments).output().unwrap().into()
}

#[track_caller]
fn refused(said: &Said, status: i32, words: &[&str]) {
    assert_eq!(said.status, Some(status), "{said:?}");
    for word in words {
        assert!(said.err.contains(word), "{word:?} is not in {:?}", said.err);
    }
    assert!(!said.err.contains("panicked"), "{said:?}");
}

#[test]
fn machine_txt_with_every_fault_at_once() {
    let world = World::new();
    for program in ["server", "computenode"] {
        let arguments: &[&str] = if program == "server" { &[] } else { &["0.5"] };
        refused(
            &run(&world, program, arguments),
            1,
            &["there is no file 'machine.txt'", "node0 127.0.0.1:5001"],
        );
        fs::write(world.path().join("machine.txt"), "").unwrap();
        refused(&run(&world, program, arguments), 1, &["machine.txt"]);
        fs::write(world.path().join("machine.txt"), "node0 127.0.0.1:99999\nnode0 127.0.0.1:5001\nnode1\n")
            .unwrap();
        let said = run(&world, program, arguments);
        refused(&said, 1, &["machine.txt:1:17", "machine.txt:2:1", "machine.txt:3:", "server"]);
        fs::remove_file(world.path().join("machine.txt")).unwrap();
    }
    refused(&run(&world, "client", &["data", "random"]), 1, &["there is no file 'machine.txt'"]);
}

#[test]
fn a_load_probability_that_is_none() {
    let world = World::new();
    for bad in ["1.5", "-3", "NaN", "much"] {
        let said = run(&world, "computenode", &[bad, "--listen", "127.0.0.1:0"]);
        refused(&said, 2, &["from 0 to 1"]);
    }
}

#[test]
fn a_port_that_is_taken() {
    let world = World::new();
    let node = world.node("0", &[]);
    let port = node.address.rsplit(':').next().unwrap();
    refused(&run(&world, "computenode", &["0", "--listen", &node.address]), 1, &["port", port, "is taken"]);
    let said = run(&world, "server", &["--listen", &node.address, "--node", "127.0.0.1:1"]);
    refused(&said, 1, &["port", port, "is taken"]);
    assert!(!world.path().join("results").exists(), "a server that does not start leaves no run behind");
}

#[test]
fn a_strategy_or_an_operation_that_nobody_knows() {
    let world = World::new();
    let (server, _nodes) = world.cluster(&["0"], &[]);
    let said = world.client(&server, &["data", "leastconnections"]);
    refused(&said, 2, &["did you mean 'least_connections'?", "known are random, load_balancing"]);
    let said = world.client(&server, &["data", "random", "--operation", "edge"]);
    refused(&said, 2, &["edge", "edges", "grayscale"]);
    assert_eq!(world.results(), [""; 0], "nothing was begun");
}

#[test]
fn a_data_path_that_is_no_job() {
    let world = World::new();
    let (server, _nodes) = world.cluster(&["0"], &[]);
    refused(&world.client(&server, &["nowhere", "random"]), 2, &["there is no folder", "nowhere"]);
    refused(&world.client(&server, &["data/input_dir", "random"]), 2, &["has no input_dir"]);
    refused(&world.client(&server, &["data/input_dir/photograph_00.jpg", "random"]), 2, &["is not a folder"]);
    fs::create_dir_all(world.path().join("hollow/input_dir")).unwrap();
    refused(&world.client(&server, &["hollow", "random"]), 2, &["holds no image", ".png"]);
    fs::write(world.output(), "a file").unwrap();
    refused(&world.client(&server, &["data", "random"]), 2, &["results cannot be written", "output_dir"]);
}

#[test]
fn a_folder_outside_the_nodes_data_roots() {
    let world = World::new();
    let elsewhere = tempfile::tempdir().unwrap();
    let node = world.node("0", &["--data-root", elsewhere.path().to_str().unwrap()]);
    let server = world.server([node.address.as_str()], &["--patience", "2s"]);
    let said = world.client(&server, &["data", "random"]);
    assert!(matches!(said.status, Some(3 | 4)), "{said:?}");
    assert!(said.out.contains("--data-root") || said.err.contains("--data-root"), "{said:?}");
    assert_eq!(world.results(), [""; 0]);
}

#[test]
fn a_server_that_is_down() {
    let world = World::new();
    let port = free_ports(1)[0];
    let said = run(&world, "client", &["data", "random", "--server", &format!("127.0.0.1:{port}")]);
    refused(&said, 1, &[&port.to_string(), "refused", "start it with `server`"]);
}

#[test]
fn two_jobs_on_one_output() {
    let world = World::new();
    world.multiply(60);
    let node = world.node("1", &["--slots", "1"]);
    let server = world.server([node.address.as_str()], &[]);
    let mut first = world.client_command(&server, &["data", "random", "--job-key", "first"]).spawn().unwrap();
    // Once there are results the first job has the folder; every task of it sleeps, so it will have it for a while.
    while world.results().iter().all(|name| name.starts_with('.')) {
        std::thread::yield_now();
    }
    let second = world.client(&server, &["data", "random", "--job-key", "second"]);
    refused(&second, 2, &["is writing to the output_dir", "first"]);
    // Nor may a job of another folder whose results would lie at the same place.
    let other = world.path().join("data/other");
    fs::create_dir_all(other.join("input_dir")).unwrap();
    fs::copy(world.input().join("photograph_00.jpg"), other.join("input_dir/photograph_01.jpg")).unwrap();
    std::os::unix::fs::symlink("../output_dir", other.join("output_dir")).unwrap();
    let third = world.client(&server, &["data/other", "random", "--job-key", "third"]);
    refused(&third, 2, &["is writing to the output_dir", "first"]);
    assert!(first.wait().unwrap().success());
    world.check_results(&world.images(), "edges");
}
