//! Processes and wires are killed, stopped, cut and shortened at random while jobs run, and what comes out is
//! compared with an undisturbed run.
//!
//! The seed names the faults, their victims and their lengths; real processes and real sockets do the rest, so that a
//! replay meets the same faults and not the same moments.
//!
//! Reading order: [`fault`] (pure: what happens), [`proxy`] and [`network`] (wires that misbehave), [`stage`] (the processes),
//! [`user`] (hands jobs in), [`nemesis`] (makes faults happen), [`witness`] (looks at what is left), [`soak`]
//! (whether a process grows), and here the run.

pub mod fault;
pub mod nemesis;
pub mod network;
pub mod proxy;
pub mod soak;
pub mod stage;
pub mod user;
pub mod witness;

use crate::dataset::{Dataset, Format, Size};
use crate::local_cluster::ProcessError;
use luck::Seed;
use nemesis::{Nemesis, Tally};
use network::Network;
use stage::{Actor, Stage};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::Ordering;
use std::thread;
use user::Order;

/// Why the torture could not be carried out. What it finds is in its [`Verdict`].
#[derive(Debug, thiserror::Error)]
pub enum TortureError {
    /// A program did not start.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// A file or folder of the run cannot be used.
    #[error("cannot use '{}': {source}; make room in the folder for temporary files", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
    /// No network of our own can be had, or a fault of it could not be made.
    #[error(
        "a network of namespaces cannot be had here: {0}; be root and have iproute2 and nftables, or take --network proxies"
    )]
    Network(#[from] network::NetworkError),
    /// The images could not be made.
    #[error(transparent)]
    Dataset(#[from] crate::dataset::DatasetError),
    /// Records that cannot be read.
    #[error("{0}")]
    Records(String),
    /// The operating system refuses a port, a thread or a signal.
    #[error("the system refuses a port, a thread or a signal: {0}")]
    System(#[source] io::Error),
    /// The run without any fault failed already.
    #[error("the undisturbed run failed already: {0}")]
    Undisturbed(String),
}

/// Of a job's differences at most so many are told one by one.
const MOST_TOLD: usize = 5;

/// What to do.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Names the faults.
    pub seed: Seed,
    /// How many.
    pub faults: u64,
    /// Compute nodes.
    pub nodes: usize,
    /// Servers, each standing by for those before it.
    pub servers: usize,
    /// Images of every job.
    pub images: usize,
    /// Strategies, job by job in turn.
    pub strategies: Vec<String>,
    /// Go on, with more faults if need be, until so many tasks are done.
    pub tasks: u64,
    /// Have each program in a network namespace of its own and drop packets, instead of proxies on loopback.
    pub namespaces: bool,
    /// Never end a server, so that its growth is seen over the whole run.
    pub keep_servers: bool,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Faults by kind.
    pub tally: Tally,
    /// Jobs that ran through the faults.
    pub jobs: usize,
    /// Results compared with the undisturbed run, byte for byte.
    pub compared: usize,
    /// Final rows looked at.
    pub rows: u64,
    /// Clients that were killed.
    pub clients_killed: u64,
    /// Jobs of them that had to end without a client.
    pub ended_alone: u64,
    /// What each server held after each job, if they were kept.
    pub usage: BTreeMap<String, Vec<soak::Usage>>,
    /// Everything that is wrong, a sentence each; none is what we promise.
    pub wrong: Vec<String>,
}

/// Tortures a cluster inside `folder`, which must be empty.
///
/// # Errors
/// If the run could not be carried out; what it finds is no error.
pub fn run(plan: &Plan, folder: &Path) -> Result<Verdict, TortureError> {
    let data = folder.join("data");
    let size = Size { width: 48, height: 36 };
    Dataset { count: plan.images, size, format: Format::Mix, seed: Seed(1) }.write(&data)?;
    let network = plan.namespaces.then(Network::new).transpose()?;
    let stage = Stage::start(folder, plan.nodes, plan.servers, network)?;
    let mut run = Run { plan, stage: &stage, data, jobs: Vec::new(), verdict: Verdict::default() };
    run.job().map_err(TortureError::Undisturbed)?;
    let undisturbed = witness::outputs(&run.data)?;
    let nemesis = Nemesis::new(plan.seed, plan.faults, plan.tasks > 0, plan.keep_servers);
    let tally = thread::scope(|scope| {
        let raging = scope.spawn(|| nemesis.rage(&stage));
        let enough = |run: &Run<'_>| {
            nemesis.made.load(Ordering::Relaxed) >= plan.faults && run.verdict.compared as u64 >= plan.tasks
        };
        while !raging.is_finished() && !enough(&run) && run.verdict.wrong.is_empty() {
            run.disturbed_job(&undisturbed)?;
        }
        nemesis.stop.store(true, Ordering::Relaxed);
        raging.join().unwrap_or_else(|_| Err(TortureError::System(io::Error::other("the nemesis panicked"))))
    })?;
    run.verdict.tally = tally;
    // All is healed. Whatever the last faults left behind must be gone after one more job.
    run.disturbed_job(&undisturbed)?;
    stage.end();
    run.look_at_what_is_left()?;
    Ok(run.verdict)
}

struct Run<'a> {
    plan: &'a Plan,
    stage: &'a Stage,
    data: PathBuf,
    /// Keys of the jobs so far.
    jobs: Vec<String>,
    verdict: Verdict,
}

impl Run<'_> {
    /// A job while faults happen, and the comparison of its results.
    fn disturbed_job(&mut self, undisturbed: &witness::Outputs) -> Result<(), TortureError> {
        for name in undisturbed.keys() {
            let path = self.data.join("output_dir").join(name);
            match std::fs::remove_file(&path) {
                // The job before did not make it, which its own comparison has told.
                Err(source) if source.kind() == io::ErrorKind::NotFound => {}
                removed => removed.map_err(|source| TortureError::File { path, source })?,
            }
        }
        self.verdict.jobs += 1;
        if let Err(why) = self.job() {
            self.verdict.wrong.push(why);
        }
        if self.plan.keep_servers {
            for server in self.stage.servers() {
                let usage = server.id().and_then(soak::Usage::of);
                self.verdict.usage.entry(server.name().to_owned()).or_default().extend(usage);
            }
        }
        let found = witness::outputs(&self.data)?;
        self.verdict.compared += found.len();
        let job = self.jobs.last().cloned().unwrap_or_default();
        let differences = witness::differences(undisturbed, &found);
        let more = differences.len().saturating_sub(MOST_TOLD);
        let told =
            differences.into_iter().take(MOST_TOLD).map(|difference| format!("job {job}: {difference}"));
        self.verdict.wrong.extend(told);
        if more > 0 {
            self.verdict.wrong.push(format!("job {job}: {more} more differences of this kind"));
        }
        Ok(())
    }

    /// Hands the next job in; a sentence if it does not end with every image done.
    fn job(&mut self) -> Result<(), String> {
        let number = self.jobs.len();
        let key = format!("torture-{}-{number}", self.plan.seed.0);
        let strategy = &self.plan.strategies[number % self.plan.strategies.len()];
        let mut command = Command::new(self.stage.executable());
        command.args(["client".as_ref(), self.data.as_os_str(), strategy.as_ref(), "--quiet".as_ref()]);
        command.args(["--job-key", &key, "--seed", &number.to_string(), "--log-level", "info", "--machines"]);
        command.arg(self.stage.folder().join("servers.txt"));
        self.jobs.push(key.clone());
        let servers = self.stage.servers().map(|server| server.address().to_string()).collect();
        let order = Order { key: &key, command, seed: self.plan.seed, number: number as u64, servers };
        self.stage.user().see_through(order).map_err(|why| {
            let logs: String = self.stage.actors().iter().map(Actor::last_words).collect();
            format!("with {strategy}: {why}{logs}")
        })
    }

    fn look_at_what_is_left(&mut self) -> Result<(), TortureError> {
        let tasks = self.plan.images as u64;
        self.verdict.rows = tasks * self.jobs.len() as u64;
        let rows = witness::wrong_rows(&self.stage.folder().join("results"), &self.jobs, tasks)?;
        self.verdict.wrong.extend(rows);
        for (server, usage) in &self.verdict.usage {
            let grown = soak::growth(usage).into_iter().map(|what| format!("{server}: {what}"));
            self.verdict.wrong.extend(grown);
        }
        (self.verdict.clients_killed, self.verdict.ended_alone) = self.stage.user().losses();
        for path in witness::temporary_files(&self.data)? {
            self.verdict.wrong.push(format!("the temporary file '{}' is left", path.display()));
        }
        for process in witness::processes(self.stage.folder()) {
            self.verdict.wrong.push(format!("a process is left: {process}"));
        }
        Ok(())
    }
}
