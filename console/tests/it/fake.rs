//! A server of made-up nodes, whose jobs copy each image at once; and a console that asks it.

use cluster::Admission;
use console::settings::UploadLimits;
use console::{Console, Settings, Target};
use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};
use tempfile::TempDir;
use wire::job::{
    ElectionView, JobProgress, JobReceipt, JobReport, JobRequest, JobSource, JobState, JobView, NodeState,
    NodeView, ServerDescription, ServerService, SubmitError, UnknownJob,
};
use wire::membership::{
    ClusterEvent, EventKind, NodeRegistered, NodeRegistration, ServerEvents, UnknownNode,
};
use wire::{Limits, Running, serve_server};

#[derive(Default)]
pub(crate) struct Fake {
    pub(crate) nodes: Mutex<Vec<NodeView>>,
    pub(crate) jobs: Mutex<Vec<JobView>>,
    pub(crate) events: Mutex<Vec<ClusterEvent>>,
    pub(crate) incarnation: AtomicU64,
    pub(crate) standby_of: Mutex<Vec<String>>,
    pub(crate) election: Mutex<Option<ElectionView>>,
    /// Jobs are left out of the list until somebody asks for their progress, as those whose end is not written yet.
    pub(crate) writes_slowly: AtomicBool,
    written: Mutex<BTreeSet<String>>,
}

pub(crate) fn node(name: &str) -> NodeView {
    NodeView {
        name: name.to_owned(),
        address: "127.0.0.1:5000".to_owned(),
        state: NodeState::Up,
        since: Duration::ZERO,
        in_flight: 0,
        attempts: 0,
        done: 0,
        rejected: 0,
        delayed: 0,
        lost: 0,
        mean_round_trip: Duration::ZERO,
        slots: Some(2),
        load_probability: Some(0.2),
        compatibility: false,
        registered: false,
        incarnation: None,
        status: None,
    }
}

impl Fake {
    pub(crate) fn with_nodes(names: &[&str]) -> Arc<Fake> {
        let nodes = names.iter().map(|name| node(name)).collect();
        Arc::new(Fake { nodes: Mutex::new(nodes), incarnation: AtomicU64::new(1), ..Fake::default() })
    }

    /// Serves it at a free port; answers where.
    pub(crate) fn serve(self: &Arc<Fake>) -> (Running, String) {
        let port = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = port.local_addr().unwrap().to_string();
        (serve_server(port, Arc::<Fake>::clone(self), Limits::default()).unwrap(), address)
    }

    /// Something happens at this server.
    pub(crate) fn note(&self, kind: EventKind, subject: &str, text: &str) {
        let mut events = self.events.lock().unwrap();
        let number = events.len() as u64 + 1;
        let (subject, text) = (subject.to_owned(), text.to_owned());
        events.push(ClusterEvent { number, at: SystemTime::now(), kind, subject, text });
    }

    /// The state of a job, and the epoch under which this server has it.
    pub(crate) fn set_job(&self, key: &str, state: JobState, epoch: u64) {
        let mut jobs = self.jobs.lock().unwrap();
        let job = jobs.iter_mut().find(|job| job.receipt.job_key == key).unwrap();
        (job.progress.state, job.request.epoch) = (state, epoch);
    }

    fn running(&self) -> Vec<u64> {
        let jobs = self.jobs.lock().unwrap();
        let running = jobs.iter().filter(|job| job.progress.state == JobState::Running);
        running.map(|job| job.request.epoch).collect()
    }

    fn set(&self, name: &str, state: NodeState) -> Result<(), UnknownNode> {
        let mut nodes = self.nodes.lock().unwrap();
        let node = nodes.iter_mut().find(|node| node.name == name);
        node.ok_or_else(|| UnknownNode { node: name.to_owned() })?.state = state;
        Ok(())
    }
}

impl ServerService for Fake {
    fn describe(&self) -> ServerDescription {
        // Taken one after another: what a description borrows is held until it is whole.
        let (running, jobs_ended) = (self.running(), self.jobs.lock().unwrap().len() as u64);
        ServerDescription {
            name: "server".to_owned(),
            interface_version: wire::INTERFACE_VERSION.to_owned(),
            program_version: "0".to_owned(),
            incarnation: self.incarnation.load(Ordering::Acquire),
            uptime: Duration::from_secs(1),
            nodes: self.nodes.lock().unwrap().clone(),
            jobs_running: running.len() as u64,
            jobs_ended,
            strategies: vec!["random".to_owned(), "power_of_two".to_owned()],
            operations: vec!["edges".to_owned()],
            port: wire::Counters::default(),
            standby_of: self.standby_of.lock().unwrap().clone(),
            epoch: running.into_iter().max(),
            election: self.election.lock().unwrap().clone(),
        }
    }

    fn submit(&self, request: JobRequest) -> Result<JobReceipt, SubmitError> {
        let JobSource::Folder { path, .. } = &request.source else { panic!("only folders") };
        if !["random", "power_of_two[choices=3]"].contains(&request.strategy.as_str()) {
            let why = "there is only random".to_owned();
            return Err(SubmitError::Invalid { field: "strategy".to_owned(), why });
        }
        let base = Path::new(path);
        fs::create_dir_all(base.join("output_dir")).unwrap();
        let images: Vec<_> =
            fs::read_dir(base.join("input_dir")).unwrap().map(|entry| entry.unwrap().path()).collect();
        for image in &images {
            fs::copy(image, base.join("output_dir").join(image.file_name().unwrap())).unwrap();
        }
        let receipt = JobReceipt {
            job_key: request.job_key.clone(),
            tasks: images.len() as u64,
            seed: request.seed.unwrap_or(u64::MAX >> 1),
            strategy: request.strategy.clone(),
            admission: request.admission.unwrap_or(Admission::MustAccept),
            operation: request.operation.clone(),
            skipped: 0,
            run_folder: "/results/run".to_owned(),
        };
        let progress = JobProgress {
            state: JobState::Done,
            tasks: receipt.tasks,
            done: receipt.tasks,
            failed: 0,
            attempts: receipt.tasks,
            rejected: 0,
            delayed: 0,
            lost: 0,
            in_flight: 0,
            elapsed: Duration::from_millis(5),
            paused: false,
        };
        let view = JobView { receipt: receipt.clone(), progress, submitted: SystemTime::now(), request };
        self.jobs.lock().unwrap().insert(0, view);
        Ok(receipt)
    }

    fn progress(&self, job_key: &str, _wait: Duration) -> Result<JobProgress, UnknownJob> {
        self.written.lock().unwrap().insert(job_key.to_owned());
        self.report(job_key).map(|report| report.progress)
    }

    fn report(&self, job_key: &str) -> Result<JobReport, UnknownJob> {
        let jobs = self.jobs.lock().unwrap();
        let job = jobs.iter().find(|job| job.receipt.job_key == job_key);
        let job = job.ok_or_else(|| UnknownJob::of(job_key))?;
        Ok(JobReport {
            progress: job.progress,
            failures: Vec::new(),
            nodes: Vec::new(),
            why: None,
            histogram: None,
        })
    }

    fn cancel(&self, job_key: &str) -> Result<(), UnknownJob> {
        self.report(job_key)?;
        self.set_job(job_key, JobState::Cancelled, 1);
        Ok(())
    }

    fn jobs(&self, _running_only: bool) -> Vec<JobView> {
        let mut jobs = self.jobs.lock().unwrap().clone();
        if self.writes_slowly.load(Ordering::Acquire) {
            let written = self.written.lock().unwrap();
            jobs.retain(|job| written.contains(&job.receipt.job_key));
        }
        jobs
    }

    fn pause_job(&self, job_key: &str) -> Result<(), UnknownJob> {
        self.report(job_key).map(|_| ())
    }

    fn resume_job(&self, job_key: &str) -> Result<(), UnknownJob> {
        self.report(job_key).map(|_| ())
    }

    fn drain(&self, node: &str) -> Result<(), UnknownNode> {
        self.set(node, NodeState::Draining)
    }

    fn resume(&self, node: &str) -> Result<(), UnknownNode> {
        self.set(node, NodeState::Up)
    }

    fn events(&self, after: u64) -> ServerEvents {
        let events =
            self.events.lock().unwrap().iter().filter(|event| event.number > after).cloned().collect();
        ServerEvents { events, server_incarnation: self.incarnation.load(Ordering::Acquire) }
    }

    fn register_node(&self, _registration: NodeRegistration) -> Result<NodeRegistered, SubmitError> {
        Err(SubmitError::Unavailable { why: "not here".to_owned() })
    }

    fn submit_request(&self, _source_folder: &str, _is_random: bool) -> Result<Duration, String> {
        Err("not here".to_owned())
    }
}

/// A data root, a server, and its console. Fields are dropped in this order.
pub(crate) struct World {
    pub(crate) console: Console,
    pub(crate) server: Option<Running>,
    pub(crate) fake: Arc<Fake>,
    pub(crate) folder: TempDir,
}

impl World {
    pub(crate) fn new() -> World {
        World::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut Settings)) -> World {
        let folder = tempfile::tempdir().unwrap();
        let fake = Fake::with_nodes(&["node0", "node1"]);
        let (server, address) = fake.serve();
        fs::create_dir(folder.path().join("data")).unwrap();
        fs::create_dir(folder.path().join("results")).unwrap();
        let mut settings = Settings {
            listener: TcpListener::bind("127.0.0.1:0").unwrap(),
            servers: vec![Target { name: "server".to_owned(), address }],
            data_root: folder.path().join("data"),
            results: folder.path().join("results"),
            token: None,
            limits: UploadLimits::default(),
            credentials: wire::Credentials::default(),
        };
        change(&mut settings);
        let world = World { console: Console::start(settings).unwrap(), server: Some(server), fake, folder };
        world.wait("the first look", |world| world.get("/readyz").status != 503);
        world
    }

    /// Looks until `holds`; the console looks twice a second by itself.
    pub(crate) fn wait(&self, what: &str, holds: impl Fn(&World) -> bool) {
        for _ in 0..2_000 {
            if holds(self) {
                return;
            }
            std::thread::yield_now();
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("it never came: {what}");
    }
}
