//! The node with the lowest C3 score: response time beyond service, plus service time x the cube of the queue.

use super::averages::{Mean, micros};
use super::by_node::ByNode;
use super::draws::lowest;
use super::{Choice, Cost, Ended, Entry, Parameter, Policy};
use crate::{NodeFacts, NodeId, Outcome};

pub(super) const ENTRY: Entry = Entry {
    name: "c3",
    help: "least (response - service) + (1 + attempts in flight + queue)^3 x service, all moving averages of what \
           nodes report (Suresh and others, C3, NSDI 2015; the ranking without the rate control); loses when nodes \
           reject, for it hears of finished attempts only, and when many slots make the queue look long",
    parameters: &[Parameter {
        name: "gain",
        default: "0.9",
        help: "weight of the newest sample, 0.01 to 1 (the authors' simulator has 0.9)",
    }],
    cost: Cost::Linear,
    build: |parameters| {
        Ok(Box::new(C3 { gain: parameters.number("gain", 0.01, 1.0)?, nodes: ByNode::default() }))
    },
};

#[derive(Debug)]
struct C3 {
    gain: f64,
    nodes: ByNode<Averages>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Averages {
    response: Mean,
    service: Mean,
    /// Attempts that waited before this one, as the waiting time tells.
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
            (averages.response.or(0.0) - service).max(0.0) + queue.powi(3) * service
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
        let queue = times.map_or(0.0, |times| micros(times.queue) / service.max(1.0));
        let averages = self.nodes.enter(ended.node);
        averages.response.hear(response, self.gain);
        averages.service.hear(service, self.gain);
        averages.queue.hear(queue, self.gain);
    }
}
