//! Faults at every write and every flush of the journal, one after the other until a run has no more of them: the
//! process ends before, in or behind a write, the disk is full, the disk does not confirm. After a restart everything
//! that was promised holds, and no finished image is made again.

use crate::world::{Program, World};
use records::{Run, TaskOutcome};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Duration;
use wire::division::Division;
use wire::job::{JobReport, JobRequest, JobSource, JobState, Transfer};
use wire::{PoolSettings, ServerClient};

const PATIENCE: Duration = Duration::from_secs(60);
const KEY: &str = "the-job";
/// Exit status of a server that does not know what its disk holds.
const UNCERTAIN: i32 = 70;

fn request(world: &World) -> JobRequest {
    JobRequest {
        seed: Some(1),
        ..JobRequest::new(
            KEY,
            JobSource::Folder {
                path: world.data().canonicalize().unwrap().to_string_lossy().into_owned(),
                recursive: false,
                transfer: Transfer::Shared,
                division: Division::default(),
            },
            "round_robin",
            "grayscale",
        )
    }
}

fn client(server: &Program) -> ServerClient {
    ServerClient::new(server.address.clone(), PoolSettings::default())
}

fn server(world: &World, node: &Program, fault: Option<&str>) -> Option<Program> {
    let mut command = world.command("server");
    command.args(["--listen", "127.0.0.1:0", "--node", &node.address, "--state", "state"]);
    // What a full disk held up is tried again four times in that time.
    command.args(["--silence", "2s"]);
    if let Some(fault) = fault {
        command.env("BALLAST_TEST_JOURNAL_FAULT", fault);
    }
    world.try_start(command)
}

/// The report, unless the server ends first.
fn report(client: &ServerClient) -> Option<JobReport> {
    let moment = Duration::from_millis(100);
    loop {
        client.progress(KEY, moment).ok()?.ok()?;
        let report = client.report(KEY, PATIENCE).ok()?.ok()?;
        if report.progress.state != JobState::Running {
            return Some(report);
        }
    }
}

/// Results with the numbers of their files: what is made again has another one.
fn files(world: &World) -> BTreeMap<String, u64> {
    let names = world.results().into_iter().filter(|name| !name.starts_with('.'));
    let number = |name: &String| fs::metadata(world.output().join(name)).unwrap().ino();
    names.map(|name| (name.clone(), number(&name))).collect()
}

/// A server that meets the fault. Answers whether the job was accepted, and whether the job came to its end there.
fn meet(world: &World, node: &Program, fault: &str) -> (bool, bool) {
    let Some(mut first) = server(world, node, Some(fault)) else { return (false, false) };
    let at_first = client(&first);
    let mut accepted = false;
    // A full disk is told, and there is room the next time. A later submission of the same job is one more write.
    for epoch in [1, 1, 2] {
        let request = JobRequest { epoch, ..request(world) };
        accepted |= matches!(at_first.submit(&request, PATIENCE), Ok(Ok(_)));
    }
    let ended = report(&at_first).is_some_and(|report| report.progress.state == JobState::Done);
    if ended {
        drop(first);
    } else {
        assert!(!fault.starts_with("full"), "{fault}: a full disk costs neither server nor job");
        let status = first.child.wait().unwrap();
        assert_eq!(status.code(), fault.starts_with("flush").then_some(UNCERTAIN), "{fault}: {status}");
    }
    (accepted, ended)
}

/// The next server's part.
fn go_on(world: &World, node: &Program, fault: &str, accepted: bool, ended: bool) {
    let before = files(world);
    let images = world.images();
    assert!(!ended || before.len() == images.len(), "{fault}: {before:?}");
    let second = server(world, node, None).unwrap_or_else(|| panic!("{fault}: no start behind it"));
    let at_second = client(&second);
    if accepted {
        let known = at_second.progress(KEY, Duration::ZERO).unwrap();
        assert!(known.is_ok(), "{fault}: what was answered is known: {known:?}");
    }
    let receipt = at_second.submit(&request(world), PATIENCE).unwrap().unwrap();
    let done = report(&at_second).unwrap();
    assert_eq!(done.progress.state, JobState::Done, "{fault}");
    world.check_results(&images, "grayscale");
    let after = files(world);
    assert!(before.iter().all(|(name, number)| after[name] == *number), "{fault}: {before:?} {after:?}");
    let run = Run::read(Path::new(&receipt.run_folder));
    let Ok(run) = run else {
        assert!(ended, "{fault}: rows of the job's last run");
        return;
    };
    let mut tasks: Vec<u64> = run.tasks.iter().map(|row| row.task).collect();
    tasks.sort_unstable();
    assert!(
        tasks.is_empty() && ended || tasks == Vec::from_iter(0..images.len() as u64),
        "{fault}: {tasks:?}"
    );
    assert!(run.tasks.iter().all(|row| row.outcome == TaskOutcome::Done), "{fault}");
}

/// Tries the fault at the first write or flush, at the second, and so on, as long as there are some. Answers how many.
fn at_every(kind: &str) -> u64 {
    for number in 1.. {
        let world = World::new();
        let node = world.node("0", &["--slots", "2"]);
        let fault = format!("{kind}@{number}");
        let (accepted, ended) = meet(&world, &node, &fault);
        go_on(&world, &node, &fault, accepted, ended);
        let survivable = ["full", "flush"].contains(&kind);
        let happened = if survivable { world.path().join("state/fault").exists() } else { !ended };
        if !happened {
            eprintln!("{kind}: at each of {} writes or flushes", number - 1);
            return number - 1;
        }
    }
    0
}

#[test]
fn a_server_that_ends_before_any_write_of_the_journal_resumes() {
    assert!(at_every("before") >= 5);
}

#[test]
fn a_server_that_ends_in_any_write_of_the_journal_resumes() {
    assert!(at_every("torn") >= 5);
}

#[test]
fn a_server_that_ends_behind_any_write_of_the_journal_resumes() {
    assert!(at_every("behind") >= 5);
}

#[test]
fn a_disk_that_is_full_at_any_write_of_the_journal_costs_no_job() {
    assert!(at_every("full") >= 5);
}

#[test]
fn a_client_waits_for_room_on_the_journals_disk_and_is_told_so() {
    let world = World::new();
    let node = world.node("0", &["--slots", "2"]);
    // Writes: two at the first start, the acceptance, the first result.
    let first = server(&world, &node, Some("full@4+10")).unwrap();
    let said = world.client(&first, &["data", "random"]);
    assert_eq!(said.status, Some(0), "{said:?}");
    assert!(said.err.contains("the journal takes no result: free space where --state points"), "{said:?}");
    world.check_results(&world.images(), "edges");
    drop(first);
    // One at the next start, the acceptance, the end.
    let second = server(&world, &node, Some("full@3+10")).unwrap();
    let said = world.client(&second, &["-", "random", "--synthetic", "3"]);
    assert_eq!(said.status, Some(0), "{said:?}");
    assert!(said.err.contains("its end cannot be written down"), "{said:?}");
    assert!(said.err.contains("free space where --state points"), "{said:?}");
}

#[test]
fn a_disk_that_does_not_confirm_any_flush_of_the_journal_ends_the_server_and_costs_no_job() {
    assert!(at_every("flush") >= 5);
}
