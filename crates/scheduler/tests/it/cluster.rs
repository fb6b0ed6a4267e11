//! A minimal driver in virtual time: nodes with slots and queues, the load model, nodes that die or change their load,
//! jobs that arrive at once or task by task. It writes the decision log: every event told and every action answered.

use ::cluster::Admission;
use ::cluster::load::{LoadModel, Probability, Verdict};
use luck::{Purpose, Seed};
use scheduler::{
    Action, Attempt, Event, JobCounts, JobEnd, JobId, JobSpec, LossReason, Micros, NodeFacts, NodeId,
    NodeTimes, Observation, Outcome, Scheduler, Settings, TaskEnd, history,
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

/// What attempts take beside their service.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    pub(crate) delay: Duration,
    /// There and back.
    pub(crate) wire: Duration,
    /// Whether service times are exponential with the node's mean, by task; otherwise they are the mean.
    pub(crate) exponential: bool,
    /// The nodes' load probabilities move on by half of the nodes and one after each of these spans.
    pub(crate) rotation: Option<Duration>,
}

impl Default for Times {
    fn default() -> Times {
        Times {
            delay: Duration::from_millis(50),
            wire: Duration::from_micros(200),
            exponential: false,
            rotation: None,
        }
    }
}

#[derive(Debug)]
enum What {
    Ended(Attempt, Observation),
    Freed(NodeId),
    Probed(NodeId, bool),
    Wake,
    Submit(JobId, Box<JobSpec>),
    Arrive(JobId),
    Seal(JobId),
    Rotate(u32),
    Cancel(JobId),
}

/// The node's side of an attempt that waits for a slot.
struct Queued {
    attempt: Attempt,
    arrived: Micros,
    delay: Duration,
    service: Duration,
}

/// What a run left behind.
#[derive(Debug, Default)]
pub(crate) struct Story {
    pub(crate) log: String,
    /// The same, as [`history`] writes it.
    pub(crate) history: String,
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
    /// From its arrival to its end, by task in the order of arrival, for jobs whose tasks arrive one by one.
    pub(crate) responses: Vec<Duration>,
    /// When the last task ended. Attempts may be in flight then.
    pub(crate) finished: Micros,
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
    times: Times,
    arrivals: Vec<Micros>,
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
            times: Times::default(),
            arrivals: Vec::new(),
        }
    }

    pub(crate) fn without_log(mut self) -> Cluster {
        self.keep_log = false;
        self
    }

    pub(crate) fn times(mut self, times: Times) -> Cluster {
        self.times = times;
        self
    }

    /// Submits a job to which tasks come at `arrivals`, the first one at the submission.
    pub(crate) fn submit_open(mut self, mut spec: JobSpec, arrivals: Vec<Micros>) -> Cluster {
        let first = *arrivals.first().unwrap();
        spec.tasks = 1;
        spec.sealed = false;
        for &at in &arrivals[1..] {
            self.add(at, What::Arrive(JobId(1)));
        }
        self.add(*arrivals.last().unwrap(), What::Seal(JobId(1)));
        self.arrivals = arrivals;
        self.submit_at(first, 1, spec)
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
        history::settings(&mut self.story.history, &settings);
        let mut scheduler = Scheduler::new(settings);
        let mut actions = Vec::new();
        self.introduce(&mut scheduler, Micros(0), &mut actions);
        if let Some(span) = self.times.rotation {
            self.add(Micros(0).after(span), What::Rotate(1));
        }
        let jobs = self.seeds.len();
        let mut now = Micros(0);
        loop {
            self.perform(&mut actions, now);
            self.story.most_in_flight = self.story.most_in_flight.max(scheduler.in_flight());
            if self.story.drained.len() == jobs
                && scheduler.in_flight() == 0
                && self.story.ended.len() == jobs
            {
                self.story.end = now;
                return self.story;
            }
            let Reverse((at, sequence)) = self.events.pop().expect("jobs are open and nothing will happen");
            now = at;
            let what = self.pending.remove(&sequence).unwrap();
            if let What::Rotate(turn) = what {
                self.rotate(turn);
                self.introduce(&mut scheduler, now, &mut actions);
                continue;
            }
            let Some(event) = self.event(what, now) else {
                continue;
            };
            if self.keep_log {
                writeln!(self.story.log, "{now} {event:?}").unwrap();
            }
            self.tell(&mut scheduler, now, event, &mut actions);
        }
    }

    /// Tells the scheduler all nodes, also what they keep to themselves: only an oracle looks.
    fn introduce(&mut self, scheduler: &mut Scheduler, now: Micros, actions: &mut Vec<Action>) {
        for (index, node) in self.nodes.clone().iter().enumerate() {
            let facts = NodeFacts { slots: node.slots, load_probability: Some(node.load) };
            self.tell(scheduler, now, Event::NodeJoined { node: NodeId(index as u32), facts }, actions);
        }
    }

    fn tell(&mut self, scheduler: &mut Scheduler, now: Micros, event: Event, actions: &mut Vec<Action>) {
        let before = actions.len();
        if self.keep_log {
            history::event(&mut self.story.history, now, &event);
        }
        scheduler.handle(now, event, actions);
        if self.keep_log {
            let answers = actions[before..].iter();
            answers.for_each(|action| history::action(&mut self.story.history, now, action));
        }
    }

    fn rotate(&mut self, turn: u32) {
        let loads: Vec<f64> = self.nodes.iter().map(|node| node.load).collect();
        let step = self.nodes.len() / 2 + 1;
        for (index, node) in self.nodes.iter_mut().enumerate() {
            node.load = loads[(index + step) % loads.len()];
        }
        let span = self.times.rotation.unwrap();
        self.add(Micros(0).after(span * (turn + 1)), What::Rotate(turn + 1));
    }

    /// An attempt that waits on a node is dropped; one that is at work goes on, as an RPC does.
    fn cancel(&mut self, attempt: u64, node: NodeId, now: Micros) {
        let queue = &mut self.queues[node.index()];
        if let Some(place) = queue.iter().position(|queued| queued.attempt.id() == attempt) {
            let queued = queue.remove(place).unwrap();
            let round_trip = now.since(queued.arrived);
            self.end(queued.attempt, Outcome::Cancelled, round_trip, None, now);
        }
    }

    fn event(&mut self, what: What, now: Micros) -> Option<Event> {
        Some(match what {
            What::Submit(job, spec) => Event::JobSubmitted { job, spec: *spec },
            What::Arrive(job) => Event::TasksArrived { job, count: 1 },
            What::Seal(job) => Event::JobSealed { job },
            What::Rotate(_) => unreachable!("handled before"),
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
                    self.add(now.after(self.times.wire), What::Probed(node, alive));
                }
                Action::WakeAt(at) => self.add(at, What::Wake),
                Action::TaskEnded { job, task, end } => {
                    let before = self.story.tasks.insert((job.0, task.0), end);
                    assert_eq!(before, None, "task {task:?} of {job:?} ended twice");
                    self.story.finished = now;
                    if let Some(&arrived) = self.arrivals.get(task.index()) {
                        self.story.responses.resize(self.arrivals.len(), Duration::ZERO);
                        self.story.responses[task.index()] = now.since(arrived);
                    }
                }
                Action::JobEnded { job, end, counts } => {
                    self.story.ended.insert(job.0, (end, counts));
                }
                Action::JobDrained { job, counts } => {
                    self.story.drained.insert(job.0, counts);
                }
                Action::Cancel { attempt, node } => self.cancel(attempt, node, now),
            }
        }
    }

    fn start(&mut self, attempt: Attempt, now: Micros) {
        let index = attempt.node().index();
        let wire = self.times.wire;
        let node = &self.nodes[index];
        self.story.attempts[index] += 1;
        if node.is_dead(now) {
            let lost = Outcome::Lost(LossReason::Unreachable);
            return self.end(attempt, lost, wire, None, now.after(wire));
        }
        let probability = Probability::new(node.load).unwrap();
        let load = LoadModel { reject: probability, delay: probability, delay_time: self.times.delay };
        let (seed, admission) = self.seeds[&attempt.job()];
        let verdict = load.judge(admission, seed, u64::from(attempt.task().0), u64::from(attempt.number()));
        let delay = match verdict {
            Verdict::Reject => {
                self.story.rejected += 1;
                return self.end(attempt, Outcome::Rejected, wire, None, now.after(wire));
            }
            Verdict::DelayThenRun(delay) => delay,
            Verdict::Run => Duration::ZERO,
        };
        let factor = match self.times.exponential {
            true => seed.coin(Purpose::Service, u64::from(attempt.task().0), 0).exponential(),
            false => 1.0,
        };
        let service = self.nodes[index].service.mul_f64(factor);
        let queued = Queued { attempt, arrived: now, delay, service };
        if self.free[index] > 0 { self.occupy(queued, now) } else { self.queues[index].push_back(queued) }
    }

    fn occupy(&mut self, queued: Queued, now: Micros) {
        let node_id = queued.attempt.node();
        let node = self.nodes[node_id.index()].clone();
        self.free[node_id.index()] -= 1;
        let busy = queued.delay + queued.service;
        let done = now.after(busy);
        let dies = node.dead.map(|(from, _)| from).filter(|&from| now < from && from < done);
        self.add(dies.unwrap_or(done), What::Freed(node_id));
        let queue = now.since(queued.arrived);
        let times = NodeTimes { queue, delay: queued.delay, service: queued.service };
        match dies {
            Some(at) => {
                let broken = Outcome::Lost(LossReason::Broken);
                self.end(queued.attempt, broken, at.since(queued.arrived), None, at);
            }
            None => {
                let at = done.after(self.times.wire);
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
