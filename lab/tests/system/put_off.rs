//! A job whose folder cannot be had when its server starts again: it waits, and nothing of it is done again.

use crate::resume::{PATIENCE, client, report, request};
use crate::world::World;
use std::fs;
use wire::job::{JobState, SubmitError, Transfer};

#[test]
fn a_job_whose_folder_is_away_at_a_restart_goes_on_when_it_is_there_again() {
    let world = World::new();
    world.multiply(60);
    let node = world.node("0", &["--slots", "1"]);
    let start = || {
        let mut command = world.command("server");
        command.args(["--listen", "127.0.0.1:0", "--node", &node.address, "--state", "state"]);
        world.start(command)
    };
    let job = request(&world.data(), Transfer::Shared);
    let first = start();
    client(&first).submit(&job, PATIENCE).unwrap().unwrap();
    while client(&first).report("the-job", PATIENCE).unwrap().unwrap().progress.done < 10 {}
    drop(first);
    let (workshop, aside) = (world.output().join(".ballast"), world.path().join("aside"));
    fs::rename(&workshop, &aside).unwrap();
    fs::write(&workshop, b"in the way").unwrap();

    let second = start();
    for _ in 0..2 {
        let refused = client(&second).submit(&job, PATIENCE).unwrap().unwrap_err();
        let SubmitError::NotNow { why, .. } = refused else { panic!("{refused:?}") };
        assert!(why.contains("'the-job' goes on as soon as it can") && why.contains("room"), "{why}");
    }
    fs::remove_file(&workshop).unwrap();
    fs::rename(&aside, &workshop).unwrap();
    client(&second).submit(&job, PATIENCE).unwrap().unwrap();
    let done = report(&client(&second), "the-job");
    assert_eq!((done.progress.state, done.progress.done), (JobState::Done, 68));
    assert!(done.progress.attempts <= 58, "{} attempts at 58 open tasks", done.progress.attempts);
    world.check_results(&world.images(), "edges");
}
