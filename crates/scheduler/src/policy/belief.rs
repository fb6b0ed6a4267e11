//! What is believed of a node's load probability, with forgetting and a change-point reset.

use super::beta::draw_beta;
use super::{BadParameter, Parameter, Parameters};
use luck::Coin;

/// How beliefs change. The parameters of every policy that has beliefs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Learning {
    thompson: bool,
    memory: f64,
    /// Log-likelihood ratio at which a change is believed; none if never.
    alarm: Option<f64>,
}

/// Evidence that is left of the other nodes when one has changed, in coins.
const KEPT_OF_OTHERS: f64 = 2.0;
/// Coins that are forgotten of a full memory at each turn of a node.
const FADING: f64 = 0.25;
/// Coins before which there is nothing to have changed from.
const SETTLED: f64 = 20.0;
/// The change that is looked for, in logits: the odds of being loaded times or divided by e^1.5 = 4.5.
const SHIFT: f64 = 1.5;

pub(super) const SAMPLING: Parameter = Parameter {
    name: "sampling",
    default: "thompson",
    help: "thompson draws from the belief and so keeps exploring; greedy takes its mean",
};
pub(super) const MEMORY: Parameter = Parameter {
    name: "memory",
    default: "400",
    help: "coins that the belief of a node remembers, 2 to 1000000",
};
pub(super) const RESET: Parameter = Parameter {
    name: "reset",
    default: "cusum",
    help: "cusum forgets what was learned when a node has changed (Page 1954); none only fades",
};
pub(super) const ALARM: Parameter = Parameter {
    name: "alarm",
    default: "12",
    help: "log-likelihood ratio at which a change is believed, 1 to 100; false alarms come every e^alarm coins or so",
};

impl Learning {
    /// Takes means, with the defaults for the rest.
    pub(super) fn greedy() -> Learning {
        Learning { thompson: false, memory: 400.0, alarm: Some(12.0) }
    }

    pub(super) fn read(parameters: &Parameters) -> Result<Learning, BadParameter> {
        let resets = parameters.word(RESET.name, &["cusum", "none"])? == "cusum";
        let alarm = parameters.number(ALARM.name, 1.0, 100.0)?;
        Ok(Learning {
            thompson: parameters.word(SAMPLING.name, &["thompson", "greedy"])? == "thompson",
            memory: parameters.number(MEMORY.name, 2.0, 1e6)?,
            alarm: resets.then_some(alarm),
        })
    }
}

/// A Beta distribution of the load probability. An attempt that may be refused shows two coins of it, so it is learned
/// from refusals and delays alike.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Belief {
    seen: Coins,
    rise: Cusum,
    fall: Cusum,
}

/// Coins seen that fell on "loaded" (refused or delayed) and on "free".
#[derive(Clone, Copy, Debug, Default)]
struct Coins {
    loaded: f64,
    free: f64,
}

impl Coins {
    fn count(self) -> f64 {
        self.loaded + self.free
    }

    fn add(&mut self, loaded: bool, weight: f64) {
        *(if loaded { &mut self.loaded } else { &mut self.free }) += weight;
    }

    /// Lowers the weight of the evidence to `most` coins.
    fn keep(&mut self, most: f64) {
        let count = self.count();
        if count > most {
            self.loaded *= most / count;
            self.free *= most / count;
        }
    }
}

/// A cumulative sum of log-likelihood ratios, never below 0, and the coins since it was 0 last: if it is high, the
/// change came about then.
#[derive(Clone, Copy, Debug, Default)]
struct Cusum {
    sum: f64,
    since: Coins,
}

impl Cusum {
    fn see(&mut self, loaded: bool, before: f64, after: f64) {
        let ratio = if loaded { after / before } else { (1.0 - after) / (1.0 - before) };
        self.sum += ratio.ln();
        if self.sum <= 0.0 {
            *self = Cusum::default();
        } else {
            self.since.add(loaded, 1.0);
        }
    }
}

impl Belief {
    /// The load probability to reckon with: drawn from the belief or its mean.
    pub(super) fn probability(&self, learning: &Learning, coin: Coin) -> f64 {
        let (alpha, beta) = (1.0 + self.seen.loaded, 1.0 + self.seen.free);
        if learning.thompson { draw_beta(alpha, beta, coin) } else { alpha / (alpha + beta) }
    }

    /// Sees one coin; answers whether the node is believed to have changed. Then only what was seen since is kept.
    pub(super) fn see(&mut self, loaded: bool, learning: &Learning) -> bool {
        let changed = learning.alarm.and_then(|alarm| self.change(loaded, alarm));
        if let Some(since) = changed {
            *self = Belief { seen: since, ..Belief::default() };
            return true;
        }
        self.seen.add(loaded, 1.0);
        self.seen.keep(learning.memory);
        false
    }

    /// The coins since the node has changed, if it has.
    fn change(&mut self, loaded: bool, alarm: f64) -> Option<Coins> {
        if self.seen.count() < SETTLED {
            return None;
        }
        let mean = (1.0 + self.seen.loaded) / (2.0 + self.seen.count());
        let odds = mean / (1.0 - mean);
        let shifted = |odds: f64| odds / (1.0 + odds);
        self.rise.see(loaded, mean, shifted(odds * SHIFT.exp()));
        self.fall.see(loaded, mean, shifted(odds / SHIFT.exp()));
        [self.rise, self.fall].into_iter().find(|cusum| cusum.sum > alarm).map(|cusum| cusum.since)
    }

    /// Doubts everything: another node has changed, and what loads one node seldom loads it alone.
    pub(super) fn doubt(&mut self) {
        self.seen.keep(KEPT_OF_OTHERS);
        (self.rise, self.fall) = (Cusum::default(), Cusum::default());
    }

    /// Forgets a little of a node of which nothing was heard, so that one that was bad is tried again.
    pub(super) fn fade(&mut self, learning: &Learning) {
        let kept = 1.0 - FADING / learning.memory;
        self.seen.loaded *= kept;
        self.seen.free *= kept;
    }

    /// A coin that was seen as "loaded" was "free".
    pub(super) fn correct(&mut self) {
        let weight = self.seen.loaded.min(1.0);
        self.seen.loaded -= weight;
        self.seen.free += weight;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use luck::{Purpose, Seed};

    fn learning(memory: f64, alarm: Option<f64>) -> Learning {
        Learning { thompson: false, memory, alarm }
    }

    fn coin(number: u64) -> Coin {
        Seed(1).coin(Purpose::Belief, number, 0)
    }

    #[test]
    fn evidence_is_forgotten() {
        let (mut belief, learning) = (Belief::default(), learning(50.0, None));
        (0..1_000).for_each(|_| assert!(!belief.see(true, &learning)));
        (0..200).for_each(|_| assert!(!belief.see(false, &learning)));
        assert!(belief.probability(&learning, coin(0)) < 0.1);
    }

    #[test]
    fn a_change_is_noticed_within_coins_and_nothing_is_noticed_without_one() {
        let learning = learning(400.0, Some(10.0));
        let mut belief = Belief::default();
        let steady = (0..20_000).filter(|&n| belief.see(coin(n).happens(0.1), &learning)).count();
        assert!(steady <= 1, "{steady} false alarms in 20000 coins");
        let noticed = (0..100).position(|n| belief.see(coin(n).happens(0.7), &learning)).unwrap();
        assert!(noticed < 30, "a change from 0.1 to 0.7 was noticed only after {noticed} coins");
        let believed = belief.probability(&learning, coin(0));
        assert!(believed > 0.3, "the evidence since the change is kept: {believed}");
        (100..200).for_each(|n| _ = belief.see(coin(n).happens(0.7), &learning));
        let believed = belief.probability(&learning, coin(0));
        assert!((believed - 0.7).abs() < 0.1, "{believed}");
    }
}
