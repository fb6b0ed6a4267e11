//! Who is up: outlier ejection by consecutive losses, and the way back by a probe.
//!
//! A rejection never counts against a node here: a node that refuses is alive. What counts are attempts that were
//! lost with it. The rule is Envoy's consecutive-failure detector with a base time that doubles.

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
    /// Time until the first probe; doubles with each probe that fails.
    pub base: Duration,
    /// Longest time between two probes.
    pub cap: Duration,
}

impl Default for EjectionRule {
    fn default() -> EjectionRule {
        EjectionRule { consecutive_losses: 5, base: Duration::from_millis(250), cap: Duration::from_secs(10) }
    }
}

/// What is remembered of a node's recent losses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Strikes {
    consecutive: u32,
    failed_probes: u32,
}

impl Strikes {
    /// Hears of an outcome; answers the health that a node which was up has now, given whether others are up.
    pub(crate) fn hear(&mut self, outcome: Outcome, rule: &EjectionRule, others_up: bool) -> Health {
        match outcome {
            Outcome::Done | Outcome::Rejected | Outcome::Failed => {
                self.consecutive = 0;
                Health::Up
            }
            Outcome::Cancelled => Health::Up,
            Outcome::Lost(LossReason::Unreachable) => Health::Down,
            Outcome::Lost(_) | Outcome::TimedOut => {
                self.consecutive += 1;
                // The last node that is up is never ejected: a bad node is better than none.
                if self.consecutive >= rule.consecutive_losses && others_up {
                    Health::Ejected
                } else {
                    Health::Up
                }
            }
        }
    }

    /// How long until the next probe of a node that is down or ejected.
    pub(crate) fn wait(&self, rule: &EjectionRule) -> Duration {
        rule.base.saturating_mul(1 << self.failed_probes.min(16)).min(rule.cap)
    }

    pub(crate) fn probe_failed(&mut self) {
        self.failed_probes = self.failed_probes.saturating_add(1);
    }

    pub(crate) fn recovered(&mut self) {
        *self = Strikes::default();
    }
}
