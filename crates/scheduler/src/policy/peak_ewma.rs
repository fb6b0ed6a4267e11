//! A few nodes at random, the one with the lowest decaying peak of response time per attempt in flight.

use super::averages::micros;
use super::by_node::ByNode;
use super::draws::{distinct, lowest_of};
use super::power_of_two::{CHOICES, choices};
use super::{Choice, Cost, Ended, Entry, Parameter, Policy};
use crate::{Micros, NodeFacts, NodeId, Outcome};
use std::time::Duration;

pub(super) const ENTRY: Entry = Entry {
    name: "peak_ewma",
    help: "of two random nodes the lower peak-sensitive moving average of response time x (attempts in flight + 1) \
           (Finagle and tower Peak EWMA; penalised as brpc and linkerd do); loses when delays are luck and not the \
           node's; with samples=all a refusal is a fast answer and the refusing node a sinkhole",
    parameters: &[
        Parameter {
            name: "samples",
            default: "penalised",
            help: "all outcomes, ok (finished attempts only), or penalised (refused and lost ones count as slow)",
        },
        Parameter { name: "decay", default: "10s", help: "time constant of the average, 1ms to 1h" },
        Parameter {
            name: "penalty",
            default: "1s",
            help: "what a refused or lost attempt counts at least, if penalised",
        },
        CHOICES,
    ],
    cost: Cost::Constant,
    build: |parameters| {
        let (short, long) = (Duration::from_millis(1), Duration::from_secs(3_600));
        Ok(Box::new(PeakEwma {
            samples: match parameters.word("samples", &["all", "ok", "penalised"])? {
                "all" => Samples::All,
                "ok" => Samples::Ok,
                _ => Samples::Penalised,
            },
            decay: micros(parameters.duration("decay", short, long)?),
            penalty: micros(parameters.duration("penalty", short, long)?),
            choices: choices(parameters)?,
            peaks: ByNode::default(),
        }))
    },
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Samples {
    All,
    Ok,
    Penalised,
}

#[derive(Debug)]
struct PeakEwma {
    samples: Samples,
    /// In microseconds, as everything here.
    decay: f64,
    penalty: f64,
    choices: usize,
    peaks: ByNode<Peak>,
}

/// A node with attempts in flight of which none has answered: worse than every node that has answered.
const UNKNOWN: f64 = (1u64 << 47) as f64;

#[derive(Clone, Copy, Debug, Default)]
struct Peak {
    cost: f64,
    at: Micros,
}

impl Peak {
    /// A rise counts at once, a fall with time.
    fn hear(&mut self, sample: f64, now: Micros, decay: f64) {
        if sample > self.cost {
            self.cost = sample;
        } else {
            let kept = self.kept(now, decay);
            self.cost = self.cost * kept + sample * (1.0 - kept);
        }
        self.at = now;
    }

    fn kept(&self, now: Micros, decay: f64) -> f64 {
        (-micros(now.since(self.at)) / decay).exp()
    }

    /// A node that nobody hears of decays towards no cost, so that it is tried again.
    fn load(&self, in_flight: u32, now: Micros, decay: f64) -> f64 {
        if self.cost == 0.0 && in_flight > 0 {
            return UNKNOWN + f64::from(in_flight);
        }
        self.cost * self.kept(now, decay) * f64::from(in_flight + 1)
    }
}

impl Policy for PeakEwma {
    fn pick(&mut self, choice: &Choice<'_>) -> Option<NodeId> {
        let (drawn, _) = distinct(choice, self.choices, choice.coin());
        let fresh = Peak::default();
        lowest_of(drawn, |node| {
            let peak = self.peaks.get(node).unwrap_or(&fresh);
            peak.load(choice.in_flight(node), choice.now(), self.decay)
        })
    }

    fn node_up(&mut self, node: NodeId, _facts: &NodeFacts, _in_flight: u32) {
        self.peaks.enter(node);
    }

    fn ended(&mut self, ended: &Ended<'_>) {
        let sample = micros(ended.observation.round_trip);
        let sample = match (ended.observation.outcome, self.samples) {
            (Outcome::Done, _) => sample,
            (Outcome::Cancelled | Outcome::Failed, _) | (_, Samples::Ok) => return,
            (_, Samples::All) => sample,
            (_, Samples::Penalised) => sample.max(self.penalty),
        };
        self.peaks.enter(ended.node).hear(sample, ended.now, self.decay);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_jumps_up_and_decays_down() {
        let mut peak = Peak::default();
        assert_eq!(peak.load(0, Micros(0), 1e6), 0.0);
        assert!(peak.load(1, Micros(0), 1e6) > UNKNOWN);
        peak.hear(100.0, Micros(0), 1e6);
        peak.hear(900.0, Micros(1), 1e6);
        assert_eq!(peak.load(1, Micros(1), 1e6), 1_800.0);
        // One time constant later 1/e of the peak is left, and a low sample takes the rest.
        let later = Micros(1_000_001);
        assert!((peak.load(0, later, 1e6) - 900.0 / std::f64::consts::E).abs() < 1e-9);
        peak.hear(100.0, later, 1e6);
        assert!((peak.cost - (100.0 + 800.0 / std::f64::consts::E)).abs() < 1e-9);
    }
}
