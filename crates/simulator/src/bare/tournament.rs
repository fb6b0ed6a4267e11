//! The next completion of all servers: a tournament tree over one number a server (Knuth, "Sorting and Searching").
//!
//! Every server has at most one completion ahead, so no general queue of events is needed: a complete binary tree whose
//! leaves are the servers and whose inner nodes hold the smaller of their children has the next completion at its root. A
//! change walks one path without a branch on the data. A number is the time in ticks above and the server below: the
//! smaller number is the earlier time, equal times go to the lower server, and the root tells both.

/// No completion ahead.
const IDLE: u64 = u64::MAX;

#[derive(Debug)]
pub(super) struct Tournament {
    /// `tree[1]` is the root, the children of `i` are `2 i` and `2 i + 1`, the leaves begin at half.
    tree: Vec<u64>,
    leaves: usize,
    server_bits: u32,
}

impl Tournament {
    pub(super) fn new(servers: u32) -> Tournament {
        let leaves = (servers.max(2) as usize).next_power_of_two();
        Tournament { tree: vec![IDLE; 2 * leaves], leaves, server_bits: leaves.trailing_zeros() }
    }

    /// Ticks a unit of time such that a time of twice `horizon` can be told, and at most 2^32.
    pub(super) fn ticks_for(&self, horizon: f64) -> f64 {
        let range = (IDLE >> self.server_bits) as f64;
        (range / (2.0 * horizon)).min((1u64 << 32) as f64)
    }

    /// The next completion and its server; [`u64::MAX`] if there is none.
    #[inline]
    pub(super) fn first(&self) -> (u64, u32) {
        let key = self.tree[1];
        let server = (key & ((1 << self.server_bits) - 1)) as u32;
        (if key == IDLE { u64::MAX } else { key >> self.server_bits }, server)
    }

    #[inline]
    fn key(&self, server: u32, at: u64) -> u64 {
        debug_assert!(at < IDLE >> self.server_bits, "the run is much longer than its horizon");
        at << self.server_bits | u64::from(server)
    }

    /// An idle server begins work that completes at `at`.
    #[inline]
    pub(super) fn begin(&mut self, server: u32, at: u64) {
        let key = self.key(server, at);
        let mut place = self.leaves + server as usize;
        self.tree[place] = key;
        // Further up all are earlier once one is.
        while place > 1 && key < self.tree[place >> 1] {
            place >>= 1;
            self.tree[place] = key;
        }
    }

    /// The first server's completion has come; it begins more work that completes at `next`, or is idle.
    #[inline]
    pub(super) fn replace_first(&mut self, server: u32, next: Option<u64>) {
        let mut key = next.map_or(IDLE, |at| self.key(server, at));
        let mut place = self.leaves + server as usize;
        self.tree[place] = key;
        while place > 1 {
            key = key.min(self.tree[place ^ 1]);
            place >>= 1;
            self.tree[place] = key;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use luck::{Purpose, Seed};
    use std::collections::BTreeSet;

    #[test]
    fn it_agrees_with_a_sorted_set() {
        for servers in [1, 2, 3, 100, 129] {
            let mut tournament = Tournament::new(servers);
            let mut set: BTreeSet<(u64, u32)> = BTreeSet::new();
            for step in 0..5_000 {
                let coin = Seed(9).coin(Purpose::Pick, step, u64::from(servers));
                let server = coin.below(servers as usize) as u32;
                let after = coin.next().below(50) as u64;
                if set.iter().any(|(_, busy)| *busy == server) {
                    let (now, first) = tournament.first();
                    assert_eq!(set.pop_first(), Some((now, first)));
                    let next = (after > 20).then_some(now + after);
                    set.extend(next.map(|at| (at, first)));
                    tournament.replace_first(first, next);
                } else {
                    let now = set.first().map_or(step, |(at, _)| *at);
                    set.insert((now + after, server));
                    tournament.begin(server, now + after);
                }
                let expected = set.first().copied();
                let (at, server) = tournament.first();
                assert_eq!((at != u64::MAX).then_some((at, server)), expected, "after step {step}");
            }
        }
    }
}
