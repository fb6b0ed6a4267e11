//! Tells a scheduler what a log tells, and holds its answers against the log.

use super::read::{self, Key, Words};
use super::write;
use crate::{Action, Attempt, Event, JobId, Micros, NodeId, Scheduler};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Why a log cannot be replayed, or what the replay found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HistoryError {
    /// A line that no scheduler's log holds.
    #[error("line {line} of the decision log cannot be replayed: {why}: '{text}'")]
    Unreadable {
        /// Which, from 1.
        line: u64,
        /// What is wrong.
        why: String,
        /// The line.
        text: String,
    },
    /// The scheduler decides otherwise than it did.
    #[error("line {line} of the decision log reads '{recorded}', and the replay gives '{replayed}'")]
    Differs {
        /// Which, from 1.
        line: u64,
        /// What the log says.
        recorded: String,
        /// What the scheduler says now; empty if it says nothing.
        replayed: String,
    },
}

/// Replays a log line by line. Every line that it accepts is one that the replay wrote again, byte for byte.
#[derive(Debug, Default)]
pub struct Player {
    scheduler: Option<Scheduler>,
    in_flight: BTreeMap<Key, Attempt>,
    submitted: BTreeSet<JobId>,
    /// Of processes before this one.
    jobs: usize,
    /// What the scheduler has answered and the log has still to say.
    awaited: VecDeque<String>,
    now: Micros,
    lines: u64,
    events: u64,
}

impl Player {
    /// A player that waits for the first line.
    pub fn new() -> Player {
        Player::default()
    }

    /// Events told so far.
    pub const fn events(&self) -> u64 {
        self.events
    }

    /// Jobs submitted so far.
    pub fn jobs(&self) -> usize {
        self.jobs + self.submitted.len()
    }

    /// Lines that the replay gave again so far, the first one with the settings included.
    pub const fn lines(&self) -> u64 {
        self.lines
    }

    /// Whether the log may end here: not between an event and what was decided upon it.
    pub fn is_between_events(&self) -> bool {
        self.awaited.is_empty()
    }

    /// Takes the next line, without its line feed.
    ///
    /// # Errors
    /// If it is none, or differs from what the replay gives.
    pub fn hear(&mut self, line: &str) -> Result<(), HistoryError> {
        let number = self.lines + 1;
        if line.starts_with("history ") {
            // Another process goes on in the same log, whatever became of the one before it.
            self.begin();
        }
        if self.awaited.is_empty() {
            self.tell(line).map_err(|why| HistoryError::Unreadable {
                line: number,
                why,
                text: line.to_owned(),
            })?;
        }
        let replayed = self.awaited.pop_front().unwrap_or_default();
        if replayed != line {
            return Err(HistoryError::Differs { line: number, recorded: line.to_owned(), replayed });
        }
        self.lines = number;
        Ok(())
    }

    fn begin(&mut self) {
        self.jobs += self.submitted.len();
        self.scheduler = None;
        self.in_flight.clear();
        self.submitted.clear();
        self.awaited.clear();
        self.now = Micros::default();
    }

    /// Tells the scheduler the event of a line, and awaits that line and its answers.
    fn tell(&mut self, line: &str) -> Result<(), String> {
        let mut text = String::new();
        let Some(scheduler) = &mut self.scheduler else {
            let settings = read::settings(line)?;
            write::settings(&mut text, &settings);
            self.scheduler = Some(Scheduler::new(settings));
            self.awaited.extend(text.lines().map(str::to_owned));
            return Ok(());
        };
        let mut words = Words::of(line);
        let now = read::time(&mut words)?;
        let in_flight = &mut self.in_flight;
        let event = read::event(&mut words, |key| in_flight.remove(&key))?;
        check(scheduler, &event, &mut self.submitted)?;
        if now < self.now {
            return Err("the time goes back".to_owned());
        }
        self.now = now;
        self.events += 1;
        write::event(&mut text, now, &event);
        let mut actions = Vec::new();
        scheduler.handle(now, event, &mut actions);
        for action in actions {
            write::action(&mut text, now, &action);
            if let Action::Start(attempt) = action {
                in_flight.insert((attempt.job.0, attempt.task.0, attempt.number), attempt);
            }
        }
        self.awaited.extend(text.lines().map(str::to_owned));
        Ok(())
    }
}

/// What no scheduler can be told, so that a damaged log is a fault and not a panic.
fn check(scheduler: &Scheduler, event: &Event, submitted: &mut BTreeSet<JobId>) -> Result<(), String> {
    match event {
        Event::NodeJoined { node: NodeId(number), .. }
        | Event::NodeListed { node: NodeId(number) }
        | Event::NodeRestarted { node: NodeId(number), .. }
            if *number as usize > scheduler.nodes().all().len() =>
        {
            Err("a node's number is left out".to_owned())
        }
        Event::JobSubmitted { job, .. } if !submitted.insert(*job) => {
            Err("the job is submitted twice".to_owned())
        }
        _ => Ok(()),
    }
}
