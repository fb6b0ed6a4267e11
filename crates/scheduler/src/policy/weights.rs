//! Weights by node with a draw in proportion to them: a Fenwick tree (Fenwick 1994), O(log n) a change and a draw.

use crate::NodeId;

/// Non-negative weights by node; nodes without one weigh nothing.
#[derive(Debug, Default)]
pub(super) struct Weights {
    /// `tree[i]` is the sum of the weights of the `lowbit(i)` nodes that end at node `i - 1`; `tree[0]` is unused.
    tree: Vec<f64>,
    weights: Vec<f64>,
}

impl Weights {
    /// The weight of `node`.
    pub(super) fn get(&self, node: NodeId) -> f64 {
        self.weights.get(node.index()).copied().unwrap_or(0.0)
    }

    /// Gives `node` a weight, finite and not negative.
    pub(super) fn set(&mut self, node: NodeId, weight: f64) {
        if self.weights.len() <= node.index() {
            self.grow(node.index() + 1);
        }
        let change = weight - self.weights[node.index()];
        self.weights[node.index()] = weight;
        let mut place = node.index() + 1;
        while place < self.tree.len() {
            self.tree[place] += change;
            place += place & place.wrapping_neg();
        }
    }

    /// The node under `share` (in 0 .. 1) of the sum of all weights; none if all weigh nothing.
    pub(super) fn draw(&self, share: f64) -> Option<NodeId> {
        let mut rest = share * self.sum();
        let mut place = 0;
        let mut step = self.weights.len().next_power_of_two();
        while step > 0 {
            let next = place + step;
            if next < self.tree.len() && self.tree[next] <= rest {
                place = next;
                rest -= self.tree[next];
            }
            step /= 2;
        }
        // Rounding may lead to a node without weight or past the end: the next one with weight takes the draw.
        let from = place.min(self.weights.len());
        let (before, after) = self.weights.split_at(from);
        let found = after.iter().position(|&weight| weight > 0.0).map(|offset| from + offset);
        let index = found.or_else(|| before.iter().rposition(|&weight| weight > 0.0))?;
        u32::try_from(index).ok().map(NodeId)
    }

    fn sum(&self) -> f64 {
        let mut place = self.weights.len();
        let mut sum = 0.0;
        while place > 0 {
            sum += self.tree[place];
            place &= place - 1;
        }
        sum
    }

    /// Rebuilds the tree for `count` nodes.
    fn grow(&mut self, count: usize) {
        let count = count.next_power_of_two();
        self.weights.resize(count, 0.0);
        self.tree = vec![0.0; count + 1];
        for (index, &weight) in self.weights.iter().enumerate() {
            let place = index + 1;
            self.tree[place] += weight;
            let parent = place + (place & place.wrapping_neg());
            if parent <= count {
                self.tree[parent] += self.tree[place];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use luck::{Purpose, Seed};

    #[test]
    fn draws_in_proportion() {
        let mut weights = Weights::default();
        for (node, weight) in [(0, 1.0), (1, 0.0), (2, 3.0), (5, 6.0)] {
            weights.set(NodeId(node), weight);
        }
        let mut counts = [0u32; 6];
        for task in 0..20_000 {
            let share = Seed(1).coin(Purpose::Pick, task, 0).uniform();
            counts[weights.draw(share).unwrap().index()] += 1;
        }
        assert_eq!((counts[1], counts[3], counts[4]), (0, 0, 0));
        for (node, expected) in [(0, 2_000i64), (2, 6_000), (5, 12_000)] {
            assert!((i64::from(counts[node]) - expected).abs() < 400, "{counts:?}");
        }
    }

    #[test]
    fn a_removed_weight_is_never_drawn() {
        let mut weights = Weights::default();
        for node in 0..9 {
            weights.set(NodeId(node), 0.1 * f64::from(node + 1));
        }
        weights.set(NodeId(8), 0.0);
        weights.set(NodeId(0), 0.0);
        for share in [0.0, 0.5, 0.999_999_999_999_999_9] {
            let node = weights.draw(share).unwrap();
            assert!((1..8).contains(&node.0), "{node:?}");
        }
        (1..8).for_each(|node| weights.set(NodeId(node), 0.0));
        assert_eq!(weights.draw(0.3), None);
    }
}
