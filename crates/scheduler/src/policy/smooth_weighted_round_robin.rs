//! In turn, in proportion to slots, the turns of one node spread over the round.

use super::by_node::ByNode;
use super::{Choice, Cost, Ended, Entry, Parameter, Policy};
use crate::{NodeFacts, NodeId, Outcome};

pub(super) const ENTRY: Entry = Entry {
    name: "smooth_weighted_round_robin",
    help: "in turn in proportion to slots, smoothly: weights 5, 1, 1 give a a b a c a a; a node that loses attempts \
           gets fewer turns for a while (nginx round robin, ngx_http_upstream_get_peer); loses when speed is not in \
           the weights, and a decision takes time with the number of nodes",
    parameters: &[
        Parameter {
            name: "max_fails",
            default: "1",
            help: "failures that take all of a node's turns away, 1 to 1000",
        },
        Parameter {
            name: "failures",
            default: "losses",
            help: "what is a failure: losses (of nodes and wires) or all (rejections as well)",
        },
    ],
    cost: Cost::Linear,
    build: |parameters| {
        Ok(Box::new(SmoothWeightedRoundRobin {
            max_fails: f64::from(parameters.number("max_fails", 1u32, 1_000)?),
            rejections_count: parameters.word("failures", &["losses", "all"])? == "all",
            turns: ByNode::default(),
        }))
    },
};

#[derive(Debug)]
struct SmoothWeightedRoundRobin {
    max_fails: f64,
    rejections_count: bool,
    turns: ByNode<Turns>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Turns {
    weight: f64,
    /// The weight less what failures took; grows back by one with every decision.
    effective: f64,
    /// What the node has waited for; the highest one gets the turn.
    current: f64,
}

impl Policy for SmoothWeightedRoundRobin {
    fn pick(&mut self, choice: &Choice<'_>) -> Option<NodeId> {
        let mut total = 0.0;
        let mut best: Option<(f64, NodeId)> = None;
        for node in choice.iter() {
            let Some(turns) = self.turns.get_mut(node) else {
                continue;
            };
            turns.current += turns.effective;
            total += turns.effective;
            turns.effective = (turns.effective + 1.0).min(turns.weight);
            if best.is_none_or(|(most, _)| turns.current > most) {
                best = Some((turns.current, node));
            }
        }
        let (_, node) = best?;
        self.turns.enter(node).current -= total;
        Some(node)
    }

    fn node_up(&mut self, node: NodeId, facts: &NodeFacts, _in_flight: u32) {
        let weight = f64::from(facts.slots);
        *self.turns.enter(node) = Turns { weight, effective: weight, current: 0.0 };
    }

    fn ended(&mut self, ended: &Ended<'_>) {
        let failed = match ended.observation.outcome {
            Outcome::Lost(_) | Outcome::TimedOut => true,
            Outcome::Rejected => self.rejections_count,
            Outcome::Done | Outcome::Failed | Outcome::Cancelled => false,
        };
        if let (true, Some(turns)) = (failed, self.turns.get_mut(ended.node)) {
            turns.effective = (turns.effective - turns.weight / self.max_fails).max(0.0);
        }
    }
}
