//! A server that does as the test says, and the client program beside it.

use cluster::Admission;
use std::collections::VecDeque;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use wire::job::{
    JobProgress, JobReceipt, JobReport, JobRequest, JobState, JobView, NodeShare, ServerDescription,
    ServerService, SubmitError, TaskFailure, UnknownJob,
};
use wire::membership::{NodeRegistered, NodeRegistration, ServerEvents, UnknownNode};
use wire::{Limits, Running, serve_server};

/// What the server does when it is asked for progress.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Poll {
    /// Answers this, with so many tasks done.
    Answer(JobState, u64),
    /// Knows nothing of the job.
    Forget,
}

/// What happened on the stage, in order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Scene {
    Submitted(Box<JobRequest>),
    Polled,
    Cancelled,
}

/// Something to do when a call arrives.
pub(crate) type Cue = Box<dyn Fn() + Send + Sync>;

/// A server's part.
#[derive(Default)]
pub(crate) struct Part {
    /// Refusals, for the first submissions.
    pub(crate) refusals: Mutex<VecDeque<SubmitError>>,
    /// Answers to polls; when they run out, the job is done, or cancelled if it was.
    pub(crate) polls: Mutex<VecDeque<Poll>>,
    pub(crate) failures: Vec<TaskFailure>,
    pub(crate) why: Option<String>,
    /// Runs before a submission is answered.
    pub(crate) on_submit: Option<Cue>,
    /// Runs before a poll is answered.
    pub(crate) on_poll: Option<Cue>,
    /// Runs before a cancellation is answered.
    pub(crate) on_cancel: Option<Cue>,
    pub(crate) scenes: Mutex<Vec<Scene>>,
}

impl Part {
    pub(crate) fn polls(polls: impl IntoIterator<Item = Poll>) -> Part {
        Part { polls: Mutex::new(polls.into_iter().collect()), ..Part::default() }
    }

    pub(crate) fn play(self) -> (Arc<Part>, Running) {
        let part = Arc::new(self);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let service = Arc::clone(&part) as Arc<dyn ServerService>;
        (part, serve_server(listener, service, Limits::default()).unwrap())
    }

    pub(crate) fn scenes(&self) -> Vec<Scene> {
        self.scenes.lock().unwrap().clone()
    }

    pub(crate) fn submissions(&self) -> Vec<JobRequest> {
        let submitted = |scene| match scene {
            Scene::Submitted(request) => Some(*request),
            _ => None,
        };
        self.scenes().into_iter().filter_map(submitted).collect()
    }

    fn enter(&self, scene: Scene) {
        self.scenes.lock().unwrap().push(scene);
    }

    fn progress_in(&self, state: JobState, done: u64) -> JobProgress {
        JobProgress {
            state,
            tasks: 4,
            done,
            failed: self.failures.len() as u64,
            attempts: 6,
            rejected: 1,
            delayed: 1,
            lost: 0,
            in_flight: 0,
            elapsed: Duration::from_millis(2_000),
            paused: false,
        }
    }

    fn last(&self) -> JobProgress {
        let cancelled = self.scenes().contains(&Scene::Cancelled);
        let (state, done) = if cancelled { (JobState::Cancelled, 2) } else { (JobState::Done, 4) };
        self.progress_in(state, done)
    }
}

impl ServerService for Part {
    fn describe(&self) -> ServerDescription {
        unimplemented!("the client does not ask")
    }

    fn submit(&self, request: JobRequest) -> Result<JobReceipt, SubmitError> {
        self.enter(Scene::Submitted(Box::new(request.clone())));
        if let Some(cue) = &self.on_submit {
            cue();
        }
        if let Some(refusal) = self.refusals.lock().unwrap().pop_front() {
            return Err(refusal);
        }
        Ok(JobReceipt {
            job_key: request.job_key,
            tasks: 4,
            seed: request.seed.unwrap_or(99),
            strategy: request.strategy,
            admission: request.admission.unwrap_or(Admission::MustAccept),
            operation: request.operation,
            skipped: 0,
            run_folder: "results/run".to_owned(),
        })
    }

    fn progress(&self, job_key: &str, _: Duration) -> Result<JobProgress, UnknownJob> {
        self.enter(Scene::Polled);
        if let Some(cue) = &self.on_poll {
            cue();
        }
        let next = self.polls.lock().unwrap().pop_front();
        match next {
            None => Ok(self.last()),
            Some(Poll::Answer(state, done)) => Ok(self.progress_in(state, done)),
            Some(Poll::Forget) => Err(UnknownJob::of(job_key)),
        }
    }

    fn report(&self, _: &str) -> Result<JobReport, UnknownJob> {
        let share = NodeShare {
            node: "node0".to_owned(),
            attempts: 6,
            done: 4,
            rejected: 1,
            delayed: 1,
            lost: 1,
            service: Duration::ZERO,
        };
        let mut progress = self.last();
        if !self.failures.is_empty() {
            progress.state = JobState::Partial;
            progress.done -= self.failures.len() as u64;
        }
        if self.why.is_some() {
            (progress.state, progress.done) = (JobState::NoNode, 0);
        }
        Ok(JobReport {
            progress,
            failures: self.failures.clone(),
            nodes: vec![share],
            why: self.why.clone(),
            histogram: None,
        })
    }

    fn cancel(&self, _: &str) -> Result<(), UnknownJob> {
        self.enter(Scene::Cancelled);
        if let Some(cue) = &self.on_cancel {
            cue();
        }
        Ok(())
    }

    fn jobs(&self, _: bool) -> Vec<JobView> {
        unimplemented!("the client does not ask")
    }

    fn pause_job(&self, _: &str) -> Result<(), UnknownJob> {
        unimplemented!("the client does not ask")
    }

    fn resume_job(&self, _: &str) -> Result<(), UnknownJob> {
        unimplemented!("the client does not ask")
    }

    fn drain(&self, _: &str) -> Result<(), UnknownNode> {
        unimplemented!("the client does not ask")
    }

    fn resume(&self, _: &str) -> Result<(), UnknownNode> {
        unimplemented!("the client does not ask")
    }

    fn events(&self, _: u64) -> ServerEvents {
        unimplemented!("the client does not ask")
    }

    fn register_node(&self, _: NodeRegistration) -> Result<NodeRegistered, SubmitError> {
        unimplemented!("the client does not ask")
    }

    fn submit_request(&self, _: &str, _: bool) -> Result<Duration, String> {
        unimplemented!("the client does not ask")
    }
}

/// The client program with these words, in a folder of its own that may hold a `machine.txt`, and no setting from
/// outside.
pub(crate) fn client(folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_client"));
    command.args(words).current_dir(folder);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("BALLAST_")) {
        command.env_remove(name);
    }
    command
}

/// What a program said and how it ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) status: Option<i32>,
    pub(crate) out: String,
    pub(crate) error: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Said {
        Said {
            status: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            error: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Runs the client to its end in an empty folder.
pub(crate) fn run(words: &[&str]) -> Said {
    let folder = tempfile::tempdir().unwrap();
    client(folder.path(), words).output().unwrap().into()
}

/// A loopback port on which nobody listens.
pub(crate) fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
