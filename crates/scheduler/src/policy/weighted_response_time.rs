//! At random in proportion to speed.

use super::weights::Weights;
use super::{Choice, Cost, Ended, Entry, Parameter, Policy};
use crate::{NodeFacts, NodeId, Outcome};

pub(super) const ENTRY: Entry = Entry {
    name: "weighted_response_time",
    help: "at random in proportion to 1 / mean response time of finished attempts; loses when slowness is luck and \
           not the node's, and ignores how busy a node is now",
    parameters: &[Parameter {
        name: "memory",
        default: "20",
        help: "attempts that the moving average remembers, 1 to 10000",
    }],
    cost: Cost::Logarithmic,
    build: |parameters| {
        let memory = parameters.number("memory", 1u32, 10_000)?;
        Ok(Box::new(WeightedResponseTime { gain: 1.0 / f64::from(memory), ..Default::default() }))
    },
};

#[derive(Debug, Default)]
struct WeightedResponseTime {
    gain: f64,
    /// By node: the moving average of response times in microseconds; none before the first finished attempt.
    means: Vec<Option<f64>>,
    weights: Weights,
    fastest_weight: f64,
}

impl WeightedResponseTime {
    /// A node without history weighs as much as the fastest one, so that it is tried.
    fn weight(&self, node: NodeId) -> f64 {
        let known = self.means.get(node.index()).copied().flatten();
        known.map_or(if self.fastest_weight > 0.0 { self.fastest_weight } else { 1.0 }, |mean| {
            1.0 / mean.max(1.0)
        })
    }
}

impl Policy for WeightedResponseTime {
    fn pick(&mut self, choice: &Choice<'_>) -> Option<NodeId> {
        let drawn = self.weights.draw(choice.coin().uniform())?;
        if choice.allows(drawn) {
            return Some(drawn);
        }
        // The excluded node was drawn: leave it out for one draw.
        let weight = self.weights.get(drawn);
        self.weights.set(drawn, 0.0);
        let other = self.weights.draw(choice.coin().next().uniform());
        self.weights.set(drawn, weight);
        other.filter(|&node| choice.allows(node)).or_else(|| Some(choice.at(0)))
    }

    fn node_up(&mut self, node: NodeId, _facts: &NodeFacts, _in_flight: u32) {
        if self.means.len() <= node.index() {
            self.means.resize(node.index() + 1, None);
        }
        self.weights.set(node, self.weight(node));
    }

    fn node_down(&mut self, node: NodeId) {
        self.weights.set(node, 0.0);
    }

    fn ended(&mut self, &Ended { node, observation, .. }: &Ended<'_>) {
        // Only finished attempts are accounted: a refusal or a failure comes fast and must not look like speed.
        let (Outcome::Done, Some(slot)) = (observation.outcome, self.means.get_mut(node.index())) else {
            return;
        };
        let sample = observation.round_trip.as_micros() as f64;
        let mean = slot.map_or(sample, |mean| mean + self.gain * (sample - mean));
        *slot = Some(mean);
        let first = self.fastest_weight == 0.0;
        self.fastest_weight = self.fastest_weight.max(self.weight(node));
        if self.weights.get(node) > 0.0 {
            self.weights.set(node, self.weight(node));
        }
        if first {
            // The first figure of the run gives the nodes without history their scale.
            for index in 0..self.means.len() {
                let other = NodeId(index as u32);
                if self.means[index].is_none() && self.weights.get(other) > 0.0 {
                    self.weights.set(other, self.weight(other));
                }
            }
        }
    }
}
