//! When a task is tried again, how long it waits before, and when it is given up.

use crate::RetryBudget;
use luck::{Coin, Seed};
use std::time::Duration;

/// The retry rule of a job, the same for every policy.
///
/// A rejected task goes elsewhere at once until every node that is up could have refused it once; only then does it
/// wait, by exponential back-off with full jitter (Brooker, "Exponential backoff and jitter", 2015), so that a
/// cluster that refuses everything is not hammered and a cluster that refuses something is not slowed down.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RetryRule {
    /// Attempts after which a rejected task is given up, at least 1.
    pub max_attempts: u32,
    /// Attempts lost to nodes or wires after which a task is given up, at least 1.
    pub max_losses: u32,
    /// Upper end of the first back-off; it doubles with every further one.
    pub backoff_base: Duration,
    /// Upper end of every back-off.
    pub backoff_cap: Duration,
    /// How long a job waits while no node takes work before it gives up.
    pub patience: Duration,
    /// How many retries of lost attempts the job may afford.
    pub budget: RetryBudget,
}

impl Default for RetryRule {
    /// 200 attempts: a task that nine nodes out of ten refuse is lost once in 10^9. 8 losses. Patience 10 s.
    fn default() -> RetryRule {
        RetryRule {
            max_attempts: 200,
            max_losses: 8,
            backoff_base: Duration::from_millis(2),
            backoff_cap: Duration::from_millis(100),
            patience: Duration::from_secs(10),
            budget: RetryBudget::default(),
        }
    }
}

impl RetryRule {
    /// How long a task waits after its `rejections`-th rejection while `nodes` nodes are up.
    pub(crate) fn after_rejection(&self, rejections: u32, nodes: usize, coin: Coin) -> Duration {
        let nodes = u32::try_from(nodes.max(1)).unwrap_or(u32::MAX);
        if rejections.is_multiple_of(nodes) { self.backoff(rejections / nodes, coin) } else { Duration::ZERO }
    }

    /// How long a task waits after its `losses`-th loss: the first time not at all.
    pub(crate) fn after_loss(&self, losses: u32, coin: Coin) -> Duration {
        if losses <= 1 { Duration::ZERO } else { self.backoff(losses - 1, coin) }
    }

    /// Full jitter: uniform up to a bound that doubles with each `round` from 1.
    fn backoff(&self, round: u32, coin: Coin) -> Duration {
        let doublings = round.saturating_sub(1).min(20);
        let bound = self.backoff_base.saturating_mul(1 << doublings).min(self.backoff_cap);
        bound.mul_f64(coin.uniform())
    }
}

/// The coin of the back-off after the given attempt.
pub(crate) fn backoff_coin(seed: Seed, task: u64, attempt: u32) -> Coin {
    seed.coin(luck::Purpose::Backoff, task, u64::from(attempt))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_only_after_every_node_could_have_refused() {
        let rule = RetryRule::default();
        let waits: Vec<bool> = (1..=8)
            .map(|n| rule.after_rejection(n, 4, backoff_coin(Seed(1), 0, n)) > Duration::ZERO)
            .collect();
        assert_eq!(waits, [false, false, false, true, false, false, false, true]);
    }

    #[test]
    fn backoff_grows_and_is_capped() {
        let rule = RetryRule::default();
        let longest =
            |round| (0..500).map(|task| rule.backoff(round, backoff_coin(Seed(1), task, 1))).max().unwrap();
        assert!(longest(1) <= Duration::from_millis(2) && longest(1) > Duration::from_micros(1_900));
        assert!(longest(3) <= Duration::from_millis(8) && longest(3) > Duration::from_millis(7));
        assert!(longest(60) <= rule.backoff_cap && longest(60) > Duration::from_millis(95));
    }

    #[test]
    fn a_first_loss_is_retried_at_once() {
        let rule = RetryRule::default();
        assert_eq!(rule.after_loss(1, backoff_coin(Seed(1), 0, 1)), Duration::ZERO);
        assert!(rule.after_loss(2, backoff_coin(Seed(1), 0, 2)) > Duration::ZERO);
    }
}
