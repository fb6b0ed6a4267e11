//! How a job can end, and what the client says and answers then.

use crate::stage::{Part, Poll, Said, client, closed_port, run};
use std::collections::VecDeque;
use std::sync::Mutex;
use wire::division::Division;
use wire::job::{JobSource, JobState, SubmitError, TaskFailure, Transfer};

fn against(part: Part, words: &[&str]) -> Said {
    let (_part, running) = part.play();
    let server = running.local_addr().to_string();
    run(&[words, &["--server", &server]].concat())
}

#[test]
fn a_job_that_is_done() {
    let part = Part::polls([Poll::Answer(JobState::Running, 0), Poll::Answer(JobState::Running, 3)]);
    let said = against(part, &["data", "random", "--seed", "7"]);
    assert_eq!((said.status, said.error.as_str()), (Some(0), ""), "no bar off a terminal");
    insta::assert_snapshot!(said.out, @r"
    Done: 4 of 4 images in 2.00 s (2.00 a second)
    edges with random (must-accept), seed 7
    6 attempts: 1 rejected, 1 delayed, 0 lost

     node   attempts  done  rejected  delayed  lost   share
     node0         6     4         1        1     1  100.0%

    Records: results/run
    ");
}

#[test]
fn some_images_failed() {
    let failure = TaskFailure { file_name: "broken.png".to_owned(), why: "it has 0 bytes".to_owned() };
    let said = against(Part { failures: vec![failure], ..Part::default() }, &["data", "random"]);
    assert_eq!(said.status, Some(3));
    assert!(said.out.starts_with("Ended with failures: 3 of 4 images"), "{}", said.out);
    assert!(said.out.contains("Without a result: 1 image\n  broken.png: it has 0 bytes\n"), "{}", said.out);
}

#[test]
fn no_usable_node() {
    let why = "no node answers; start one with `computenode 0.2`";
    let said = against(Part { why: Some(why.to_owned()), ..Part::default() }, &["data", "random"]);
    assert_eq!(said.status, Some(4));
    assert!(said.out.contains(why), "{}", said.out);
}

#[test]
fn a_request_that_the_server_does_not_take() {
    let why = "unknown strategy 'randon': did you mean 'random'?".to_owned();
    let refusal = SubmitError::Invalid { field: "strategy".to_owned(), why };
    let part = Part { refusals: Mutex::new(VecDeque::from([refusal])), ..Part::default() };
    let said = against(part, &["data", "randon"]);
    assert_eq!((said.status, said.out.as_str()), (Some(2), ""));
    insta::assert_snapshot!(said.error, @"client: unknown strategy 'randon': did you mean 'random'?");
}

#[test]
fn made_up_work_is_counted_in_tasks() {
    let said = against(Part::default(), &["-", "round_robin", "--synthetic", "4", "--service", "2ms"]);
    assert_eq!(said.status, Some(0));
    assert!(said.out.starts_with("Done: 4 of 4 tasks in 2.00 s"), "{}", said.out);
}

#[test]
fn a_server_that_is_down() {
    let port = closed_port();
    let said = run(&["data", "random", "--server", &format!("127.0.0.1:{port}")]);
    assert_eq!((said.status, said.out.as_str()), (Some(1), ""));
    insta::assert_snapshot!(said.error.replace(&port.to_string(), "PORT"), @"client: cannot reach the server at 127.0.0.1:PORT: Connection refused (os error 111); start it with `server`, or name another one with --server HOST:PORT");
}

#[test]
fn no_machine_file() {
    let said = run(&["data", "random"]);
    assert_eq!((said.status, said.out.as_str()), (Some(1), ""));
    insta::assert_snapshot!(said.error, @"client: there is no file 'machine.txt': write one with lines such as 'node0 127.0.0.1:5001' and 'server 127.0.0.1:5000', or name another one with --machines");
}

#[test]
fn help_and_version() {
    assert_eq!(run(&["--version"]).out, format!("client {}\n", env!("CARGO_PKG_VERSION")));
    let help = run(&["--help"]);
    assert_eq!((help.status, help.error.as_str()), (Some(0), ""));
    for word in
        ["Examples:", "client data random", "Exit status:", "BALLAST_SEED", "may-reject", "load_balancing"]
    {
        assert!(help.out.contains(word), "{word} is missing");
    }
    assert_eq!(run(&["data"]).status, Some(2));
}

#[test]
fn the_environment_sets_options() {
    let (part, running) = Part::default().play();
    let folder = tempfile::tempdir().unwrap();
    let settings = [
        ("SERVER", running.local_addr().to_string()),
        ("DATA", "photos".to_owned()),
        ("STRATEGY", "random".to_owned()),
        ("RECURSIVE", "1".to_owned()),
        ("QUIET", "yes".to_owned()),
        ("SERVICE", "1ms".to_owned()),
        ("SEED", "5".to_owned()),
    ];
    let settings = settings.map(|(name, value)| (format!("BALLAST_{name}"), value));
    let said = Said::from(client(folder.path(), &[]).envs(settings).output().unwrap());
    assert_eq!((said.status, said.error.as_str()), (Some(0), ""));
    let [request] = &*part.submissions() else { panic!("{:?}", part.scenes()) };
    let path = folder.path().canonicalize().unwrap().join("photos").to_string_lossy().into_owned();
    let source = JobSource::Folder {
        path,
        recursive: true,
        transfer: Transfer::Shared,
        division: Division::default(),
    };
    assert_eq!((&request.source, request.seed), (&source, Some(5)));
}
