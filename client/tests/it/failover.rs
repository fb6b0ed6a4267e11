//! Several servers: which one has the job, and where it goes on when that one is lost.

use crate::stage::{Part, Poll, Said, client, closed_port};
use std::collections::VecDeque;
use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use wire::job::{JobState, SubmitError};

/// Runs the client with a `machine.txt` of these servers.
fn with_servers(servers: &[String]) -> Said {
    with_servers_and(servers, "30s")
}

/// The same with a time to look for a server that goes on.
fn with_servers_and(servers: &[String], wait: &str) -> Said {
    let folder = tempfile::tempdir().unwrap();
    let mut text = "node0 127.0.0.1:1\n".to_owned();
    for server in servers {
        writeln!(text, "server {server}").unwrap();
    }
    fs::write(folder.path().join("machine.txt"), text).unwrap();
    client(folder.path(), &["data", "random", "--server-wait", wait]).output().unwrap().into()
}

#[test]
fn the_first_server_that_takes_the_job_has_it() {
    let why = "it is shutting down".to_owned();
    let refusals = Mutex::new(VecDeque::from([SubmitError::Unavailable { why }]));
    let (unwilling, first) = Part { refusals, ..Part::default() }.play();
    let (willing, second) = Part::default().play();
    let (idle, third) = Part::default().play();
    let down = format!("127.0.0.1:{}", closed_port());
    let said = with_servers(&[
        down,
        first.local_addr().to_string(),
        second.local_addr().to_string(),
        third.local_addr().to_string(),
    ]);
    assert_eq!((said.status, said.error.as_str()), (Some(0), ""));
    assert_eq!(
        unwilling.submissions(),
        willing.submissions(),
        "the same key and epoch: nobody had the job before"
    );
    assert!(idle.scenes().is_empty());
}

/// A server without a leader beside it.
fn leaderless(refusals: usize) -> Part {
    let refusal = || SubmitError::NotNow {
        why: "no server leads at this moment".to_owned(),
        again_after: std::time::Duration::from_millis(500),
    };
    Part { refusals: Mutex::new((0..refusals).map(|_| refusal()).collect()), ..Part::default() }
}

#[test]
fn a_refusal_that_passes_is_told_once_and_waited_for() {
    let (part, running) = leaderless(3).play();
    let said = with_servers(&[running.local_addr().to_string()]);
    assert_eq!(said.status, Some(0), "{}", said.error);
    assert_eq!(part.submissions().len(), 4);
    assert!(part.submissions().iter().all(|job| job.epoch == 1), "nobody had the job before");
    let told = said.error.replace(&running.local_addr().to_string(), "HERE");
    insta::assert_snapshot!(told, @"client: the server at HERE takes no job now: no server leads at this moment; asking again for 30s at most");
}

#[test]
fn a_refusal_that_does_not_pass_ends_the_search_with_its_sentence() {
    let (_part, running) = leaderless(1_000).play();
    let said = with_servers_and(&[running.local_addr().to_string()], "100ms");
    assert_eq!(said.status, Some(1), "{}", said.error);
    let last = said.error.lines().last().unwrap();
    assert!(last.contains("no server leads at this moment"), "{}", said.error);
}

#[test]
fn a_job_goes_on_at_the_next_server_under_the_same_luck() {
    let (second_part, second) = Part::default().play();
    // The first server takes the job twice and forgets it twice, as one does that is restarted over and over.
    let polls = [Poll::Answer(JobState::Running, 1), Poll::Forget, Poll::Forget];
    let (first_part, first) = Part::polls(polls).play();
    let said = with_servers(&[first.local_addr().to_string(), second.local_addr().to_string()]);
    assert_eq!(said.status, Some(0), "{}", said.error);
    let [before, again] = &*first_part.submissions() else { panic!("{:?}", first_part.scenes()) };
    let [after] = &*second_part.submissions() else { panic!("{:?}", second_part.scenes()) };
    assert_eq!(before, again, "the same request is the same job");
    assert_eq!((before.epoch, before.seed), (1, None));
    assert_eq!((after.epoch, after.seed), (2, Some(99)));
    assert_eq!(before.job_key, after.job_key);
}

#[test]
fn a_server_that_forgot_the_job_gets_it_again() {
    // As one does that was restarted on the same port.
    let (part, running) = Part::polls([Poll::Forget]).play();
    let said = with_servers(&[running.local_addr().to_string()]);
    let [job, again] = &*part.submissions() else { panic!("{:?}", part.scenes()) };
    assert_eq!((said.status, job), (Some(0), again));
    insta::assert_snapshot!(said.error.replace(&job.job_key, "KEY"), @"client: the server has no job 'KEY'; it may have been restarted since; asking again");
}

#[test]
fn a_job_without_any_server_left() {
    let running = Arc::new(Mutex::new(None));
    let stop = Arc::clone(&running);
    let on_poll = move || {
        // Dropping the port from one of its own handlers would wait for itself.
        let port = stop.lock().unwrap().take();
        std::thread::spawn(move || drop(port)).join().unwrap();
    };
    let polls = Mutex::new(VecDeque::from([Poll::Answer(JobState::Running, 1)]));
    let (part, port) = Part { polls, on_poll: Some(Box::new(on_poll)), ..Part::default() }.play();
    let address = port.local_addr().to_string();
    *running.lock().unwrap() = Some(port);
    let said = with_servers_and(std::slice::from_ref(&address), "0s");
    assert_eq!((said.status, said.out.as_str()), (Some(1), ""));
    assert!(
        said.error.contains("asking again\nclient: the server was lost in the middle of the job: "),
        "{}",
        said.error
    );
    let key = &part.submissions()[0].job_key;
    assert!(said.error.ends_with(&format!("the same command with --job-key {key}\n")), "{}", said.error);
}

#[test]
fn the_client_waits_for_a_server_that_is_started_again() {
    let running = Arc::new(Mutex::new(None));
    let again = Arc::new(Mutex::new(None));
    let (stop, restarted) = (Arc::clone(&running), Arc::clone(&again));
    let on_poll = move || {
        let port: wire::Running = stop.lock().unwrap().take().unwrap();
        let address = port.local_addr();
        let restarted = Arc::clone(&restarted);
        // Dropping the port from one of its own handlers would wait for itself.
        std::thread::spawn(move || drop(port)).join().unwrap();
        std::thread::spawn(move || {
            // Nobody listens there for a while, which the client has to see before the port is served again.
            let listener = loop {
                if let Ok(listener) = std::net::TcpListener::bind(address) {
                    break listener;
                }
            };
            // It knows nothing of the job, even if the question reaches it on a fresh connection.
            let part = Arc::new(Part::polls([Poll::Forget]));
            let service = Arc::clone(&part) as Arc<dyn wire::job::ServerService>;
            let port = wire::serve_server(listener, service, wire::Limits::default()).unwrap();
            *restarted.lock().unwrap() = Some((part, port));
        });
    };
    let polls = Mutex::new(VecDeque::from([Poll::Answer(JobState::Running, 1)]));
    let (part, port) = Part { polls, on_poll: Some(Box::new(on_poll)), ..Part::default() }.play();
    let address = port.local_addr().to_string();
    *running.lock().unwrap() = Some(port);
    let said = with_servers(&[address]);
    assert_eq!(said.status, Some(0), "{}", said.error);
    let before = part.submissions().remove(0);
    let (second, _port) = again.lock().unwrap().take().unwrap();
    let after = second.submissions().remove(0);
    assert_eq!((&before.job_key, after.seed.unwrap_or(99)), (&after.job_key, 99));
}

#[test]
fn what_became_of_a_job_is_written_to_a_log_on_request() {
    let (_part, server) = Part::default().play();
    let folder = tempfile::tempdir().unwrap();
    let down = format!("127.0.0.1:{}", closed_port());
    fs::write(folder.path().join("machine.txt"), format!("server {down}\nserver {}\n", server.local_addr()))
        .unwrap();
    let words = [
        "data",
        "random",
        "--job-key",
        "logged",
        "--log-file",
        "log",
        "--log-bytes",
        "1",
        "--log-files",
        "2",
    ];
    let run = |words: &[&str]| Said::from(client(folder.path(), words).output().unwrap());
    let said = run(&words);
    assert_eq!((said.status, said.error.as_str()), (Some(0), ""), "nothing more on the terminal");
    let log = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    assert!(log("log.1").contains("job 'logged': ") && log("log.1").contains("takes it as epoch 1"));
    assert!(log("log").contains("job 'logged': Done, "), "{}", log("log"));
    assert!(!folder.path().join("log.2").exists(), "two files are kept");
    assert_eq!(run(&["data", "random", "--log-file", "quiet", "--log-level", "error"]).status, Some(0));
    assert_eq!(log("quiet"), "");
    let said = run(&["data", "random", "--log-file", "no/such/folder"]);
    assert_eq!(said.status, Some(1));
    assert!(said.error.contains("give --log-file a path that can be written"), "{}", said.error);
}

/// The address of a wire to `server` that carries nothing any more once it is frozen, and tells nobody.
fn freezing_wire(server: SocketAddr, is_frozen: &Arc<AtomicBool>) -> String {
    let carry = |mut from: TcpStream, mut to: TcpStream, is_frozen: Arc<AtomicBool>| {
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = from.read(&mut bytes) {
                if !is_frozen.load(Ordering::SeqCst) && to.write_all(&bytes[..count]).is_err() {
                    return;
                }
            }
        })
    };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let is_frozen = Arc::clone(is_frozen);
    thread::spawn(move || {
        for client in listener.incoming() {
            let (client, server) = (client.unwrap(), TcpStream::connect(server).unwrap());
            carry(client.try_clone().unwrap(), server.try_clone().unwrap(), Arc::clone(&is_frozen));
            carry(server, client, Arc::clone(&is_frozen));
        }
    });
    address.to_string()
}

#[test]
fn a_server_that_freezes_with_the_submission_in_its_hands_is_not_waited_for() {
    let is_frozen = Arc::new(AtomicBool::new(false));
    let freeze = Arc::clone(&is_frozen);
    let on_submit: crate::stage::Cue = Box::new(move || freeze.store(true, Ordering::SeqCst));
    let (first_part, first) = Part { on_submit: Some(on_submit), ..Part::default() }.play();
    let (second_part, second) = Part::default().play();
    let wire = freezing_wire(first.local_addr(), &is_frozen);
    let said = with_servers(&[wire, second.local_addr().to_string()]);
    assert_eq!(said.status, Some(0), "{}", said.error);
    let (before, after) = (first_part.submissions().remove(0), second_part.submissions().remove(0));
    assert_eq!((before.epoch, after.epoch), (1, 2), "the first one may have taken it");
}
