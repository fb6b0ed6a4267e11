//! Who is up: outlier ejection by consecutive losses, and the way back by a probe.
//!
//! A rejection never counts against a node here: a node that refuses is alive. What counts are attempts that were
//! lost with it. The rule is Envoy's consecutive-failure detector: a node is out for longer the oftener it was ejected,
//! and no more than a share of the nodes is out at once, for when all lose attempts, fewer would not do better (Envoy's
//! `max_ejection_percent`, which makes its panic mode needless). Where Envoy lets a node back after its time, a probe asks
//! first, and the time doubles while the probe fails.

use crate::outcome::{LossReason, Outcome};
use std::time::Duration;

/// Whether a node takes work, and why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// Takes work.
    Up,
    /// Cannot be reached. A probe decides when it is back.
    Down,
    /// Answers, but lost too many attempts in a row. A probe decides when it is back.
    Ejected,
    /// Finishes what it has.
    Draining,
    /// Gone.
    Left,
}

/// When a node is ejected and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EjectionRule {
    /// Attempts lost in a row that eject a node. One that cannot be reached is down at once.
    pub consecutive_losses: u32,
    /// Time until the first probe of a node that is out for the first time; as many times as long as it was ejected
    /// lately, and doubled with each probe that fails.
    pub base: Duration,
    /// Longest time between two probes.
    pub cap: Duration,
    /// Most nodes that are ejected at once, in percent of all that are up or ejected; one may always be, unless it is
    /// the last. Nodes that cannot be reached do not count and are always out.
    pub max_percent: u32,
}

impl Default for EjectionRule {
    fn default() -> EjectionRule {
        EjectionRule {
            consecutive_losses: 5,
            base: Duration::from_millis(250),
            cap: Duration::from_secs(10),
            max_percent: 50,
        }
    }
}

impl EjectionRule {
    /// Whether one more node may be ejected. The last one that is up never is: a bad node is better than none.
    pub(crate) fn allows(&self, up: usize, ejected: usize) -> bool {
        let share = (ejected + 1) * 100 <= self.max_percent as usize * (up + ejected);
        up > 1 && (ejected == 0 || share)
    }
}

/// Finished attempts for which one ejection is forgiven.
const FORGIVEN: u32 = 50;

/// What is remembered of a node's recent losses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Strikes {
    consecutive: u32,
    failed_probes: u32,
    ejections: u32,
    finished: u32,
}

impl Strikes {
    /// Hears of an outcome; answers the health that a node which was up has now, given whether it may be ejected.
    pub(crate) fn hear(&mut self, outcome: Outcome, rule: &EjectionRule, may_eject: bool) -> Health {
        match outcome {
            Outcome::Done | Outcome::Rejected | Outcome::Failed => {
                self.consecutive = 0;
                self.finished += 1;
                if self.finished >= FORGIVEN {
                    self.finished = 0;
                    self.ejections = self.ejections.saturating_sub(1);
                }
                Health::Up
            }
            Outcome::Cancelled => Health::Up,
            Outcome::Lost(LossReason::Unreachable) => Health::Down,
            Outcome::Lost(_) | Outcome::TimedOut => {
                self.consecutive += 1;
                if self.consecutive >= rule.consecutive_losses && may_eject {
                    self.ejections = self.ejections.saturating_add(1);
                    Health::Ejected
                } else {
                    Health::Up
                }
            }
        }
    }

    /// How long until the next probe of a node that is down or ejected.
    pub(crate) fn wait(&self, rule: &EjectionRule) -> Duration {
        let base = rule.base.saturating_mul(self.ejections.max(1));
        base.saturating_mul(1 << self.failed_probes.min(16)).min(rule.cap)
    }

    pub(crate) fn probe_failed(&mut self) {
        self.failed_probes = self.failed_probes.saturating_add(1);
    }

    /// It is back. How often it was ejected is remembered.
    pub(crate) fn recovered(&mut self) {
        *self = Strikes { ejections: self.ejections, ..Strikes::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOST: Outcome = Outcome::Lost(LossReason::Broken);

    fn lose(strikes: &mut Strikes, rule: &EjectionRule) -> Health {
        (0..rule.consecutive_losses).map(|_| strikes.hear(LOST, rule, true)).last().unwrap()
    }

    #[test]
    fn losses_in_a_row_eject_and_refusals_never_do() {
        let (mut strikes, rule) = (Strikes::default(), EjectionRule::default());
        for _ in 0..100 {
            (0..4).for_each(|_| assert_eq!(strikes.hear(LOST, &rule, true), Health::Up));
            assert_eq!(strikes.hear(Outcome::Rejected, &rule, true), Health::Up);
        }
        assert_eq!(lose(&mut strikes, &rule), Health::Ejected);
    }

    #[test]
    fn who_is_ejected_often_is_out_for_longer_until_it_has_done_well() {
        let (mut strikes, rule) = (Strikes::default(), EjectionRule::default());
        for times in 1..=3 {
            lose(&mut strikes, &rule);
            assert_eq!(strikes.wait(&rule), rule.base * times);
            strikes.recovered();
        }
        (0..2 * FORGIVEN).for_each(|_| _ = strikes.hear(Outcome::Done, &rule, true));
        assert_eq!(strikes.wait(&rule), rule.base);
        (0..60).for_each(|_| strikes.probe_failed());
        assert_eq!(strikes.wait(&rule), rule.cap);
    }

    #[test]
    fn no_more_than_half_of_the_nodes_are_ejected() {
        let rule = EjectionRule::default();
        assert!(rule.allows(2, 0) && !rule.allows(1, 0) && !rule.allows(1, 1));
        assert!(rule.allows(7, 3) && rule.allows(6, 4) && !rule.allows(5, 5));
        let strict = EjectionRule { max_percent: 10, ..rule };
        assert!(strict.allows(3, 0), "one may always be");
        assert!(!strict.allows(9, 1) && strict.allows(19, 1));
    }
}
