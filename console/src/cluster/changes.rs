//! What a picture tells that the one before did not: the events of the history.

use super::jobs::Job;
use super::picture::{Picture, state_word};
use serde::Serialize;
use std::collections::BTreeMap;
use wire::job::NodeState;

/// Rejections are told in sums, so that a busy hour stays readable.
const REJECTIONS_EVERY_MS: u64 = 10_000;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Event {
    /// When it was seen, in milliseconds since 1970.
    pub at_ms: u64,
    /// Its kind: one of [`KINDS`].
    pub kind: String,
    /// Name of the node or server, or key of the job.
    pub subject: String,
    /// One sentence.
    pub text: String,
}

/// Every kind of event.
pub const KINDS: [&str; 12] = [
    "node_up",
    "node_down",
    "node_ejected",
    "node_draining",
    "node_suspected",
    "rejected",
    "server_up",
    "server_down",
    "failed_over",
    "job_submitted",
    "job_ended",
    "steered",
];

impl Event {
    pub(crate) fn new(at_ms: u64, kind: &str, subject: &str, text: String) -> Event {
        debug_assert!(KINDS.contains(&kind), "{kind} stands in no list");
        Event { at_ms, kind: kind.to_owned(), subject: subject.to_owned(), text }
    }
}

/// Events of nodes and servers between two pictures.
pub(crate) fn of_cluster(before: &Picture, now: &Picture) -> Vec<Event> {
    let mut events = Vec::new();
    let at_ms = now.at_ms;
    for server in &now.servers {
        let was_up = before.servers.iter().any(|old| old.address == server.address && old.up);
        let where_ = format!("{} at {}", server.name, server.address);
        match (was_up, server.up) {
            (false, true) => {
                events.push(Event::new(at_ms, "server_up", &server.name, format!("{where_} answers")))
            }
            (true, false) => {
                let why = server.why.as_deref().unwrap_or("no answer");
                let text = format!("{where_} does not answer: {why}");
                events.push(Event::new(at_ms, "server_down", &server.name, text));
            }
            _ => {}
        }
    }
    let leader = |picture: &Picture| {
        picture
            .servers
            .iter()
            .find(|server| server.leads)
            .map(|server| (server.address.clone(), server.name.clone()))
    };
    if let (Some((old, _)), Some((new, name))) = (leader(before), leader(now))
        && old != new
    {
        events.push(Event::new(
            at_ms,
            "failed_over",
            &name,
            format!("{name} at {new} leads now, after {old}"),
        ));
    }
    events.extend(of_nodes(before, now));
    events
}

fn of_nodes(before: &Picture, now: &Picture) -> Vec<Event> {
    let old: BTreeMap<&str, NodeState> =
        before.nodes.iter().map(|node| (node.view.name.as_str(), node.view.state)).collect();
    let changed = now.nodes.iter().filter(|node| {
        let view = &node.view;
        match old.get(view.name.as_str()) {
            Some(&state) => state != view.state,
            // Nodes that are absent from the start are no news.
            None => view.state != NodeState::Down,
        }
    });
    changed
        .map(|node| {
            let (name, address) = (&node.view.name, &node.view.address);
            let (kind, what) = match node.view.state {
                NodeState::Up => ("node_up", "takes work"),
                NodeState::Down => ("node_down", "does not answer"),
                NodeState::Ejected => {
                    ("node_ejected", "failed too often of late and gets no work for a while")
                }
                NodeState::Draining => ("node_draining", "finishes what it has"),
                NodeState::Suspected => ("node_suspected", "gives no sign of life; its tasks go elsewhere"),
            };
            let was = old.get(name.as_str()).map(|&state| format!("; it was {}", state_word(state)));
            Event::new(
                now.at_ms,
                kind,
                name,
                format!("{name} at {address} {what}{}", was.unwrap_or_default()),
            )
        })
        .collect()
}

/// Events of jobs between two lists.
pub(crate) fn of_jobs(before: &[Job], now: &[Job], at_ms: u64) -> Vec<Event> {
    let mut events = Vec::new();
    for job in now.iter().rev() {
        let old = before.iter().find(|old| old.key == job.key);
        if old.is_none() {
            let text =
                format!("{} of {} tasks by {} ({})", job.operation, job.tasks, job.strategy, job.admission);
            events.push(Event::new(job.submitted_ms.min(at_ms), "job_submitted", &job.key, text));
        }
        if !job.is_running() && old.is_none_or(Job::is_running) {
            let seconds = job.elapsed_us as f64 / 1e6;
            let text = format!(
                "{}: {} of {} tasks in {seconds:.2} s, {} failed, {} rejected, {} delayed, {} lost",
                job.state, job.done, job.tasks, job.failed, job.rejected, job.delayed, job.lost
            );
            events.push(Event::new(at_ms, "job_ended", &job.key, text));
        }
    }
    events
}

/// Sums of rejections by node since they were last told.
#[derive(Debug, Default)]
pub(crate) struct Rejections {
    told_at_ms: u64,
    told: BTreeMap<String, u64>,
}

impl Rejections {
    /// An event for each node that rejected since the last time, if enough time has passed.
    pub(crate) fn hear(&mut self, now: &Picture) -> Vec<Event> {
        let waited = now.at_ms.saturating_sub(self.told_at_ms);
        if waited < REJECTIONS_EVERY_MS {
            return Vec::new();
        }
        let first = self.told_at_ms == 0;
        self.told_at_ms = now.at_ms;
        let mut events = Vec::new();
        for node in &now.nodes {
            let told = self.told.insert(node.view.name.clone(), node.view.rejected).unwrap_or(0);
            let more = node.view.rejected.saturating_sub(told);
            if more > 0 && !first {
                let text = format!("{} rejected {more} attempts in {} s", node.view.name, waited / 1_000);
                events.push(Event::new(now.at_ms, "rejected", &node.view.name, text));
            }
        }
        events
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::picture::tests::{look, view};
    use crate::cluster::strategies::tests::job;
    use wire::job::NodeView;

    fn kinds(events: &[Event]) -> Vec<(&str, &str)> {
        events.iter().map(|event| (event.kind.as_str(), event.subject.as_str())).collect()
    }

    #[test]
    fn nodes_and_servers_that_come_and_go_are_told_once() {
        let nothing = Picture::default();
        let up = nothing.next(&[look(vec![view("a", 0, 0)])], 1_000);
        assert_eq!(kinds(&of_cluster(&nothing, &up)), [("server_up", "server"), ("node_up", "a")]);
        let down = NodeView { state: NodeState::Down, ..view("a", 0, 0) };
        let later = up.next(&[look(vec![down])], 2_000);
        assert_eq!(kinds(&of_cluster(&up, &later)), [("node_down", "a")]);
        assert_eq!(of_cluster(&later, &later.next(&[look(vec![])], 3_000)), []);
    }

    #[test]
    fn another_leader_is_a_failover() {
        let named = |address: &str| crate::cluster::Look { address: address.to_owned(), ..look(vec![]) };
        let silent =
            |address: &str| crate::cluster::Look { answer: Err("gone".to_owned()), ..named(address) };
        let first = Picture::default().next(&[named("h:1"), named("h:2")], 1_000);
        let second = first.next(&[silent("h:1"), named("h:2")], 2_000);
        let events = of_cluster(&first, &second);
        assert_eq!(kinds(&events), [("server_down", "server"), ("failed_over", "server")]);
        assert_eq!(events[1].text, "server at h:2 leads now, after h:1");
    }

    #[test]
    fn jobs_begin_and_end_once() {
        let running = [job("k", "random", "running")];
        let done = [job("k", "random", "done")];
        assert_eq!(kinds(&of_jobs(&[], &running, 5)), [("job_submitted", "k")]);
        assert_eq!(kinds(&of_jobs(&running, &done, 5)), [("job_ended", "k")]);
        assert_eq!(kinds(&of_jobs(&done, &done, 5)), []);
        assert_eq!(kinds(&of_jobs(&[], &done, 5)), [("job_submitted", "k"), ("job_ended", "k")]);
    }

    #[test]
    fn rejections_are_told_in_sums() {
        let mut rejections = Rejections::default();
        let at = |at_ms, rejected| {
            let node = NodeView { rejected, ..view("a", 0, 0) };
            Picture::default().next(&[look(vec![node])], at_ms)
        };
        assert_eq!(rejections.hear(&at(20_000, 100)), [], "what was before the console is no news");
        assert_eq!(rejections.hear(&at(25_000, 105)), []);
        let told = rejections.hear(&at(30_000, 130));
        assert_eq!(told[0].text, "a rejected 30 attempts in 10 s");
    }
}
