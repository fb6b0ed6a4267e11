//! The node with the fewest attempts in flight and recent failures.

use super::averages::Fading;
use super::by_node::ByNode;
use super::draws::lowest;
use super::{Choice, Cost, Ended, Entry, Parameter, Policy};
use crate::{NodeFacts, NodeId, Outcome};
use std::time::Duration;

pub(super) const ENTRY: Entry = Entry {
    name: "balanced_score",
    help: "least attempts in flight + 10 x failures and refusals that fade with a half-life of 30 s (Palantir \
           Dialogue, BalancedScoreTracker); safe from sinkholes; loses because it counts failures and not their \
           rate: a good node that gets all the work soon looks bad",
    parameters: &[
        Parameter { name: "memory", default: "30s", help: "half-life of a failure, 1ms to 1h" },
        Parameter {
            name: "weight",
            default: "10",
            help: "attempts in flight that one failure counts as, 0 to 1000",
        },
    ],
    cost: Cost::Linear,
    build: |parameters| {
        Ok(Box::new(BalancedScore {
            memory: parameters.duration("memory", Duration::from_millis(1), Duration::from_secs(3_600))?,
            weight: parameters.number("weight", 0.0, 1e3)?,
            failures: ByNode::default(),
        }))
    },
};

#[derive(Debug)]
struct BalancedScore {
    memory: Duration,
    weight: f64,
    failures: ByNode<Fading>,
}

impl Policy for BalancedScore {
    fn pick(&mut self, choice: &Choice<'_>) -> Option<NodeId> {
        lowest(choice, |node, _| {
            let failures = self.failures.get(node).map_or(0.0, |sum| sum.read(choice.now(), self.memory));
            // Rounded, or a failure long past would decide between two idle nodes for ever.
            f64::from(choice.in_flight(node)) + failures.round()
        })
    }

    fn node_up(&mut self, node: NodeId, _facts: &NodeFacts, _in_flight: u32) {
        self.failures.enter(node);
    }

    fn ended(&mut self, ended: &Ended<'_>) {
        let weight = match ended.observation.outcome {
            Outcome::Rejected | Outcome::Lost(_) | Outcome::TimedOut => self.weight,
            // Like a client's error: seldom the node's fault.
            Outcome::Failed => self.weight / 100.0,
            Outcome::Done | Outcome::Cancelled => return,
        };
        self.failures.enter(ended.node).add(weight, ended.now, self.memory);
    }
}
