//! A load probability that changes: a pure function of the seed, the node, the time and what the node works on.

use super::Probability;
use luck::{Purpose, Seed};
use std::time::Duration;

/// How a node's load probability changes. Written as text by [`std::fmt::Display`], read by [`std::str::FromStr`]:
/// `0.3`, `steps[levels=0.1/0.9,period_s=60]`, `sine[mean=0.5,amplitude=0.4,period_s=60,phase=0]`,
/// `markov[calm=0.1,busy=0.9,calm_s=60,busy_s=20]`, `in_flight[idle=0,full=0.9,from=2,to=8]`.
#[derive(Clone, Debug, PartialEq)]
pub enum Profile {
    /// Always the same, as in the original.
    Constant(Probability),
    /// One level after the other, each for `period`, then again from the first.
    Steps {
        /// The levels, at least one.
        levels: Vec<Probability>,
        /// How long each lasts, above zero.
        period: Duration,
    },
    /// `mean + amplitude * sin(2 pi (time / period + phase))`, cut to 0 ..= 1.
    Sine {
        /// The middle.
        mean: Probability,
        /// How far it goes up and down.
        amplitude: Probability,
        /// Time of a whole turn, above zero.
        period: Duration,
        /// Where in its turn it begins, in turns.
        phase: f64,
    },
    /// Two states that last exponentially distributed times: a Markov-modulated load.
    Markov {
        /// In the calm state.
        calm: Probability,
        /// In the busy state.
        busy: Probability,
        /// Mean time of a calm spell, above zero.
        mean_calm: Duration,
        /// Mean time of a busy spell, above zero.
        mean_busy: Duration,
    },
    /// By the attempts that are at the node, running and waiting: `idle` up to `from`, `full` from `to` on, a straight
    /// line between. Real admission control.
    InFlight {
        /// Up to `from` attempts.
        idle: Probability,
        /// From `to` attempts on.
        full: Probability,
        /// Where the line begins.
        from: u32,
        /// Where the line ends, above `from`.
        to: u32,
    },
}

/// All that a load probability may depend on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// Names the luck of the run.
    pub seed: Seed,
    /// Number of the node.
    pub node: u64,
    /// Since the start of the run.
    pub time: Duration,
    /// Attempts at the node, running and waiting, without the one that is judged.
    pub in_flight: u32,
}

impl Profile {
    /// The probability at a moment.
    pub fn at(&self, moment: &Moment) -> Probability {
        match self {
            Profile::Constant(level) => *level,
            Profile::Steps { levels, period } => {
                let step = moment.time.as_nanos() / period.as_nanos().max(1);
                let level = (step % levels.len().max(1) as u128) as usize;
                levels.get(level).copied().unwrap_or(Probability::ZERO)
            }
            Profile::Sine { mean, amplitude, period, phase } => {
                let angle = std::f64::consts::TAU * (turns(moment.time, *period) + phase);
                Probability::clamped(mean.get() + amplitude.get() * angle.sin())
            }
            Profile::Markov { calm, busy, mean_calm, mean_busy } => {
                if is_busy(moment, mean_calm.as_secs_f64(), mean_busy.as_secs_f64()) { *busy } else { *calm }
            }
            Profile::InFlight { idle, full, from, to } => {
                let above = f64::from(moment.in_flight.saturating_sub(*from));
                let share = (above / f64::from(to.saturating_sub(*from).max(1))).min(1.0);
                Probability::clamped(idle.get() + share * (full.get() - idle.get()))
            }
        }
    }

    /// The mean over time for a node that is idle, where it does not depend on anything else.
    pub fn mean(&self) -> Probability {
        match self {
            Profile::Constant(level) => *level,
            Profile::Steps { levels, .. } => {
                let sum: f64 = levels.iter().map(|level| level.get()).sum();
                Probability::clamped(sum / levels.len().max(1) as f64)
            }
            Profile::Sine { mean, .. } => *mean,
            Profile::Markov { calm, busy, mean_calm, mean_busy } => {
                let share = mean_busy.as_secs_f64() / (mean_calm.as_secs_f64() + mean_busy.as_secs_f64());
                Probability::clamped(calm.get() + share * (busy.get() - calm.get()))
            }
            Profile::InFlight { idle, .. } => *idle,
        }
    }
}

impl From<Probability> for Profile {
    fn from(level: Probability) -> Profile {
        Profile::Constant(level)
    }
}

fn turns(time: Duration, period: Duration) -> f64 {
    let period = period.as_secs_f64();
    if period > 0.0 { time.as_secs_f64() / period } else { 0.0 }
}

/// Whether a two-state Markov chain is in its busy state.
///
/// A chain with rates a (to busy) and b (to calm) is the same in law as one whose state is drawn anew at the points of a
/// Poisson process of rate a + b, busy with probability a / (a + b) (uniformisation, Jensen 1953). The points are made
/// cell by cell from coins named by the cell, so that the state at any time needs no history: a look at the cell of
/// that time and at the few before it.
fn is_busy(moment: &Moment, mean_calm: f64, mean_busy: f64) -> bool {
    let (to_busy, to_calm) = (1.0 / mean_calm, 1.0 / mean_busy);
    let busy_share = to_busy / (to_busy + to_calm);
    // In units of the mean time between two points; one unit is one cell.
    let time = moment.time.as_secs_f64() * (to_busy + to_calm);
    let mut cell = time.floor();
    loop {
        let mut coin = moment.seed.coin(Purpose::LoadState, moment.node, cell as u64 + 1);
        let mut point = cell;
        let mut last = None;
        loop {
            point += coin.exponential();
            coin = coin.next();
            if point >= cell + 1.0 || point > time {
                break;
            }
            last = Some(coin);
            coin = coin.next();
        }
        if let Some(drawn) = last {
            return drawn.happens(busy_share);
        }
        if cell == 0.0 {
            return moment.seed.coin(Purpose::LoadState, moment.node, 0).happens(busy_share);
        }
        cell -= 1.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(value: f64) -> Probability {
        Probability::new(value).unwrap()
    }

    fn at(profile: &Profile, seconds: f64) -> f64 {
        let time = Duration::from_secs_f64(seconds);
        profile.at(&Moment { seed: Seed(1), node: 0, time, in_flight: 0 }).get()
    }

    #[test]
    fn steps_go_round() {
        let steps = Profile::Steps { levels: vec![level(0.1), level(0.9)], period: Duration::from_secs(60) };
        let seen: Vec<f64> = [0.0, 59.9, 60.0, 119.9, 120.0].iter().map(|&s| at(&steps, s)).collect();
        assert_eq!(seen, [0.1, 0.1, 0.9, 0.9, 0.1]);
        assert_eq!(steps.mean().get(), 0.5);
    }

    #[test]
    fn a_sine_is_cut_to_a_probability() {
        let period = Duration::from_secs(4);
        let sine = Profile::Sine { mean: level(0.5), amplitude: level(0.8), period, phase: 0.0 };
        assert_eq!(at(&sine, 0.0), 0.5);
        assert_eq!(at(&sine, 1.0), 1.0);
        assert_eq!(at(&sine, 3.0), 0.0);
        assert!((at(&sine, 1.0 / 3.0) - 0.9).abs() < 1e-9);
    }

    #[test]
    fn admission_control_follows_what_is_in_flight() {
        let profile = Profile::InFlight { idle: level(0.1), full: level(0.9), from: 2, to: 6 };
        let seen: Vec<f64> = [0, 2, 4, 6, 60]
            .iter()
            .map(|&in_flight| {
                profile.at(&Moment { seed: Seed(1), node: 0, time: Duration::ZERO, in_flight }).get()
            })
            .collect();
        assert_eq!(seen, [0.1, 0.1, 0.5, 0.9, 0.9]);
    }

    #[test]
    fn a_modulated_load_has_the_spells_of_its_chain() {
        let (mean_calm, mean_busy) = (Duration::from_secs(30), Duration::from_secs(10));
        let chain = Profile::Markov { calm: level(0.0), busy: level(1.0), mean_calm, mean_busy };
        // Watched every tenth of a second over 100 nodes, an hour each.
        let (mut busy, mut rises, mut calm_seen) = (0u32, 0u32, 0u32);
        for node in 0..100 {
            let mut before = None;
            for tick in 0..36_000 {
                let time = Duration::from_millis(100 * tick);
                let now = chain.at(&Moment { seed: Seed(3), node, time, in_flight: 0 }).get() == 1.0;
                busy += u32::from(now);
                if before == Some(false) {
                    calm_seen += 1;
                    rises += u32::from(now);
                }
                before = Some(now);
            }
        }
        let share = f64::from(busy) / 3_600_000.0;
        assert!((share - 0.25).abs() < 0.01, "busy a share of {share}");
        // From one look to the next a calm node turns busy with probability 1/4 (1 - exp(-0.1 (1/30 + 1/10))).
        let rise = f64::from(rises) / f64::from(calm_seen);
        let expected = 0.25 * (1.0 - (-0.1f64 * (1.0 / 30.0 + 0.1)).exp());
        assert!((rise / expected - 1.0).abs() < 0.05, "{rise} against {expected}");
    }

    #[test]
    fn the_state_at_a_time_is_the_same_in_any_order() {
        let spell = Duration::from_secs(5);
        let chain =
            Profile::Markov { calm: level(0.1), busy: level(0.8), mean_calm: spell, mean_busy: spell };
        let forward: Vec<f64> = (0..200).map(|second| at(&chain, f64::from(second))).collect();
        let backward: Vec<f64> = (0..200).rev().map(|second| at(&chain, f64::from(second))).collect();
        assert!(forward.iter().eq(backward.iter().rev()));
        assert!(forward.contains(&0.1) && forward.contains(&0.8));
    }
}
