//! What nodes and manifests told of themselves, which needs no guess.

use super::bracket::Bracket;
use super::calibrate::Coins;
use super::model::NodeModel;
use records::{NodeRow, Run};

/// What a node told of itself last, if the runs have it.
pub(super) fn by_node<'a>(runs: &'a [Run], name: &str) -> Option<&'a NodeRow> {
    runs.iter().flat_map(|run| &run.nodes).rfind(|row| &*row.node == name)
}

/// What a node told of itself takes the place of what was inferred. Its load does so unless a coin contradicts it: a node
/// may be under more load than the one that it was started with. A node that refused everything has thrown no coin of
/// delay, and its delay was never seen, but told.
pub(super) fn with_told(fitted: NodeModel, told: &NodeRow, coins: &Coins) -> NodeModel {
    let load: Option<f64> = told.load.parse().ok();
    let probability = |fitted: f64, coins: &Bracket| match load {
        Some(load) if coins.agrees_with(load) => (load, true),
        _ => (fitted, coins.is_consistent() && coins.tried() > 0),
    };
    let (reject, reject_is_exact) = probability(fitted.reject, &coins.reject);
    let (delay, delay_is_exact) = probability(fitted.delay, &coins.delay);
    NodeModel {
        slots: told.slots.max(1),
        queue: Some(told.queue).filter(|bound| *bound < u32::MAX),
        reject,
        reject_is_exact,
        delay,
        delay_is_exact,
        delay_us: if fitted.delay_us == 0 { told.delay_us } else { fitted.delay_us },
        ..fitted
    }
}

/// Slots of a node where the manifest of a simulated run tells them: `node0 slots=2 …`.
pub(super) fn slots(runs: &[Run], name: &str) -> Option<u32> {
    let machines =
        runs.iter().filter_map(|run| run.manifest.as_ref()).flat_map(|manifest| &manifest.machines);
    let mut own = machines.filter(|line| line.split_whitespace().next() == Some(name));
    own.find_map(|line| line.split_whitespace().find_map(|word| word.strip_prefix("slots=")?.parse().ok()))
}

/// The bound on attempts in flight where the manifest of an experiment tells it: its own, else the server's. What was seen
/// says little of a strategy that wants more.
pub(super) fn in_flight(runs: &[Run]) -> Option<u32> {
    let settings = &runs.iter().find_map(|run| run.manifest.as_ref())?.settings;
    settings.get("experiment")?;
    let told = ["scheduler.max_in_flight", "fan_out"].into_iter().find_map(|name| settings.get(name));
    told.map_or(Some(u32::MAX), |text| text.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::super::model::examples::model;
    use super::*;

    fn told(load: &str) -> NodeRow {
        NodeRow {
            run: "r".into(),
            node: "node0".into(),
            address: "".into(),
            slots: 7,
            queue: u32::MAX,
            load: load.into(),
            delay_us: 300_000,
            version: "".into(),
        }
    }

    fn coins(reject: &[(f64, bool)], delay: &[(f64, bool)]) -> Coins {
        let bracket = |coins: &[(f64, bool)]| {
            let mut bracket = Bracket::default();
            coins.iter().for_each(|&(coin, happened)| bracket.hear(coin, happened));
            bracket
        };
        Coins { reject: bracket(reject), delay: bracket(delay) }
    }

    #[test]
    fn a_node_that_refused_everything_delays_as_it_told() {
        let fitted = NodeModel {
            reject: 1.0,
            delay: 0.0,
            delay_us: 0,
            delay_is_exact: false,
            ..model().nodes[0].clone()
        };
        let known = with_told(fitted, &told("1"), &coins(&[(0.2, true), (0.99, true)], &[]));
        assert_eq!((known.reject, known.delay, known.delay_us, known.slots), (1.0, 1.0, 300_000, 7));
        assert!(known.delay_is_exact);
    }

    #[test]
    fn coins_are_believed_and_not_the_node() {
        let fitted = NodeModel { reject: 0.6, delay: 0.6, ..model().nodes[0].clone() };
        let known = with_told(fitted, &told("0.1"), &coins(&[(0.5, true), (0.7, false)], &[(0.5, true)]));
        assert_eq!((known.reject, known.delay), (0.6, 0.6));
        assert!(known.reject_is_exact, "0.6 explains them all");
        assert_eq!(known.delay_us, 50_000, "what was seen");
    }
}
