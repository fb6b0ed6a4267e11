//! Probes of a few nodes; among the cool ones the fastest, else the least busy.

use super::averages::micros;
use super::by_node::ByNode;
use super::draws::distinct;
use super::{Choice, Cost, Ended, Entry, Parameter, Policy};
use crate::{Micros, NodeFacts, NodeId, Outcome};
use std::time::Duration;

pub(super) const ENTRY: Entry = Entry {
    name: "prequal",
    help: "a pool of probes of random nodes; those with more in flight than most are hot; the fastest cold one, else \
           the least busy one (Wydrowski and others, Prequal, NSDI 2024, rule HCL). A probe here reads the \
           scheduler's own count of attempts in flight and the latency that the node last had under such a count. \
           Loses when delays are luck and not the node's",
    parameters: &[
        Parameter {
            name: "quantile",
            default: "0.6",
            help: "nodes above this quantile of attempts in flight are hot, 0 to 1 (the paper has 0.84, which \
                   herds onto few nodes under high load)",
        },
        Parameter { name: "probes", default: "3", help: "probes for each decision, 1 to 16" },
    ],
    cost: Cost::Constant,
    build: |parameters| {
        Ok(Box::new(Prequal {
            quantile: parameters.number("quantile", 0.0, 1.0)?,
            probes: parameters.number("probes", 1, POOL)?,
            pool: Vec::new(),
            recent: Vec::new(),
            next_recent: 0,
            removes_oldest: false,
            samples: ByNode::default(),
        }))
    },
};

/// Most probes in the pool.
const POOL: usize = 16;
/// Counts of attempts in flight of which the quantile is taken.
const RECENT: usize = 64;
/// Age at which a probe says nothing any more.
const MAX_AGE: Duration = Duration::from_secs(1);
/// How often a probe is used before it is dropped.
const USES: u32 = 3;
/// Finished attempts that a node's latency is taken from.
const SAMPLES: usize = 16;
/// Of these, the ones that began under the most similar count of attempts in flight.
const NEAREST: usize = 5;

#[derive(Debug)]
struct Prequal {
    quantile: f64,
    probes: usize,
    pool: Vec<Probe>,
    recent: Vec<u32>,
    next_recent: usize,
    /// Alternates: the oldest probe goes, then the worst, and so on.
    removes_oldest: bool,
    samples: ByNode<Samples>,
}

#[derive(Clone, Copy, Debug)]
struct Probe {
    node: NodeId,
    in_flight: u32,
    /// In microseconds.
    latency: f64,
    at: Micros,
    uses_left: u32,
}

/// The last finished attempts of a node: attempts in flight when they began, and what they took in microseconds.
#[derive(Clone, Copy, Debug, Default)]
struct Samples {
    ring: [(u32, f32); SAMPLES],
    count: usize,
    next: usize,
}

impl Samples {
    fn hear(&mut self, in_flight: u32, latency: f64) {
        self.ring[self.next] = (in_flight, latency as f32);
        self.next = (self.next + 1) % SAMPLES;
        self.count = (self.count + 1).min(SAMPLES);
    }

    /// The median latency of the attempts that began under the counts nearest to `in_flight`, scaled to that count: what
    /// has to wait for a slot takes in proportion. 0 without any.
    ///
    /// Conditioned on the count, or an idle node would be judged by what it took when it was busy, and the other way
    /// round: under load that herds everybody onto the node that was idle last.
    fn latency(&self, in_flight: u32, slots: u32) -> f64 {
        let mut near = self.ring;
        let near = &mut near[..self.count];
        let kept = NEAREST.min(near.len());
        if kept == 0 {
            return 0.0;
        }
        if near.len() > kept {
            near.select_nth_unstable_by_key(kept - 1, |(count, _)| count.abs_diff(in_flight));
        }
        let turns = |count: u32| f64::from(count.max(slots));
        let near = &mut near[..kept];
        near.iter_mut().for_each(|(count, latency)| {
            *latency = (f64::from(*latency) * turns(in_flight) / turns(*count)) as f32;
        });
        let (_, &mut (_, median), _) =
            near.select_nth_unstable_by(kept / 2, |one, other| one.1.total_cmp(&other.1));
        f64::from(median)
    }
}

impl Prequal {
    fn probe(&mut self, node: NodeId, choice: &Choice<'_>) {
        let in_flight = choice.in_flight(node);
        if self.recent.len() < RECENT {
            self.recent.push(in_flight);
        } else {
            self.recent[self.next_recent] = in_flight;
            self.next_recent = (self.next_recent + 1) % RECENT;
        }
        // One entry by node: several of one would drag the quantile and outlive its removal.
        self.pool.retain(|probe| probe.node != node);
        if self.pool.len() == POOL {
            self.pool.remove(0);
        }
        let latency = self.samples.enter(node).latency(in_flight + 1, choice.slots(node));
        self.pool.push(Probe { node, in_flight, latency, at: choice.now(), uses_left: USES });
    }

    /// Attempts in flight beyond which a node is hot.
    fn limit(&self) -> u32 {
        let mut recent = [0; RECENT];
        let recent = &mut recent[..self.recent.len()];
        recent.copy_from_slice(&self.recent);
        let place = ((recent.len() - 1) as f64 * self.quantile) as usize;
        *recent.select_nth_unstable(place).1
    }

    /// Takes out the oldest probe, or the worst: the busiest if one is hot, else the slowest.
    fn remove_one(&mut self, limit: u32) {
        self.removes_oldest = !self.removes_oldest;
        if self.pool.len() < 2 {
            return;
        }
        let worst = if self.removes_oldest {
            0
        } else {
            let rank = |probe: &Probe| match probe.in_flight > limit {
                true => (1, f64::from(probe.in_flight)),
                false => (0, probe.latency),
            };
            let places = (0..self.pool.len()).rev();
            let compare = |&one: &usize, &other: &usize| {
                let (one, other) = (rank(&self.pool[one]), rank(&self.pool[other]));
                one.0.cmp(&other.0).then(one.1.total_cmp(&other.1))
            };
            places.max_by(compare).unwrap_or(0)
        };
        self.pool.remove(worst);
    }
}

impl Policy for Prequal {
    fn pick(&mut self, choice: &Choice<'_>) -> Option<NodeId> {
        self.pool.retain(|probe| choice.now().since(probe.at) < MAX_AGE);
        let (drawn, coin) = distinct(choice, self.probes, choice.coin());
        drawn.for_each(|node| self.probe(node, choice));
        let limit = self.limit();
        let usable = |probe: &Probe| choice.allows(probe.node);
        let cold = (0..self.pool.len())
            .filter(|&place| usable(&self.pool[place]) && self.pool[place].in_flight <= limit);
        let fastest = cold.min_by(|&one, &other| {
            let (one, other) = (&self.pool[one], &self.pool[other]);
            one.latency.total_cmp(&other.latency).then(one.in_flight.cmp(&other.in_flight))
        });
        let picked = fastest.or_else(|| {
            let places = (0..self.pool.len()).filter(|&place| usable(&self.pool[place]));
            places.min_by_key(|&place| self.pool[place].in_flight)
        });
        let Some(place) = picked else {
            return Some(choice.at(coin.below(choice.len())));
        };
        let probe = &mut self.pool[place];
        let node = probe.node;
        // The sender knows of its own attempt before the next probe does.
        probe.in_flight += 1;
        probe.uses_left -= 1;
        if probe.uses_left == 0 {
            self.pool.remove(place);
        }
        self.remove_one(limit);
        Some(node)
    }

    fn node_up(&mut self, node: NodeId, _facts: &NodeFacts, _in_flight: u32) {
        self.samples.enter(node);
    }

    fn node_down(&mut self, node: NodeId) {
        self.pool.retain(|probe| probe.node != node);
    }

    fn ended(&mut self, ended: &Ended<'_>) {
        match ended.observation.outcome {
            Outcome::Done => {
                let latency = micros(ended.observation.round_trip);
                self.samples.enter(ended.node).hear(ended.in_flight_then, latency);
            }
            // What a node that fails was probed for is void.
            Outcome::Rejected | Outcome::Lost(_) | Outcome::TimedOut => {
                self.pool.retain(|probe| probe.node != ended.node);
            }
            Outcome::Failed | Outcome::Cancelled => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latency_is_conditioned_on_what_was_in_flight() {
        let mut samples = Samples::default();
        assert_eq!(samples.latency(1, 1), 0.0);
        for _ in 0..6 {
            samples.hear(1, 10.0);
            samples.hear(9, 500.0);
        }
        assert_eq!((samples.latency(1, 1), samples.latency(9, 1)), (10.0, 500.0));
        // No attempt began beside 17 others: twice as many turns as 9.
        assert_eq!(samples.latency(18, 1), 1_000.0);
        assert_eq!(samples.latency(18, 18), 500.0);
    }
}
