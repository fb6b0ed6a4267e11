//! The state machine: events in, actions out.

mod hedging;
mod jobs;
mod membership;

use crate::flights::{Flight, Flights};
use crate::health::{EjectionRule, Health};
use crate::hedge::Flown;
use crate::job::Job;
use crate::policy::{Choice, Ended, Started};
use crate::retry::backoff_coin;
use crate::timers::{Due, Timers};
use crate::{
    Action, Attempt, Event, GiveUp, JobCounts, JobId, Micros, NodeFacts, NodeId, Nodes, Observation, Outcome,
    TaskEnd, TaskIndex,
};
use cluster::Admission;
use luck::Purpose;
use std::collections::BTreeMap;
use std::time::Duration;

/// What holds for all jobs of one scheduler.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Most attempts in flight at once, over all jobs, at least 1.
    pub max_in_flight: u32,
    /// When nodes that lose attempts get no more of them.
    pub ejection: EjectionRule,
    /// How old policies' knowledge of starts and ends may be: it is renewed at multiples of this. None: it is fresh.
    /// For experiments on herding.
    pub stale: Option<Duration>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { max_in_flight: u32::MAX, ejection: EjectionRule::default(), stale: None }
    }
}

/// Decides which attempt starts where and when. See the [crate]'s example.
#[derive(Debug)]
pub struct Scheduler {
    settings: Settings,
    nodes: Nodes,
    jobs: BTreeMap<JobId, Job>,
    /// Jobs that have not ended, in the order in which they take turns.
    running: Vec<JobId>,
    turn: usize,
    /// A wake for held tasks was asked for.
    holds: bool,
    flights: Flights,
    timers: Timers,
    begun: u64,
}

impl Scheduler {
    /// A scheduler without nodes or jobs.
    pub fn new(settings: Settings) -> Scheduler {
        Scheduler {
            settings,
            nodes: Nodes::default(),
            jobs: BTreeMap::new(),
            running: Vec::new(),
            turn: 0,
            holds: false,
            flights: Flights::default(),
            timers: Timers::default(),
            begun: 0,
        }
    }

    /// The nodes as they are now.
    pub const fn nodes(&self) -> &Nodes {
        &self.nodes
    }

    /// Attempts in flight, over all jobs.
    pub fn in_flight(&self) -> usize {
        self.flights.count()
    }

    /// What the job took so far; none before it is submitted and after it is drained.
    pub fn counts(&self, job: JobId) -> Option<JobCounts> {
        self.jobs.get(&job).map(|job| job.counts)
    }

    /// Whether the job is paused.
    pub fn is_paused(&self, job: JobId) -> bool {
        self.jobs.get(&job).is_some_and(|job| job.paused)
    }

    /// Takes in what happened at `now` and appends what to do to `actions`.
    ///
    /// `now` never goes back. The order of the actions matters and is the same for the same history.
    ///
    /// # Panics
    /// If the driver breaks the protocol: a job number that is used twice, a node number that leaves one out.
    pub fn handle(&mut self, now: Micros, event: Event, actions: &mut Vec<Action>) {
        match event {
            Event::NodeListed { node } => self.nodes.enter(node, NodeFacts::default()),
            Event::NodeJoined { node, facts } => self.join(node, facts),
            Event::NodeLeft { node } => self.set_health(node, Health::Left),
            Event::NodeSilent { node } => self.fall_silent(node, now),
            Event::NodeRestarted { node, facts } => self.restart(node, facts),
            Event::NodeDraining { node } => self.set_health(node, Health::Draining),
            Event::NodeResumed { node } => self.resume_node(node),
            Event::ProbeEnded { node, alive } => self.probe_ended(node, alive, now),
            Event::JobSubmitted { job, spec } => self.submit(job, spec, now, actions),
            Event::TasksArrived { job, count } => self.arrive(job, count, now),
            Event::TasksPlaced { job, homes } => self.place(job, &homes, now),
            Event::JobSealed { job } => self.seal(job, actions),
            Event::JobPaused { job } => self.pause(job),
            Event::JobResumed { job } => self.resume_job(job, now),
            Event::JobCancelled { job } => self.end_early(job, GiveUp::Cancelled, actions),
            Event::AttemptEnded { attempt, observation } => self.settle(&attempt, &observation, now, actions),
            Event::TimerFired => self.timers.woken(),
        }
        self.fire_due(now, actions);
        self.dispatch(now, actions);
        self.hedge(now, actions);
        self.rouse(now);
        if let Some(at) = self.timers.announce() {
            actions.push(Action::WakeAt(at));
        }
    }

    /// Takes an attempt back. By value up to here: nobody can settle it twice.
    fn settle(&mut self, attempt: &Attempt, seen: &Observation, now: Micros, actions: &mut Vec<Action>) {
        let Some(flight) = self.flights.remove(attempt.slot) else {
            return;
        };
        self.nodes.settle(attempt.node, attempt.started);
        let ended = Ended {
            node: attempt.node,
            now,
            started: attempt.started,
            slot: attempt.slot,
            in_flight_then: flight.in_flight_then,
            may_reject: self.may_reject(attempt.job),
            observation: seen,
        };
        for job in self.jobs.values_mut().filter(|job| !job.ended) {
            job.policy.ended(&ended);
        }
        self.judge_node(attempt.node, seen.outcome, now);
        self.settle_task(attempt, seen, flight.is_deserted, now, actions);
        self.end_if_complete(attempt.job, actions);
        self.drain_if_empty(attempt.job, actions);
    }

    fn may_reject(&self, job: JobId) -> bool {
        self.jobs.get(&job).is_some_and(|job| job.spec.strategy.admission == Admission::MayReject)
    }

    fn settle_task(
        &mut self,
        attempt: &Attempt,
        seen: &Observation,
        is_deserted: bool,
        now: Micros,
        actions: &mut Vec<Action>,
    ) {
        let Some(job) = self.jobs.get_mut(&attempt.job) else {
            return;
        };
        job.counts.hear(seen.outcome, seen.node.is_some_and(|times| !times.delay.is_zero()));
        let others = match &mut job.hedging {
            Some(hedging) => {
                if seen.outcome == Outcome::Done {
                    hedging.finished(seen);
                }
                hedging.ended(attempt.task, attempt.slot)
            }
            None => Vec::new(),
        };
        job.deserted -= u64::from(is_deserted);
        if let Some(task) = job.tasks.get_mut(attempt.task).filter(|_| !is_deserted) {
            task.in_flight -= 1;
        }
        if !job.tasks.is_open(attempt.task) {
            // A late attempt of a settled task changes nothing.
            job.counts.wasted += 1;
            job.tasks.forget(attempt.task);
            return;
        }
        if matches!(seen.outcome, Outcome::Done | Outcome::Failed) {
            job.last_progress = now;
        }
        if is_deserted && !matches!(seen.outcome, Outcome::Done | Outcome::Failed) {
            // Its task was handed on when its node fell silent.
            return;
        }
        match self.next_step(attempt, seen.outcome, now) {
            Next::End(end) => {
                self.end_task(attempt.job, attempt.task, end, actions);
                self.call_off(&others, actions);
            }
            Next::Other => self.desert(attempt.job, &others),
            Next::Again(wait) => self.again(attempt, wait, now),
        }
    }

    /// What becomes of a task of which an attempt has ended.
    fn next_step(&mut self, attempt: &Attempt, outcome: Outcome, now: Micros) -> Next {
        let nodes_up = self.nodes.eligible().len();
        let Some(job) = self.jobs.get_mut(&attempt.job) else {
            return Next::Other;
        };
        let rule = job.spec.retry;
        let Some(task) = job.tasks.get_mut(attempt.task) else { return Next::Other };
        let coin = backoff_coin(job.spec.seed, u64::from(attempt.task.0), attempt.number);
        let next = match outcome {
            Outcome::Done => return Next::End(TaskEnd::Done),
            Outcome::Failed => return Next::End(TaskEnd::Failed),
            Outcome::Rejected => {
                task.rejections += 1;
                task.avoid = Some(attempt.node);
                let wait = rule.after_rejection(task.rejections, nodes_up, coin);
                // A refused copy has cost no work. But asking them all again and again is not free.
                if let Some(hedging) = job.hedging.as_mut().filter(|_| attempt.is_copy) {
                    hedging.refused((task.rejections as usize) < nodes_up);
                }
                (task.attempts >= rule.max_attempts, GiveUp::Rejections, wait)
            }
            Outcome::Lost(_) | Outcome::TimedOut => {
                task.losses += 1;
                task.avoid = Some(attempt.node);
                let wait = rule.after_loss(task.losses, coin);
                let afforded = job.balance.spend(rule.budget, now);
                (task.losses >= rule.max_losses, GiveUp::Losses, wait.max(afforded))
            }
            Outcome::Cancelled => (false, GiveUp::Cancelled, Duration::ZERO),
        };
        match next {
            // Another attempt at it is in flight and may still do it.
            _ if task.in_flight > 0 => Next::Other,
            (true, reason, _) => Next::End(TaskEnd::GaveUp(reason)),
            (false, _, wait) => Next::Again(wait),
        }
    }

    fn again(&mut self, attempt: &Attempt, wait: Duration, now: Micros) {
        if wait > Duration::ZERO {
            self.timers.add(now.after(wait), Due::Retry(attempt.job, attempt.task));
        } else if let Some(job) = self.jobs.get_mut(&attempt.job) {
            job.ready.push_front(attempt.task);
        }
    }

    fn end_task(&mut self, id: JobId, task: TaskIndex, end: TaskEnd, actions: &mut Vec<Action>) {
        if let Some(job) = self.jobs.get_mut(&id) {
            job.end_task(task, end);
            actions.push(Action::TaskEnded { job: id, task, end });
        }
    }

    fn fire_due(&mut self, now: Micros, actions: &mut Vec<Action>) {
        while let Some(due) = self.timers.pop_due(now) {
            match due {
                Due::Retry(id, task) => {
                    let open = |job: &&mut Job| job.tasks.is_open(task);
                    if let Some(job) = self.jobs.get_mut(&id).filter(open) {
                        job.ready.push_back(task);
                    }
                }
                Due::Probe(node) => {
                    let health = self.nodes.get(node).map(|node| node.health);
                    if matches!(health, Some(Health::Down | Health::Ejected)) {
                        actions.push(Action::Probe { node });
                    }
                }
                Due::Patience(id) => self.check_patience(id, now, actions),
                // What is due is done whenever something happened.
                Due::Hedge => {}
                Due::Hold => self.holds = false,
            }
        }
    }

    /// Starts what can start, the jobs taking turns.
    fn dispatch(&mut self, now: Micros, actions: &mut Vec<Action>) {
        let mut passes = 0;
        while passes < self.running.len() && self.flights.awaited() < self.settings.max_in_flight as usize {
            self.turn = (self.turn + 1) % self.running.len();
            let started = self.start_next(self.running[self.turn], now);
            passes = if started.is_some() { 0 } else { passes + 1 };
            actions.extend(started.map(Action::Start));
        }
    }

    /// Starts the next task of one job, if it has one, may have one more in flight, and its policy names a node.
    fn start_next(&mut self, id: JobId, now: Micros) -> Option<Attempt> {
        let job = self.jobs.get_mut(&id)?;
        if job.paused || job.awaited() >= u64::from(job.spec.max_in_flight.max(1)) {
            return None;
        }
        // A late answer may have settled a task that was handed on.
        while job.ready.front().is_some_and(|task| !job.tasks.is_open(*task)) {
            job.ready.pop_front();
        }
        let index = *job.ready.front()?;
        let task = job.tasks.get(index)?;
        let number = task.attempts + 1;
        let coin = job.spec.seed.coin(Purpose::Pick, u64::from(index.0), u64::from(number));
        let choice = Choice::new(&self.nodes, task.avoid, now, coin)?.for_task(index, job.ready.len());
        let home = task.home.filter(|home| number == 1 && choice.allows(*home));
        let node = home.or_else(|| job.policy.pick(&choice))?;
        debug_assert!(choice.allows(node), "the policy picked node {}, which is no candidate", node.0);
        job.ready.pop_front();
        Some(self.begin(id, index, node, now))
    }

    /// Begins an attempt at a task on a node.
    fn begin(&mut self, id: JobId, index: TaskIndex, node: NodeId, now: Micros) -> Attempt {
        self.begun += 1;
        let (mut number, mut is_copy) = (1, false);
        if let Some(job) = self.jobs.get_mut(&id) {
            if let Some(task) = job.tasks.get_mut(index) {
                is_copy = task.in_flight > 0;
                task.attempts += 1;
                task.in_flight += 1;
                number = task.attempts;
            }
            job.counts.begun += 1;
            job.counts.copies += u64::from(is_copy);
            if number == 1 {
                job.balance.deposit(job.spec.retry.budget);
            }
        }
        self.nodes.begin(node, now);
        let in_flight_then = self.nodes.in_flight(node);
        let flight = Flight {
            id: self.begun,
            job: id,
            task: index,
            node,
            started: now,
            is_copy,
            in_flight_then,
            is_deserted: false,
        };
        let slot = self.flights.insert(flight);
        if let Some(hedging) = self.jobs.get_mut(&id).and_then(|job| job.hedging.as_mut()) {
            hedging.began(Flown { id: self.begun, slot, task: index, started: now }, number == 1);
        }
        let begun = Started { node, now, slot, has_to_wait: in_flight_then > self.nodes.slots(node) };
        for job in self.jobs.values_mut().filter(|job| !job.ended) {
            job.policy.started(&begun);
        }
        Attempt { id: self.begun, slot, job: id, task: index, number, node, started: now, is_copy }
    }

    /// A policy may hold tasks until something changes. If nothing is in flight nothing will, so it is asked again.
    fn rouse(&mut self, now: Micros) {
        let is_held = |job: &Job| !job.paused && !job.ready.is_empty();
        let held = || self.running.iter().any(|id| self.jobs.get(id).is_some_and(is_held));
        if !self.holds && self.flights.count() == 0 && !self.nodes.eligible().is_empty() && held() {
            self.holds = true;
            self.timers.add(now.after(HOLD), Due::Hold);
        }
    }
}

/// After how long a policy that holds tasks of an idle cluster is asked again.
const HOLD: Duration = Duration::from_millis(10);

/// What becomes of a task of which an attempt has ended.
enum Next {
    End(TaskEnd),
    Again(Duration),
    /// Another attempt at it is in flight.
    Other,
}
