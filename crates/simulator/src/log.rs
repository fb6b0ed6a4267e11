//! The decision log of a simulation: the short form of [`scheduler::history`], for reading.
//!
//! With more than one scheduler the second one's lines have `s1` after the time, and so on. Timers are left out: they
//! decide nothing by themselves.

use crate::observe::Observer;
use scheduler::history::{told, words_of};
use scheduler::{Action, Event, Micros};
use std::fmt;

/// The name of the scheduler that a line belongs to; the first one's goes without saying.
struct Side(u32);

impl fmt::Display for Side {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 { Ok(()) } else { write!(formatter, " s{}", self.0) }
    }
}

pub(crate) fn event(observer: &mut impl Observer, now: Micros, side: u32, event: &Event) {
    if !matches!(event, Event::TimerFired) {
        observer.decision(format_args!("{now}{} {}", Side(side), told(event)));
    }
}

pub(crate) fn action(observer: &mut impl Observer, now: Micros, side: u32, action: &Action) {
    if !matches!(action, Action::WakeAt(_)) {
        observer.decision(format_args!("{now}{} {}", Side(side), words_of(action)));
    }
}
