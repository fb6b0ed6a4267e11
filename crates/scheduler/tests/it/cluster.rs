//! A minimal driver in virtual time: nodes with slots and queues, the load model, nodes that die. It writes the
//! decision log: every event told and every action answered.

use ::cluster::Admission;
use ::cluster::load::{LoadModel, Probability, Verdict};
use luck::Seed;
use scheduler::{
    Action, Attempt, Event, JobCounts, JobEnd, JobId, JobSpec, LossReason, Micros, NodeFacts, NodeId,
    NodeTimes, Observation, Outcome, Scheduler, Settings, TaskEnd,
};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::fmt::Write;
use std::time::Duration;

/// A modelled node.
#[derive(Clone, Debug)]
pub(crate) struct ModelNode {
    pub(crate) slots: u32,
    pub(crate) load: f64,
    pub(crate) service: Duration,
    /// Dead in this span of virtual time: attempts on it break, connections are refused.
    pub(crate) dead: Option<(Micros, Micros)>,
}

impl ModelNode {
    pub(crate) fn new(load: f64) -> ModelNode {
        ModelNode { slots: 4, load, service: Duration::from_millis(5), dead: None }
    }

    fn is_dead(&self, at: Micros) -> bool {
        self.dead.is_some_and(|(from, until)| from <= at && at < until)
    }
}

const DELAY: Duration = Duration::from_millis(50);
const WIRE: Duration = Duration::from_micros(200);

#[derive(Debug)]
enum What {
    Ended(Attempt, Observation),
    Freed(NodeId),
    Probed(NodeId, bool),
    Wake,
    Submit(JobId, Box<JobSpec>),
    Cancel(JobId),
}

/// The node's side of an attempt that waits for a slot.
struct Queued {
    attempt: Attempt,
    arrived: Micros,
    delay: Duration,
}

/// What a run left behind.
#[derive(Debug, Default)]
pub(crate) struct Story {
    pub(crate) log: String,
    /// Final counts and end by job.
    pub(crate) ended: BTreeMap<u64, (JobEnd, JobCounts)>,
    pub(crate) drained: BTreeMap<u64, JobCounts>,
    /// How each task ended, by job and task.
    pub(crate) tasks: BTreeMap<(u64, u32), TaskEnd>,
    /// Attempts by node.
    pub(crate) attempts: Vec<u64>,
    pub(crate) rejected: u64,
    /// When the last job ended.
    pub(crate) end: Micros,
    pub(crate) most_in_flight: usize,
}

pub(crate) struct Cluster {
    nodes: Vec<ModelNode>,
    free: Vec<u32>,
    queues: Vec<VecDeque<Queued>>,
    events: BinaryHeap<Reverse<(Micros, u64)>>,
    pending: BTreeMap<u64, What>,
    sequence: u64,
    seeds: BTreeMap<JobId, (Seed, Admission)>,
    keep_log: bool,
    story: Story,
}

impl Cluster {
    pub(crate) fn new(nodes: Vec<ModelNode>) -> Cluster {
        Cluster {
            free: nodes.iter().map(|node| node.slots).collect(),
            queues: nodes.iter().map(|_| VecDeque::new()).collect(),
            story: Story { attempts: vec![0; nodes.len()], ..Story::default() },
            nodes,
            events: BinaryHeap::new(),
            pending: BTreeMap::new(),
            sequence: 0,
            seeds: BTreeMap::new(),
            keep_log: true,
        }
    }

    pub(crate) fn without_log(mut self) -> Cluster {
        self.keep_log = false;
        self
    }

    pub(crate) fn submit_at(mut self, at: Micros, job: u64, spec: JobSpec) -> Cluster {
        self.seeds.insert(JobId(job), (spec.seed, spec.strategy.admission));
        self.add(at, What::Submit(JobId(job), Box::new(spec)));
        self
    }

    pub(crate) fn cancel_at(mut self, at: Micros, job: u64) -> Cluster {
        self.add(at, What::Cancel(JobId(job)));
        self
    }

    fn add(&mut self, at: Micros, what: What) {
        self.sequence += 1;
        self.events.push(Reverse((at, self.sequence)));
        self.pending.insert(self.sequence, what);
    }

    /// Runs until every job is drained.
    pub(crate) fn run(mut self, settings: Settings) -> Story {
        let mut scheduler = Scheduler::new(settings);
        let mut actions = Vec::new();
        for (index, node) in self.nodes.iter().enumerate() {
            let facts = NodeFacts { slots: node.slots, load_probability: Some(node.load) };
            scheduler.handle(
                Micros(0),
                Event::NodeJoined { node: NodeId(index as u32), facts },
                &mut actions,
            );
        }
        let jobs = self.seeds.len();
        let mut now = Micros(0);
        loop {
            self.perform(&mut actions, now);
            self.story.most_in_flight = self.story.most_in_flight.max(scheduler.in_flight());
            if self.story.drained.len() == jobs && scheduler.in_flight() == 0 {
                self.story.end = now;
                return self.story;
            }
            let Reverse((at, sequence)) = self.events.pop().expect("jobs are open and nothing will happen");
            now = at;
            let what = self.pending.remove(&sequence).unwrap();
            let Some(event) = self.event(what, now) else {
                continue;
            };
            if self.keep_log {
                writeln!(self.story.log, "{now} {event:?}").unwrap();
            }
            scheduler.handle(now, event, &mut actions);
        }
    }

    fn event(&mut self, what: What, now: Micros) -> Option<Event> {
        Some(match what {
            What::Submit(job, spec) => Event::JobSubmitted { job, spec: *spec },
            What::Cancel(job) => Event::JobCancelled { job },
            What::Wake => Event::TimerFired,
            What::Probed(node, alive) => Event::ProbeEnded { node, alive },
            What::Ended(attempt, observation) => Event::AttemptEnded { attempt, observation },
            What::Freed(node) => {
                self.free[node.index()] += 1;
                if let Some(queued) = self.queues[node.index()].pop_front() {
                    self.occupy(queued, now);
                }
                return None;
            }
        })
    }

    fn perform(&mut self, actions: &mut Vec<Action>, now: Micros) {
        for action in actions.drain(..) {
            if self.keep_log {
                writeln!(self.story.log, "{now}   {action:?}").unwrap();
            }
            match action {
                Action::Start(attempt) => self.start(attempt, now),
                Action::Probe { node } => {
                    let alive = !self.nodes[node.index()].is_dead(now);
                    self.add(now.after(WIRE), What::Probed(node, alive));
                }
                Action::WakeAt(at) => self.add(at, What::Wake),
                Action::TaskEnded { job, task, end } => {
                    let before = self.story.tasks.insert((job.0, task.0), end);
                    assert_eq!(before, None, "task {task:?} of {job:?} ended twice");
                }
                Action::JobEnded { job, end, counts } => {
                    self.story.ended.insert(job.0, (end, counts));
                }
                Action::JobDrained { job, counts } => {
                    self.story.drained.insert(job.0, counts);
                }
                Action::Cancel { .. } => {}
            }
        }
    }

    fn start(&mut self, attempt: Attempt, now: Micros) {
        let index = attempt.node().index();
        let node = &self.nodes[index];
        self.story.attempts[index] += 1;
        if node.is_dead(now) {
            let lost = Outcome::Lost(LossReason::Unreachable);
            return self.end(attempt, lost, WIRE, None, now.after(WIRE));
        }
        let probability = Probability::new(node.load).unwrap();
        let load = LoadModel { reject: probability, delay: probability, delay_time: DELAY };
        let (seed, admission) = self.seeds[&attempt.job()];
        let verdict = load.judge(admission, seed, u64::from(attempt.task().0), u64::from(attempt.number()));
        let delay = match verdict {
            Verdict::Reject => {
                self.story.rejected += 1;
                return self.end(attempt, Outcome::Rejected, WIRE, None, now.after(WIRE));
            }
            Verdict::DelayThenRun(delay) => delay,
            Verdict::Run => Duration::ZERO,
        };
        let queued = Queued { attempt, arrived: now, delay };
        if self.free[index] > 0 { self.occupy(queued, now) } else { self.queues[index].push_back(queued) }
    }

    fn occupy(&mut self, queued: Queued, now: Micros) {
        let node_id = queued.attempt.node();
        let node = self.nodes[node_id.index()].clone();
        self.free[node_id.index()] -= 1;
        let busy = queued.delay + node.service;
        let done = now.after(busy);
        let dies = node.dead.map(|(from, _)| from).filter(|&from| now < from && from < done);
        self.add(dies.unwrap_or(done), What::Freed(node_id));
        let queue = now.since(queued.arrived);
        let times = NodeTimes { queue, delay: queued.delay, service: node.service };
        match dies {
            Some(at) => {
                let broken = Outcome::Lost(LossReason::Broken);
                self.end(queued.attempt, broken, at.since(queued.arrived), None, at);
            }
            None => {
                let at = done.after(WIRE);
                self.end(queued.attempt, Outcome::Done, at.since(queued.arrived), Some(times), at);
            }
        }
    }

    fn end(
        &mut self,
        attempt: Attempt,
        outcome: Outcome,
        round_trip: Duration,
        node: Option<NodeTimes>,
        at: Micros,
    ) {
        self.add(at, What::Ended(attempt, Observation { outcome, round_trip, node }));
    }
}
