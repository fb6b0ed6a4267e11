//! The node with the lowest C3 score: time on the wire, plus service time x the cube of the queue.

use super::averages::{Mean, micros};
use super::by_node::ByNode;
use super::draws::lowest;
use super::{Choice, Cost, Ended, Entry, Parameter, Policy};
use crate::{NodeFacts, NodeId, Outcome};

pub(super) const ENTRY: Entry = Entry {
    name: "c3",
    help: "least wire + (1 + attempts in flight + queue)^3 x service, all moving averages of what nodes report (Suresh \
           and others, C3, NSDI 2015, as in the authors' simulator; the ranking without the rate control); loses where \
           service times are luck, for it prefers the node that was lucky last, and where nodes reject, of which it \
           does not hear",
    parameters: &[Parameter {
        name: "gain",
        default: "0.9",
        help: "weight of the newest wire time and queue, 0.01 to 1 (the authors' simulator has 0.9)",
    }],
    cost: Cost::Linear,
    build: |parameters| {
        Ok(Box::new(C3 { gain: parameters.number("gain", 0.01, 1.0)?, nodes: ByNode::default() }))
    },
};

/// Service times come as the node's own slow average in the original. One sample of them says little of the next: ranked
/// by the last one, everybody runs to the node that was lucky last.
const SERVICE_GAIN: f64 = 0.1;

#[derive(Debug)]
struct C3 {
    gain: f64,
    nodes: ByNode<Averages>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Averages {
    /// Of the response time, what is neither waiting nor service. Were waiting part of it, a node that was slow once would
    /// never be asked again.
    wire: Mean,
    service: Mean,
    /// Attempts of others that waited before this one, as the waiting time tells. Those of this scheduler are known as
    /// they are; counted by what is old they would keep everybody from a node that has long been idle.
    queue: Mean,
}

impl Policy for C3 {
    fn pick(&mut self, choice: &Choice<'_>) -> Option<NodeId> {
        lowest(choice, |node, _| {
            let Some(averages) = self.nodes.get(node) else {
                return 0.0;
            };
            let service = averages.service.or(0.0);
            let queue = 1.0 + f64::from(choice.in_flight(node)) + averages.queue.or(0.0);
            if averages.service.get().is_none() {
                // A node that has not answered yet is tried, but not by everyone at once.
                return f64::from(choice.in_flight(node));
            }
            averages.wire.or(0.0) + queue.powi(3) * service
        })
    }

    fn node_up(&mut self, node: NodeId, _facts: &NodeFacts, _in_flight: u32) {
        self.nodes.enter(node);
    }

    fn ended(&mut self, ended: &Ended<'_>) {
        if ended.observation.outcome != Outcome::Done {
            return;
        }
        let response = micros(ended.observation.round_trip);
        let times = ended.observation.node;
        // An injected delay holds the slot: to whoever waits behind it, it is service.
        let service = times.map_or(response, |times| micros(times.delay + times.service));
        let averages = self.nodes.enter(ended.node);
        let told = times.map_or(response, |times| micros(times.queue + times.delay + times.service));
        averages.wire.hear((response - told).max(0.0), self.gain);
        averages.service.hear(service, SERVICE_GAIN);
        // By the mean and not by this attempt's own service, which may be next to nothing.
        let turns = averages.service.or(service).max(1.0);
        let waited = times.map_or(0.0, |times| micros(times.queue) / turns);
        let own = f64::from(ended.in_flight_then.saturating_sub(1));
        averages.queue.hear((waited - own).max(0.0), self.gain);
    }
}
