//! One compute node as the server deals with it: how to call it, what it told of itself, what its last trouble was.

use cluster::Admission;
use records::{NodeRow, Text};
use scheduler::{LossReason, NodeFacts, Outcome};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};
use wire::membership::NodeRegistration;
use wire::node::{
    AttemptError, AttemptReply, AttemptRequest, CompatibleAnswer, NodeDescription, NodeStatus, SharedFile,
    Work,
};
use wire::{CallError, Evidence, NodeClient, PoolSettings};

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
    /// It came by itself, and no list names it.
    pub(crate) is_registered: bool,
    pool: PoolSettings,
    known: RwLock<Known>,
    /// What it told of itself last, and when.
    status: Mutex<Option<(NodeStatus, Instant)>>,
    /// An operator does not want it to get anything new.
    is_drained: AtomicBool,
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
    /// Asks what the node does. An answer is noted, silence is not: it goes on by itself.
    pub(crate) fn ask(&self, time_out: Duration) -> Sign {
        let peer = &self.0;
        match peer.known().client.status(time_out) {
            Ok(status) => {
                peer.heard();
                let (is_draining, incarnation) = (status.draining, status.incarnation);
                *peer.status.lock().unwrap_or_else(PoisonError::into_inner) = Some((status, Instant::now()));
                if peer.note_incarnation(incarnation) {
                    Sign::OtherProcess
                } else if is_draining {
                    Sign::Draining
                } else {
                    Sign::Lives
                }
            }
            Err(error @ CallError::Unreachable { .. }) => {
                peer.note_trouble(&error);
                Sign::Unreachable
            }
            Err(_) => Sign::None,
        }
    }
}

/// What came of a question to a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    /// It lives and takes work.
    Lives,
    /// It lives and takes nothing new, by itself.
    Draining,
    /// It is another process than the one that was greeted.
    OtherProcess,
    /// Nobody listens there.
    Unreachable,
    /// No answer.
    None,
}

/// What a node answers when it is asked who it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Greeting {
    pub(crate) facts: NodeFacts,
    /// It is another process than at the last greeting.
    pub(crate) is_restarted: bool,
}

impl Drop for Question {
    fn drop(&mut self) {
        self.0.is_asked.store(false, Ordering::Release);
    }
}

/// What is known of a node; replaced whole.
#[derive(Clone, Debug)]
struct Known {
    /// `host:port`.
    address: Arc<str>,
    client: Arc<NodeClient>,
    /// Of the process that is there now, as far as it told.
    incarnation: Option<u64>,
    /// Of the process that was greeted last.
    greeted: Option<u64>,
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
    /// A process that is not the node any more has answered.
    Outdated(Option<AttemptReply>),
    /// The node said why there is none.
    Refused(AttemptError),
    /// There was no answer.
    Lost(Outcome, String),
}

impl Peer {
    /// A node of the list.
    pub(crate) fn new(name: &str, address: &str, pool: PoolSettings) -> Peer {
        let known = Known {
            address: Arc::from(address),
            client: client(address, &pool),
            incarnation: None,
            greeted: None,
            kind: Kind::Unknown,
            trouble: None,
        };
        Peer {
            name: Text::from(name),
            is_registered: false,
            pool,
            known: RwLock::new(known),
            status: Mutex::default(),
            is_drained: AtomicBool::new(false),
            last_sign: Mutex::new(Instant::now()),
            is_asked: AtomicBool::new(false),
            recorded: Mutex::default(),
        }
    }

    /// A node that came by itself, kept under `name`.
    pub(crate) fn registered(name: &str, node: &NodeRegistration, pool: PoolSettings) -> Peer {
        let peer = Peer::new(name, &node.address, pool);
        peer.note_incarnation(node.incarnation);
        Peer { is_registered: true, ..peer }
    }

    /// `host:port`.
    pub(crate) fn address(&self) -> Arc<str> {
        self.known().address
    }

    /// The number that the process drew which is the node now, as far as it told.
    pub(crate) fn incarnation(&self) -> Option<u64> {
        self.known().incarnation
    }

    /// Notes who the node is now; answers whether that is another process than the one that was greeted. What an
    /// earlier one still answers is ignored from now on.
    pub(crate) fn note_incarnation(&self, incarnation: u64) -> bool {
        self.change(|known| known.incarnation = Some(incarnation));
        self.known().greeted.is_some_and(|greeted| greeted != incarnation)
    }

    /// The node is at another address now, and another process.
    pub(crate) fn move_to(&self, address: &str, incarnation: u64) {
        let client = client(address, &self.pool);
        self.change(|known| {
            known.address = Arc::from(address);
            known.client = client;
            known.incarnation = Some(incarnation);
            known.kind = Kind::Unknown;
        });
    }

    /// Whether an operator wants it to get nothing new.
    pub(crate) fn is_drained(&self) -> bool {
        self.is_drained.load(Ordering::Acquire)
    }

    pub(crate) fn set_drained(&self, is_drained: bool) {
        self.is_drained.store(is_drained, Ordering::Release);
    }

    /// What the node told of itself last, and how long ago.
    pub(crate) fn status(&self) -> Option<(NodeStatus, Duration)> {
        let status = self.status.lock().unwrap_or_else(PoisonError::into_inner);
        status.as_ref().map(|(status, at)| (status.clone(), at.elapsed()))
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
            address: Text::from(&*self.address()),
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
    pub(crate) fn greet(&self) -> Option<Greeting> {
        let before = self.known().greeted;
        let facts = self.ask_who_it_is()?;
        self.heard();
        let is_restarted = before.is_some() && before != self.known().greeted;
        Some(Greeting { facts, is_restarted })
    }

    fn ask_who_it_is(&self) -> Option<NodeFacts> {
        let is_ours = self.is_registered || self.known().greeted.is_some();
        match self.known().client.identify(GREETING_TIME) {
            Ok(wire::Peer::Ballast(description)) => {
                let load_probability = description.load_probability;
                let facts = NodeFacts { slots: description.slots, load_probability };
                self.change(|known| {
                    known.incarnation = Some(description.incarnation);
                    known.greeted = known.incarnation;
                    known.kind = Kind::Ballast(Arc::new(description));
                    known.trouble = None;
                });
                Some(facts)
            }
            // Whoever has said before that he speaks our interface has not forgotten it: his wire was cut.
            Ok(wire::Peer::Compatible(Evidence::ClosedConnection)) if is_ours => None,
            Ok(wire::Peer::Compatible(evidence)) => {
                log::info!("{} speaks only the original's interface ({evidence:?})", self.name);
                let client = Arc::new(NodeClient::new(&*self.address(), PoolSettings::compatible()));
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
        let Known { client, kind, incarnation, .. } = self.known();
        if let Kind::Compatible = kind {
            return self.compatible_attempt(&client, request, time_out);
        }
        match client.attempt(request, time_out) {
            Ok(answer) if self.incarnation() != incarnation => Answer::Outdated(answer.ok()),
            Err(_) if self.incarnation() != incarnation => Answer::Outdated(None),
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
            CallError::Unreachable { .. } | CallError::NotAdmitted { .. } => {
                Outcome::Lost(LossReason::Unreachable)
            }
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

fn client(address: &str, pool: &PoolSettings) -> Arc<NodeClient> {
    Arc::new(NodeClient::new(address, pool.clone()))
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
