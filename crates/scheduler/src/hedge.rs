//! When a second attempt at a task is begun while the first one runs: hedging (Dean and Barroso, "The tail at scale",
//! 2013).
//!
//! A copy costs a slot. Unbounded, hedging doubles the load just when there is too much of it and does not recover: it
//! is metastable. So copies are begun only while nothing waits, a slot is free, slots have been free lately, and a
//! budget lasts.

use crate::latencies::Latencies;
use crate::policy::{BadParameter, Parameter, Parameters};
use crate::{Micros, TaskIndex};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// The rule of hedging, written `+hedge[after=…,copies=…,idle=…,budget=…]` behind a policy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HedgeRule {
    /// The age at which an attempt gets company.
    pub after: HedgeAfter,
    /// Most attempts at a task in flight at once; 1 is no hedging.
    pub copies: u32,
    /// Share of all slots that must have been free of first attempts lately, and half of it now, 0 to 1. A closed
    /// set of jobs, to which nothing arrives, is not asked for the past: its last tasks are the ones to hedge.
    pub idle: f64,
    /// Copies afforded by each task that begins. One that is refused costs nothing until every node could have refused
    /// it once.
    pub budget: f64,
}

/// The age at which an attempt gets company.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum HedgeAfter {
    /// A fixed age: `300ms`.
    Fixed(Duration),
    /// A quantile of the last round trips: `p95` (tower's hedge).
    Quantile(f64),
    /// A multiple of the median of the last round trips less delays: `4x` (Spark's speculation multiplier).
    Median(f64),
    /// `auto`: when it is expected to take longer from now on than a new attempt, by the last round trips, or when it is
    /// four times as old as any of them.
    Doubt,
}

/// The parameters of `+hedge[…]`.
pub(crate) const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "after",
        default: "auto",
        help: "age at which an attempt gets company: 300ms, p95 of the last ones, 4x their median without delays, or \
               auto: when it is expected to take longer than a new one",
    },
    Parameter {
        name: "copies",
        default: "2",
        help: "most attempts at a task in flight at once, 1 to 16; 1 is no hedging",
    },
    Parameter {
        name: "idle",
        default: "0.2",
        help: "share of slots that must be free lately, and half of it now, 0 to 1; 0 asks for one free slot",
    },
    Parameter { name: "budget", default: "1", help: "copies afforded by each task that begins, 0 to 16" },
];

/// How much longer than a new attempt an old one must be expected to take.
const DOUBT: f64 = 1.5;
/// Copies in reserve.
const RESERVE: f64 = 10.0;
/// How many mean round trips the average of free slots looks back.
const LOOK_BACK: f64 = 30.0;

impl HedgeRule {
    pub(crate) fn read(parameters: &Parameters) -> Result<HedgeRule, BadParameter> {
        Ok(HedgeRule {
            after: HedgeAfter::read(parameters)?,
            copies: parameters.number("copies", 1, 16)?,
            idle: parameters.number("idle", 0.0, 1.0)?,
            budget: parameters.number("budget", 0.0, 16.0)?,
        })
    }
}

impl HedgeAfter {
    fn read(parameters: &Parameters) -> Result<HedgeAfter, BadParameter> {
        let text = parameters.text("after");
        let percent = text.strip_prefix('p').and_then(|percent| percent.parse().ok());
        let factor = text.strip_suffix('x').and_then(|factor| factor.parse().ok());
        match (text, percent, factor) {
            ("auto", ..) => Ok(HedgeAfter::Doubt),
            (_, Some(percent), _) if (1.0..100.0).contains(&percent) => {
                Ok(HedgeAfter::Quantile(percent / 100.0))
            }
            (_, _, Some(factor)) if (1.0..=1e3).contains(&factor) => Ok(HedgeAfter::Median(factor)),
            _ => parameters
                .duration("after", Duration::from_micros(1), Duration::from_secs(3_600))
                .map(HedgeAfter::Fixed)
                .map_err(|bad| BadParameter {
                    why: "it takes an age such as 300ms, a quantile such as p95, a multiple such as 4x, or auto"
                        .to_owned(),
                    ..bad
                }),
        }
    }

    /// The age now, if it is known yet and there is one.
    fn age(self, latencies: &Latencies) -> Option<Duration> {
        match self {
            HedgeAfter::Fixed(age) => Some(age),
            HedgeAfter::Quantile(share) => latencies.quantile(share),
            HedgeAfter::Median(factor) => latencies.median_undelayed().map(|median| median.mul_f64(factor)),
            HedgeAfter::Doubt => latencies.age_of_doubt(DOUBT),
        }
    }
}

/// An attempt in flight that may get company.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flown {
    /// [`crate::Attempt::id`].
    pub(crate) id: u64,
    pub(crate) slot: u32,
    pub(crate) task: TaskIndex,
    pub(crate) started: Micros,
}

/// The hedging of one job at work.
#[derive(Debug)]
pub(crate) struct Hedging {
    pub(crate) rule: HedgeRule,
    latencies: Latencies,
    /// The age now at which attempts get company; renewed when latencies are.
    age: Option<Duration>,
    /// Attempts that are not old enough, in the order of their starts. Those that have ended are still in it.
    young: VecDeque<Flown>,
    /// Attempts that are old enough, likewise.
    overdue: VecDeque<Flown>,
    /// Slots of the attempts in flight at tasks that have had company.
    companies: BTreeMap<TaskIndex, Vec<u32>>,
    tokens: f64,
    busy: f64,
    busy_at: Micros,
    /// The wake that was asked for.
    pub(crate) armed: Option<Micros>,
}

impl Hedging {
    pub(crate) fn new(rule: HedgeRule, now: Micros) -> Hedging {
        let latencies = Latencies::default();
        Hedging {
            rule,
            age: rule.after.age(&latencies),
            latencies,
            young: VecDeque::new(),
            overdue: VecDeque::new(),
            companies: BTreeMap::new(),
            tokens: RESERVE,
            busy: 0.0,
            busy_at: now,
            armed: None,
        }
    }

    /// An attempt began. A task's first one affords copies.
    pub(crate) fn began(&mut self, flown: Flown, is_first: bool) {
        self.young.push_back(flown);
        if is_first {
            self.tokens += self.rule.budget;
        }
    }

    /// A finished attempt tells how long attempts take.
    pub(crate) fn finished(&mut self, seen: &crate::Observation) {
        if self.latencies.hear(seen) {
            self.age = self.rule.after.age(&self.latencies);
        }
    }

    /// `first` got company.
    pub(crate) fn accompanied(&mut self, first: Flown, copy: u32) {
        self.tokens -= 1.0;
        let company = self.companies.entry(first.task).or_default();
        if !company.contains(&first.slot) {
            company.push(first.slot);
        }
        company.push(copy);
    }

    /// A copy was refused; while other nodes may take it, its token is given back.
    pub(crate) fn refused(&mut self, others_may_take_it: bool) {
        self.tokens += f64::from(u8::from(others_may_take_it));
    }

    /// An attempt ended. Answers the slots of the others at its task.
    pub(crate) fn ended(&mut self, task: TaskIndex, slot: u32) -> Vec<u32> {
        let Some(company) = self.companies.get_mut(&task) else {
            return Vec::new();
        };
        company.retain(|&other| other != slot);
        if company.is_empty() { self.companies.remove(&task).unwrap_or_default() } else { company.clone() }
    }

    /// Slots of the attempts in flight at a task that has had company.
    pub(crate) fn company(&self, task: TaskIndex) -> &[u32] {
        self.companies.get(&task).map_or(&[], Vec::as_slice)
    }

    /// Moves on what has come of age. Answers when the next one does, if that is not known to the caller.
    pub(crate) fn advance(&mut self, now: Micros, is_live: impl Fn(&Flown) -> bool) -> Option<Micros> {
        while let Some(&flown) = self.young.front() {
            if !is_live(&flown) {
                self.young.pop_front();
                continue;
            }
            let due = flown.started.after(self.age?);
            if due > now {
                let wake = self.armed.is_none_or(|armed| armed > due || armed <= now);
                return wake.then(|| {
                    self.armed = Some(due);
                    due
                });
            }
            self.young.pop_front();
            self.overdue.push_back(flown);
        }
        None
    }

    /// Whether an attempt may wait for company.
    pub(crate) fn is_asked(&self) -> bool {
        !self.overdue.is_empty()
    }

    /// Takes note of the share of slots that hold first attempts.
    pub(crate) fn note_busy(&mut self, share: f64, now: Micros) {
        let look_back = self.latencies.mean().map_or(1.0, |mean| (LOOK_BACK * mean.as_secs_f64()).max(1e-6));
        let weight = -(-now.since(self.busy_at).as_secs_f64() / look_back).exp_m1();
        self.busy += weight * (share - self.busy);
        self.busy_at = now;
    }

    /// Whether a copy is afforded while `idle_now` of all slots are free. `is_closed`: nothing more arrives.
    pub(crate) fn affords(&self, idle_now: f64, is_closed: bool) -> bool {
        let lately = is_closed || (self.busy <= 1.0 - self.rule.idle && idle_now >= self.rule.idle / 2.0);
        self.tokens >= 1.0 && idle_now > 0.0 && lately
    }

    /// Takes the overdue attempt that is expected to take longest: the oldest or the youngest, whichever the last
    /// round trips say.
    pub(crate) fn take(&mut self, now: Micros, is_live: impl Fn(&Flown) -> bool) -> Option<Flown> {
        while self.overdue.front().is_some_and(|flown| !is_live(flown)) {
            self.overdue.pop_front();
        }
        while self.overdue.back().is_some_and(|flown| !is_live(flown)) {
            self.overdue.pop_back();
        }
        let (oldest, youngest) = (*self.overdue.front()?, *self.overdue.back()?);
        // What has taken longer than any other may take for ever.
        let remaining =
            |flown: Flown| self.latencies.remaining(now.since(flown.started)).unwrap_or(Duration::MAX);
        let taken = if remaining(youngest) > remaining(oldest) {
            self.overdue.pop_back();
            youngest
        } else {
            self.overdue.pop_front();
            oldest
        };
        Some(taken)
    }

    /// Whether a new attempt is expected to be done before this one.
    pub(crate) fn is_worth_it(&self, flown: &Flown, now: Micros) -> bool {
        match (self.latencies.remaining(now.since(flown.started)), self.latencies.mean()) {
            (Some(remaining), Some(new)) => self.rule.after != HedgeAfter::Doubt || remaining > new,
            _ => true,
        }
    }

    /// An overdue attempt still wants company: none could be placed, or it has lost what it had.
    pub(crate) fn put_back(&mut self, flown: Flown) {
        let is_young = self.young.front().is_some_and(|young| young.id <= flown.id);
        let place = self.overdue.partition_point(|other| other.id < flown.id);
        let is_there = self.overdue.get(place).is_some_and(|other| other.id == flown.id);
        if !is_young && !is_there {
            self.overdue.insert(place, flown);
        }
    }
}
