//! One compute node as the server deals with it: how to call it, what it told of itself, what its last trouble was.

use cluster::Admission;
use records::{NodeRow, Text};
use scheduler::{LossReason, NodeFacts, Outcome};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};
use wire::node::{
    AttemptError, AttemptReply, AttemptRequest, CompatibleAnswer, NodeDescription, SharedFile, Work,
};
use wire::{CallError, NodeClient, PoolSettings};

/// How long a node may take to say who it is.
const GREETING_TIME: Duration = Duration::from_secs(3);
/// Threads of the original's nodes: attempts that one of them works on at once.
const COMPATIBLE_SLOTS: u32 = 10;
/// The one operation of the original's nodes.
pub(crate) const COMPATIBLE_OPERATION: &str = "edges";

/// One compute node.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) name: Text,
    pub(crate) address: String,
    known: RwLock<Known>,
    /// When the node last gave a sign of life.
    last_sign: Mutex<Instant>,
    is_asked: AtomicBool,
    /// What the records say of it.
    recorded: Mutex<Option<NodeRow>>,
}

/// The one question that may be open to a node. Dropping it makes room for the next.
#[derive(Debug)]
pub(crate) struct Question(Arc<Peer>);

impl Question {
    /// Asks for a sign of life. An answer is noted, silence is not: it goes on by itself.
    pub(crate) fn ask(&self, time_out: Duration) {
        let client = self.0.known().client;
        if client.ping(time_out).is_ok() {
            self.0.heard();
        }
    }
}

impl Drop for Question {
    fn drop(&mut self) {
        self.0.is_asked.store(false, Ordering::Release);
    }
}

/// What is known of a node; replaced whole.
#[derive(Clone, Debug)]
struct Known {
    client: Arc<NodeClient>,
    kind: Kind,
    trouble: Option<Arc<str>>,
}

/// What a node turned out to be.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// It has not answered yet.
    Unknown,
    /// It speaks our interface.
    Ballast(Arc<NodeDescription>),
    /// It speaks only the original's.
    Compatible,
}

/// What came back from a node.
#[derive(Debug)]
pub(crate) enum Answer {
    /// A result, not yet published.
    Reply(AttemptReply),
    /// A node of the original's kind has written the result under its final name.
    Published,
    /// The node said why there is none.
    Refused(AttemptError),
    /// There was no answer.
    Lost(Outcome, String),
}

impl Peer {
    pub(crate) fn new(name: &str, address: String, connections: usize) -> Peer {
        let settings = PoolSettings { connections, ..PoolSettings::default() };
        let client = Arc::new(NodeClient::new(address.clone(), settings));
        let known = Known { client, kind: Kind::Unknown, trouble: None };
        Peer {
            name: Text::from(name),
            address,
            known: RwLock::new(known),
            last_sign: Mutex::new(Instant::now()),
            is_asked: AtomicBool::new(false),
            recorded: Mutex::default(),
        }
    }

    /// The node gave a sign of life, or nothing is expected of it.
    pub(crate) fn heard(&self) {
        *self.last_sign.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// How long ago its last sign of life was.
    pub(crate) fn silence(&self) -> Duration {
        self.last_sign.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }

    /// The right to ask; none while a question is open.
    pub(crate) fn begin_question(self: &Arc<Peer>) -> Option<Question> {
        (!self.is_asked.swap(true, Ordering::AcqRel)).then(|| Question(Arc::clone(self)))
    }

    fn known(&self) -> Known {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change(&self, change: impl FnOnce(&mut Known)) {
        change(&mut self.known.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// What it turned out to be.
    pub(crate) fn kind(&self) -> Kind {
        self.known().kind
    }

    /// What it told of itself, if the records do not say so yet.
    pub(crate) fn news(&self, run: &Text, facts: &NodeFacts) -> Option<NodeRow> {
        let nothing = || Text::from("");
        let (queue, delay, version) = match self.kind() {
            Kind::Ballast(told) => (told.queue_bound, told.delay, Text::from(told.program_version.as_str())),
            Kind::Compatible | Kind::Unknown => (u32::MAX, None, nothing()),
        };
        let row = NodeRow {
            run: Text::clone(run),
            node: Text::clone(&self.name),
            address: Text::from(self.address.as_str()),
            slots: facts.slots,
            queue,
            load: facts.load_probability.map_or_else(nothing, |load| Text::from(load.to_string())),
            delay_us: delay.map_or(0, crate::ledger::micros),
            version,
        };
        let mut recorded = self.recorded.lock().unwrap_or_else(PoisonError::into_inner);
        (recorded.as_ref() != Some(&row)).then(|| recorded.insert(row).clone())
    }

    /// Why it does not answer, if it does not.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.known().trouble.map(|trouble| format!("{} {trouble}", self.name))
    }

    /// Asks the node who it is; none if it does not answer.
    pub(crate) fn greet(&self) -> Option<NodeFacts> {
        match self.known().client.identify(GREETING_TIME) {
            Ok(wire::Peer::Ballast(description)) => {
                let facts =
                    NodeFacts { slots: description.slots, load_probability: description.load_probability };
                self.change(|known| {
                    known.kind = Kind::Ballast(Arc::new(description));
                    known.trouble = None;
                });
                Some(facts)
            }
            Ok(wire::Peer::Compatible(evidence)) => {
                log::info!("{} speaks only the original's interface ({evidence:?})", self.name);
                let client = Arc::new(NodeClient::new(self.address.clone(), PoolSettings::compatible()));
                self.change(|known| {
                    if !matches!(known.kind, Kind::Compatible) {
                        known.client = client;
                    }
                    known.kind = Kind::Compatible;
                    known.trouble = None;
                });
                Some(NodeFacts { slots: COMPATIBLE_SLOTS, load_probability: None })
            }
            Err(error) => {
                log::debug!("{} does not say who it is: {error}", self.name);
                self.note_trouble(&error);
                None
            }
        }
    }

    /// One attempt on this node.
    pub(crate) fn attempt(&self, request: &AttemptRequest, time_out: Duration) -> Answer {
        let Known { client, kind, .. } = self.known();
        if let Kind::Compatible = kind {
            return self.compatible_attempt(&client, request, time_out);
        }
        match client.attempt(request, time_out) {
            Ok(answer) => {
                self.heard();
                answer.map_or_else(Answer::Refused, Answer::Reply)
            }
            Err(error) => self.lost(&error),
        }
    }

    fn compatible_attempt(
        &self,
        client: &NodeClient,
        request: &AttemptRequest,
        time_out: Duration,
    ) -> Answer {
        let Some(file) = compatible_file(request) else {
            let why = format!(
                "the node speaks the original's interface, which has only '{COMPATIBLE_OPERATION}' on a shared folder"
            );
            return Answer::Lost(Outcome::Lost(LossReason::Fault), why);
        };
        match client.execute(request.admission, file, time_out) {
            Ok(CompatibleAnswer::Success) => Answer::Published,
            Ok(CompatibleAnswer::Rejected) => Answer::Refused(AttemptError::Rejected {
                reason: wire::node::RejectReason::Load,
                node: self.name.to_string(),
                why: "Rejected".to_owned(),
            }),
            Err(error) => self.lost(&error),
        }
    }

    fn lost(&self, error: &CallError) -> Answer {
        let outcome = match error {
            CallError::Unreachable { .. } => Outcome::Lost(LossReason::Unreachable),
            CallError::TimedOut { .. } | CallError::Busy { .. } => Outcome::TimedOut,
            CallError::Broken { .. } => Outcome::Lost(LossReason::Broken),
            CallError::TooLarge { .. } => Outcome::Failed,
            CallError::Garbled { .. }
            | CallError::UnknownMethod { .. }
            | CallError::Refused { .. }
            | CallError::Unfit { .. } => Outcome::Lost(LossReason::Fault),
        };
        if outcome == Outcome::Lost(LossReason::Unreachable) {
            self.note_trouble(error);
        }
        Answer::Lost(outcome, error.to_string())
    }

    fn note_trouble(&self, error: &CallError) {
        let text: Arc<str> = Arc::from(format!("({error})"));
        self.change(|known| known.trouble = Some(text));
    }

    /// Nodes of the original's kind give each connection a thread: idle ones are closed.
    pub(crate) fn close_idle(&self) {
        self.known().client.close_expired();
    }
}

/// The file of a request that a node of the original's kind can serve.
fn compatible_file(request: &AttemptRequest) -> Option<&SharedFile> {
    match &request.work {
        Work::Shared(file) if request.operation == COMPATIBLE_OPERATION => Some(file),
        _ => None,
    }
}

/// The admission that the original's flag stands for.
pub(crate) const fn admission_of_flag(is_random: bool) -> Admission {
    if is_random { Admission::MayReject } else { Admission::MustAccept }
}
