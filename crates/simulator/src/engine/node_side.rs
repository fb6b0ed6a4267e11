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
use scheduler::health::Health;
use scheduler::{Event, LossReason, NodeFacts, NodeId, Outcome};
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
        let in_flight = node.in_flight(plan.slots);
        let time = Duration::from_micros(now.0);
        let moment = Moment { seed: self.scenario.seed, node: index as u64, time, in_flight };
        match plan.load.at(&moment).judge(spec.strategy.admission, spec.seed, task, number) {
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
        let ailment = match kind {
            FaultKind::Crash => Ailment::Crashed,
            FaultKind::Hang => Ailment::Hung,
            FaultKind::Slow(factor) => Ailment::Slow(factor),
            FaultKind::Drain => {
                (0..self.scenario.schedulers)
                    .for_each(|side| self.tell(side, Event::NodeDraining { node: NodeId(index) }));
                return;
            }
        };
        self.nodes[index as usize].ailment = ailment;
        if matches!(kind, FaultKind::Slow(_)) {
            return;
        }
        if let Some(silence) = self.scenario.longest_silence.filter(|_| kind == FaultKind::Hang) {
            self.calendar.add(self.calendar.now().after(silence), What::Silent(index, number));
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

/// What a scheduler is told of nodes.
impl<O: Observer> Simulation<'_, O> {
    /// What a node says of itself now.
    pub(super) fn facts(&self, index: u32) -> NodeFacts {
        let (plan, node) = (&self.scenario.nodes[index as usize], &self.nodes[index as usize]);
        let load_probability = plan.tells_load.then(|| {
            let time = Duration::from_micros(self.calendar.now().0);
            let in_flight = node.in_flight(plan.slots);
            let moment = Moment { seed: self.scenario.seed, node: u64::from(index), time, in_flight };
            plan.load.reject.at(&moment).get()
        });
        NodeFacts { slots: plan.slots, load_probability }
    }

    /// Nodes that tell their load probability tell the schedulers that see them up.
    pub(super) fn announce(&mut self) {
        for index in 0..self.scenario.nodes.len() as u32 {
            if !self.scenario.nodes[index as usize].tells_load {
                continue;
            }
            let (node, facts) = (NodeId(index), self.facts(index));
            for side in 0..self.scenario.schedulers {
                let known = self.schedulers[side as usize].scheduler.nodes().get(node);
                if known.is_some_and(|known| known.health() == Health::Up && *known.facts() != facts) {
                    self.tell(side, Event::NodeJoined { node, facts });
                }
            }
        }
        if let Some(period) = self.scenario.announce_every {
            self.calendar.add(self.calendar.now().after(period), What::Announce);
        }
    }

    /// A node that still hangs is reported to the schedulers that wait for it; the others are looked at again later.
    pub(super) fn silent(&mut self, index: u32, number: u32) {
        /// Parts into which the longest silence is cut, as in the server.
        const LOOKS: u32 = 4;
        let now = self.calendar.now();
        if self.scenario.nodes[index as usize].faults[number as usize].until <= now {
            return;
        }
        let node = NodeId(index);
        for side in 0..self.scenario.schedulers {
            let known = self.schedulers[side as usize].scheduler.nodes().get(node);
            if known.is_some_and(|known| known.health() == Health::Up && known.in_flight() > 0) {
                self.tell(side, Event::NodeSilent { node });
            }
        }
        if let Some(silence) = self.scenario.longest_silence {
            let pause = (silence / LOOKS).max(Duration::from_micros(1));
            self.calendar.add(now.after(pause), What::Silent(index, number));
        }
    }

    pub(super) fn fault_ends(&mut self, index: u32, number: u32) {
        self.nodes[index as usize].ailment = Ailment::None;
        if self.scenario.nodes[index as usize].faults[number as usize].kind == FaultKind::Drain {
            (0..self.scenario.schedulers)
                .for_each(|side| self.tell(side, Event::NodeResumed { node: NodeId(index) }));
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
