//! What is simulated: nodes, faults, jobs.

use crate::{Arrivals, Distribution};
use cluster::ChangingLoad;
use luck::{Purpose, Seed};
use scheduler::{JobSpec, Micros, Settings, Strategy};
use std::sync::Arc;
use std::time::Duration;

/// A whole simulation: the same scenario gives the same run, byte for byte.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The luck of what belongs to nodes and not to a job: load that changes by chance.
    pub seed: Seed,
    /// The nodes, numbered in this order. All are there from the start.
    pub nodes: Vec<NodePlan>,
    /// The jobs.
    pub jobs: Vec<JobPlan>,
    /// Schedulers that share the nodes, at least 1. Each knows only of its own jobs: the usual source of stale
    /// information about how busy a node is.
    pub schedulers: u32,
    /// What holds for all jobs of a scheduler.
    pub settings: Settings,
    /// What a node does with an attempt that is no longer wanted.
    pub cancellation: Cancellation,
    /// How often nodes that tell their load probability tell it anew, for loads that change. None: only at the start.
    pub announce_every: Option<Duration>,
    /// How long a node that hangs may be silent until the schedulers are told, as the server's watch does. None: nobody
    /// watches, and only time limits of attempts show it.
    pub longest_silence: Option<Duration>,
    /// When to stop: jobs that are still open then are cancelled. None: when all jobs have ended.
    pub horizon: Option<Micros>,
    /// What a scheduler's driver takes to hand an attempt to a thread. Attempts that are decided together are handed over
    /// one after another, so the last of a hundred begins late; an attempt that follows the end of another one goes on on
    /// its thread and is not handed over. Zero: all begin at once.
    pub hand_over: Duration,
}

/// A modelled node.
#[derive(Clone, Debug, PartialEq)]
pub struct NodePlan {
    /// Its name in records.
    pub name: Arc<str>,
    /// Attempts that it works on at once, at least 1. A delayed attempt holds its slot while it sleeps.
    pub slots: u32,
    /// Attempts that may wait for a slot; beyond them it refuses. `u32::MAX` is no bound.
    pub queue_bound: u32,
    /// How slots share the node's processors.
    pub processors: Processors,
    /// How fast it works: work that takes a second at speed 1 takes half a second at speed 2.
    pub speed: f64,
    /// How it rejects and delays.
    pub load: ChangingLoad,
    /// Round trip on the wire, half of it each way.
    pub wire: Distribution,
    /// What goes wrong and when.
    pub faults: Vec<Fault>,
    /// Whether the scheduler is told the load probability: only an oracle looks at it.
    pub tells_load: bool,
}

impl NodePlan {
    /// A node that never rejects, delays or fails, with an unbounded queue and nothing on the wire.
    pub fn new(name: impl Into<Arc<str>>, slots: u32) -> NodePlan {
        NodePlan {
            name: name.into(),
            slots,
            queue_bound: u32::MAX,
            processors: Processors::OnePerSlot,
            speed: 1.0,
            load: ChangingLoad::none(),
            wire: Distribution::ZERO,
            faults: Vec::new(),
            tells_load: false,
        }
    }
}

/// How slots share the node's processors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Processors {
    /// Every slot works at full speed: the work sleeps, or there are processors enough.
    OnePerSlot,
    /// All attempts at work share this many processors equally, each at most one of them (processor sharing).
    Shared(u32),
}

/// Something that goes wrong at a node.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fault {
    /// When.
    pub from: Micros,
    /// When it is over.
    pub until: Micros,
    /// What.
    pub kind: FaultKind,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FaultKind {
    /// The process is dead: what it had is lost at once, new attempts find nobody. It comes back empty.
    Crash,
    /// The process hangs: it answers nothing. It comes back empty, and what it had is never answered.
    Hang,
    /// It works this many times slower than it should: a grey failure.
    Slow(f64),
    /// It finishes what it has and takes nothing new, by agreement with the schedulers; then it joins again.
    Drain,
}

impl Fault {
    /// Faults of one kind until `until`, by the luck of `seed`: the node is sound for exponentially distributed times
    /// with mean `mean_up`, then at fault for such times with mean `mean_down`. All nodes of a run may share a seed.
    pub fn random(
        seed: Seed,
        node: u32,
        kind: FaultKind,
        mean_up: Duration,
        mean_down: Duration,
        until: Micros,
    ) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut at = Micros(0);
        for spell in 0u64.. {
            let coin = seed.coin(Purpose::Fault, u64::from(node), spell);
            let from = at.after(mean_up.mul_f64(coin.exponential()));
            // A fault that lasts no time would not be one.
            let down = mean_down.mul_f64(coin.next().exponential()).max(Duration::from_micros(1));
            at = from.after(down);
            if from >= until || from == at {
                break;
            }
            faults.push(Fault { from, until: at, kind });
        }
        faults
    }
}

/// What a node does with an attempt that the scheduler cancels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cancellation {
    /// It is not told: the attempt runs to its end and its result is thrown away.
    Ignored,
    /// It drops the attempt if it still waits for a slot.
    Dequeued,
    /// It drops the attempt at once, also in a slot.
    Aborted,
}

/// A job.
#[derive(Clone, Debug)]
pub struct JobPlan {
    /// Its key in records.
    pub key: Arc<str>,
    /// Strategy, seed and rules. How many tasks there are and whether it is sealed is told by the arrivals.
    pub spec: JobSpec,
    /// When it is submitted.
    pub start: Micros,
    /// How its tasks come.
    pub arrivals: Arrivals,
    /// How much work they are.
    pub work: Work,
    /// What the wire took for recorded attempts; others draw from the node's distribution.
    pub recorded_wire: Option<Arc<RecordedWire>>,
    /// How long an attempt may take before the driver gives it up. None: for ever.
    pub attempt_timeout: Option<Duration>,
    /// Open arrivals that find this many open tasks are dropped and counted, as a load generator with bounded
    /// connections would. None: no bound.
    pub max_open: Option<u32>,
    /// Which scheduler it belongs to.
    pub scheduler: u32,
    /// Tasks at the beginning that the summary leaves out (the records keep them).
    pub warm_up: u32,
}

/// Round trips of recorded attempts, by task and attempt number.
pub type RecordedWire = std::collections::BTreeMap<(u32, u32), Duration>;

impl JobPlan {
    /// A job on the first scheduler that is submitted at once, without a time limit.
    pub fn new(strategy: Strategy, seed: Seed, arrivals: Arrivals, work: Work) -> JobPlan {
        JobPlan {
            key: "job".into(),
            spec: JobSpec::new(0, strategy, seed),
            start: Micros(0),
            arrivals,
            work,
            recorded_wire: None,
            attempt_timeout: None,
            max_open: None,
            scheduler: 0,
            warm_up: 0,
        }
    }
}

/// How much work a task is, in time at speed 1.
#[derive(Clone, Debug, PartialEq)]
pub enum Work {
    /// Drawn once for each task: an image is as large on one node as on another.
    ByTask(Distribution),
    /// Drawn anew for each attempt: the time is the node's chance and not the task's.
    ByAttempt(Distribution),
    /// Recorded, by task; beyond the end it begins anew.
    Recorded(Arc<[Duration]>),
}

impl Work {
    /// The distribution behind it.
    pub fn distribution(&self) -> Distribution {
        match self {
            Work::ByTask(distribution) | Work::ByAttempt(distribution) => distribution.clone(),
            Work::Recorded(times) => Distribution::Empirical(Arc::clone(times)),
        }
    }
}

/// A scenario that cannot be simulated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScenarioError {
    /// There are no nodes.
    #[error("the scenario has no nodes: it needs at least one")]
    NoNodes,
    /// A period without a time in it.
    #[error("{name} is zero: it needs a time above 0, such as 1 s")]
    NoPeriod {
        /// Which.
        name: &'static str,
    },
    /// A node cannot be as it is described.
    #[error("node '{node}': {why}")]
    Node {
        /// Its name.
        node: Arc<str>,
        /// What is wrong and what would be right.
        why: String,
    },
    /// A job cannot be as it is described.
    #[error("job '{job}': {why}")]
    Job {
        /// Its key.
        job: Arc<str>,
        /// What is wrong and what would be right.
        why: String,
    },
    /// A policy holds tasks back and nothing will happen that could move it.
    #[error(
        "at {at} µs {open} tasks are open and nothing will ever happen: the policy holds them back for good"
    )]
    Stalled {
        /// When.
        at: Micros,
        /// How many tasks.
        open: u64,
    },
}

impl Scenario {
    /// One scheduler, one job, no horizon.
    pub fn new(nodes: Vec<NodePlan>, job: JobPlan) -> Scenario {
        Scenario {
            seed: job.spec.seed,
            nodes,
            jobs: vec![job],
            schedulers: 1,
            settings: Settings::default(),
            cancellation: Cancellation::Ignored,
            announce_every: None,
            longest_silence: None,
            horizon: None,
            hand_over: Duration::ZERO,
        }
    }

    /// Whether it can be simulated.
    ///
    /// # Errors
    /// What is wrong and what would be right.
    pub fn check(&self) -> Result<(), ScenarioError> {
        if self.nodes.is_empty() {
            return Err(ScenarioError::NoNodes);
        }
        let is_zero = |period: Option<Duration>| period.is_some_and(|period| period.is_zero());
        if is_zero(self.announce_every) {
            return Err(ScenarioError::NoPeriod { name: "announce_every" });
        }
        if is_zero(self.longest_silence) {
            return Err(ScenarioError::NoPeriod { name: "longest_silence" });
        }
        for plan in &self.nodes {
            let why = plan.fault();
            if let Some(why) = why {
                return Err(ScenarioError::Node { node: Arc::clone(&plan.name), why });
            }
        }
        let hangs =
            self.nodes.iter().flat_map(|plan| &plan.faults).any(|fault| fault.kind == FaultKind::Hang);
        for plan in &self.jobs {
            if let Some(why) = plan.fault(self.schedulers, hangs) {
                return Err(ScenarioError::Job { job: Arc::clone(&plan.key), why });
            }
        }
        Ok(())
    }
}

impl NodePlan {
    fn fault(&self) -> Option<String> {
        if self.slots == 0 || self.processors == Processors::Shared(0) {
            return Some("it needs at least one slot and one processor".to_owned());
        }
        if !(self.speed.is_finite() && self.speed > 0.0) {
            return Some(format!("its speed is {}: it takes a number above 0", self.speed));
        }
        if let Some(why) = self.wire.fault() {
            return Some(format!("wire {}: {why}", self.wire));
        }
        let mut before = Micros(0);
        for fault in &self.faults {
            let slow = match fault.kind {
                FaultKind::Slow(factor) => factor.is_finite() && factor > 0.0,
                FaultKind::Crash | FaultKind::Hang | FaultKind::Drain => true,
            };
            if fault.from < before || fault.until <= fault.from || !slow {
                return Some(format!(
                    "its fault from {} to {} µs: faults follow each other without overlap, and a slowdown is a \
                     number above 0",
                    fault.from, fault.until
                ));
            }
            before = fault.until;
        }
        None
    }
}

impl JobPlan {
    fn fault(&self, schedulers: u32, hangs: bool) -> Option<String> {
        if let Some(why) = self.arrivals.fault() {
            return Some(format!("arrivals: {why}"));
        }
        match &self.work {
            Work::Recorded(times) if times.is_empty() => {
                return Some("its recorded work is empty".to_owned());
            }
            Work::ByTask(distribution) | Work::ByAttempt(distribution) => {
                if let Some(why) = distribution.fault() {
                    return Some(format!("work {distribution}: {why}"));
                }
            }
            Work::Recorded(_) => {}
        }
        if self.scheduler >= schedulers {
            return Some(format!("it belongs to scheduler {}, but there are {schedulers}", self.scheduler));
        }
        if hangs && self.attempt_timeout.is_none() {
            return Some("a node hangs, so attempts need a time limit: set attempt_timeout".to_owned());
        }
        None
    }
}
