//! How policies draw and compare candidates.

use super::Choice;
use crate::NodeId;
use luck::Coin;

/// Most candidates that a policy may draw for one decision.
pub(super) const MOST_CHOICES: usize = 32;

/// Up to `count` distinct candidates, each ordered selection with the same probability, so that a tie that falls to
/// the first one is fair. Also the next unused coin.
///
/// Indices are drawn without replacement: a draw among the rest moves up past the ones that are taken.
pub(super) fn distinct(choice: &Choice<'_>, count: usize, mut coin: Coin) -> (Distinct, Coin) {
    let count = count.min(choice.len()).min(MOST_CHOICES);
    let mut drawn = Distinct { nodes: [NodeId(0); MOST_CHOICES], count, next: 0 };
    let mut taken = [0; MOST_CHOICES];
    for round in 0..count {
        let mut index = coin.below(choice.len() - round);
        coin = coin.next();
        let place = taken[..round].iter().position(|&before| {
            let passes = index >= before;
            index += usize::from(passes);
            !passes
        });
        drawn.nodes[round] = choice.at(index);
        let place = place.unwrap_or(round);
        taken.copy_within(place..round, place + 1);
        taken[place] = index;
    }
    (drawn, coin)
}

/// Drawn candidates, in the order of their draws.
pub(super) struct Distinct {
    nodes: [NodeId; MOST_CHOICES],
    count: usize,
    next: usize,
}

impl Iterator for Distinct {
    type Item = NodeId;

    fn next(&mut self) -> Option<NodeId> {
        let node = self.nodes[..self.count].get(self.next).copied();
        self.next += 1;
        node
    }
}

/// The node with the lowest score; the first of several.
pub(super) fn lowest_of(
    nodes: impl Iterator<Item = NodeId>,
    score: impl Fn(NodeId) -> f64,
) -> Option<NodeId> {
    let scored = nodes.map(|node| (score(node), node));
    scored.min_by(|one, other| one.0.total_cmp(&other.0)).map(|(_, node)| node)
}

/// The candidate with the lowest score of all, ties at random. `score` gets a coin of the candidate's own.
pub(super) fn lowest(choice: &Choice<'_>, mut score: impl FnMut(NodeId, Coin) -> f64) -> Option<NodeId> {
    let mut coin = choice.coin();
    let mut best: Option<(f64, u64, NodeId)> = None;
    for node in choice.iter() {
        coin = coin.next();
        let score = score(node, coin);
        let better =
            best.is_none_or(|(least, tie, _)| score < least || (score == least && coin.bits() < tie));
        if better {
            best = Some((score, coin.bits(), node));
        }
    }
    best.map(|(_, _, node)| node)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::Health;
    use crate::{Micros, NodeFacts, Nodes};
    use luck::{Purpose, Seed};

    #[test]
    fn every_ordered_selection_is_as_likely_as_every_other() {
        let mut nodes = Nodes::default();
        for node in (0..6).map(NodeId) {
            nodes.enter(node, NodeFacts::default());
            nodes.set_health(node, Health::Up);
        }
        // Node 2 is left out: 5 candidates, 60 ordered selections of 3.
        let mut counts = std::collections::BTreeMap::new();
        for task in 0..60_000 {
            let coin = Seed(1).coin(Purpose::Pick, task, 0);
            let choice = Choice::new(&nodes, Some(NodeId(2)), Micros(0), coin).unwrap();
            let drawn: Vec<u32> = distinct(&choice, 3, coin).0.map(|node| node.0).collect();
            *counts.entry(drawn).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 60);
        assert!(counts.keys().all(|drawn| !drawn.contains(&2)));
        // Six standard deviations of a count with mean 1000.
        assert!(counts.values().all(|count| (810..1_190).contains(count)), "{counts:?}");
    }
}
