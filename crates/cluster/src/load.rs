//! The load model: how a node pretends to be loaded, by coins that the run's seed names.

mod profile;
mod text;

pub use profile::{Moment, Profile};
pub use text::BadProfile;

use crate::Admission;
use luck::{Purpose, Seed};
use std::fmt;
use std::time::Duration;

/// A probability, checked: a finite number in 0 ..= 1.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Probability(f64);

/// A number that is no probability.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("load probability '{0}' is not a number from 0 to 1, such as 0.3")]
pub struct BadProbability(pub String);

impl Probability {
    /// Never.
    pub const ZERO: Probability = Probability(0.0);

    /// Checks that `value` is in 0 ..= 1.
    ///
    /// # Errors
    /// If it is below 0, above 1 or not a number.
    pub fn new(value: f64) -> Result<Probability, BadProbability> {
        if (0.0..=1.0).contains(&value) {
            Ok(Probability(value))
        } else {
            Err(BadProbability(value.to_string()))
        }
    }

    /// The nearest probability: below 0 is 0, above 1 is 1, and what is not a number is 0.
    pub const fn clamped(value: f64) -> Probability {
        Probability(if value > 1.0 {
            1.0
        } else if value > 0.0 {
            value
        } else {
            0.0
        })
    }

    /// The number.
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl fmt::Display for Probability {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl std::str::FromStr for Probability {
    type Err = BadProbability;

    fn from_str(text: &str) -> Result<Probability, BadProbability> {
        let value: f64 = text.trim().parse().map_err(|_| BadProbability(text.to_owned()))?;
        Probability::new(value).map_err(|_| BadProbability(text.to_owned()))
    }
}

/// How loaded a node pretends to be. The original has one probability for both coins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LoadModel {
    /// Probability that an attempt which may be rejected is rejected.
    pub reject: Probability,
    /// Probability that an accepted attempt starts late. A second, independent coin.
    pub delay: Probability,
    /// How late a delayed attempt starts; 3 seconds in the original.
    pub delay_time: Duration,
}

/// What the load model says of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Start at once.
    Run,
    /// Hold the slot for the given time, then start.
    DelayThenRun(Duration),
    /// Refuse.
    Reject,
}

impl LoadModel {
    /// Judges the `attempt`-th try (from 1) at `task` under the luck of `seed`.
    ///
    /// The node's identity takes no part: two strategies that send the same try to two nodes of the same load
    /// probability meet the same fate, which is what makes their comparison paired.
    pub fn judge(&self, admission: Admission, seed: Seed, task: u64, attempt: u64) -> Verdict {
        let rejected = || seed.coin(Purpose::Reject, task, attempt).happens(self.reject.get());
        if admission == Admission::MayReject && rejected() {
            Verdict::Reject
        } else if seed.coin(Purpose::Delay, task, attempt).happens(self.delay.get()) {
            Verdict::DelayThenRun(self.delay_time)
        } else {
            Verdict::Run
        }
    }
}

/// A load that changes with time or with what the node works on.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangingLoad {
    /// Probability that an attempt which may be rejected is rejected.
    pub reject: Profile,
    /// Probability that an accepted attempt starts late.
    pub delay: Profile,
    /// How late a delayed attempt starts.
    pub delay_time: Duration,
}

impl ChangingLoad {
    /// One profile for both coins, as in the original.
    pub fn both(profile: Profile, delay_time: Duration) -> ChangingLoad {
        ChangingLoad { reject: profile.clone(), delay: profile, delay_time }
    }

    /// Never rejects, never delays.
    pub const fn none() -> ChangingLoad {
        const NEVER: Profile = Profile::Constant(Probability::ZERO);
        ChangingLoad { reject: NEVER, delay: NEVER, delay_time: Duration::ZERO }
    }

    /// The load at a moment.
    pub fn at(&self, moment: &Moment) -> LoadModel {
        LoadModel {
            reject: self.reject.at(moment),
            delay: self.delay.at(moment),
            delay_time: self.delay_time,
        }
    }
}

impl From<LoadModel> for ChangingLoad {
    fn from(load: LoadModel) -> ChangingLoad {
        ChangingLoad { reject: load.reject.into(), delay: load.delay.into(), delay_time: load.delay_time }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(probability: f64) -> LoadModel {
        let probability = Probability::new(probability).unwrap();
        LoadModel { reject: probability, delay: probability, delay_time: Duration::from_secs(3) }
    }

    fn share(model: &LoadModel, admission: Admission, wanted: impl Fn(Verdict) -> bool) -> f64 {
        let hits = (0..20_000).filter(|&task| wanted(model.judge(admission, Seed(1), task, 1))).count();
        hits as f64 / 20_000.0
    }

    #[test]
    fn may_reject_throws_two_independent_coins() {
        let model = node(0.5);
        let rejected = share(&model, Admission::MayReject, |verdict| verdict == Verdict::Reject);
        let delayed =
            share(&model, Admission::MayReject, |verdict| matches!(verdict, Verdict::DelayThenRun(_)));
        assert!((rejected - 0.5).abs() < 0.02, "{rejected}");
        assert!((delayed - 0.25).abs() < 0.02, "{delayed}");
    }

    #[test]
    fn must_accept_never_rejects() {
        let model = node(1.0);
        assert_eq!(share(&model, Admission::MustAccept, |verdict| verdict == Verdict::Reject), 0.0);
        let delay = Verdict::DelayThenRun(Duration::from_secs(3));
        assert_eq!(share(&model, Admission::MustAccept, |verdict| verdict == delay), 1.0);
    }

    #[test]
    fn a_busier_node_rejects_whatever_a_calmer_one_rejects() {
        for task in 0..1_000 {
            let calm = node(0.3).judge(Admission::MayReject, Seed(4), task, 2);
            let busy = node(0.6).judge(Admission::MayReject, Seed(4), task, 2);
            assert!(calm != Verdict::Reject || busy == Verdict::Reject);
        }
    }

    #[test]
    fn probabilities_are_checked() {
        assert!("0.8".parse::<Probability>().is_ok() && "1".parse::<Probability>().is_ok());
        for bad in ["1.5", "-3", "NaN", "inf", "x", ""] {
            let error = bad.parse::<Probability>().unwrap_err();
            assert!(error.to_string().contains("from 0 to 1"), "{error}");
        }
    }
}
