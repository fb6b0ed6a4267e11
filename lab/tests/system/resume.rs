//! A server that is killed and started again goes on with what it had promised.

use crate::world::{Program, World, free_ports, signal};
use records::{Run, TaskOutcome};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use wire::division::{BatchSize, Division, Way};
use wire::job::{JobReport, JobRequest, JobSource, JobState, SubmitError, Transfer};
use wire::{PoolSettings, ServerClient};

pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn request(data: &Path, transfer: Transfer) -> JobRequest {
    JobRequest {
        seed: Some(1),
        ..JobRequest::new(
            "the-job",
            JobSource::Folder {
                path: data.canonicalize().unwrap().to_string_lossy().into_owned(),
                recursive: false,
                transfer,
                division: Division::default(),
            },
            "round_robin",
            "edges",
        )
    }
}

pub(crate) fn client(server: &Program) -> ServerClient {
    ServerClient::new(server.address.clone(), PoolSettings::default())
}

pub(crate) fn report(client: &ServerClient, key: &str) -> JobReport {
    while client.progress(key, PATIENCE).unwrap().unwrap().state == JobState::Running {}
    client.report(key, PATIENCE).unwrap().unwrap()
}

fn server_command(world: &World, node: &Program) -> Command {
    let mut command = world.command("server");
    command.args(["--listen", "127.0.0.1:0", "--node", &node.address, "--state", "state"]);
    command
}

/// Every image's result is there and right, nothing else is, and the last run has one row a task.
fn check(world: &World, run_folder: &str, done: &JobReport) {
    assert_eq!(done.progress.state, JobState::Done, "{done:?}");
    let images = world.images();
    world.check_results(&images, "edges");
    let run = Run::read(Path::new(run_folder)).unwrap();
    let mut tasks: Vec<(u64, &str)> = run.tasks.iter().map(|row| (row.task, &*row.image)).collect();
    tasks.sort_unstable();
    let wanted: Vec<(u64, &str)> = (0..).zip(images.iter().map(String::as_str)).collect();
    assert_eq!(tasks, wanted, "one row a task");
    assert!(run.tasks.iter().all(|row| row.outcome == TaskOutcome::Done));
}

/// Starts a server that ends in the middle of its `write`-th write of the journal, and has the job done after a restart.
/// Answers whether the first server lived long enough to end the job.
fn killed_at(write: u64, transfer: Transfer) -> bool {
    let world = World::new();
    let node = world.node("0", &["--slots", "2"]);
    let mut command = server_command(&world, &node);
    command.env("BALLAST_TEST_JOURNAL_FAULT", format!("torn@{write}")).stderr(Stdio::null());
    let Some(mut first) = world.try_start(command) else {
        // It ended before it was ready.
        assert!(write <= 2, "{write}");
        return finish(&world, &node, transfer, false);
    };
    let mut accepted = false;
    let mut survived = false;
    if let Ok(taken) = client(&first).submit(&request(&world.data(), transfer), PATIENCE) {
        accepted = taken.is_ok();
        while let Ok(Ok(progress)) = client(&first).progress("the-job", PATIENCE) {
            if progress.state != JobState::Running {
                survived = true;
                break;
            }
        }
    }
    if survived {
        signal(first.child.id(), "KILL");
    }
    first.child.wait().unwrap();
    finish(&world, &node, transfer, accepted);
    survived
}

/// The second server's part.
fn finish(world: &World, node: &Program, transfer: Transfer, accepted: bool) -> bool {
    let second = world.start(server_command(world, node));
    let client = client(&second);
    if accepted {
        let known = client.progress("the-job", Duration::ZERO).unwrap();
        assert!(known.is_ok(), "what was answered is known: {known:?}");
    }
    let receipt = client.submit(&request(&world.data(), transfer), PATIENCE).unwrap().unwrap();
    assert_eq!(receipt.tasks, world.images().len() as u64);
    let done = report(&client, "the-job");
    if done.progress.attempts > 0 {
        check(world, &receipt.run_folder, &done);
    } else {
        world.check_results(&world.images(), "edges");
    }
    false
}

#[test]
fn a_server_that_ends_in_the_middle_of_any_write_of_the_journal_resumes_its_job() {
    let mut writes = 0;
    for write in 1.. {
        writes = write;
        if killed_at(write, Transfer::Shared) {
            break;
        }
    }
    // The head, the acceptance, at least one result, the end.
    assert!(writes >= 5, "{writes}");
}

#[test]
fn images_that_travel_inline_are_resumed_too() {
    killed_at(4, Transfer::Inline);
}

#[test]
fn a_killed_server_does_not_redo_what_is_published_and_still_answers_for_what_has_ended() {
    let world = World::new();
    world.multiply(60);
    let node = world.node("0", &["--slots", "1"]);
    let first = world.start(server_command(&world, &node));
    let taken = client(&first).submit(&request(&world.data(), Transfer::Shared), PATIENCE).unwrap().unwrap();
    while client(&first).report("the-job", PATIENCE).unwrap().unwrap().progress.done < 10 {}
    drop(first);

    let second = world.start(server_command(&world, &node));
    let at_second = client(&second);
    let receipt = at_second.submit(&request(&world.data(), Transfer::Shared), PATIENCE).unwrap().unwrap();
    assert_eq!((receipt.tasks, receipt.seed), (taken.tasks, taken.seed));
    let done = report(&at_second, "the-job");
    check(&world, &receipt.run_folder, &done);
    assert_eq!(done.progress.done, 68);
    assert!(done.progress.attempts <= 58, "{} attempts at 58 open tasks", done.progress.attempts);
    drop(second);

    let third = world.start(server_command(&world, &node));
    let at_third = client(&third);
    assert_eq!(at_third.report("the-job", PATIENCE).unwrap().unwrap(), done, "as it was told before");
    let other = JobRequest { operation: "blur".to_owned(), ..request(&world.data(), Transfer::Shared) };
    let refused = at_third.submit(&other, PATIENCE).unwrap().unwrap_err();
    assert!(matches!(&refused, SubmitError::Invalid { field, .. } if field == "job_key"), "{refused:?}");
    assert_eq!(
        at_third.submit(&request(&world.data(), Transfer::Shared), PATIENCE).unwrap().unwrap().tasks,
        68
    );
}

#[test]
fn a_second_server_on_the_same_state_is_refused() {
    let world = World::new();
    let node = world.node("0", &[]);
    let _first = world.start(server_command(&world, &node));
    let said = server_command(&world, &node).output().unwrap();
    let words = String::from_utf8(said.stderr).unwrap();
    assert!(words.contains("another server works with the state in") && words.contains("--state"), "{words}");
}

#[test]
fn a_damaged_journal_is_refused_and_a_torn_one_is_not() {
    let world = World::new();
    let node = world.node("0", &[]);
    let first = world.start(server_command(&world, &node));
    client(&first).submit(&request(&world.data(), Transfer::Shared), PATIENCE).unwrap().unwrap();
    report(&client(&first), "the-job");
    drop(first);
    let path = world.path().join("state/journal");
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() - 3]).unwrap();
    let second = world.start(server_command(&world, &node));
    assert_eq!(report(&client(&second), "the-job").progress.state, JobState::Done);
    drop(second);

    let mut damaged = whole;
    damaged[60] ^= 1;
    std::fs::write(&path, damaged).unwrap();
    let said = server_command(&world, &node).output().unwrap();
    let words = String::from_utf8(said.stderr).unwrap();
    assert!(words.contains("damaged at byte") && words.contains("move it away"), "{words}");
}

/// A slow node with sixty images to do, and two servers that both use it.
fn two_servers(world: &World) -> (Program, Program, Program) {
    world.multiply(60);
    let node = world.node("0", &["--slots", "1"]);
    let start = |name: &str| {
        let mut command = world.command("server");
        let address = format!("127.0.0.1:{}", free_ports(1)[0]);
        command.args(["--listen", &address, "--node", &node.address, "--name", name]);
        world.start(command)
    };
    let (first, second) = (start("one"), start("two"));
    (node, first, second)
}

#[test]
fn a_job_moves_to_another_server_with_what_was_published() {
    let world = World::new();
    let (_node, first, second) = two_servers(&world);
    let moved = JobRequest { epoch: 2, ..request(&world.data(), Transfer::Shared) };
    client(&first).submit(&request(&world.data(), Transfer::Shared), PATIENCE).unwrap().unwrap();
    while client(&first).report("the-job", PATIENCE).unwrap().unwrap().progress.done < 10 {}
    // The first one goes on: it is deposed, not dead.
    let receipt = client(&second).submit(&moved, PATIENCE).unwrap().unwrap();
    let done = report(&client(&second), "the-job");
    check(&world, &receipt.run_folder, &done);
    assert!(done.progress.attempts <= 60, "{} attempts at fewer open tasks", done.progress.attempts);
    // Whoever still asks there is to ask elsewhere.
    while client(&first).report("the-job", PATIENCE).unwrap().is_ok() {}
    let refused = client(&first).submit(&request(&world.data(), Transfer::Shared), PATIENCE).unwrap();
    assert!(matches!(refused, Err(SubmitError::Unavailable { .. })), "{refused:?}");
}

#[test]
fn a_job_that_comes_back_to_a_server_has_one_final_row_a_task_there() {
    let world = World::new();
    let (_node, first, second) = two_servers(&world);
    let submission = |epoch| JobRequest { epoch, ..request(&world.data(), Transfer::Shared) };
    client(&first).submit(&submission(1), PATIENCE).unwrap().unwrap();
    while client(&first).report("the-job", PATIENCE).unwrap().unwrap().progress.done < 10 {}
    client(&second).submit(&submission(2), PATIENCE).unwrap().unwrap();
    while client(&first).report("the-job", PATIENCE).unwrap().is_ok() {}
    // Until it has let the job go it refuses it.
    let receipt = loop {
        if let Ok(receipt) = client(&first).submit(&submission(3), PATIENCE).unwrap() {
            break receipt;
        }
    };
    let done = report(&client(&first), "the-job");
    check(&world, &receipt.run_folder, &done);
}

#[test]
fn a_divided_job_of_a_killed_server_begins_again() {
    let world = World::new();
    world.multiply(60);
    let node = world.node("0", &["--slots", "1"]);
    let mut batches = request(&world.data(), Transfer::Shared);
    if let JobSource::Folder { division, .. } = &mut batches.source {
        division.way = Way::Batches(BatchSize::Images(5));
    }
    let first = world.start(server_command(&world, &node));
    client(&first).submit(&batches, PATIENCE).unwrap().unwrap();
    while client(&first).report("the-job", PATIENCE).unwrap().unwrap().progress.done < 10 {}
    drop(first);

    let second = world.start(server_command(&world, &node));
    let receipt = client(&second).submit(&batches, PATIENCE).unwrap().unwrap();
    let done = report(&client(&second), "the-job");
    check(&world, &receipt.run_folder, &done);
    drop(second);

    let third = world.start(server_command(&world, &node));
    assert_eq!(client(&third).report("the-job", PATIENCE).unwrap().unwrap(), done, "as it was told before");
}

#[test]
fn a_late_repeat_of_a_submission_that_has_ended_elsewhere_is_refused() {
    let world = World::new();
    let node = world.node("0", &[]);
    let start = |name: &str| {
        let mut command = world.command("server");
        let address = format!("127.0.0.1:{}", free_ports(1)[0]);
        command.args(["--listen", &address, "--node", &node.address, "--name", name]);
        world.start(command)
    };
    let (first, second) = (start("one"), start("two"));
    let moved = JobRequest { epoch: 2, ..request(&world.data(), Transfer::Shared) };
    client(&first).submit(&moved, PATIENCE).unwrap().unwrap();
    report(&client(&first), "the-job");
    for (epoch, why) in [(2, "has ended at another server"), (1, "a later submission")] {
        let late = JobRequest { epoch, ..moved.clone() };
        let refused = client(&second).submit(&late, PATIENCE).unwrap().unwrap_err();
        assert!(refused.to_string().contains(why), "{refused}");
    }
}

#[test]
fn an_end_that_another_server_told_is_told_here_too_and_nothing_is_done_again() {
    let world = World::new();
    let node = world.node("0", &[]);
    let start = |name: &str| {
        let mut command = world.command("server");
        let address = format!("127.0.0.1:{}", free_ports(1)[0]);
        command.args(["--listen", &address, "--node", &node.address, "--name", name]);
        world.start(command)
    };
    let (first, second) = (start("one"), start("two"));
    let request = request(&world.data(), Transfer::Shared);
    client(&first).submit(&request, PATIENCE).unwrap().unwrap();
    let told = report(&client(&first), "the-job");
    // As a later job of the same folder would.
    std::fs::remove_dir_all(world.output()).unwrap();
    let moved = JobRequest { epoch: 2, ..request.clone() };
    client(&second).submit(&moved, PATIENCE).unwrap().unwrap();
    assert_eq!(client(&second).report("the-job", PATIENCE).unwrap().unwrap(), told);
    drop(second);
    let second = start("two");
    assert_eq!(client(&second).report("the-job", PATIENCE).unwrap().unwrap(), told, "and after a restart");
    assert!(!world.output().exists(), "the job was done again");
    let refused = client(&first).submit(&request, PATIENCE).unwrap();
    assert!(refused.is_ok(), "the server that it ended at tells of it under its own epoch: {refused:?}");
}

#[test]
fn a_job_that_has_moved_to_another_server_does_not_keep_its_folder_from_the_next_one() {
    let world = World::new();
    let mut command = world.command("computenode");
    command.args(["1", "--listen", "127.0.0.1:0", "--delay", "10m"]);
    let (stuck, quick) = (world.start(command), world.node("0", &[]));
    let start = |name: &str, node: &Program| {
        let mut command = world.command("server");
        let address = format!("127.0.0.1:{}", free_ports(1)[0]);
        command.args(["--listen", &address, "--node", &node.address, "--name", name, "--grace", "0s"]);
        world.start(command)
    };
    let (first, second) = (start("one", &stuck), start("two", &quick));
    let request = JobRequest { strategy: "random".to_owned(), ..request(&world.data(), Transfer::Shared) };
    client(&first).submit(&request, PATIENCE).unwrap().unwrap();
    let moved = JobRequest { epoch: 2, ..request.clone() };
    client(&second).submit(&moved, PATIENCE).unwrap().unwrap();
    assert_eq!(report(&client(&second), "the-job").progress.state, JobState::Done);
    // The first one waits for its node and has noticed nothing.
    let next = JobRequest { job_key: "the-next".to_owned(), ..request };
    client(&first).submit(&next, PATIENCE).unwrap().unwrap();
    assert!(
        client(&first).report("the-job", PATIENCE).unwrap().is_err(),
        "it is to be asked for at the other"
    );
    signal(first.child.id(), "KILL");
    signal(stuck.child.id(), "KILL");
}

#[test]
fn a_second_signal_ends_a_server_at_once_and_the_next_one_finishes_its_jobs() {
    let world = World::new();
    world.multiply(60);
    // Every task sleeps, so that the job is not over when the signals come.
    let node = world.node("1", &["--slots", "1"]);
    let job = JobRequest { strategy: "random".to_owned(), ..request(&world.data(), Transfer::Shared) };
    let mut command = server_command(&world, &node);
    command.args(["--grace", "10m"]);
    let first = world.start(command);
    client(&first).submit(&job, PATIENCE).unwrap().unwrap();
    while client(&first).report("the-job", PATIENCE).unwrap().unwrap().progress.done < 5 {}
    // Two of one kind might be heard as one.
    first.signal("TERM");
    first.signal("INT");
    let status = first.end();
    assert!([Some(128 + 2), Some(128 + 15)].contains(&status), "{status:?}");
    assert!(world.results().len() < world.images().len(), "the job had ended before the signals");

    let second = world.start(server_command(&world, &node));
    let receipt = client(&second).submit(&job, PATIENCE).unwrap().unwrap();
    let done = report(&client(&second), "the-job");
    check(&world, &receipt.run_folder, &done);
}

#[test]
fn a_job_goes_on_without_its_client_and_the_same_submission_is_the_same_job() {
    let world = World::new();
    world.multiply(60);
    let node = world.node("1", &["--slots", "1"]);
    let server = world.start(server_command(&world, &node));
    let words = ["data", "random", "--job-key", "the-job", "--seed", "5"];
    let mut gone =
        world.client_command(&server, &words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while !matches!(client(&server).report("the-job", PATIENCE), Ok(Ok(report)) if report.progress.done > 0) {
    }
    gone.kill().unwrap();
    gone.wait().unwrap();
    // While it runs and after its end, with the seed and without.
    for words in [&words[..], &words[..4], &words[..]] {
        let said = world.client(&server, words);
        assert_eq!(said.status, Some(0), "{said:?}");
        assert!(said.out.contains("68 attempts: "), "{said:?}");
    }
    let other = world.client(&server, &["data", "random", "--job-key", "the-job", "--seed", "6"]);
    assert_eq!(other.status, Some(2), "{other:?}");
    let done = report(&client(&server), "the-job");
    let runs = world.path().join("results");
    let run = std::fs::read_dir(runs).unwrap().next().unwrap().unwrap().path();
    check(&world, run.to_str().unwrap(), &done);
}
