//! The cluster's figures in Prometheus's format. Labels are nodes, servers, states and strategies, and bounded.

use crate::cluster::frame::Scene;
use crate::cluster::picture::{Node, state_word};
use program::metrics::{Kind, Metrics, PORT_HELP};
use std::collections::BTreeMap;
use wire::job::{NodeState, NodeView};

/// Nodes that get labels of their own; the others are summed up as `other`.
const LABELLED_NODES: usize = 2_000;
const STATES: [&str; 6] = ["up", "draining", "ejected", "suspected", "down", "unknown"];

/// The whole answer to a scrape.
pub(super) fn text(scene: &Scene, followers: usize) -> String {
    let mut metrics = Metrics::default();
    let version = env!("CARGO_PKG_VERSION");
    metrics
        .family("ballast_build_info", Kind::Gauge, "The program's version.")
        .sample(&[("version", version)], 1.0);
    servers(&mut metrics, scene);
    nodes(&mut metrics, scene);
    strategies(&mut metrics, scene);
    let mut family = metrics.family("ballast_console_streams", Kind::Gauge, "Browsers that watch.");
    family.sample(&[], followers as f64);
    metrics.finish()
}

fn servers(metrics: &mut Metrics, scene: &Scene) {
    let servers = &scene.picture.servers;
    let labels = |index: usize| [("server", servers[index].address.as_str())];
    let mut up = metrics.family("ballast_server_up", Kind::Gauge, "Whether the server answers.");
    servers
        .iter()
        .enumerate()
        .for_each(|(index, server)| up.sample(&labels(index), f64::from(u8::from(server.up))));
    let mut leads =
        metrics.family("ballast_server_leader", Kind::Gauge, "Whether clients go to this server.");
    servers
        .iter()
        .enumerate()
        .for_each(|(index, server)| leads.sample(&labels(index), f64::from(u8::from(server.leads))));
    let mut running = metrics.family("ballast_jobs_running", Kind::Gauge, "Jobs that run.");
    servers
        .iter()
        .enumerate()
        .for_each(|(index, server)| running.sample(&labels(index), server.jobs_running as f64));
    let mut ended = metrics.family("ballast_jobs_ended_total", Kind::Counter, "Jobs that ended.");
    servers
        .iter()
        .enumerate()
        .for_each(|(index, server)| ended.sample(&labels(index), server.jobs_ended as f64));
    let mut events = metrics.family("ballast_server_port_events_total", Kind::Counter, PORT_HELP);
    for (index, port) in scene.picture.ports.iter().enumerate().filter(|(index, _)| servers[*index].up) {
        let [server] = labels(index);
        port.by_name().for_each(|(name, count)| events.sample(&[server, ("event", name)], count as f64));
    }
}

fn nodes(metrics: &mut Metrics, scene: &Scene) {
    let (shown, summed) = scene.picture.nodes.split_at(scene.picture.nodes.len().min(LABELLED_NODES));
    let mut states = metrics.family("ballast_nodes", Kind::Gauge, "Nodes by state.");
    for state in STATES {
        let count = scene.picture.nodes.iter().filter(|node| state_word(node.view.state) == state).count();
        states.sample(&[("state", state)], count as f64);
    }
    let mut each = |name: &str, kind, help: &str, value: fn(&Node) -> Option<f64>| {
        let mut family = metrics.family(name, kind, help);
        for node in shown {
            if let Some(value) = value(node) {
                family.sample(&[("node", node.view.name.as_str())], value);
            }
        }
        if !summed.is_empty() {
            family.sample(&[("node", "other")], summed.iter().filter_map(value).sum());
        }
    };
    let up = |node: &Node| Some(f64::from(u8::from(node.view.state == NodeState::Up)));
    each("ballast_node_up", Kind::Gauge, "Whether the node takes work.", up);
    each("ballast_node_in_flight", Kind::Gauge, "Attempts begun and not ended.", |node| {
        Some(node.view.in_flight as f64)
    });
    each("ballast_node_slots", Kind::Gauge, "Attempts that the node works on at once.", |node| {
        node.view.slots.map(f64::from)
    });
    let spent = |node: &Node| Some(node.view.mean_round_trip.as_secs_f64() * node.view.done as f64);
    each("ballast_node_round_trip_seconds_total", Kind::Counter, "Round trips of finished attempts.", spent);
    let mut outcomes =
        metrics.family("ballast_attempts_total", Kind::Counter, "Attempts that ended, by node and outcome.");
    type Count = fn(&NodeView) -> u64;
    let counts: [(&str, Count); 3] =
        [("done", |view| view.done), ("rejected", |view| view.rejected), ("lost", |view| view.lost)];
    for (outcome, count) in counts {
        for node in shown {
            outcomes.sample(&[("node", &node.view.name), ("outcome", outcome)], count(&node.view) as f64);
        }
        if !summed.is_empty() {
            let rest: u64 = summed.iter().map(|node| count(&node.view)).sum();
            outcomes.sample(&[("node", "other"), ("outcome", outcome)], rest as f64);
        }
    }
    let mut delayed =
        metrics.family("ballast_attempts_delayed_total", Kind::Counter, "Attempts that started late.");
    shown.iter().for_each(|node| delayed.sample(&[("node", &node.view.name)], node.view.delayed as f64));
    if !summed.is_empty() {
        let rest: u64 = summed.iter().map(|node| node.view.delayed).sum();
        delayed.sample(&[("node", "other")], rest as f64);
    }
}

fn strategies(metrics: &mut Metrics, scene: &Scene) {
    // Parameters are part of a strategy's name and could be anything, so only the names before them are labels.
    let mut sums: BTreeMap<&str, [f64; 3]> = BTreeMap::new();
    for row in &scene.performance {
        let name = row.strategy.split(['[', '+']).next().unwrap_or_default();
        let sum = sums.entry(name).or_default();
        sum[0] += row.done as f64;
        sum[1] += row.failed as f64;
        sum[2] += row.elapsed_us as f64 / 1e6;
    }
    let mut tasks =
        metrics.family("ballast_tasks_total", Kind::Counter, "Tasks of ended jobs, by strategy and outcome.");
    for (strategy, [done, failed, _]) in &sums {
        tasks.sample(&[("strategy", strategy), ("outcome", "done")], *done);
        tasks.sample(&[("strategy", strategy), ("outcome", "failed")], *failed);
    }
    let mut seconds = metrics.family(
        "ballast_job_duration_seconds_total",
        Kind::Counter,
        "Times of ended jobs, by strategy.",
    );
    sums.iter().for_each(|(strategy, [_, _, elapsed])| seconds.sample(&[("strategy", strategy)], *elapsed));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::picture::Picture;
    use crate::cluster::picture::tests::{look, view};
    use crate::cluster::strategies::Strategies;
    use crate::cluster::strategies::tests::job;

    #[test]
    fn labels_are_bounded_and_nothing_is_left_out_of_the_sums() {
        let nodes = (0..LABELLED_NODES + 3).map(|number| NodeView {
            delayed: 2,
            rejected: 5,
            lost: 1,
            ..view(&format!("n{number}"), 10, 100)
        });
        let mut strategies = Strategies::default();
        let jobs = [job("a", "random[seed=1]", "done"), job("b", "random+slow[at=2]", "done")];
        strategies.hear(&jobs);
        let scene = Scene {
            picture: Picture::default().next(&[look(nodes.collect())], 1_000),
            performance: strategies.table(&jobs),
            ..Scene::default()
        };
        let text = text(&scene, 0);
        for line in [
            "ballast_attempts_total{node=\"other\",outcome=\"done\"} 30",
            "ballast_attempts_total{node=\"other\",outcome=\"rejected\"} 15",
            "ballast_attempts_total{node=\"other\",outcome=\"lost\"} 3",
            "ballast_attempts_delayed_total{node=\"other\"} 6",
            "ballast_tasks_total{strategy=\"random\",outcome=\"done\"} 20",
        ] {
            assert!(text.lines().any(|told| told == line), "{line}");
        }
        assert!(!text.contains("\"n2000\"") && !text.contains("at=2"));
    }
}
