//! The node with the least expected completion time under what was learned of its rejections, delays and speed.

use super::{Choice, Cost, Entry, Parameter, Policy};
use crate::{Micros, NodeFacts, NodeId, Observation, Outcome};
use luck::Coin;

pub(super) const ENTRY: Entry = Entry {
    name: "load_aware",
    help: "least expected completion time from learned rejection and delay probabilities, service time and attempts \
           in flight, by Thompson sampling (Thompson 1933); loses a little where all nodes are alike",
    parameters: &[
        Parameter {
            name: "sampling",
            default: "thompson",
            help: "thompson draws from the belief and so keeps exploring; greedy takes its mean",
        },
        Parameter { name: "memory", default: "200", help: "coins that the belief remembers, 2 to 1000000" },
    ],
    cost: Cost::Linear,
    build: |parameters| {
        Ok(Box::new(LoadAware {
            thompson: parameters.word("sampling", &["thompson", "greedy"])? == "thompson",
            memory: parameters.number("memory", 2.0, 1e6)?,
            ..LoadAware::default()
        }))
    },
};

#[derive(Debug, Default)]
struct LoadAware {
    thompson: bool,
    memory: f64,
    beliefs: Vec<Belief>,
    /// Averages over all nodes, for nodes that have not shown theirs.
    wire: Mean,
    service: Mean,
    delay: Mean,
}

/// What is believed of one node. The load probability has a Beta distribution; an attempt that may be rejected shows
/// two coins of it, so it is learned from rejections and delays alike.
#[derive(Clone, Copy, Debug, Default)]
struct Belief {
    /// Coins seen that fell on "loaded" (rejected or delayed) and on "free".
    loaded: f64,
    free: f64,
    wire: Mean,
    service: Mean,
}

/// A moving average in microseconds that starts with its first sample.
#[derive(Clone, Copy, Debug, Default)]
struct Mean(Option<f64>);

impl Mean {
    /// One part in ten: remembers about ten samples.
    const GAIN: f64 = 0.1;

    fn hear(&mut self, sample: f64) {
        self.0 = Some(self.0.map_or(sample, |mean| mean + Mean::GAIN * (sample - mean)));
    }

    fn or(self, other: Mean) -> f64 {
        self.0.or(other.0).unwrap_or(0.0)
    }
}

impl Belief {
    fn see(&mut self, loaded: bool, memory: f64) {
        *(if loaded { &mut self.loaded } else { &mut self.free }) += 1.0;
        let seen = self.loaded + self.free;
        if seen > memory {
            // Forgetting: the weight of the evidence stays at `memory` coins.
            self.loaded *= memory / seen;
            self.free *= memory / seen;
        }
    }

    fn probability(&self, sample: bool, coin: Coin) -> f64 {
        let (alpha, beta) = (1.0 + self.loaded, 1.0 + self.free);
        if sample { draw_beta(alpha, beta, coin) } else { alpha / (alpha + beta) }
    }
}

/// A draw from Beta(alpha, beta) for parameters of at least 1, as a ratio of two Gamma draws.
fn draw_beta(alpha: f64, beta: f64, coin: Coin) -> f64 {
    let (first, coin) = draw_gamma(alpha, coin);
    let (second, _) = draw_gamma(beta, coin);
    first / (first + second)
}

/// A draw from Gamma(shape, 1) for a shape of at least 1 (Marsaglia and Tsang 2000), and the next unused coin.
fn draw_gamma(shape: f64, mut coin: Coin) -> (f64, Coin) {
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let (normal, rest) = draw_normal(coin);
        let uniform = rest.uniform();
        coin = rest.next();
        let v = (1.0 + c * normal).powi(3);
        if v > 0.0 && (1.0 - uniform).ln() < 0.5 * normal * normal + d - d * v + d * v.ln() {
            return (d * v, coin);
        }
    }
}

/// A standard normal draw (Box and Muller 1958), and the next unused coin.
fn draw_normal(coin: Coin) -> (f64, Coin) {
    let second = coin.next();
    let radius = (-2.0 * (1.0 - coin.uniform()).ln()).sqrt();
    (radius * (std::f64::consts::TAU * second.uniform()).cos(), second.next())
}

impl LoadAware {
    /// Expected time in microseconds until a task sent to `node` now is done there, counting the repeats after
    /// rejections and the wait for a slot.
    fn expected_completion(&self, node: NodeId, choice: &Choice<'_>, coin: Coin) -> f64 {
        let unknown = Belief::default();
        let belief = self.beliefs.get(node.index()).unwrap_or(&unknown);
        let loaded = belief.probability(self.thompson, coin);
        let work = belief.service.or(self.service) + loaded * self.delay.or(Mean(None));
        let slots = f64::from(choice.slots(node));
        let ahead = (f64::from(choice.in_flight(node)) + 1.0 - slots).max(0.0) / slots;
        belief.wire.or(self.wire) / (1.0 - loaded).max(1e-3) + work * (1.0 + ahead)
    }
}

impl Policy for LoadAware {
    fn pick(&mut self, choice: &Choice<'_>) -> Option<NodeId> {
        // One coin a node, chained from the decision's coin. Equal expectations fall to a random node.
        let mut coin = choice.coin();
        let mut best: Option<(f64, u64, NodeId)> = None;
        for node in choice.iter() {
            coin = coin.next();
            let expected = self.expected_completion(node, choice, coin);
            let better = best
                .is_none_or(|(least, tie, _)| expected < least || (expected == least && coin.bits() < tie));
            if better {
                best = Some((expected, coin.bits(), node));
            }
        }
        best.map(|(_, _, node)| node)
    }

    fn node_up(&mut self, node: NodeId, _facts: &NodeFacts, _in_flight: u32) {
        if self.beliefs.len() <= node.index() {
            self.beliefs.resize(node.index() + 1, Belief::default());
        }
    }

    fn ended(&mut self, node: NodeId, observation: &Observation, _now: Micros) {
        let Some(belief) = self.beliefs.get_mut(node.index()) else {
            return;
        };
        let round_trip = observation.round_trip.as_micros() as f64;
        match (observation.outcome, observation.node) {
            (Outcome::Rejected, _) => {
                belief.see(true, self.memory);
                belief.wire.hear(round_trip);
                self.wire.hear(round_trip);
            }
            (Outcome::Done, Some(times)) => {
                belief.see(false, self.memory);
                belief.see(!times.delay.is_zero(), self.memory);
                let service = times.service.as_micros() as f64;
                belief.service.hear(service);
                self.service.hear(service);
                if !times.delay.is_zero() {
                    self.delay.hear(times.delay.as_micros() as f64);
                }
            }
            (Outcome::Done, None) => {
                // A node of the original's interface does not say whether it delayed: all of it is service.
                belief.see(false, self.memory);
                belief.service.hear(round_trip);
                self.service.hear(round_trip);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use luck::{Purpose, Seed};

    #[test]
    fn beta_draws_have_the_right_mean_and_spread() {
        let draws: Vec<f64> =
            (0..20_000).map(|task| draw_beta(3.0, 7.0, Seed(2).coin(Purpose::Belief, task, 0))).collect();
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        let variance = draws.iter().map(|draw| (draw - mean).powi(2)).sum::<f64>() / draws.len() as f64;
        // Beta(a, b): mean a / (a + b) = 0.3, variance ab / ((a + b)^2 (a + b + 1)) = 0.01909.
        assert!((mean - 0.3).abs() < 0.004, "{mean}");
        assert!((variance - 0.01909).abs() < 0.0008, "{variance}");
    }

    #[test]
    fn evidence_is_forgotten() {
        let mut belief = Belief::default();
        (0..1_000).for_each(|_| belief.see(true, 50.0));
        (0..200).for_each(|_| belief.see(false, 50.0));
        assert!(belief.probability(false, Seed(1).coin(Purpose::Belief, 0, 0)) < 0.1);
    }
}
