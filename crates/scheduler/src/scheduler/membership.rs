//! Nodes that come, go, fail and recover.

use super::Scheduler;
use crate::health::Health;
use crate::timers::Due;
use crate::{Micros, NodeFacts, NodeId, Outcome};

impl Scheduler {
    pub(super) fn join(&mut self, node: NodeId, facts: NodeFacts) {
        // New facts of a node that is up reach the policies like a node that left and came back.
        let differs =
            |known: &crate::nodes::Node| *known.facts() != facts && known.health != Health::Draining;
        if self.nodes.get(node).is_some_and(differs) {
            self.set_health(node, Health::Left);
        }
        let drains = self.nodes.get(node).is_some_and(|known| known.health == Health::Draining);
        self.nodes.enter(node, facts);
        // Whoever told it to drain has to tell it to go on.
        if !drains {
            self.set_health(node, Health::Up);
        }
    }

    /// Another process has taken the node's place: nobody waits for the earlier one, and policies learn anew.
    pub(super) fn restart(&mut self, node: NodeId, facts: NodeFacts) {
        if self.nodes.get(node).is_some() {
            self.set_health(node, Health::Left);
            self.desert_node(node);
        }
        self.join(node, facts);
    }

    pub(super) fn resume_node(&mut self, node: NodeId) {
        if self.nodes.get(node).is_some_and(|known| known.health == Health::Draining) {
            self.set_health(node, Health::Up);
        }
    }

    pub(super) fn set_health(&mut self, node: NodeId, health: Health) {
        let Some(entry) = self.nodes.get_mut(node) else {
            return;
        };
        if health == Health::Up {
            entry.strikes.recovered();
        }
        let (facts, in_flight) = (entry.facts, entry.in_flight);
        if !self.nodes.set_health(node, health) {
            return;
        }
        for job in self.jobs.values_mut().filter(|job| !job.ended) {
            match health {
                Health::Up => job.policy.node_up(node, &facts, in_flight),
                _ => job.policy.node_down(node),
            }
        }
    }

    pub(super) fn probe_ended(&mut self, node: NodeId, alive: bool, now: Micros) {
        let Some(entry) = self.nodes.get_mut(node) else {
            return;
        };
        if !matches!(entry.health, Health::Down | Health::Ejected) {
            return;
        }
        if alive {
            self.set_health(node, Health::Up);
        } else {
            entry.strikes.probe_failed();
            let wait = entry.strikes.wait(&self.settings.ejection);
            self.timers.add(now.after(wait), Due::Probe(node));
        }
    }

    /// A node hangs: what is in flight on it is handed on at once, and a probe decides when it is back.
    pub(super) fn fall_silent(&mut self, node: NodeId, now: Micros) {
        if self.nodes.get(node).is_some_and(|known| known.health == Health::Up) {
            self.set_health(node, Health::Down);
            if let Some(entry) = self.nodes.get_mut(node) {
                let wait = entry.strikes.wait(&self.settings.ejection);
                self.timers.add(now.after(wait), Due::Probe(node));
            }
        }
        self.desert_node(node);
    }

    /// Hands on the tasks of all attempts in flight on a node.
    fn desert_node(&mut self, node: NodeId) {
        for flight in self.flights.desert(node) {
            let Some(job) = self.jobs.get_mut(&flight.job) else {
                continue;
            };
            job.deserted += 1;
            let Some(task) = job.tasks.get_mut(flight.task) else { continue };
            task.in_flight -= 1;
            task.losses += 1;
            task.avoid = Some(node);
            // Other attempts at it may be in flight elsewhere.
            if !task.ended && task.in_flight == 0 {
                job.ready.push_front(flight.task);
            }
            job.tasks.forget(flight.task);
        }
    }

    /// Outlier ejection.
    pub(super) fn judge_node(&mut self, node: NodeId, outcome: Outcome, now: Micros) {
        let may_eject = self.settings.ejection.allows(self.nodes.eligible().len(), self.nodes.ejected());
        let Some(entry) = self.nodes.get_mut(node).filter(|entry| entry.health == Health::Up) else {
            return;
        };
        let health = entry.strikes.hear(outcome, &self.settings.ejection, may_eject);
        if health != Health::Up {
            let wait = entry.strikes.wait(&self.settings.ejection);
            self.timers.add(now.after(wait), Due::Probe(node));
            self.set_health(node, health);
        }
    }
}
