//! How long a job stands still when its server is killed or frozen: until another server has begun an attempt of it, or
//! the same one after a restart.

use super::{BenchmarkError, Figure, Goal, plan, request, temporary_folder};
use crate::local_cluster::{LocalCluster, LocalClusterError, Process};
use cluster::Probability;
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use wire::job::{JobRequest, JobSource};
use wire::{PoolSettings, ServerClient};

/// Tasks of the job, and how long each holds a slot: more work than any takeover lasts.
const TASKS: u64 = 20_000;
const SERVICE: Duration = Duration::from_millis(20);
/// The job.
const KEY: &str = "taken-over";
/// How long one question may take.
const ANSWER: Duration = Duration::from_secs(10);
/// Time between two questions.
const LOOK: Duration = Duration::from_millis(2);
/// After this long the job is lost.
const LONGEST: Duration = Duration::from_secs(60);

/// Who brings the job to the other server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    /// Its client; the other server watches nobody.
    Client,
    /// The other server, which is a standby; the client is gone.
    Standby,
}

/// Measures the longest standstill of `rounds` each.
///
/// # Errors
/// If the processes cannot be started, or a job does not go on.
pub fn measure(rounds: usize) -> Result<Vec<Figure>, BenchmarkError> {
    let mut figures = Vec::new();
    for (who, signal, name) in [
        (Who::Client, Signal::KILL, "its server killed: the client has it go on elsewhere"),
        (Who::Client, Signal::STOP, "its server frozen: the client has it go on elsewhere"),
        (Who::Standby, Signal::KILL, "server killed and client gone: a standby goes on"),
        (Who::Standby, Signal::STOP, "server frozen and client gone: a standby goes on"),
    ] {
        let mut times = (0..rounds).map(|_| one(who, signal)).collect::<Result<Vec<_>, _>>()?;
        times.sort_unstable();
        let longest = times.last().copied().unwrap_or_default();
        figures.push(Figure {
            name: format!("a job's standstill, {name}"),
            value: longest.as_secs_f64(),
            unit: "s",
            goal: Goal::AtMost(5.0),
            detail: format!(
                "the longest of {rounds}; median {:.2} s",
                times.get(rounds / 2).copied().unwrap_or_default().as_secs_f64()
            ),
        });
    }
    Ok(figures)
}

/// Has a job begin, takes its server away, and answers how long it took until the other one had begun an attempt.
fn one(who: Who, signal: Signal) -> Result<Duration, BenchmarkError> {
    let (_guard, folder) = temporary_folder()?;
    let cluster = LocalCluster::start(&plan(&folder, Probability::ZERO, 2, Duration::ZERO))?;
    let second = second_server(&cluster, &folder, who)?;
    let client_of =
        |process: &Process| ServerClient::new(process.address().to_string(), PoolSettings::default());
    let (asked, other) = (client_of(cluster.server()), client_of(&second));
    let client = match who {
        Who::Client => Some(Gone(client(&folder, cluster.server(), &second)?)),
        Who::Standby => {
            let source = JobSource::Synthetic { tasks: TASKS, service: SERVICE };
            let job = JobRequest { job_key: KEY.to_owned(), ..request(source, "least_connections", 8) };
            asked
                .submit(&job, ANSWER)?
                .map_err(|refused| BenchmarkError::NotTakenOver(refused.to_string()))?;
            None
        }
    };
    wait_for_attempts(&asked, 1)?;
    if who == Who::Standby {
        wait_until_watched(&other)?;
    }
    let lost = Instant::now();
    send(cluster.server(), signal)?;
    wait_for_attempts(&other, 1)?;
    let stood_still = lost.elapsed();
    drop(client);
    // Whatever is left of it ends at once: nobody waits for twenty thousand tasks.
    send(&second, Signal::KILL)?;
    send(cluster.server(), Signal::KILL)?;
    Ok(stood_still)
}

/// A second server over the same nodes.
fn second_server(cluster: &LocalCluster, folder: &Path, who: Who) -> Result<Process, BenchmarkError> {
    let mut arguments: Vec<OsString> =
        ["--name", "second", "--listen", "127.0.0.1:0", "--console", "off", "--log-level", "error"]
            .map(OsString::from)
            .into();
    for node in cluster.nodes() {
        arguments.extend(["--node".into(), node.address().to_string().into()]);
    }
    if who == Who::Standby {
        arguments.extend(["--standby-of".into(), cluster.server_address().to_string().into()]);
    }
    arguments.extend(["--results".into(), folder.join("second").into_os_string()]);
    let executable = std::env::current_exe().map_err(system)?;
    let started = Process::spawn(&executable, "server", "second", arguments);
    Ok(started.and_then(|starting| starting.ready()).map_err(LocalClusterError::from)?)
}

/// A client that knows both servers.
fn client(folder: &Path, first: &Process, second: &Process) -> Result<Child, BenchmarkError> {
    let machines = folder.join("servers.txt");
    let text = format!("server {}\nserver {}\nnode 127.0.0.1:1\n", first.address(), second.address());
    std::fs::write(&machines, text)
        .map_err(|source| BenchmarkError::File { path: machines.clone(), source })?;
    let mut command = Command::new(std::env::current_exe().map_err(system)?);
    command.args(["client", "-", "least_connections", "--quiet", "--job-key", KEY, "--max-in-flight", "8"]);
    command.args(["--synthetic", &TASKS.to_string(), "--service", "20ms", "--machines"]).arg(machines);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().map_err(system)
}

/// A client that ends with its measurement.
struct Gone(Child);

impl Drop for Gone {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn wait_for_attempts(server: &ServerClient, count: u64) -> Result<(), BenchmarkError> {
    let begun = Instant::now();
    while begun.elapsed() < LONGEST {
        if let Ok(Ok(report)) = server.report(KEY, ANSWER)
            && report.progress.attempts >= count
        {
            return Ok(());
        }
        thread::sleep(LOOK);
    }
    Err(BenchmarkError::NotTakenOver(format!("no attempt within {LONGEST:?}")))
}

fn wait_until_watched(standby: &ServerClient) -> Result<(), BenchmarkError> {
    let begun = Instant::now();
    while begun.elapsed() < LONGEST {
        let events = standby.events(0, ANSWER)?.events;
        if events.iter().any(|event| event.kind == wire::membership::EventKind::JobWatched) {
            return Ok(());
        }
        thread::sleep(LOOK);
    }
    Err(BenchmarkError::NotTakenOver("the standby does not watch it".to_owned()))
}

fn send(process: &Process, signal: Signal) -> Result<(), BenchmarkError> {
    let id = i32::try_from(process.id()).ok().and_then(Pid::from_raw);
    let sent = id.map(|id| kill_process(id, signal));
    match sent {
        // It is gone already, which is what was wanted.
        None | Some(Ok(()) | Err(rustix::io::Errno::SRCH)) => Ok(()),
        Some(Err(cause)) => Err(system(cause.into())),
    }
}

fn system(source: io::Error) -> BenchmarkError {
    BenchmarkError::System(source)
}
