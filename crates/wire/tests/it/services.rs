//! Services that answer by the words of the request, for both sides of a test.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, SystemTime};
use wire::job::*;
use wire::membership::*;
use wire::node::*;
use wire::{Limits, NodeClient, PoolSettings, Running, ServerClient, serve_node, serve_server};

/// Long enough that only a defect reaches it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Counts who came in, and lets nobody out before it is opened.
#[derive(Default)]
pub(crate) struct Gate {
    state: Mutex<(usize, bool)>,
    changed: Condvar,
}

impl Gate {
    pub(crate) fn pass(&self) {
        let mut state = self.state.lock().unwrap();
        state.0 += 1;
        self.changed.notify_all();
        drop(self.changed.wait_while(state, |state| !state.1).unwrap());
    }

    /// Waits until as many are inside.
    pub(crate) fn wait_for(&self, inside: usize) {
        let state = self.state.lock().unwrap();
        let waited = self.changed.wait_timeout_while(state, PATIENCE, |state| state.0 < inside).unwrap();
        assert!(!waited.1.timed_out(), "nobody came to the gate");
    }

    pub(crate) fn open(&self) {
        self.state.lock().unwrap().1 = true;
        self.changed.notify_all();
    }
}

/// A node whose answer is told by the operation: `edges` works, `reject`, `fail`, `fault`, `invalid`, `panic`, `hold`.
#[derive(Default)]
pub(crate) struct Node {
    pub(crate) gate: Gate,
    pub(crate) attempts: AtomicU64,
    pub(crate) executes: AtomicU64,
    /// The interface that it says it speaks, if not this build's.
    pub(crate) speaks: Option<&'static str>,
}

pub(crate) fn timings() -> AttemptTimings {
    AttemptTimings {
        queue: Duration::from_micros(1),
        total: Duration::from_micros(1_000_001),
        ..AttemptTimings::default()
    }
}

impl NodeService for Node {
    fn describe(&self) -> NodeDescription {
        NodeDescription {
            name: "node0".to_owned(),
            interface_version: self.speaks.unwrap_or(wire::INTERFACE_VERSION).to_owned(),
            program_version: "0.1.0".to_owned(),
            incarnation: u64::MAX - 1,
            slots: 4,
            queue_bound: 16,
            load_probability: Some(0.8),
            delay: Some(Duration::from_secs(3)),
            operations: vec!["edges".to_owned(), "grayscale".to_owned()],
        }
    }

    fn status(&self) -> NodeStatus {
        let totals = OperationTotals { count: 3, total: Duration::from_micros(7) };
        NodeStatus {
            done: self.attempts.load(Ordering::SeqCst),
            by_operation: BTreeMap::from([("edges".to_owned(), totals)]),
            ..NodeStatus::default()
        }
    }

    fn attempt(&self, request: AttemptRequest) -> Result<AttemptReply, AttemptError> {
        self.attempts.fetch_add(1, Ordering::SeqCst);
        let why = "as asked".to_owned();
        match request.operation.as_str() {
            "reject" => {
                Err(AttemptError::Rejected { reason: RejectReason::Load, node: "node0".to_owned(), why })
            }
            "fail" => Err(AttemptError::Failed { kind: FailureKind::Truncated, why, timings: timings() }),
            "fault" => Err(AttemptError::Fault { kind: FaultKind::DiskFull, why }),
            "invalid" => Err(AttemptError::Invalid { field: "operation".to_owned(), why }),
            "panic" => panic!("as asked"),
            _ => {
                if request.operation == "hold" {
                    self.gate.pass();
                }
                let (bytes, result) = match request.work {
                    Work::Shared(file) => {
                        (9, AttemptResult::TemporaryFile(format!("{}.part", file.file_name)))
                    }
                    Work::Inline(bytes) => (bytes.len() as u64, AttemptResult::Inline(bytes)),
                    Work::Synthetic(_) | Work::Segment(_) | Work::Batch(_) => (0, AttemptResult::Nothing),
                };
                Ok(AttemptReply {
                    timings: timings(),
                    bytes_in: bytes,
                    bytes_out: bytes,
                    width: 640,
                    height: 480,
                    result,
                    checksum: None,
                })
            }
        }
    }

    fn execute(&self, admission: cluster::Admission, file: SharedFile) -> Result<CompatibleAnswer, String> {
        self.executes.fetch_add(1, Ordering::SeqCst);
        match (file.file_name.as_str(), admission) {
            ("boom.png", _) => Err("boom: no such file".to_owned()),
            ("busy.png", cluster::Admission::MayReject) => Ok(CompatibleAnswer::Rejected),
            _ => Ok(CompatibleAnswer::Success),
        }
    }
}

pub(crate) fn request(operation: &str, work: Work) -> AttemptRequest {
    AttemptRequest {
        job_key: "job".to_owned(),
        epoch: 1,
        server_incarnation: u64::MAX,
        task: 0,
        attempt: 1,
        seed: 42,
        admission: cluster::Admission::MayReject,
        operation: operation.to_owned(),
        strategy: None,
        work,
        durable: false,
        folder_made: false,
    }
}

pub(crate) fn empty() -> Work {
    Work::Synthetic(Duration::ZERO)
}

/// A server that knows one job, `job`.
pub(crate) struct Server;

pub(crate) fn progress() -> JobProgress {
    JobProgress {
        state: JobState::Partial,
        tasks: 10,
        done: 9,
        failed: 1,
        attempts: 30,
        rejected: 15,
        delayed: 4,
        lost: 5,
        in_flight: 0,
        elapsed: Duration::from_micros(1_500_000),
        paused: false,
    }
}

fn known(job_key: &str) -> Result<(), UnknownJob> {
    if job_key == "job" { Ok(()) } else { Err(UnknownJob::of(job_key)) }
}

pub(crate) fn job_view() -> JobView {
    let request = JobRequest {
        epoch: 3,
        seed: Some(7),
        ..JobRequest::new(
            "job",
            JobSource::Synthetic { tasks: 10, service: Duration::from_millis(2) },
            "random",
            "edges",
        )
    };
    let receipt = JobReceipt {
        job_key: "job".to_owned(),
        tasks: 10,
        seed: 7,
        strategy: "random".to_owned(),
        admission: cluster::Admission::MustAccept,
        operation: "edges".to_owned(),
        skipped: 0,
        run_folder: "/results/run".to_owned(),
    };
    let submitted = SystemTime::UNIX_EPOCH + Duration::from_micros(1_700_000_000_000_000);
    JobView { request, receipt, progress: JobProgress { paused: true, ..progress() }, submitted }
}

impl ServerService for Server {
    fn describe(&self) -> ServerDescription {
        ServerDescription {
            name: "server".to_owned(),
            interface_version: wire::INTERFACE_VERSION.to_owned(),
            program_version: "0.1.0".to_owned(),
            incarnation: 5,
            uptime: Duration::from_secs(1),
            nodes: vec![NodeView {
                name: "node0".to_owned(),
                address: "127.0.0.1:5000".to_owned(),
                // Of a later version: it costs neither this node's other figures nor other nodes.
                state: NodeState::Other(99),
                since: Duration::ZERO,
                in_flight: 1,
                attempts: 2,
                done: 3,
                rejected: 4,
                delayed: 5,
                lost: 6,
                mean_round_trip: Duration::from_micros(7),
                slots: Some(8),
                load_probability: None,
                compatibility: true,
                registered: false,
                incarnation: Some(u64::MAX),
                status: Some((NodeStatus::default(), Duration::from_micros(8))),
            }],
            jobs_running: 1,
            jobs_ended: 2,
            strategies: vec!["random".to_owned()],
            operations: vec!["edges".to_owned()],
            port: wire::Counters::default(),
            standby_of: vec!["127.0.0.1:5010".to_owned()],
            epoch: Some(3),
            election: Some(ElectionView { leader: Some("127.0.0.1:5000".to_owned()), term: Some(12) }),
        }
    }

    fn submit(&self, request: JobRequest) -> Result<JobReceipt, SubmitError> {
        match request.strategy.as_str() {
            "wrong" => Err(SubmitError::Invalid { field: "strategy".to_owned(), why: "unknown".to_owned() }),
            "late" => Err(SubmitError::Unavailable { why: "draining".to_owned() }),
            _ => Ok(JobReceipt {
                job_key: request.job_key,
                tasks: 10,
                seed: request.seed.unwrap_or(1 << 63),
                strategy: request.strategy,
                admission: cluster::Admission::MustAccept,
                operation: request.operation,
                skipped: 2,
                run_folder: "/results/run".to_owned(),
            }),
        }
    }

    fn progress(&self, job_key: &str, _wait: Duration) -> Result<JobProgress, UnknownJob> {
        known(job_key).map(|()| progress())
    }

    fn report(&self, job_key: &str) -> Result<JobReport, UnknownJob> {
        known(job_key)?;
        Ok(JobReport {
            progress: progress(),
            failures: vec![TaskFailure { file_name: "a.png".to_owned(), why: "empty".to_owned() }],
            nodes: vec![NodeShare {
                node: "node0".to_owned(),
                attempts: 1,
                done: 2,
                rejected: 3,
                delayed: 4,
                lost: 5,
                service: Duration::ZERO,
            }],
            why: None,
            histogram: None,
        })
    }

    fn cancel(&self, job_key: &str) -> Result<(), UnknownJob> {
        known(job_key)
    }

    fn jobs(&self, running_only: bool) -> Vec<JobView> {
        if running_only { Vec::new() } else { vec![job_view()] }
    }

    fn pause_job(&self, job_key: &str) -> Result<(), UnknownJob> {
        known(job_key)
    }

    fn resume_job(&self, job_key: &str) -> Result<(), UnknownJob> {
        known(job_key)
    }

    fn drain(&self, node: &str) -> Result<(), UnknownNode> {
        if node == "node0" { Ok(()) } else { Err(UnknownNode { node: node.to_owned() }) }
    }

    fn resume(&self, node: &str) -> Result<(), UnknownNode> {
        self.drain(node)
    }

    fn events(&self, after: u64) -> ServerEvents {
        let event = ClusterEvent {
            number: after + 1,
            at: SystemTime::UNIX_EPOCH + Duration::from_micros(1_700_000_000_000_001),
            kind: EventKind::NodeSuspected,
            subject: "node0".to_owned(),
            text: "node0 gives no sign of life".to_owned(),
        };
        ServerEvents { events: vec![event], server_incarnation: 5 }
    }

    fn register_node(&self, node: NodeRegistration) -> Result<NodeRegistered, SubmitError> {
        if node.name == "one-too-many" {
            return Err(SubmitError::Unavailable { why: "there are too many".to_owned() });
        }
        Ok(NodeRegistered {
            name: format!("{}-2", node.name),
            again_within: Duration::from_secs(2),
            server_incarnation: 5,
        })
    }

    fn submit_request(&self, source_folder: &str, is_random: bool) -> Result<Duration, String> {
        match source_folder {
            "/data/ü" => Ok(Duration::from_millis(if is_random { 1_500 } else { 2_250 })),
            other => Err(format!("no folder {other}")),
        }
    }
}

/// A node on a free port, and what it counts.
pub(crate) fn node_with(limits: Limits) -> (Running, Arc<Node>) {
    let node = Arc::new(Node::default());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    (serve_node(listener, Arc::clone(&node) as Arc<dyn NodeService>, limits).unwrap(), node)
}

pub(crate) fn node() -> (Running, Arc<Node>) {
    node_with(Limits::default())
}

pub(crate) fn server() -> Running {
    serve_server(TcpListener::bind("127.0.0.1:0").unwrap(), Arc::new(Server), Limits::default()).unwrap()
}

pub(crate) fn node_client(running: &Running) -> NodeClient {
    NodeClient::new(running.local_addr().to_string(), PoolSettings::default())
}

pub(crate) fn server_client(running: &Running) -> ServerClient {
    ServerClient::new(running.local_addr().to_string(), PoolSettings::default())
}
