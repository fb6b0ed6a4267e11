//! Which closed forms speak about a scenario, and what they say: the theory column of a table.
//!
//! A form is only given where its assumptions are met; where it is an approximation or a limit, it says so.

mod copies;

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
    /// Seconds from arrival to end that 99 of 100 tasks do not exceed.
    P99,
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
    /// It rests on an assumption that is not quite true, and was found within 10 % wherever it is given.
    Approximation,
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
            Quantity::P99 => job.tasks.quantile(0.99),
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
    /// The strategy as it is written: parameters change what a policy does.
    text: String,
    /// By node: the one probability of its two coins.
    p: Vec<f64>,
    delay: f64,
    wire: f64,
    work: Distribution,
}

/// What closed forms say of the scenario's job. Nothing is said of scenarios with several jobs, faults, changing loads,
/// bounded queues or time limits; of hedges only where they come at a fixed age and never lack a slot or a token.
pub fn expectations(scenario: &Scenario) -> Vec<Expectation> {
    let Some(reading) = Reading::of(scenario) else {
        return copies::hedged(scenario);
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
        let hedges = strategy.hedge().is_some() || strategy.build().ok()?.hedge().is_some();
        if hedges {
            return None;
        }
        Reading::with_hedges(scenario, job, nodes, first)
    }

    /// The same whether the strategy hedges or not.
    fn with_hedges(
        scenario: &Scenario,
        job: &'a JobPlan,
        nodes: &'a [NodePlan],
        first: &'a NodePlan,
    ) -> Option<Reading<'a>> {
        let strategy = &job.spec.strategy;
        let is_plain = |node: &NodePlan| {
            let alike = node.wire == first.wire && node.load.delay_time == first.load.delay_time;
            node.faults.is_empty()
                && node.queue_bound == u32::MAX
                && node.load.reject == node.load.delay
                && alike
        };
        let unbounded = job.spec.max_in_flight == u32::MAX && job.max_open.is_none();
        let plain = nodes.iter().all(is_plain) && unbounded && job.attempt_timeout.is_none();
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
            text: strategy.to_string(),
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

    /// Attempts, delays and the wire's part: uniform choice, whatever the queues do; and who knows the best node.
    fn tries(&self) -> Vec<Expectation> {
        if let Some(all) = self.oracle() {
            return all;
        }
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

    /// The oracle with slots enough: the best node, after a refusal the second best, and back.
    fn oracle(&self) -> Option<Vec<Expectation>> {
        let knows = self.policy == "oracle" && self.nodes.iter().all(|node| node.tells_load);
        let same_speed = self.nodes.iter().all(|node| node.speed.to_bits() == 1f64.to_bits());
        let steady = matches!(self.work, Distribution::Constant(_)) && same_speed;
        let mut p = self.p.clone();
        p.sort_by(f64::total_cmp);
        let [best, second, ..] = p[..] else { return None };
        if !knows || !steady || !self.may_reject() || !self.slots_enough() || best >= 1.0 {
            return None;
        }
        let law = attempts::back_and_forth(best, second);
        let exact = |quantity, value| Expectation {
            quantity,
            value,
            claim: Claim::Exact,
            law: "the best node, then the second best",
        };
        Some(vec![
            exact(Quantity::Attempts, law.mean_attempts),
            exact(Quantity::DelayedShare, if self.delay > 0.0 { law.delayed } else { 0.0 }),
            exact(Quantity::Wire, law.mean_attempts * self.wire),
        ])
    }

    /// A stream under least connections over nodes that are unlike. A batch is over before its shares are those of a
    /// stream.
    fn sinkhole(&self) -> Vec<Expectation> {
        let Arrivals::Poisson { per_second, .. } = self.job.arrivals else { return Vec::new() };
        let same_speed = self.nodes.iter().all(|node| node.speed.to_bits() == 1f64.to_bits());
        let speaks = self.policy == "least_connections" && self.may_reject() && same_speed;
        if !speaks || self.alike() || !self.slots_enough() || self.wire <= 0.0 {
            return Vec::new();
        }
        let Some(shares) = sinkhole::stream(&self.p, per_second, self.wire, self.work.mean(), self.delay)
        else {
            return Vec::new();
        };
        let attempts = sinkhole::mean_attempts(&self.p, &shares);
        let about = |quantity, value| Expectation {
            quantity,
            value,
            claim: Claim::Approximation,
            law: "sinkhole, whole numbers in flight",
        };
        let mut all: Vec<Expectation> = shares
            .iter()
            .enumerate()
            .map(|(node, &value)| about(Quantity::AttemptShare { node }, value))
            .collect();
        all.push(about(Quantity::Attempts, attempts));
        all.push(about(Quantity::Wire, attempts * self.wire));
        all
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
                self.erlang(mean, slots, load, "M/M/k")
            }
            // A task that waits at the scheduler crosses the wire afterwards, and a slot is idle for so long.
            (_, slots) if memoryless && self.text == "late_binding" && self.wire == 0.0 => {
                self.erlang(mean, slots * k as u32, load * k as f64, "M/M/k")
            }
            (_, 1) if memoryless && self.policy == "power_of_two" => {
                let choices = self.choices();
                latency(mean * jsq::response(load, choices), Claim::Limit, "shortest of d queues, mean field")
            }
            _ => Vec::new(),
        }
    }
}

impl Reading<'_> {
    /// Mean and 99th percentile of M/M/k.
    fn erlang(&self, mean: f64, servers: u32, load: f64, law: &'static str) -> Vec<Expectation> {
        let says = |quantity, value: f64| Expectation {
            quantity,
            value: self.wire + mean * value,
            claim: Claim::SteadyState,
            law,
        };
        let mut all = vec![says(Quantity::Latency, queues::mmk_response(servers, load))];
        if let Distribution::Constant(_) = self.nodes[0].wire {
            all.push(says(Quantity::P99, queues::mmk_response_quantile(servers, load, 0.99)));
        }
        all
    }

    /// The nodes that power of d choices looks at.
    fn choices(&self) -> u32 {
        let given = self.text.split_once("choices=").map(|(_, rest)| rest);
        let digits = given.and_then(|rest| rest.split(|c: char| !c.is_ascii_digit()).next());
        digits.and_then(|digits| digits.parse().ok()).unwrap_or(2)
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
