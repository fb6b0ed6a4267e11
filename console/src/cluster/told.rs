//! What servers tell of their own: events, each taken once, so that nothing between two looks is lost.

use super::changes::Event;
use std::collections::BTreeMap;
use std::time::UNIX_EPOCH;
use wire::membership::ServerEvents;

/// How far a server's events were taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Numbers begin anew with another one.
    pub(crate) incarnation: u64,
    /// Number of the last event.
    pub(crate) last: u64,
}

/// The marks of all servers, by their addresses.
#[derive(Debug, Default)]
pub(crate) struct Ears(BTreeMap<String, Mark>);

impl Ears {
    /// Marks that an earlier console left.
    pub(crate) fn remember(&mut self, marks: impl IntoIterator<Item = (String, Mark)>) {
        self.0.extend(marks);
    }

    /// How far a server's events were taken in; with another incarnation it is to be asked for all of them.
    pub(crate) fn mark(&self, address: &str) -> Option<Mark> {
        self.0.get(address).copied()
    }

    /// Takes in what a server told when it was asked for the events after its mark. `among` others its name is said.
    pub(crate) fn take(
        &mut self,
        name: &str,
        address: &str,
        among: bool,
        told: ServerEvents,
        now_ms: u64,
    ) -> Vec<Event> {
        let mut events = Vec::new();
        let incarnation = told.server_incarnation;
        let before = self.0.get(address).copied();
        let known = before.filter(|mark| mark.incarnation == incarnation);
        if before.is_some() && known.is_none() {
            let at_ms = told.events.first().map_or(now_ms, |event| since_1970_ms(event.at));
            let text = format!("{name} at {address} was started again; it counts from zero");
            events.push(Event::new(at_ms, "server_restarted", name, text));
        }
        let mut last = known.map_or(0, |mark| mark.last);
        for event in told.events {
            // What is told twice is taken once.
            if event.number <= last {
                continue;
            }
            let missed = event.number - last - 1;
            if missed > 0 {
                let text = format!("{missed} events of {name} were forgotten before anybody asked for them");
                events.push(Event::new(since_1970_ms(event.at), "missed", name, text));
            }
            last = event.number;
            let text = if among { format!("{}, says {name}", event.text) } else { event.text };
            events.push(Event::new(since_1970_ms(event.at), event.kind.word(), &event.subject, text));
        }
        self.0.insert(address.to_owned(), Mark { incarnation, last });
        events
    }
}

fn since_1970_ms(at: std::time::SystemTime) -> u64 {
    u64::try_from(at.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use wire::membership::{ClusterEvent, EventKind};

    fn told(incarnation: u64, numbers: std::ops::Range<u64>) -> ServerEvents {
        let event = |number: u64| ClusterEvent {
            number,
            at: UNIX_EPOCH + Duration::from_millis(1_000 * number),
            kind: EventKind::NodeUp,
            subject: "node0".to_owned(),
            text: format!("number {number}"),
        };
        ServerEvents { events: numbers.map(event).collect(), server_incarnation: incarnation }
    }

    fn texts(events: &[Event]) -> Vec<&str> {
        events.iter().map(|event| event.text.as_str()).collect()
    }

    #[test]
    fn each_event_is_taken_once_however_often_it_is_told() {
        let mut ears = Ears::default();
        assert_eq!(ears.mark("h:1"), None);
        let first = ears.take("server", "h:1", false, told(7, 1..3), 0);
        assert_eq!(texts(&first), ["number 1", "number 2"]);
        assert_eq!(
            (first[1].at_ms, first[1].kind.as_str(), first[1].subject.as_str()),
            (2_000, "node_up", "node0")
        );
        assert_eq!(ears.mark("h:1"), Some(Mark { incarnation: 7, last: 2 }));
        assert_eq!(texts(&ears.take("server", "h:1", false, told(7, 2..4), 0)), ["number 3"]);
        assert!(ears.take("server", "h:1", false, told(7, 0..0), 0).is_empty());
        assert_eq!(texts(&ears.take("server2", "h:2", true, told(7, 1..2), 0)), ["number 1, says server2"]);
    }

    #[test]
    fn an_event_of_a_later_version_costs_none_of_those_beside_it() {
        let mut events = told(7, 1..4);
        events.events[1].kind = EventKind::Other(9_999);
        let heard = Ears::default().take("server", "h:1", false, events, 0);
        let kinds: Vec<&str> = heard.iter().map(|event| event.kind.as_str()).collect();
        assert_eq!(
            (kinds, texts(&heard)),
            (vec!["node_up", "other", "node_up"], vec!["number 1", "number 2", "number 3"])
        );
    }

    #[test]
    fn what_was_forgotten_before_anybody_asked_is_said() {
        let mut ears = Ears::default();
        ears.take("server", "h:1", false, told(7, 1..3), 0);
        let later = ears.take("server", "h:1", false, told(7, 10..11), 0);
        assert_eq!(later[0].kind, "missed");
        assert_eq!(
            texts(&later),
            ["7 events of server were forgotten before anybody asked for them", "number 10"]
        );
    }

    #[test]
    fn a_server_that_was_started_again_is_heard_from_its_first_event_also_by_a_console_that_was() {
        let mut ears = Ears::default();
        ears.take("server", "h:1", false, told(7, 1..9), 0);
        let mut later = Ears::default();
        later.remember([("h:1".to_owned(), ears.mark("h:1").unwrap())]);
        let events = later.take("server", "h:1", false, told(8, 1..2), 0);
        assert_eq!(events[0].kind, "server_restarted");
        assert_eq!(texts(&events)[1..], ["number 1"]);
        assert_eq!(later.mark("h:1"), Some(Mark { incarnation: 8, last: 1 }));
    }
}
