//! A server that is stopped, and two that are handed jobs for one folder: who goes on, and who is told what.

use crate::resume::{PATIENCE, client, report, request};
use crate::world::{Program, Said, World, free_ports};
use std::process::Stdio;
use wire::job::{JobRequest, JobState, Transfer};

#[test]
fn of_two_servers_with_different_jobs_for_one_folder_at_the_same_moment_one_is_refused() {
    let world = World::new();
    world.multiply(60);
    let node = world.node("1", &["--slots", "1"]);
    let start = |name: &str| {
        let mut command = world.command("server");
        let address = format!("127.0.0.1:{}", free_ports(1)[0]);
        command.args(["--listen", &address, "--node", &node.address, "--name", name]);
        world.start(command)
    };
    let servers = [start("one"), start("two")];
    for round in 0..8 {
        let together = std::sync::Barrier::new(2);
        let submit = |server: &Program| {
            let job = JobRequest {
                job_key: format!("job-{round}-{}", server.address),
                strategy: "random".to_owned(),
                max_in_flight: Some(2),
                ..request(&world.data(), Transfer::Shared)
            };
            let client = client(server);
            together.wait();
            let taken = client.submit(&job, PATIENCE).unwrap();
            (client, job.job_key, taken)
        };
        let came = std::thread::scope(|scope| {
            servers.each_ref().map(|server| scope.spawn(|| submit(server))).map(|at| at.join().unwrap())
        });
        let (taken, refused): (Vec<_>, Vec<_>) = came.into_iter().partition(|(_, _, came)| came.is_ok());
        let [(client, key, _)] = &taken[..] else { panic!("round {round}: {taken:?} {refused:?}") };
        let why = refused[0].2.as_ref().unwrap_err().to_string();
        assert!(
            why.contains(&format!("job '{key}' of another server is writing to the output_dir")),
            "{why}"
        );
        // It goes on as if nobody else had come.
        while client.report(key, PATIENCE).unwrap().unwrap().progress.done < 2 {}
        assert_eq!(client.report(key, PATIENCE).unwrap().unwrap().progress.state, JobState::Running);
        client.cancel(key, PATIENCE).unwrap().unwrap();
        assert_eq!(report(client, key).progress.state, JobState::Cancelled);
    }
}

#[test]
fn a_server_that_is_stopped_leaves_its_jobs_to_the_next_one_and_the_client_waits() {
    let world = World::new();
    world.multiply(60);
    let node = world.node("1", &["--slots", "1"]);
    let address = format!("127.0.0.1:{}", free_ports(1)[0]);
    let server = || {
        let mut command = world.command("server");
        command.args(["--listen", &address, "--node", &node.address, "--state", "state", "--grace", "0s"]);
        world.start(command)
    };
    let first = server();
    // What is in flight when a server ends, the node does all the same.
    let words = ["data", "random", "--job-key", "the-job", "--max-in-flight", "2"];
    let waits =
        world.client_command(&first, &words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while !matches!(client(&first).report("the-job", PATIENCE), Ok(Ok(report)) if report.progress.done >= 5) {
    }
    first.signal("TERM");
    assert_eq!(first.end(), Some(0), "nothing is lost");
    let before = world.results();
    assert!(before.len() < 68 && !before.contains(&".ballast".to_owned()), "{before:?}");

    let second = server();
    let said = Said::from(waits.wait_with_output().unwrap());
    assert_eq!(said.status, Some(0), "{said:?}");
    assert!(said.err.contains("goes on when it is started again"), "{said:?}");
    let done = report(&client(&second), "the-job");
    assert_eq!(done.nodes[0].done, 68 - before.len() as u64, "{done:?}");
    world.check_results(&world.images(), "edges");
}

#[test]
fn a_server_that_is_stopped_and_has_no_state_cancels_its_jobs() {
    let world = World::new();
    world.multiply(60);
    let node = world.node("1", &["--slots", "1"]);
    let mut command = world.command("server");
    command.args(["--listen", "127.0.0.1:0", "--node", &node.address, "--grace", "0s"]);
    let first = world.start(command);
    let strategy = "random".to_owned();
    let few = JobRequest { strategy, max_in_flight: Some(2), ..request(&world.data(), Transfer::Shared) };
    client(&first).submit(&few, PATIENCE).unwrap().unwrap();
    while client(&first).report("the-job", PATIENCE).unwrap().unwrap().progress.done < 5 {}
    first.signal("TERM");
    assert_eq!(first.end(), Some(1), "work was given up");
}
