//! What a node tells monitors: its status as Prometheus's figures, and whether it takes work.

use crate::node::Node;
use program::metrics::{Kind, Metrics, PORT_HELP};
use program::probe::Probed;
use std::collections::BTreeMap;
use std::sync::Arc;
use wire::PortWatch;
use wire::node::{NodeDescription, NodeService as _, NodeStatus, OperationTotals};

/// Longest name in a label; callers choose operations, and a chain has no end.
const MOST_LABEL_BYTES: usize = 100;
/// The label of what has a longer name.
const OTHERS: &str = "(others)";

/// A node as its monitors see it.
pub(crate) struct NodeFigures {
    pub(crate) node: Arc<Node>,
    pub(crate) port: PortWatch,
}

impl Probed for NodeFigures {
    fn metrics(&self) -> String {
        text(&self.node.describe(), &self.node.status(), &self.port)
    }

    fn ready(&self) -> Result<(), String> {
        if self.node.is_draining() { Err("it shuts down and takes nothing new".to_owned()) } else { Ok(()) }
    }
}

fn text(node: &NodeDescription, status: &NodeStatus, port: &PortWatch) -> String {
    let mut metrics = Metrics::default();
    metrics
        .family("ballast_node_info", Kind::Gauge, "Who answers; always 1.")
        .sample(&[("node", &node.name), ("version", &node.program_version)], 1.0);
    let mut gauge =
        |name: &str, help: &str, value: f64| metrics.family(name, Kind::Gauge, help).sample(&[], value);
    gauge("ballast_node_uptime_seconds", "Time since the start.", status.uptime.as_secs_f64());
    gauge(
        "ballast_node_draining",
        "1 when it takes nothing new, else 0.",
        f64::from(u8::from(status.draining)),
    );
    gauge("ballast_node_slots", "Attempts that can be worked on at once.", f64::from(node.slots));
    gauge("ballast_node_slots_in_use", "Attempts in a slot.", f64::from(status.running));
    gauge("ballast_node_queue_bound", "Attempts that may wait for a slot.", f64::from(node.queue_bound));
    gauge("ballast_node_queue_length", "Attempts that wait for a slot.", f64::from(status.queued));
    if let Some(load) = node.load_probability {
        gauge("ballast_node_load_probability_ratio", "Load probability, where it is one number.", load);
    }
    let mut attempts =
        metrics.family("ballast_node_attempts_total", Kind::Counter, "Attempts that ended, by outcome.");
    for (outcome, number) in [("done", status.done), ("failed", status.failed), ("rejected", status.rejected)]
    {
        attempts.sample(&[("outcome", outcome)], number as f64);
    }
    metrics
        .family("ballast_node_delayed_total", Kind::Counter, "Attempts that started late.")
        .sample(&[], status.delayed as f64);
    metrics
        .family("ballast_node_connections", Kind::Gauge, "Connections open at the port.")
        .sample(&[], port.connections() as f64);
    let mut events = metrics.family("ballast_node_port_events_total", Kind::Counter, PORT_HELP);
    for (name, count) in port.counters().by_name() {
        events.sample(&[("event", name)], count as f64);
    }
    by_name(&mut metrics, "operation", &status.by_operation);
    by_name(&mut metrics, "strategy", &status.by_strategy);
    metrics.finish()
}

/// How many attempts were done and how long they took, by `label`.
fn by_name(metrics: &mut Metrics, label: &str, totals: &BTreeMap<String, OperationTotals>) {
    let mut sums: BTreeMap<String, (u64, f64)> = BTreeMap::new();
    for (name, total) in totals {
        let name = without_parameters(name);
        let sum =
            sums.entry(if name.len() <= MOST_LABEL_BYTES { name } else { OTHERS.to_owned() }).or_default();
        *sum = (sum.0 + total.count, sum.1 + total.total.as_secs_f64());
    }
    let name = format!("ballast_node_{label}_attempts_total");
    let mut counts = metrics.family(&name, Kind::Counter, &format!("Attempts done, by {label}."));
    sums.iter().for_each(|(name, (count, _))| counts.sample(&[(label, name)], *count as f64));
    let name = format!("ballast_node_{label}_seconds_total");
    let help = format!("Time of attempts done, with queue and delay, by {label}.");
    let mut seconds = metrics.family(&name, Kind::Counter, &help);
    sums.iter().for_each(|(name, (_, time))| seconds.sample(&[(label, name)], *time));
}

/// `blur[size=3] | edges` as `blur | edges`: parameters could be anything, and labels have to be few.
fn without_parameters(name: &str) -> String {
    let mut inside = 0_u32;
    name.chars()
        .filter(|&letter| {
            let outside = inside == 0 && letter != '[';
            match letter {
                '[' => inside += 1,
                ']' => inside = inside.saturating_sub(1),
                _ => {}
            }
            outside
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn labels_are_few_whatever_the_parameters() {
        assert_eq!(without_parameters("blur[size=3] | edges"), "blur | edges");
        assert_eq!(without_parameters("a[b[c]d]e]"), "ae]");
        let total = OperationTotals { count: 2, total: Duration::from_millis(1_500) };
        let names = ["blur[size=3]".to_owned(), "blur[size=5]".to_owned(), "edges | ".repeat(20)];
        let mut metrics = Metrics::default();
        by_name(&mut metrics, "operation", &names.map(|name| (name, total)).into());
        let text = metrics.finish();
        let samples: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(
            samples,
            [
                "ballast_node_operation_attempts_total{operation=\"(others)\"} 2",
                "ballast_node_operation_attempts_total{operation=\"blur\"} 4",
                "ballast_node_operation_seconds_total{operation=\"(others)\"} 1.5",
                "ballast_node_operation_seconds_total{operation=\"blur\"} 3",
            ]
        );
    }
}
