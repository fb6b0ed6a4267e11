//! The node with the least response time x attempts in flight, close ones taken as equal.

use super::averages::micros;
use super::by_node::ByNode;
use super::draws::lowest;
use super::{Choice, Cost, Ended, Entry, Parameter, Policy, Started};
use crate::{Micros, NodeFacts, NodeId, Outcome};
use std::time::Duration;

pub(super) const ENTRY: Entry = Entry {
    name: "least_time",
    help: "least mean response time x (attempts in flight + 1) / slots; the mean is of finished attempts, halves \
           with every 10 s without news, and is at least the mean age of what is in flight (nginx least_time); \
           loses when all response times fall into one cluster of 20 ms or exceed 5 s: then it counts connections",
    parameters: &[
        Parameter {
            name: "unseen",
            default: "10s",
            help: "time without an attempt after which the mean halves (nginx fail_timeout), 1ms to 1h",
        },
        Parameter {
            name: "cluster",
            default: "20ms",
            help: "means are rounded up to multiples of this, 1us to 10s",
        },
        Parameter { name: "cap", default: "5s", help: "means beyond this are equally bad, 1ms to 1h" },
    ],
    cost: Cost::Linear,
    build: |parameters| {
        let (millisecond, hour) = (Duration::from_millis(1), Duration::from_secs(3_600));
        let (microsecond, ten_seconds) = (Duration::from_micros(1), Duration::from_secs(10));
        Ok(Box::new(LeastTime {
            unseen: micros(parameters.duration("unseen", millisecond, hour)?),
            cluster: micros(parameters.duration("cluster", microsecond, ten_seconds)?),
            cap: micros(parameters.duration("cap", millisecond, hour)?),
            known: ByNode::default(),
        }))
    },
};

#[derive(Debug)]
struct LeastTime {
    /// In microseconds, as everything here.
    unseen: f64,
    cluster: f64,
    cap: f64,
    known: ByNode<Known>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Known {
    response: f64,
    /// The moving average of the mean age of what is in flight, taken at every decision.
    age: f64,
    /// When the last attempt began, but no oftener than once in `unseen`.
    checked: Micros,
}

/// nginx's moving average: one part in twenty, and the first sample whole.
fn hear(mean: &mut f64, sample: f64) {
    *mean = if *mean == 0.0 { sample } else { 0.95 * *mean + 0.05 * sample };
}

impl LeastTime {
    /// Estimated time until the node has finished what it would have, in microseconds by slot.
    fn estimate(&mut self, node: NodeId, choice: &Choice<'_>) -> f64 {
        let Some(known) = self.known.get_mut(node) else {
            return 0.0;
        };
        let unseen = micros(choice.now().since(known.checked));
        let halvings = if unseen > self.unseen { (unseen / self.unseen).floor() } else { 0.0 };
        let mut response = known.response * (-halvings).exp2();
        if let Some(age) = choice.nodes().get(node).and_then(|entry| entry.mean_age(choice.now())) {
            hear(&mut known.age, micros(age));
            response = response.max(known.age);
        }
        response = if response > self.cap {
            self.cap
        } else {
            ((response / self.cluster).floor() + 1.0) * self.cluster
        };
        response * f64::from(choice.in_flight(node) + 1) / f64::from(choice.slots(node))
    }
}

impl Policy for LeastTime {
    fn pick(&mut self, choice: &Choice<'_>) -> Option<NodeId> {
        lowest(choice, |node, _| self.estimate(node, choice))
    }

    fn node_up(&mut self, node: NodeId, _facts: &NodeFacts, _in_flight: u32) {
        self.known.enter(node);
    }

    fn started(&mut self, started: &Started) {
        let unseen = self.unseen;
        let known = self.known.enter(started.node);
        if micros(started.now.since(known.checked)) > unseen {
            known.checked = started.now;
        }
    }

    fn ended(&mut self, ended: &Ended<'_>) {
        // Only finished attempts are accounted, or a failing node would be preferred.
        if ended.observation.outcome == Outcome::Done {
            hear(&mut self.known.enter(ended.node).response, micros(ended.observation.round_trip));
        }
    }
}
