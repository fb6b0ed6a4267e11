//! What happened to nodes and jobs of late, for people who ask: the latest thousand events, numbered.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;
use wire::membership::{ClusterEvent, EventKind, MAX_KEPT_EVENTS};

/// The latest events.
#[derive(Debug, Default)]
pub(crate) struct Events(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    events: VecDeque<ClusterEvent>,
    last: u64,
}

impl Events {
    /// Notes that something happened now.
    pub(crate) fn note(&self, kind: EventKind, subject: &str, text: impl Into<String>) {
        let (subject, text) = (subject.to_owned(), text.into());
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.last += 1;
        let number = kept.last;
        kept.events.push_back(ClusterEvent { number, at: SystemTime::now(), kind, subject, text });
        if kept.events.len() > MAX_KEPT_EVENTS {
            kept.events.pop_front();
        }
    }

    /// Those with higher numbers than `number`, as far as they are kept.
    pub(crate) fn after(&self, number: u64) -> Vec<ClusterEvent> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = kept.events.partition_point(|event| event.number <= number);
        kept.events.range(place..).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_latest_and_counts_them_all() {
        let events = Events::default();
        assert!(events.after(0).is_empty());
        (1..=MAX_KEPT_EVENTS + 5).for_each(|number| {
            events.note(EventKind::NodeUp, "n", number.to_string());
        });
        let numbers = |after| events.after(after).iter().map(|event| event.number).collect::<Vec<_>>();
        let last = MAX_KEPT_EVENTS as u64 + 5;
        assert_eq!(numbers(0), (6..=last).collect::<Vec<_>>());
        assert_eq!(numbers(last - 2), [last - 1, last]);
        assert_eq!(numbers(last), [0; 0]);
        assert_eq!(numbers(u64::MAX), [0; 0]);
        assert_eq!(events.after(last - 1)[0].text, last.to_string());
    }
}
