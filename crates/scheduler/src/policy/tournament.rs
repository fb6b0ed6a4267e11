//! The lowest of many keys that change one by one: a tournament tree, O(log n) a change and a question.

use crate::NodeId;

/// Keys by node. Nodes without a key take no part.
#[derive(Debug)]
pub(super) struct Tournament {
    /// A complete binary tree from index 1: the leaves hold the keys, every other place the lower of its two children.
    lowest: Vec<f64>,
}

const ABSENT: f64 = f64::INFINITY;

impl Default for Tournament {
    fn default() -> Tournament {
        Tournament { lowest: vec![ABSENT; 2] }
    }
}

impl Tournament {
    fn leaves(&self) -> usize {
        self.lowest.len() / 2
    }

    /// Gives `node` a finite key, or none.
    pub(super) fn set(&mut self, node: NodeId, key: Option<f64>) {
        if node.index() >= self.leaves() {
            self.grow(node.index() + 1);
        }
        let mut place = self.leaves() + node.index();
        self.lowest[place] = key.unwrap_or(ABSENT);
        while place > 1 {
            place /= 2;
            let lower = self.lowest[2 * place].min(self.lowest[2 * place + 1]);
            if self.lowest[place] == lower {
                return;
            }
            self.lowest[place] = lower;
        }
    }

    /// The node with the lowest key and its key, `without` one node.
    pub(super) fn lowest(&self, without: Option<NodeId>) -> Option<(NodeId, f64)> {
        let out = without.map(|node| self.leaves() + node.index()).filter(|&place| place < self.lowest.len());
        // The part of the tree that holds the winner: the whole, or one of those that the left-out leaf meets on its
        // way up.
        let part = match out {
            None => 1,
            Some(out) => {
                let ways =
                    std::iter::successors(Some(out), |&place| Some(place / 2)).take_while(|&place| place > 1);
                ways.map(|place| place ^ 1)
                    .min_by(|&one, &other| self.lowest[one].total_cmp(&self.lowest[other]))?
            }
        };
        let key = self.lowest[part];
        if key == ABSENT {
            return None;
        }
        let mut place = part;
        while place < self.leaves() {
            place *= 2;
            place += usize::from(self.lowest[place] != key);
        }
        u32::try_from(place - self.leaves()).ok().map(|index| (NodeId(index), key))
    }

    fn grow(&mut self, count: usize) {
        let leaves = count.next_power_of_two();
        let mut lowest = vec![ABSENT; 2 * leaves];
        lowest[leaves..leaves + self.leaves()].copy_from_slice(&self.lowest[self.leaves()..]);
        for place in (1..leaves).rev() {
            lowest[place] = lowest[2 * place].min(lowest[2 * place + 1]);
        }
        self.lowest = lowest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{any, prop, prop_assert_eq, proptest};

    proptest! {
        #[test]
        fn answers_as_a_scan_does(
            changes in prop::collection::vec((0u32..40, proptest::option::of(0u32..30)), 1..200),
            without in proptest::option::of(0u32..50),
            check in any::<prop::sample::Index>(),
        ) {
            let mut tournament = Tournament::default();
            let mut keys = [None; 40];
            let checked = check.index(changes.len());
            for (step, (node, key)) in changes.into_iter().enumerate() {
                let key = key.map(f64::from);
                tournament.set(NodeId(node), key);
                keys[node as usize] = key;
                if step == checked {
                    let others = keys.iter().enumerate().filter(|(node, _)| Some(*node as u32) != without);
                    let least = others.filter_map(|(_, key)| *key).min_by(f64::total_cmp);
                    let found = tournament.lowest(without.map(NodeId));
                    prop_assert_eq!(found.map(|(_, key)| key), least);
                    if let Some((node, key)) = found {
                        prop_assert_eq!(keys[node.index()], Some(key));
                        prop_assert_eq!(without == Some(node.0), false);
                    }
                }
            }
        }
    }
}
