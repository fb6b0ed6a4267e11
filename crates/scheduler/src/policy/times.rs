//! What attempts take on a node, and when a task sent there now would be done.

use super::averages::{Mean, micros};
use super::by_node::ByNode;
use super::{Choice, Ended};
use crate::{NodeId, Outcome};

/// Moving averages, in microseconds, of what an attempt takes: by node, and over all nodes for those that have not
/// shown theirs.
#[derive(Debug, Default)]
pub(super) struct Times {
    nodes: ByNode<Parts>,
    all: Parts,
    /// Not by node: how long a delay lasts is the load model's and not the node's.
    delay: Mean,
}

#[derive(Clone, Copy, Debug, Default)]
struct Parts {
    /// There and back with a refusal.
    wire: Mean,
    service: Mean,
}

/// One part in ten: remembers about ten samples.
const GAIN: f64 = 0.1;
/// One part in a hundred, for averages over all nodes.
const GAIN_OF_ALL: f64 = 0.01;

/// What a policy reckons with before the first attempt has ended, in microseconds: a millisecond of wire, a tenth of
/// a second of work, and the original's delay of three seconds. Only their order matters.
const WIRE: f64 = 1e3;
const SERVICE: f64 = 1e5;
const DELAY: f64 = 3e6;

impl Times {
    /// Learns from an attempt that has ended.
    pub(super) fn hear(&mut self, ended: &Ended<'_>) {
        let round_trip = micros(ended.observation.round_trip);
        let node = self.nodes.enter(ended.node);
        match (ended.observation.outcome, ended.observation.node) {
            (Outcome::Rejected, _) => {
                node.wire.hear(round_trip, GAIN);
                self.all.wire.hear(round_trip, GAIN_OF_ALL);
            }
            (Outcome::Done, Some(times)) => {
                node.service.hear(micros(times.service), GAIN);
                self.all.service.hear(micros(times.service), GAIN_OF_ALL);
                if !times.delay.is_zero() {
                    self.delay.hear(micros(times.delay), GAIN);
                }
            }
            (Outcome::Done, None) => {
                // A node of the original's interface does not say whether it delayed: all of it is service.
                node.service.hear(round_trip, GAIN);
                self.all.service.hear(round_trip, GAIN_OF_ALL);
            }
            _ => {}
        }
    }

    /// The mean delay of a delayed attempt, in microseconds.
    pub(super) fn delay(&self) -> f64 {
        self.delay.or(DELAY)
    }

    /// The mean service time of all nodes, in microseconds.
    pub(super) fn service_of_all(&self) -> f64 {
        self.all.service.or(SERVICE)
    }

    /// Expected time in microseconds that a slot of `node` is taken by an accepted attempt there, if the node is
    /// loaded with probability `loaded`.
    pub(super) fn work(&self, node: NodeId, loaded: f64) -> f64 {
        let parts = self.nodes.get(node).copied().unwrap_or_default();
        parts.service.or(self.service_of_all()) + loaded * self.delay()
    }

    /// Expected time in microseconds that refusals cost a task before `node` takes it.
    pub(super) fn refusals(&self, node: NodeId, loaded: f64) -> f64 {
        let parts = self.nodes.get(node).copied().unwrap_or_default();
        parts.wire.or(self.all.wire.or(WIRE)) / (1.0 - loaded).max(1e-3)
    }

    /// Expected time in microseconds until a task sent to `node` now is done there: refusals, the wait for a slot
    /// behind what is in flight, and the work.
    pub(super) fn completion(&self, node: NodeId, loaded: f64, choice: &Choice<'_>) -> f64 {
        let slots = f64::from(choice.slots(node));
        let ahead = (f64::from(choice.in_flight(node)) + 1.0 - slots).max(0.0) / slots;
        self.refusals(node, loaded) + self.work(node, loaded) * (1.0 + ahead)
    }
}
