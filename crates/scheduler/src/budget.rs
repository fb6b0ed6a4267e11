//! How much extra work is allowed: a share of the real work and a reserve.

use crate::Micros;
use std::time::Duration;

/// How many retries of lost attempts a job may afford (Finagle's `RetryBudget`: a fifth of the requests, 10 a second in
/// reserve). One that is not afforded waits until it is, so that a cluster that loses everything is not hammered.
///
/// Rejections need no budget: a node that refuses says so at once and is not harmed by being asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RetryBudget {
    /// Retries afforded by each task that begins.
    pub share: f64,
    /// Retries afforded by each second, above 0.
    pub reserve_per_second: f64,
}

impl Default for RetryBudget {
    fn default() -> RetryBudget {
        RetryBudget { share: 0.2, reserve_per_second: 10.0 }
    }
}

/// How long what was not spent is kept.
const KEPT: Duration = Duration::from_secs(10);

/// What is left of a budget. It may be in debt: what is spent then has to wait.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Balance {
    tokens: f64,
    at: Micros,
}

impl Balance {
    /// The balance of a budget that was not touched for a long time.
    pub(crate) fn new(budget: RetryBudget, now: Micros) -> Balance {
        Balance { tokens: budget.reserve_per_second * KEPT.as_secs_f64(), at: now }
    }

    /// A task begins.
    pub(crate) fn deposit(&mut self, budget: RetryBudget) {
        self.tokens += budget.share;
    }

    /// Spends one token; answers how long to wait until it is there.
    pub(crate) fn spend(&mut self, budget: RetryBudget, now: Micros) -> Duration {
        self.settle(budget, now);
        self.tokens -= 1.0;
        Duration::from_secs_f64((-self.tokens).max(0.0) / budget.reserve_per_second)
    }

    /// The reserve comes in steadily; what was saved fades; a debt does not.
    fn settle(&mut self, budget: RetryBudget, now: Micros) {
        let mut seconds = now.since(self.at).as_secs_f64();
        self.at = now;
        if self.tokens < 0.0 {
            let repaid = (-self.tokens / budget.reserve_per_second).min(seconds);
            self.tokens += repaid * budget.reserve_per_second;
            seconds -= repaid;
        }
        if self.tokens >= 0.0 {
            let kept = (-seconds / KEPT.as_secs_f64()).exp();
            let full = budget.reserve_per_second * KEPT.as_secs_f64();
            self.tokens = full + (self.tokens - full) * kept;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storm_waits_and_a_few_losses_do_not() {
        let budget = RetryBudget::default();
        let mut balance = Balance::new(budget, Micros(0));
        let waits: Vec<Duration> = (0..140).map(|_| balance.spend(budget, Micros(0))).collect();
        assert!(waits[..100].iter().all(Duration::is_zero));
        // The debt of 40 is repaid at 10 a second.
        assert_eq!(waits[139], Duration::from_secs(4));
        assert!(balance.spend(budget, Micros(4_000_000)) <= Duration::from_millis(100));
    }

    #[test]
    fn work_affords_retries_and_savings_fade() {
        let budget = RetryBudget { share: 0.5, reserve_per_second: 1.0 };
        let mut balance = Balance::new(budget, Micros(0));
        (0..1_000).for_each(|_| balance.deposit(budget));
        assert!((balance.tokens - 510.0).abs() < 1e-9);
        balance.settle(budget, Micros(100_000_000));
        assert!((balance.tokens - 10.0).abs() < 0.1, "{}", balance.tokens);
    }
}
