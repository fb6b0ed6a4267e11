//! The event loop: the scheduler decides, modelled nodes and wires do the rest, and time jumps from event to event.

mod calendar;
mod flights;
mod node;
mod node_side;
mod scheduler_side;
mod tasks;

pub use node::NodeTotals;

use crate::arrivals::OpenArrivals;
use crate::observe::Observer;
use crate::scenario::{Scenario, ScenarioError};
use crate::summary::{JobSummary, Run, TaskSummary};
use calendar::{Calendar, What};
use flights::{ByNumber, Flights};
use node::Node;
use scheduler::{Action, Event, JobCounts, JobEnd, JobId, Micros, NodeId, Scheduler};
use std::collections::VecDeque;
use std::time::Duration;
use tasks::Tasks;

/// A simulation under way.
struct Simulation<'a, O> {
    scenario: &'a Scenario,
    observer: O,
    calendar: Calendar,
    schedulers: Vec<Side>,
    nodes: Vec<Node>,
    jobs: Vec<Job>,
    flights: Flights,
    /// Time limits of attempts, one lane for each length: in a lane they are due in the order of their starts.
    limits: Vec<Lane>,
    actions: Vec<Action>,
    /// Jobs that are not drained.
    open_jobs: usize,
}

/// Attempts with the same time limit: the limit, and by when, scheduler and number those that may still reach it.
type Lane = (Duration, VecDeque<(Micros, u32, u64)>);

/// One scheduler and what its driver keeps for it.
struct Side {
    scheduler: Scheduler,
    by_number: ByNumber,
    wake: Option<Micros>,
    /// When the attempts that it has to hand over are all with a thread.
    handed_over: Micros,
}

/// What the driver keeps of a job.
struct Job {
    tasks: Tasks,
    arrivals: OpenArrivals,
    /// Tasks of a closed job that have not been sent.
    to_send: u32,
    submitted: bool,
    ended: Option<(JobEnd, Micros)>,
    counts: JobCounts,
    dropped: u64,
    attempts_by_node: Vec<u64>,
    summary: TaskSummary,
    lane: Option<usize>,
}

/// Runs a scenario and keeps a summary.
///
/// # Errors
/// If the scenario cannot be simulated.
pub fn simulate(scenario: &Scenario) -> Result<Run, ScenarioError> {
    simulate_into(scenario, ())
}

/// Runs a scenario and shows every ended attempt, task and job to `observer`.
///
/// # Errors
/// If the scenario cannot be simulated.
pub fn simulate_into(scenario: &Scenario, observer: impl Observer) -> Result<Run, ScenarioError> {
    scenario.check()?;
    let mut simulation = Simulation::new(scenario, observer);
    simulation.begin();
    while simulation.open_jobs > 0 {
        if !simulation.step() {
            let open = simulation.jobs.iter().map(|job| u64::from(job.tasks.open())).sum();
            return Err(ScenarioError::Stalled { at: simulation.calendar.now(), open });
        }
    }
    Ok(simulation.finish())
}

impl<'a, O: Observer> Simulation<'a, O> {
    fn new(scenario: &'a Scenario, observer: O) -> Simulation<'a, O> {
        let side = |_| Side {
            scheduler: Scheduler::new(scenario.settings.clone()),
            by_number: ByNumber::default(),
            wake: None,
            handed_over: Micros(0),
        };
        let mut limits: Vec<Lane> = Vec::new();
        let jobs = scenario.jobs.iter().map(|plan| {
            let lane = plan.attempt_timeout.map(|limit| {
                limits.iter().position(|(known, _)| *known == limit).unwrap_or_else(|| {
                    limits.push((limit, VecDeque::new()));
                    limits.len() - 1
                })
            });
            Job {
                tasks: Tasks::default(),
                arrivals: OpenArrivals::new(plan.spec.seed, plan.start),
                to_send: 0,
                submitted: false,
                ended: None,
                counts: JobCounts::default(),
                dropped: 0,
                attempts_by_node: vec![0; scenario.nodes.len()],
                summary: TaskSummary::new(),
                lane,
            }
        });
        Simulation {
            jobs: jobs.collect(),
            limits,
            observer,
            calendar: Calendar::default(),
            schedulers: (0..scenario.schedulers).map(side).collect(),
            nodes: scenario.nodes.iter().map(Node::new).collect(),
            flights: Flights::default(),
            actions: Vec::new(),
            open_jobs: scenario.jobs.len(),
            scenario,
        }
    }

    fn begin(&mut self) {
        let scenario = self.scenario;
        for (index, plan) in (0u32..).zip(&scenario.nodes) {
            for side in 0..scenario.schedulers {
                self.tell(side, Event::NodeJoined { node: NodeId(index), facts: self.facts(index) });
            }
            for (number, fault) in (0u32..).zip(&plan.faults) {
                self.calendar.add(fault.from, What::FaultBegins(index, number));
                self.calendar.add(fault.until, What::FaultEnds(index, number));
            }
        }
        for (index, plan) in (0u32..).zip(&scenario.jobs) {
            self.calendar.add(plan.start, What::Submit(index));
        }
        if let Some(period) = scenario.announce_every {
            self.calendar.add(Micros(0).after(period), What::Announce);
        }
        if let Some(horizon) = scenario.horizon {
            self.calendar.add(horizon, What::Horizon);
        }
    }

    /// Lets the next thing happen; answers whether there was one.
    fn step(&mut self) -> bool {
        let event = self.calendar.peek();
        let wake = (0u32..).zip(&self.schedulers).filter_map(|(side, own)| Some((own.wake?, side))).min();
        let limit = (0..self.limits.len()).filter_map(|lane| Some((self.next_limit(lane)?, lane))).min();
        let before = |other: Option<Micros>, at: Micros| other.is_none_or(|other| at < other);
        if let Some((at, lane)) = limit
            && before(event, at)
            && before(wake.map(|(at, _)| at), at)
        {
            self.calendar.move_to(at);
            self.limit_reached(lane);
        } else if let Some((at, side)) = wake
            && before(event, at)
        {
            self.calendar.move_to(at);
            self.schedulers[side as usize].wake = None;
            self.tell(side, Event::TimerFired);
        } else if let Some(what) = self.calendar.pop() {
            self.happen(what);
        } else {
            return false;
        }
        true
    }

    fn happen(&mut self, what: What) {
        match what {
            What::Submit(job) => self.submit(job),
            What::Arrival(job) => self.arrival(job),
            What::Thought(job) => self.send_closed(job),
            What::Reached(flight) => self.reached(flight),
            What::Awake(flight) => self.awake(flight),
            What::Worked(flight) => self.worked(flight),
            What::Shared(node, stamp) => self.shared(node, stamp),
            What::Answered(flight) => self.answered(flight),
            What::Probed(side, node, alive) => self.tell(side, Event::ProbeEnded { node, alive }),
            What::FaultBegins(node, number) => self.fault_begins(node, number),
            What::FaultEnds(node, number) => self.fault_ends(node, number),
            What::Silent(node, number) => self.silent(node, number),
            What::Announce => self.announce(),
            What::Horizon => self.horizon(),
        }
    }

    /// Cancels what is open; what has not begun never will.
    fn horizon(&mut self) {
        for index in 0..self.jobs.len() {
            let job = &mut self.jobs[index];
            if !job.submitted {
                job.submitted = true;
                self.open_jobs -= 1;
            } else if job.ended.is_none() {
                let side = self.scenario.jobs[index].scheduler;
                self.tell(side, Event::JobCancelled { job: JobId(index as u64) });
            }
        }
    }

    fn finish(self) -> Run {
        let jobs = self.jobs.into_iter().zip(&self.scenario.jobs).map(|(job, plan)| JobSummary {
            end: job.ended.map(|(end, _)| end),
            counts: job.counts,
            makespan: job.ended.map_or(Duration::ZERO, |(_, at)| at.since(plan.start)),
            dropped: job.dropped,
            attempts_by_node: job.attempts_by_node,
            tasks: job.summary,
        });
        Run {
            end: self.calendar.now(),
            jobs: jobs.collect(),
            nodes: self.nodes.iter().map(|node| node.totals).collect(),
            events: self.calendar.events,
        }
    }
}
