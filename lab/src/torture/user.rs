//! The user: hands in one job after the other, and goes on when the client is killed.
//!
//! A client that is killed has told the user by then, or has not, that a server took the job. A job that was taken must
//! end without its client, so in half of those cases nobody submits it again until some server tells of its end. In all
//! other cases another client submits it under the same key at once.

use super::TortureError;
use super::fault::Kind;
use super::network::Link;
use luck::{Purpose, Seed};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::{self, File};
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use wire::job::{JobProgress, JobState};
use wire::{PoolSettings, ServerClient};

/// What a client says that finds no server.
const NO_SERVER: &str = "start it with `server`";
/// What its log says when it has a receipt.
const TAKEN: &str = " takes it as epoch ";
/// How often the user of a client that finds no server tries again, and how long after.
const MOST_TRIES: u32 = 200;
const PAUSE: Duration = Duration::from_millis(50);
/// Time between two looks whether the client has ended.
const LOOK: Duration = Duration::from_millis(5);
/// How long one question for a job's end may take.
const ANSWER: Duration = Duration::from_secs(1);
/// Longest time in which a job ends whose client is gone: many times what one with a client takes.
const LONGEST_END: Duration = Duration::from_secs(90);

/// A user and the one client that may run.
#[derive(Debug)]
pub struct User {
    /// Where the clients say what they have to say.
    said: PathBuf,
    client: Mutex<Option<Child>>,
    /// Where the clients are, if not here.
    link: Option<Link>,
    killed: AtomicU64,
    awaited: AtomicU64,
}

/// A job to hand in.
#[derive(Debug)]
pub struct Order<'a> {
    /// Its key.
    pub key: &'a str,
    /// The program and its arguments, the key among them.
    pub command: Command,
    /// Names the user's luck.
    pub seed: Seed,
    /// Which job it is.
    pub number: u64,
    /// Where the servers are reached.
    pub servers: Vec<String>,
}

/// How one client ended.
struct Ended {
    status: ExitStatus,
    said: String,
}

impl Ended {
    fn was_killed(&self) -> bool {
        self.status.signal() == Some(Signal::KILL.as_raw())
    }
}

impl User {
    /// A user whose clients write what they say into `folder`, and are at `link`, or here.
    pub fn new(folder: &Path, link: Option<Link>) -> User {
        User {
            said: folder.join("client.log"),
            client: Mutex::default(),
            link,
            killed: AtomicU64::new(0),
            awaited: AtomicU64::new(0),
        }
    }

    /// Where the clients are, if not here.
    pub fn link(&self) -> Option<&Link> {
        self.link.as_ref()
    }

    /// Does something where the clients are.
    fn there<T: Send>(&self, work: impl FnOnce() -> T + Send) -> io::Result<T> {
        match &self.link {
            None => Ok(work()),
            Some(link) => link.namespace().inside(work).map_err(io::Error::other),
        }
    }

    /// Clients that were killed, and jobs that had to end without one.
    pub fn losses(&self) -> (u64, u64) {
        (self.killed.load(Ordering::Relaxed), self.awaited.load(Ordering::Relaxed))
    }

    fn lock(&self) -> MutexGuard<'_, Option<Child>> {
        // A client is put in or taken out whole.
        self.client.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a client is at work.
    pub fn has_a_client(&self) -> bool {
        self.lock().is_some()
    }

    /// The client is killed or stopped, if there is one.
    ///
    /// # Errors
    /// If the operating system refuses a signal.
    pub fn suffer(&self, kind: Kind) -> Result<(), TortureError> {
        self.send(if kind == Kind::Stop { Signal::STOP } else { Signal::KILL })
    }

    /// The fault is over. Who replaces a killed client is the user's own affair.
    ///
    /// # Errors
    /// If the operating system refuses a signal.
    pub fn heal(&self, kind: Kind) -> Result<(), TortureError> {
        if kind == Kind::Stop { self.send(Signal::CONT) } else { Ok(()) }
    }

    fn send(&self, signal: Signal) -> Result<(), TortureError> {
        // As long as it is in here nobody has waited for it, and its id is its own.
        let client = self.lock();
        let id = client.as_ref().and_then(|client| i32::try_from(client.id()).ok()).and_then(Pid::from_raw);
        match id {
            Some(id) => kill_process(id, signal).map_err(|error| TortureError::System(error.into())),
            None => Ok(()),
        }
    }

    /// Hands the job in and sees to it that it ends, whatever befalls the clients; a sentence if it does not end with
    /// every image done.
    ///
    /// # Errors
    /// If it does not.
    pub fn see_through(&self, mut order: Order<'_>) -> Result<(), String> {
        let key = order.key;
        let mut tries = 0;
        for turn in 0.. {
            let ended =
                self.run(&mut order.command).map_err(|error| format!("job {key}: no client: {error}"))?;
            if ended.was_killed() {
                self.killed.fetch_add(1, Ordering::Relaxed);
                let coin = order.seed.coin(Purpose::Fault, order.number, 1 + turn);
                if ended.said.contains(TAKEN) && coin.uniform() < 0.5 {
                    self.awaited.fetch_add(1, Ordering::Relaxed);
                    let ended = self.there(|| wait_for_end(key, &order.servers));
                    ended.map_err(|error| format!("job {key}: {error}"))??;
                }
            } else if ended.status.success() {
                return Ok(());
            } else if ended.said.contains(NO_SERVER) && tries < MOST_TRIES {
                // A client that finds no server says so at once; its user tries again.
                tries += 1;
                thread::sleep(PAUSE);
            } else {
                return Err(format!("job {key} ended with {}: {}", ended.status, ended.said.trim()));
            }
        }
        Ok(())
    }

    /// Runs one client to its end.
    fn run(&self, command: &mut Command) -> io::Result<Ended> {
        let said = File::create(&self.said)?;
        command.stdin(Stdio::null()).stdout(said.try_clone()?).stderr(said);
        *self.lock() = Some(self.there(|| command.spawn())??);
        loop {
            thread::sleep(LOOK);
            let mut client = self.lock();
            let status = client.as_mut().map(Child::try_wait).transpose()?.flatten();
            if let Some(status) = status {
                *client = None;
                let said = String::from_utf8_lossy(&fs::read(&self.said)?).into_owned();
                return Ok(Ended { status, said });
            }
        }
    }
}

/// Waits until one of the servers tells that the job has ended with every image done.
fn wait_for_end(key: &str, servers: &[String]) -> Result<(), String> {
    let began = Instant::now();
    while began.elapsed() < LONGEST_END {
        for server in servers {
            match ask(server, key) {
                Some(progress) if progress.state == JobState::Done => return Ok(()),
                Some(progress) if progress.state != JobState::Running => {
                    return Err(format!("job {key}, whose client was killed, ended as {progress:?}"));
                }
                _ => {}
            }
        }
        thread::sleep(PAUSE);
    }
    Err(format!("job {key} was taken and its client killed, and it did not end within {LONGEST_END:?}"))
}

/// What a server tells of the job; nothing if it cannot be asked, or does not know it.
fn ask(server: &str, key: &str) -> Option<JobProgress> {
    let settings = PoolSettings { connections: 1, ..PoolSettings::default() };
    let client = ServerClient::new(server.to_owned(), settings);
    Some(client.report(key, ANSWER).ok()?.ok()?.progress)
}
