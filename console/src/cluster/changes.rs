//! What a picture tells that the one before did not and no server tells by itself: servers that come and go, who leads,
//! and rejections in sums. The rest of the history is in `told`.

use super::picture::Picture;
use serde::Serialize;
use std::collections::BTreeMap;

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
pub const KINDS: [&str; 25] = [
    "node_registered",
    "node_up",
    "node_suspected",
    "node_down",
    "node_ejected",
    "node_draining",
    "node_drained",
    "node_removed",
    "node_restarted",
    "rejected",
    "server_up",
    "server_down",
    "server_restarted",
    "failed_over",
    "job_submitted",
    "job_ended",
    "job_lost",
    "job_deposed",
    "job_paused",
    "job_resumed",
    "job_watched",
    "steered",
    "missed",
    "leads",
    "other",
];

impl Event {
    pub(crate) fn new(at_ms: u64, kind: &str, subject: &str, text: String) -> Event {
        debug_assert!(KINDS.contains(&kind), "{kind} stands in no list");
        Event { at_ms, kind: kind.to_owned(), subject: subject.to_owned(), text }
    }
}

/// Events of servers between two pictures.
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
        events.push(Event::new(at_ms, "leads", &name, format!("{name} at {new} leads now, after {old}")));
    }
    events
}

/// A job that ran and that no server knows any more.
pub(crate) fn lost(key: &str, at_ms: u64) -> Event {
    let text =
        format!("job {key} was running, and no server that is asked knows it any more: hand it in again");
    Event::new(at_ms, "job_lost", key, text)
}

/// Sums of rejections by node since they were last told.
#[derive(Debug, Default)]
pub(crate) struct Rejections {
    told_at_ms: u64,
    /// By the server's incarnation, as each counts from its own start, and by node.
    told: BTreeMap<(String, String), u64>,
}

impl Rejections {
    /// An event for each node that rejected since the last time, if enough time has passed.
    pub(crate) fn hear(&mut self, now: &Picture) -> Vec<Event> {
        let Some(leader) = now.servers.iter().find(|server| server.leads) else { return Vec::new() };
        let waited = now.at_ms.saturating_sub(self.told_at_ms);
        if waited < REJECTIONS_EVERY_MS {
            return Vec::new();
        }
        let first = self.told_at_ms == 0;
        self.told_at_ms = now.at_ms;
        let mut events = Vec::new();
        for node in &now.nodes {
            let name = &node.view.name;
            let key = (leader.incarnation.clone(), name.clone());
            let told = self.told.insert(key, node.view.rejected).unwrap_or(0);
            let more = node.view.rejected.saturating_sub(told);
            if more > 0 && !first {
                let attempts = if more == 1 { "attempt" } else { "attempts" };
                let text = format!("{name} rejected {more} {attempts} in {} s", waited / 1_000);
                events.push(Event::new(now.at_ms, "rejected", name, text));
            }
        }
        events
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::picture::tests::{look, view};
    use wire::job::NodeView;

    fn kinds(events: &[Event]) -> Vec<(&str, &str)> {
        events.iter().map(|event| (event.kind.as_str(), event.subject.as_str())).collect()
    }

    #[test]
    fn servers_that_come_and_go_are_told_once() {
        let nothing = Picture::default();
        let up = nothing.next(&[look(vec![view("a", 0, 0)])], 1_000);
        assert_eq!(kinds(&of_cluster(&nothing, &up)), [("server_up", "server")]);
        let silent = crate::cluster::Look { answer: Err("gone".to_owned()), ..look(vec![]) };
        let later = up.next(std::slice::from_ref(&silent), 2_000);
        assert_eq!(kinds(&of_cluster(&up, &later)), [("server_down", "server")]);
        assert_eq!(of_cluster(&later, &later.next(&[silent], 3_000)), []);
    }

    #[test]
    fn another_leader_is_told() {
        let named = |address: &str| crate::cluster::Look { address: address.to_owned(), ..look(vec![]) };
        let silent =
            |address: &str| crate::cluster::Look { answer: Err("gone".to_owned()), ..named(address) };
        let first = Picture::default().next(&[named("h:1"), named("h:2")], 1_000);
        let second = first.next(&[silent("h:1"), named("h:2")], 2_000);
        let events = of_cluster(&first, &second);
        assert_eq!(kinds(&events), [("server_down", "server"), ("leads", "server")]);
        assert_eq!(events[1].text, "server at h:2 leads now, after h:1");
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
        assert_eq!(rejections.hear(&at(40_000, 131))[0].text, "a rejected 1 attempt in 10 s");
    }

    #[test]
    fn a_server_that_was_started_again_or_took_over_counts_from_zero() {
        let mut rejections = Rejections::default();
        let at = |at_ms, incarnation, rejected| {
            let mut look = look(vec![NodeView { rejected, ..view("a", 0, 0) }]);
            if let Ok(told) = &mut look.answer {
                told.incarnation = incarnation;
            }
            Picture::default().next(&[look], at_ms)
        };
        assert_eq!(rejections.hear(&at(20_000, 1, 100)), []);
        assert_eq!(rejections.hear(&at(30_000, 2, 7))[0].text, "a rejected 7 attempts in 10 s");
        assert_eq!(rejections.hear(&at(40_000, 1, 105))[0].text, "a rejected 5 attempts in 10 s");
    }
}
