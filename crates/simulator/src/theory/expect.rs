//! Which closed forms speak about a scenario, and what they say: the theory column of a table.
//!
//! A form is only given where its assumptions are met; where it is an approximation or a limit, it says so.

use super::{attempts, jsq, queues, sinkhole};
use crate::scenario::{JobPlan, NodePlan, Processors, Scenario};
use crate::summary::Run;
use crate::{Arrivals, Distribution};
use cluster::{Admission, Profile};

/// Something that a run measures and theory knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// Mean attempts a finished task.
    Attempts,
    /// Share of finished tasks that were delayed.
    DelayedShare,
    /// Mean seconds on the wire a finished task.
    Wire,
    /// Mean seconds from arrival to end.
    Latency,
    /// Seconds from the start of the job to its end.
    Makespan,
    /// The node's share of all attempts.
    AttemptShare {
        /// Index of the node in the scenario.
        node: usize,
    },
}

/// How much a closed form claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// It is the expectation.
    Exact,
    /// It is the expectation in the long run: a run from empty nodes comes to it after a warm-up.
    SteadyState,
    /// It is a limit, for many nodes or many attempts in flight.
    Limit,
    /// No policy's mean can be below it; one lucky run can.
    LowerBound,
}

/// What a closed form says of a job.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Expectation {
    /// Of what.
    pub quantity: Quantity,
    /// What is expected.
    pub value: f64,
    /// How much is claimed.
    pub claim: Claim,
    /// The name of the form.
    pub law: &'static str,
}

impl Quantity {
    /// What a run measured of its first job.
    pub fn measured(self, run: &Run) -> Option<f64> {
        let job = run.jobs.first()?;
        Some(match self {
            Quantity::Attempts => job.tasks.attempts(),
            Quantity::DelayedShare => job.tasks.delayed_share(),
            Quantity::Wire => job.tasks.parts().wire,
            Quantity::Latency => job.tasks.mean(),
            Quantity::Makespan => job.makespan.as_secs_f64(),
            Quantity::AttemptShare { node } => {
                let all: u64 = run.nodes.iter().map(|node| node.attempts).sum();
                run.nodes.get(node)?.attempts as f64 / all.max(1) as f64
            }
        })
    }
}

/// A scenario of one job, read by what the forms need.
struct Reading<'a> {
    job: &'a JobPlan,
    nodes: &'a [NodePlan],
    policy: &'static str,
    /// By node: the one probability of its two coins.
    p: Vec<f64>,
    delay: f64,
    wire: f64,
    work: Distribution,
}

/// What closed forms say of the scenario's job. Nothing is said of scenarios with several jobs, faults, changing loads,
/// bounded queues, time limits or hedges.
pub fn expectations(scenario: &Scenario) -> Vec<Expectation> {
    let Some(reading) = Reading::of(scenario) else {
        return Vec::new();
    };
    let mut all = reading.tries();
    all.extend(reading.sinkhole());
    all.extend(reading.batch());
    all.extend(reading.queue());
    all
}

impl<'a> Reading<'a> {
    fn of(scenario: &'a Scenario) -> Option<Reading<'a>> {
        let [job] = &scenario.jobs[..] else { return None };
        let nodes = &scenario.nodes[..];
        let first = nodes.first()?;
        let strategy = &job.spec.strategy;
        let is_plain = |node: &NodePlan| {
            let alike = node.wire == first.wire && node.load.delay_time == first.load.delay_time;
            node.faults.is_empty()
                && node.queue_bound == u32::MAX
                && node.load.reject == node.load.delay
                && alike
        };
        let hedges = strategy.hedge().is_some() || strategy.build().ok()?.hedge().is_some();
        let unbounded = job.spec.max_in_flight == u32::MAX && job.max_open.is_none();
        let plain = nodes.iter().all(is_plain) && !hedges && unbounded && job.attempt_timeout.is_none();
        if !plain || scenario.settings.stale.is_some() || scenario.horizon.is_some() {
            return None;
        }
        let level = |node: &NodePlan| match &node.load.reject {
            Profile::Constant(level) => Some(level.get()),
            _ => None,
        };
        Some(Reading {
            job,
            nodes,
            policy: strategy.entry().name,
            p: nodes.iter().map(level).collect::<Option<_>>()?,
            delay: first.load.delay_time.as_secs_f64(),
            wire: first.wire.mean(),
            work: job.work.distribution(),
        })
    }

    fn may_reject(&self) -> bool {
        self.job.spec.strategy.admission == Admission::MayReject
    }

    /// Slots for everybody: nobody ever waits.
    fn slots_enough(&self) -> bool {
        let own = |node: &NodePlan| node.processors == Processors::OnePerSlot;
        self.nodes.iter().all(|node| node.slots >= self.job.arrivals.tasks() && own(node))
    }

    fn alike(&self) -> bool {
        let same = |node: &NodePlan| {
            node.slots == self.nodes[0].slots
                && node.speed.to_bits() == self.nodes[0].speed.to_bits()
                && node.processors == self.nodes[0].processors
        };
        self.nodes.iter().all(same) && self.p.iter().all(|p| p.to_bits() == self.p[0].to_bits())
    }

    fn is_idle(&self) -> bool {
        self.p.iter().all(|p| *p == 0.0)
    }

    /// Attempts, delays and the wire's part: uniform choice, whatever the queues do.
    fn tries(&self) -> Vec<Expectation> {
        // Of nodes that are alike every choice is a uniform one.
        if self.policy != "random" && !self.alike() || self.p.iter().all(|p| *p >= 1.0) {
            return Vec::new();
        }
        let (tries, late, law) = if self.may_reject() {
            let law = attempts::elsewhere(&self.p);
            (law.mean_attempts, law.delayed, "uniform, never the same node twice in a row")
        } else {
            (1.0, attempts::mean(&self.p), "uniform, must accept")
        };
        let exact = |quantity, value| Expectation { quantity, value, claim: Claim::Exact, law };
        vec![
            exact(Quantity::Attempts, tries),
            exact(Quantity::DelayedShare, if self.delay > 0.0 { late } else { 0.0 }),
            exact(Quantity::Wire, tries * self.wire),
        ]
    }

    /// Least connections over nodes that are unlike.
    fn sinkhole(&self) -> Vec<Expectation> {
        if self.policy != "least_connections" || !self.may_reject() || self.alike() || !self.slots_enough() {
            return Vec::new();
        }
        let shares = sinkhole::shares(&self.p, self.wire, self.work.mean(), self.delay);
        let share = |(node, value)| Expectation {
            quantity: Quantity::AttemptShare { node },
            value,
            claim: Claim::Limit,
            law: "sinkhole",
        };
        shares.into_iter().enumerate().map(share).collect()
    }

    /// All tasks at once.
    fn batch(&self) -> Vec<Expectation> {
        let Arrivals::AllAtOnce { tasks } = self.job.arrivals else {
            return Vec::new();
        };
        let makespan = |value, claim, law| Expectation { quantity: Quantity::Makespan, value, claim, law };
        let (Distribution::Constant(work), Distribution::Constant(_)) = (&self.work, &self.nodes[0].wire)
        else {
            return Vec::new();
        };
        let (n, s) = (u64::from(tasks), work.as_secs_f64());
        let uniform = self.policy == "random" || self.alike();
        let same_speed = self.nodes.iter().all(|node| node.speed.to_bits() == 1f64.to_bits());
        if uniform && same_speed && self.slots_enough() {
            // After as many refusals as there are nodes a task waits before the next attempt, which no form knows.
            let refused = attempts::mean(&self.p).powi(self.nodes.len() as i32);
            if !self.may_reject() {
                let p = attempts::mean(&self.p);
                let value = super::makespan::must_accept(n, p, self.wire, s, self.delay);
                return vec![makespan(value, Claim::Exact, "batch, must accept")];
            } else if refused * n as f64 <= 1e-3 {
                let times = attempts::time_distribution(&self.p, true, self.wire, s, self.delay);
                return vec![makespan(times.mean_of_max(n), Claim::Exact, "batch, may reject")];
            }
        }
        Vec::new()
    }

    /// Queues under a Poisson stream.
    fn queue(&self) -> Vec<Expectation> {
        let Arrivals::Poisson { per_second, .. } = self.job.arrivals else {
            return Vec::new();
        };
        if self.may_reject() && !self.is_idle() || !self.alike() {
            return Vec::new();
        }
        let (k, node) = (self.nodes.len(), &self.nodes[0]);
        let p = if self.delay > 0.0 { self.p[0] } else { 0.0 };
        let (s, d) = (self.work.mean() / node.speed, self.delay);
        let mean = s + p * d;
        let square = self.work.second_moment() / (node.speed * node.speed) + 2.0 * s * p * d + p * d * d;
        let memoryless = matches!(self.work, Distribution::Exponential { .. }) && p == 0.0;
        let latency = |value: f64, claim, law| {
            vec![Expectation { quantity: Quantity::Latency, value: self.wire + value, claim, law }]
        };
        let rate = per_second / k as f64;
        let load = rate * mean;
        match (node.processors, node.slots) {
            _ if load >= f64::from(node.slots) => Vec::new(),
            _ if self.slots_enough() => latency(mean, Claim::Exact, "M/G/infinity"),
            (Processors::Shared(1), slots)
                if slots >= self.job.arrivals.tasks() && p == 0.0 && load < 1.0 =>
            {
                let is_split = k == 1 || self.policy == "random";
                let value = queues::mg1_shared_response(rate, mean);
                if is_split { latency(value, Claim::SteadyState, "M/G/1, shared") } else { Vec::new() }
            }
            (Processors::Shared(_), _) => Vec::new(),
            (_, 1) if k == 1 || self.policy == "random" => {
                latency(queues::mg1_response(rate, mean, square), Claim::SteadyState, "M/G/1")
            }
            (_, slots) if memoryless && (k == 1 || self.policy == "random") => {
                latency(mean * queues::mmk_response(slots, load), Claim::SteadyState, "M/M/k")
            }
            // A task that waits at the scheduler crosses the wire afterwards, and a slot is idle for so long.
            (_, slots) if memoryless && self.policy == "late_binding" && self.wire == 0.0 => {
                let servers = slots * k as u32;
                latency(mean * queues::mmk_response(servers, load * k as f64), Claim::SteadyState, "M/M/k")
            }
            (_, 1) if memoryless && self.policy == "power_of_two" => {
                latency(mean * jsq::response(load, 2), Claim::Limit, "power of two, mean field")
            }
            _ => Vec::new(),
        }
    }
}

/// The least time that a batch can take, by the work over the speed: for tables of makespans. None if the scenario is not
/// one that [`expectations`] speaks of, or no batch.
pub fn fluid_bound(scenario: &Scenario) -> Option<Expectation> {
    let reading = Reading::of(scenario)?;
    let Arrivals::AllAtOnce { tasks } = reading.job.arrivals else { return None };
    let work = reading.work.mean();
    let rate = |(node, p): (&NodePlan, &f64)| {
        let slots = match node.processors {
            Processors::OnePerSlot => f64::from(node.slots),
            Processors::Shared(_) => return None,
        };
        Some(super::makespan::rate(slots, work / node.speed, *p, reading.delay))
    };
    let rates: Option<Vec<f64>> = reading.nodes.iter().zip(&reading.p).map(rate).collect();
    let value = super::makespan::fluid_bound(u64::from(tasks), &rates?, 0.0);
    Some(Expectation {
        quantity: Quantity::Makespan,
        value,
        claim: Claim::LowerBound,
        law: "work over speed",
    })
}
