//! Attempts that get company, and the ones that are called off.

use super::Scheduler;
use crate::hedge::Flown;
use crate::policy::Choice;
use crate::timers::Due;
use crate::{Action, Attempt, JobId, Micros};
use luck::Purpose;

impl Scheduler {
    /// Begins copies of overdue attempts while nothing waits and the rules afford it.
    pub(super) fn hedge(&mut self, now: Micros, actions: &mut Vec<Action>) {
        let slots = self.nodes.eligible_slots().max(1) as f64;
        let firsts = self.nodes.eligible_in_flight().saturating_sub(self.flights.copies() as u64);
        let busy = (firsts as f64 / slots).min(1.0);
        for place in 0..self.running.len() {
            let id = self.running[place];
            let flights = &self.flights;
            let Some(hedging) = self.jobs.get_mut(&id).and_then(|job| job.hedging.as_mut()) else {
                continue;
            };
            hedging.note_busy(busy, now);
            if let Some(due) = hedging.advance(now, |flown| flights.has(flown.slot, flown.id)) {
                self.timers.add(due, Due::Hedge);
            }
            while let Some(copy) = self.start_copy(id, now) {
                actions.push(Action::Start(copy));
            }
        }
    }

    /// Begins a copy of the job's most overdue attempt, if that is afforded and its policy names a node for it.
    fn start_copy(&mut self, id: JobId, now: Micros) -> Option<Attempt> {
        let idle_now = self.nodes.idle_slots() as f64 / self.nodes.eligible_slots().max(1) as f64;
        let all = self.running.iter().filter_map(|id| self.jobs.get(id));
        let (waits, is_closed) = all.fold((false, true), |(waits, closed), job| {
            (waits || !job.ready.is_empty(), closed && job.spec.sealed)
        });
        let is_full = self.flights.count() >= self.settings.max_in_flight as usize;
        let job = self.jobs.get_mut(&id)?;
        let hedging = job.hedging.as_mut()?;
        let is_full = is_full || job.counts.in_flight() >= u64::from(job.spec.max_in_flight.max(1));
        if is_full || waits || !hedging.affords(idle_now, is_closed) {
            return None;
        }
        let flown = loop {
            let flown = hedging.take(now, |flown| self.flights.has(flown.slot, flown.id))?;
            let task = &job.tasks[flown.task.index()];
            let may_have = !task.ended
                && task.in_flight < hedging.rule.copies
                && task.attempts < job.spec.retry.max_attempts;
            if may_have && hedging.is_worth_it(&flown, now) {
                break flown;
            }
        };
        let number = job.tasks[flown.task.index()].attempts + 1;
        let coin = job.spec.seed.coin(Purpose::Pick, u64::from(flown.task.0), u64::from(number));
        let here = self.flights.get(flown.slot)?.node;
        let choice = Choice::new(&self.nodes, Some(here), now, coin)?.for_task(flown.task, 1).for_copy();
        let picked = job.policy.pick(&choice);
        let company = hedging.company(flown.task).iter().filter_map(|&slot| self.flights.get(slot));
        let is_taken = |node| node == here || company.clone().any(|flight| flight.node == node);
        let free =
            picked.filter(|&node| !is_taken(node) && self.nodes.in_flight(node) < self.nodes.slots(node));
        let Some(node) = free else {
            hedging.put_back(flown);
            return None;
        };
        let copy = self.begin(id, flown.task, node, now);
        if let Some(hedging) = self.jobs.get_mut(&id).and_then(|job| job.hedging.as_mut()) {
            hedging.accompanied(flown, copy.slot);
        }
        Some(copy)
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
