//! Pictures as JSON: whole ones for whoever comes, and what changed for those who stay.
//!
//! Nodes are arrays, because a thousand objects would repeat their names a thousand times. The page's `feed.js` and
//! `docs/schema/console.json` list the places.

use super::jobs::Job;
use super::picture::{Node, Picture, Rates, Server, Totals, state_word};
use super::strategies::Performance;
use serde::Serialize;
use serde_json::{Value, json};
use wire::job::NodeView;

/// All that a page shows at one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scene {
    pub(crate) picture: Picture,
    /// The newest first.
    pub(crate) jobs: Vec<Job>,
    pub(crate) performance: Vec<Performance>,
}

#[derive(Serialize)]
struct Whole<'a> {
    kind: &'static str,
    number: u64,
    at_ms: u64,
    servers: &'a [Server],
    nodes: Vec<Value>,
    totals: &'a Totals,
    rates: &'a Rates,
    trend: Vec<[f64; 5]>,
    strategies: &'a [String],
    jobs: &'a [Job],
    performance: &'a [Performance],
}

#[derive(Serialize)]
struct Change<'a> {
    kind: &'static str,
    number: u64,
    at_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    servers: Option<&'a [Server]>,
    /// Places and what is new there.
    nodes: Vec<Value>,
    totals: &'a Totals,
    rates: &'a Rates,
    #[serde(skip_serializing_if = "Option::is_none")]
    jobs: Option<&'a [Job]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    performance: Option<&'a [Performance]>,
}

/// Everything.
pub(crate) fn whole(scene: &Scene) -> String {
    let picture = &scene.picture;
    text(&Whole {
        kind: "whole",
        number: picture.number,
        at_ms: picture.at_ms,
        servers: &picture.servers,
        nodes: picture.nodes.iter().map(whole_node).collect(),
        totals: &picture.totals,
        rates: &picture.rates,
        trend: picture.trend.iter().map(compact).collect(),
        strategies: &picture.strategies,
        jobs: &scene.jobs,
        performance: &scene.performance,
    })
}

/// What changed, or everything if the list of nodes is another one.
pub(crate) fn change(before: &Scene, now: &Scene) -> String {
    if !now.picture.has_nodes_of(&before.picture) || now.picture.strategies != before.picture.strategies {
        return whole(now);
    }
    let places = now.picture.nodes.iter().zip(&before.picture.nodes).enumerate();
    let moved = places.filter(|(_, (node, old))| {
        node.view != old.view || node.since_ms != old.since_ms || node.response_us != old.response_us
    });
    text(&Change {
        kind: "change",
        number: now.picture.number,
        at_ms: now.picture.at_ms,
        servers: (now.picture.servers != before.picture.servers).then_some(&now.picture.servers),
        nodes: moved.map(|(place, (node, _))| moved_node(place, node)).collect(),
        totals: &now.picture.totals,
        rates: &now.picture.rates,
        jobs: (now.jobs != before.jobs).then_some(&now.jobs),
        performance: (now.performance != before.performance).then_some(&now.performance),
    })
}

fn compact(rates: &Rates) -> [f64; 5] {
    let round = |value: f64| (value * 10.0).round() / 10.0;
    [rates.done, rates.rejected, rates.delayed, rates.in_flight, rates.response_us].map(round)
}

fn whole_node(node: &Node) -> Value {
    let view = &node.view;
    json!([
        view.name,
        view.address,
        u8::from(view.compatibility),
        state_word(view.state),
        node.since_ms,
        view.load_probability,
        view.slots,
        node.queue,
        counts(view),
        node.curve,
        response_over_all(view),
    ])
}

fn moved_node(place: usize, node: &Node) -> Value {
    let view = &node.view;
    json!([
        place,
        state_word(view.state),
        node.since_ms,
        view.load_probability,
        view.slots,
        node.queue,
        counts(view),
        node.response_us,
        response_over_all(view),
    ])
}

fn counts(view: &NodeView) -> [u64; 6] {
    [view.in_flight, view.attempts, view.done, view.rejected, view.delayed, view.lost]
}

fn response_over_all(view: &NodeView) -> Option<u64> {
    (view.done > 0).then(|| u64::try_from(view.mean_round_trip.as_micros()).unwrap_or(u64::MAX))
}

fn text(frame: &impl Serialize) -> String {
    // Plain data with text keys: there is nothing in it that could not be written.
    serde_json::to_string(frame).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::picture::tests::{look, view};
    use crate::cluster::strategies::tests::job;

    fn scene(before: &Picture, done: u64, at_ms: u64) -> Scene {
        let nodes = vec![view("a", done, 100), view("bb", 5, 100)];
        Scene { picture: before.next(&[look(nodes)], at_ms), ..Scene::default() }
    }

    fn parse(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn only_what_changed_is_sent_again() {
        let first = scene(&Picture::default(), 10, 1_000);
        let mut second = scene(&first.picture, 11, 2_000);
        let frame = parse(&change(&first, &second));
        assert_eq!(frame["kind"], "change");
        assert_eq!(frame["nodes"].as_array().unwrap().len(), 1);
        assert_eq!(frame["nodes"][0][0], 0, "the place of node a");
        assert!(frame.get("servers").is_none() && frame.get("jobs").is_none());
        second.jobs.push(job("k", "random", "running"));
        assert_eq!(parse(&change(&first, &second))["jobs"][0]["key"], "k");
    }

    #[test]
    fn another_list_of_nodes_is_sent_whole() {
        let first = scene(&Picture::default(), 10, 1_000);
        let joined = vec![view("a", 10, 100), view("bb", 5, 100), view("ccc", 0, 0)];
        let second = Scene { picture: first.picture.next(&[look(joined)], 2_000), ..Scene::default() };
        let frame = parse(&change(&first, &second));
        assert_eq!((frame["kind"].as_str(), frame["nodes"].as_array().unwrap().len()), (Some("whole"), 3));
        assert_eq!(frame["nodes"][0][9].as_array().unwrap().len(), 2, "the curve came along");
    }
}
