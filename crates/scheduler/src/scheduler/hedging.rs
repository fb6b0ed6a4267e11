//! Attempts that get company, and the ones that are called off.

use super::Scheduler;
use crate::hedge::Flown;
use crate::policy::Choice;
use crate::timers::Due;
use crate::{Action, Attempt, JobId, Micros, NodeId};
use luck::Purpose;

/// How often a policy is asked for a node with a free slot before the copy has to wait.
const PICKS: u32 = 4;

impl Scheduler {
    /// Begins copies of overdue attempts while nothing waits and the rules afford it.
    pub(super) fn hedge(&mut self, now: Micros, actions: &mut Vec<Action>) {
        let mut is_asked = false;
        for place in 0..self.running.len() {
            is_asked |= self.advance_hedging(self.running[place], now);
        }
        if !is_asked {
            return;
        }
        let mut all = self.running.iter().filter_map(|id| self.jobs.get(id));
        let is_closed = all.clone().all(|job| job.spec.sealed);
        if all.any(|job| !job.ready.is_empty()) {
            return;
        }
        for place in 0..self.running.len() {
            while let Some(copy) = self.start_copy(self.running[place], is_closed, now) {
                actions.push(Action::Start(copy));
            }
        }
    }

    /// Lets the attempts of one job come of age. Answers whether any waits for company.
    fn advance_hedging(&mut self, id: JobId, now: Micros) -> bool {
        let flights = &self.flights;
        let Some(hedging) = self.jobs.get_mut(&id).and_then(|job| job.hedging.as_mut()) else {
            return false;
        };
        let slots = self.nodes.eligible_slots().max(1) as f64;
        let firsts = self.nodes.eligible_in_flight().saturating_sub(flights.copies() as u64);
        hedging.note_busy((firsts as f64 / slots).min(1.0), now);
        if let Some(due) = hedging.advance(now, |flown| flights.has(flown.slot, flown.id)) {
            self.timers.add(due, Due::Hedge);
        }
        hedging.is_asked()
    }

    /// Begins a copy of the job's most overdue attempt, if that is afforded and its policy names a free node for it.
    fn start_copy(&mut self, id: JobId, is_closed: bool, now: Micros) -> Option<Attempt> {
        let idle_now = self.nodes.idle_slots() as f64 / self.nodes.eligible_slots().max(1) as f64;
        let is_full = self.flights.awaited() >= self.settings.max_in_flight as usize;
        let job = self.jobs.get_mut(&id)?;
        let is_full = is_full || job.awaited() >= u64::from(job.spec.max_in_flight.max(1));
        let is_full = is_full || job.paused;
        let hedging = job.hedging.as_mut()?;
        if is_full || !hedging.affords(idle_now, is_closed) {
            return None;
        }
        let flown = loop {
            let flown = hedging.take(now, |flown| self.flights.has(flown.slot, flown.id))?;
            let may_have = job.tasks.get(flown.task).is_some_and(|task| {
                !task.ended
                    && task.in_flight < hedging.rule.copies
                    && task.attempts < job.spec.retry.max_attempts
            });
            if may_have && hedging.is_worth_it(&flown, now) {
                break flown;
            }
        };
        let Some(node) = self.place_copy(id, flown, now) else {
            if let Some(hedging) = self.jobs.get_mut(&id).and_then(|job| job.hedging.as_mut()) {
                hedging.put_back(flown);
            }
            return None;
        };
        let copy = self.begin(id, flown.task, node, now);
        if let Some(hedging) = self.jobs.get_mut(&id).and_then(|job| job.hedging.as_mut()) {
            hedging.accompanied(flown, copy.slot);
        }
        Some(copy)
    }

    /// A node with a free slot on which the task does not run yet, as the policy picks.
    fn place_copy(&mut self, id: JobId, flown: Flown, now: Micros) -> Option<NodeId> {
        let job = self.jobs.get_mut(&id)?;
        let number = u64::from(job.tasks.get(flown.task)?.attempts + 1);
        let mut coin = job.spec.seed.coin(Purpose::Pick, u64::from(flown.task.0), number);
        let here = self.flights.get(flown.slot)?.node;
        let company = job.hedging.as_ref()?.company(flown.task);
        // A policy that does not look at what is in flight may name a busy node: it is asked a few times.
        for _ in 0..PICKS {
            let choice = Choice::new(&self.nodes, Some(here), now, coin)?.for_task(flown.task, 1).for_copy();
            let node = job.policy.pick(&choice)?;
            let mut others = company.iter().filter_map(|&slot| self.flights.get(slot));
            let is_taken = node == here || others.any(|flight| flight.node == node);
            if !is_taken && self.nodes.in_flight(node) < self.nodes.slots(node) {
                return Some(node);
            }
            coin = coin.next();
        }
        None
    }

    /// The other attempts at a task that has been settled are no longer wanted.
    pub(super) fn call_off(&self, others: &[u32], actions: &mut Vec<Action>) {
        let flights = others.iter().filter_map(|&slot| self.flights.get(slot));
        actions.extend(flights.map(|flight| Action::Cancel { attempt: flight.id, node: flight.node }));
    }

    /// An attempt ended without a result and left others at its task in flight: they may get company again.
    pub(super) fn desert(&mut self, id: JobId, others: &[u32]) {
        let Some(hedging) = self.jobs.get_mut(&id).and_then(|job| job.hedging.as_mut()) else {
            return;
        };
        let youngest = others
            .iter()
            .filter_map(|&slot| self.flights.get(slot).map(|flight| (slot, flight)))
            .max_by_key(|(_, flight)| flight.id);
        if let Some((slot, flight)) = youngest {
            hedging.put_back(Flown { id: flight.id, slot, task: flight.task, started: flight.started });
        }
    }
}
