//! What the server answers to its clients.

use crate::book::{Book, invalid};
use crate::divided;
use crate::election::Leadership;
use crate::engine::Engine;
use crate::folder::Folder;
use crate::job::{Job, Tasks};
use crate::mix::Mix;
use crate::peer::admission_of_flag;
use crate::put_off::PutOff;
use crate::view;
use cluster::Admission;
use imaging::operation;
use luck::Seed;
use scheduler::{Event, RetryRule, Strategy};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use wire::division::Division;
use wire::job::{
    JobProgress, JobReceipt, JobReport, JobRequest, JobSource, JobState, JobView, MAX_LISTED_JOBS,
    ServerDescription, ServerService, SubmitError, Transfer, UnknownJob,
};
use wire::membership::{EventKind, NodeRegistered, NodeRegistration, ServerEvents, UnknownNode};

/// Tasks of a job at most: the scheduler counts them in 32 bits, and each costs some bytes.
const MOST_TASKS: u64 = 10_000_000;
/// What records and receipts call the work of tasks without images.
const SYNTHETIC: &str = "synthetic";
/// When a node that came by itself is to say again that it is there.
const REGISTER_AGAIN: Duration = Duration::from_secs(2);
/// How long one look at a job's end lasts when the original's client waits for it.
const LOOK: Duration = Duration::from_secs(60);

/// What the server was started with, as far as jobs are concerned.
#[derive(Debug)]
pub(crate) struct Terms {
    pub(crate) name: String,
    /// Where the CSV files are.
    pub(crate) run_folder: PathBuf,
    /// Where this server's journal is.
    pub(crate) state: PathBuf,
    pub(crate) retry: RetryRule,
    /// Servers whose jobs go on here when they are lost.
    pub(crate) standby_of: Vec<String>,
    /// Names the luck of jobs that bring no seed: the n-th such job gets the n-th derived seed.
    pub(crate) seed: Seed,
    /// Whether jobs that do not end within the grace are left to the next process with the same state.
    pub(crate) leaves_jobs: bool,
    /// Whether this server leads.
    pub(crate) leadership: Option<Arc<Leadership>>,
}

/// Serves clients.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) engine: Arc<Engine>,
    pub(crate) terms: Terms,
    started: Instant,
    book: Mutex<Book>,
    pub(crate) put_off: PutOff,
    closed: AtomicBool,
    /// Set when this process ends and leaves its jobs to the next one.
    pub(crate) leaving: AtomicBool,
    seeds_drawn: AtomicU64,
    calls_of_the_original: AtomicU64,
}

impl Service {
    pub(crate) fn new(engine: Arc<Engine>, terms: Terms) -> Service {
        Service {
            engine,
            terms,
            started: Instant::now(),
            book: Mutex::default(),
            put_off: PutOff::default(),
            closed: AtomicBool::new(false),
            leaving: AtomicBool::new(false),
            seeds_drawn: AtomicU64::new(0),
            calls_of_the_original: AtomicU64::new(0),
        }
    }

    /// From now on no job is taken.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    /// Notes what happened, for those who ask for events.
    pub(crate) fn note(&self, kind: EventKind, subject: &str, text: String) {
        self.engine.means.events.note(kind, subject, text);
    }

    pub(crate) fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, job_key: &str) -> Result<Arc<Job>, UnknownJob> {
        let job = self.book().get(job_key).cloned().ok_or_else(|| UnknownJob::of(job_key))?;
        let unknown = |why: String| Err(UnknownJob { why: Some(why), ..UnknownJob::of(job_key) });
        if job.is_deposed() {
            // Of one that another server goes on with nothing is known here any more.
            return unknown(format!("another server goes on with job '{job_key}': ask that one"));
        }
        if self.is_leaving() && !job.has_ended() {
            return unknown(crate::leave::why(job_key));
        }
        Ok(job)
    }

    /// Checks everything of a request that can be checked before any work, and lists its folder.
    pub(crate) fn examine(&self, request: &JobRequest) -> Result<(Strategy, Mix, Tasks), SubmitError> {
        if request.job_key.is_empty() || request.job_key.len() > 128 {
            return Err(invalid("job_key", "a job key has 1 to 128 bytes"));
        }
        let strategy: Strategy = request.strategy.parse().map_err(|error| invalid("strategy", error))?;
        let strategy = match request.admission {
            Some(admission) => strategy.with_admission(admission),
            None => strategy,
        };
        let mix = Mix::parse(&request.operation).map_err(|error| invalid("operation", error))?;
        let tasks = match &request.source {
            JobSource::Folder { path, recursive, transfer, division } => {
                let folder =
                    Folder::open(Path::new(path), *recursive).map_err(|error| invalid("data_path", error))?;
                divided::check(*division).map_err(|why| invalid("parts", why))?;
                Tasks::images(folder, *transfer, mix.clone(), *division)
            }
            JobSource::Synthetic { tasks, service } => {
                let count = u32::try_from(*tasks).ok().filter(|_| *tasks <= MOST_TASKS);
                let count = count.ok_or_else(|| {
                    invalid("synthetic_tasks", format!("at most {MOST_TASKS} tasks make a job, not {tasks}"))
                })?;
                Tasks::synthetic(count, *service)
            }
            JobSource::Open { arrivals, service } => {
                let count = u32::try_from(arrivals.times_us.len()).unwrap_or(u32::MAX);
                Tasks::synthetic(count, *service)
            }
        };
        if tasks.count() as u64 > MOST_TASKS {
            return Err(invalid(
                "data_path",
                format!("at most {MOST_TASKS} images make a job: split the folder"),
            ));
        }
        Ok((strategy, mix, tasks))
    }

    pub(crate) fn receipt(
        &self,
        request: &JobRequest,
        strategy: &Strategy,
        operation: &Mix,
        tasks: &Tasks,
    ) -> JobReceipt {
        let skipped = match tasks {
            Tasks::Folder { folder, .. } => folder.skipped,
            Tasks::Synthetic { .. } => 0,
        };
        let drawn = || {
            // The wire's integers are signed.
            self.terms.seed.derive(self.seeds_drawn.fetch_add(1, Ordering::Relaxed)).0 >> 1
        };
        JobReceipt {
            job_key: request.job_key.clone(),
            tasks: tasks.count() as u64,
            seed: request.seed.unwrap_or_else(drawn),
            strategy: strategy.to_string(),
            admission: strategy.admission,
            operation: match tasks {
                Tasks::Folder { .. } => operation.to_string(),
                Tasks::Synthetic { .. } => SYNTHETIC.to_owned(),
            },
            skipped,
            run_folder: self.terms.run_folder.to_string_lossy().into_owned(),
        }
    }

    /// Where a job stands, or how it ended.
    fn standing(&self, job: &Arc<Job>) -> JobReport {
        let running = self.engine.running_report(job.id);
        if job.is_closed() {
            // It has ended; its report comes as soon as its records and its end in the journal are written, or cannot be.
            loop {
                if let Some(report) = job.wait_for_news(LOOK) {
                    return report;
                }
            }
        }
        let mut report = running.unwrap_or_else(|| view::not_begun(job));
        report.why = self.engine.why_held_up(job);
        report
    }

    /// Waits for a job's end, however long it takes.
    fn wait_for_end(&self, job: &Job) -> JobReport {
        loop {
            if let Some(report) = job.wait(LOOK) {
                return report;
            }
        }
    }

    pub(crate) fn check_open(&self) -> Result<(), SubmitError> {
        if self.closed.load(Ordering::Acquire) {
            let why = "the server is shutting down and takes no new job".to_owned();
            return Err(SubmitError::Unavailable { why });
        }
        Ok(())
    }

    /// Jobs whose end nobody can have heard of yet.
    pub(crate) fn unfinished(&self) -> Vec<Arc<Job>> {
        let book = self.book();
        book.all().filter(|job| job.wait(Duration::ZERO).is_none()).cloned().collect()
    }

    /// Stops every job that runs.
    pub(crate) fn cancel_all(&self) {
        for job in self.engine.running() {
            self.engine.tell(Event::JobCancelled { job: job.id });
        }
    }

    /// Waits until no job runs, at most `wait`; answers whether none does.
    pub(crate) fn wait_until_idle(&self, wait: Duration) -> bool {
        let deadline = std::time::Instant::now() + wait;
        loop {
            // The job leaves the list when it ends, and its end is told when its records are written.
            let unfinished = self.book().all().find(|job| job.wait(Duration::ZERO).is_none()).cloned();
            let Some(job) = unfinished else { return true };
            let left = deadline.saturating_duration_since(std::time::Instant::now());
            if job.wait(left).is_none() && left.is_zero() {
                return false;
            }
        }
    }
}

impl ServerService for Service {
    fn describe(&self) -> ServerDescription {
        let (nodes, jobs_ended) = self.engine.overview();
        let peers = self.engine.means.peers.all();
        let views = peers
            .iter()
            .zip(nodes)
            .filter_map(|(peer, (in_flight, standing, share))| view::node(peer, in_flight, standing, share));
        ServerDescription {
            name: self.terms.name.clone(),
            interface_version: wire::INTERFACE_VERSION.to_owned(),
            program_version: env!("CARGO_PKG_VERSION").to_owned(),
            incarnation: self.engine.means.incarnation,
            uptime: self.started.elapsed(),
            nodes: views.collect(),
            jobs_running: self.engine.running().len() as u64,
            jobs_ended,
            strategies: Strategy::names(),
            operations: operation::descriptions().map(|described| described.name.to_owned()).collect(),
            port: wire::Counters::default(),
            standby_of: self.terms.standby_of.clone(),
            epoch: self.engine.running().iter().map(|job| job.request.epoch).max(),
            election: self.terms.leadership.as_ref().map(|leadership| leadership.view()),
        }
    }

    fn submit(&self, request: JobRequest) -> Result<JobReceipt, SubmitError> {
        self.take(self.led(request)?)
    }

    fn progress(&self, job_key: &str, wait: Duration) -> Result<JobProgress, UnknownJob> {
        let job = self.find(job_key)?;
        Ok(job.wait(wait).unwrap_or_else(|| self.standing(&job)).progress)
    }

    fn report(&self, job_key: &str) -> Result<JobReport, UnknownJob> {
        let job = self.find(job_key)?;
        let report = self.standing(&job);
        if report.progress.state != JobState::Running {
            job.note_told();
        }
        Ok(report)
    }

    fn cancel(&self, job_key: &str) -> Result<(), UnknownJob> {
        let job = self.find(job_key)?;
        self.engine.tell(Event::JobCancelled { job: job.id });
        Ok(())
    }

    fn jobs(&self, running_only: bool) -> Vec<JobView> {
        let jobs: Vec<Arc<Job>> = {
            let book = self.book();
            let known = book.order.iter().rev().filter_map(|key| book.jobs.get(key));
            let wanted = known.filter(|job| !running_only || !job.is_closed());
            wanted.take(MAX_LISTED_JOBS).cloned().collect()
        };
        let view = |job: Arc<Job>| {
            let running = self.engine.running_report(job.id).filter(|_| !job.is_closed());
            // One that has just ended, and whose records are not written yet, is shown the next time.
            let report = running.or_else(|| job.wait(Duration::ZERO))?;
            Some(view::job(&job, report.progress))
        };
        jobs.into_iter().filter_map(view).collect()
    }

    fn pause_job(&self, job_key: &str) -> Result<(), UnknownJob> {
        let job = self.find(job_key)?;
        self.engine.tell(Event::JobPaused { job: job.id });
        self.engine.means.events.note(EventKind::JobPaused, job_key, format!("job {job_key} is paused"));
        Ok(())
    }

    fn resume_job(&self, job_key: &str) -> Result<(), UnknownJob> {
        let job = self.find(job_key)?;
        self.engine.tell(Event::JobResumed { job: job.id });
        self.engine.means.events.note(EventKind::JobResumed, job_key, format!("job {job_key} goes on"));
        Ok(())
    }

    fn drain(&self, node: &str) -> Result<(), UnknownNode> {
        self.engine.drain(node)
    }

    fn resume(&self, node: &str) -> Result<(), UnknownNode> {
        self.engine.resume(node)
    }

    fn events(&self, after: u64) -> ServerEvents {
        ServerEvents {
            events: self.engine.means.events.after(after),
            server_incarnation: self.engine.means.incarnation,
        }
    }

    fn register_node(&self, node: NodeRegistration) -> Result<NodeRegistered, SubmitError> {
        self.check_open()?;
        let name = self.engine.register(&node).map_err(|why| SubmitError::Unavailable { why })?;
        Ok(NodeRegistered {
            name: name.to_string(),
            again_within: REGISTER_AGAIN,
            server_incarnation: self.engine.means.incarnation,
        })
    }

    fn submit_request(&self, source_folder: &str, is_random: bool) -> Result<Duration, String> {
        let number = self.calls_of_the_original.fetch_add(1, Ordering::Relaxed);
        // The original strips the slash, and knows nothing of absolute paths.
        let path =
            std::path::absolute(source_folder.trim_end_matches('/')).map_err(|error| error.to_string())?;
        let admission = admission_of_flag(is_random);
        let request = JobRequest {
            label: Some("original".to_owned()),
            ..JobRequest::new(
                format!("original-{:016x}-{number}", self.engine.means.incarnation),
                JobSource::Folder {
                    path: path.to_string_lossy().into_owned(),
                    recursive: false,
                    transfer: Transfer::Shared,
                    division: Division::default(),
                },
                if admission == Admission::MayReject { "load_balancing" } else { "random" },
                crate::peer::COMPATIBLE_OPERATION,
            )
        };
        let receipt = self.submit(request).map_err(|error| error.to_string())?;
        let job = self.find(&receipt.job_key).map_err(|error| error.to_string())?;
        let report = self.wait_for_end(&job);
        job.note_told();
        match report.why {
            Some(why) => Err(why),
            None => {
                for failure in &report.failures {
                    log::warn!("{}: {}", failure.file_name, failure.why);
                }
                Ok(report.progress.elapsed)
            }
        }
    }
}
