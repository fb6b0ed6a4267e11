//! The node's half: what becomes of an attempt from the moment it reaches its node.
//!
//! The order is the real node's: the first coin (rejection), the slots with their queue, the second coin (injected
//! delay, asleep in the slot), the work.

use super::Simulation;
use super::calendar::{FlightRef, What};
use super::flights::Stage;
use super::node::Ailment;
use crate::observe::Observer;
use crate::scenario::{Cancellation, FaultKind, Work};
use cluster::{Moment, Verdict};
use luck::Purpose;
use scheduler::{LossReason, Outcome};
use std::time::Duration;

/// Reasons in records.
const LOAD: &str = "load";
const QUEUE_FULL: &str = "queue full";
const UNREACHABLE: &str = "unreachable";
const BROKEN: &str = "connection broken";
const CANCELLED: &str = "cancelled";
pub(super) const NO_ANSWER: &str = "no answer in time";

impl<O: Observer> Simulation<'_, O> {
    pub(super) fn reached(&mut self, flight: FlightRef) {
        let now = self.calendar.now();
        let Some(known) = self.flights.get(flight) else { return };
        known.reached = now;
        known.entered = now;
        let (index, job) = (known.node as usize, known.job as usize);
        let (task, number) = (u64::from(known.task), u64::from(known.number));
        let (plan, node) = (&self.scenario.nodes[index], &mut self.nodes[index]);
        match node.ailment {
            Ailment::Crashed => {
                return self.homeward(flight, Outcome::Lost(LossReason::Unreachable), UNREACHABLE);
            }
            Ailment::Hung => {
                known.stage = Stage::Stuck;
                return;
            }
            Ailment::None | Ailment::Slow(_) => {}
        }
        let spec = &self.scenario.jobs[job].spec;
        let load = plan.load.at(&Moment {
            seed: self.scenario.seed,
            node: index as u64,
            time: Duration::from_micros(now.0),
            in_flight: node.in_flight(plan.slots),
        });
        match load.judge(spec.strategy.admission, spec.seed, task, number) {
            Verdict::Reject => {
                node.totals.rejected += 1;
                return self.homeward(flight, Outcome::Rejected, LOAD);
            }
            Verdict::DelayThenRun(delay) => known.delay = delay,
            Verdict::Run => {}
        }
        if node.free > 0 {
            self.enter(flight);
        } else if node.queue.len() < plan.queue_bound as usize {
            known.stage = Stage::Queued;
            node.queue.push_back(flight);
        } else {
            node.totals.queue_full += 1;
            self.homeward(flight, Outcome::Rejected, QUEUE_FULL);
        }
    }

    /// The attempt gets a slot, which is free.
    fn enter(&mut self, flight: FlightRef) {
        let now = self.calendar.now();
        let Some(known) = self.flights.get(flight) else { return };
        let node = &mut self.nodes[known.node as usize];
        known.stage = Stage::InSlot;
        known.entered = now;
        node.free -= 1;
        node.totals.delayed += u64::from(!known.delay.is_zero());
        if node.sharing.is_none() {
            let speed = self.scenario.nodes[known.node as usize].speed;
            let work = work_us(&self.scenario.jobs[known.job as usize], known.task, known.number);
            known.service = Duration::from_micros((work * node.slowness() / speed + 0.5) as u64);
            self.calendar.add(now.after(known.delay + known.service), What::Worked(flight));
        } else if known.delay.is_zero() {
            self.awake(flight);
        } else {
            self.calendar.add(now.after(known.delay), What::Awake(flight));
        }
    }

    /// The attempt begins to share the node's processors.
    pub(super) fn awake(&mut self, flight: FlightRef) {
        let now = self.calendar.now();
        let Some(known) = self.flights.get(flight) else { return };
        let index = known.node;
        let node = &mut self.nodes[index as usize];
        let work = work_us(&self.scenario.jobs[known.job as usize], known.task, known.number);
        let work = work * node.slowness();
        if let Some(sharing) = &mut node.sharing {
            sharing.join(flight, work, now);
        }
        self.plan_shared(index);
    }

    fn plan_shared(&mut self, index: u32) {
        if let Some(sharing) = &mut self.nodes[index as usize].sharing
            && let Some(at) = sharing.plan()
        {
            let stamp = sharing.stamp;
            self.calendar.add(at, What::Shared(index, stamp));
        }
    }

    pub(super) fn shared(&mut self, index: u32, stamp: u32) {
        let now = self.calendar.now();
        let is_due = |sharing: &&mut super::node::Sharing| sharing.stamp == stamp;
        if self.nodes[index as usize].sharing.as_mut().filter(is_due).is_none() {
            return;
        }
        while let Some(flight) =
            self.nodes[index as usize].sharing.as_mut().and_then(|own| own.take_done(now))
        {
            if let Some(known) = self.flights.get(flight) {
                known.service = now.since(known.entered.after(known.delay));
            }
            self.worked(flight);
        }
        self.plan_shared(index);
    }

    pub(super) fn worked(&mut self, flight: FlightRef) {
        let Some(known) = self.flights.get(flight) else { return };
        let (index, busy) = (known.node, known.delay + known.service);
        self.nodes[index as usize].totals.busy_us += busy.as_micros() as u64;
        self.homeward(flight, Outcome::Done, "");
        self.leave_slot(index);
    }

    /// A slot is free again; the first in line gets it.
    fn leave_slot(&mut self, index: u32) {
        let node = &mut self.nodes[index as usize];
        node.free += 1;
        if let Some(next) = node.queue.pop_front() {
            self.enter(next);
        }
    }

    /// The node's answer sets out.
    fn homeward(&mut self, flight: FlightRef, outcome: Outcome, reason: &'static str) {
        let Some(known) = self.flights.get(flight) else { return };
        known.stage = Stage::Homeward;
        known.outcome = outcome;
        known.reason = reason;
        let at = self.calendar.now().after(known.back);
        self.calendar.add(at, What::Answered(flight));
    }

    pub(super) fn answered(&mut self, flight: FlightRef) {
        let Some(known) = self.flights.get(flight) else { return };
        let (outcome, reason) = (known.outcome, known.reason);
        self.give_back(flight, outcome, reason);
        self.flights.remove(flight);
    }

    pub(super) fn cancel(&mut self, side: u32, attempt: u64) {
        let Some(slot) = self.schedulers[side as usize].by_number.get(attempt) else { return };
        let flight = self.flights.named(slot);
        let Some(known) = self.flights.get(flight) else { return };
        let (stage, index) = (known.stage, known.node);
        let drops = match self.scenario.cancellation {
            Cancellation::Ignored => false,
            Cancellation::Dequeued => stage == Stage::Queued,
            Cancellation::Aborted => matches!(stage, Stage::Queued | Stage::InSlot),
        };
        if !drops {
            return;
        }
        let now = self.calendar.now();
        let node = &mut self.nodes[index as usize];
        if stage == Stage::Queued {
            node.queue.retain(|waiting| *waiting != flight);
        } else if let Some(sharing) = &mut node.sharing {
            sharing.leave(flight, now);
        }
        let flight = self.flights.renew(flight);
        self.homeward(flight, Outcome::Cancelled, CANCELLED);
        if stage == Stage::InSlot {
            self.plan_shared(index);
            self.leave_slot(index);
        }
    }

    pub(super) fn fault_begins(&mut self, index: u32, number: u32) {
        let plan = &self.scenario.nodes[index as usize];
        let kind = plan.faults[number as usize].kind;
        self.nodes[index as usize].ailment = match kind {
            FaultKind::Crash => Ailment::Crashed,
            FaultKind::Hang => Ailment::Hung,
            FaultKind::Slow(factor) => Ailment::Slow(factor),
        };
        if matches!(kind, FaultKind::Slow(_)) {
            return;
        }
        self.nodes[index as usize].empty(plan.slots);
        for flight in self.flights.at_node(index) {
            let flight = self.flights.renew(flight);
            if kind == FaultKind::Crash {
                self.homeward(flight, Outcome::Lost(LossReason::Broken), BROKEN);
            } else if let Some(known) = self.flights.get(flight) {
                known.stage = Stage::Stuck;
                if known.attempt.is_none() {
                    self.flights.remove(flight);
                }
            }
        }
    }
}

/// The work of an attempt in microseconds at speed 1.
fn work_us(job: &crate::JobPlan, task: u32, number: u32) -> f64 {
    let coin = |number| job.spec.seed.coin(Purpose::Service, u64::from(task), u64::from(number));
    let work = match &job.work {
        Work::ByTask(distribution) => distribution.draw(coin(0)),
        Work::ByAttempt(distribution) => distribution.draw(coin(number)),
        Work::Recorded(times) => times[task as usize % times.len()],
    };
    work.as_micros() as u64 as f64
}
