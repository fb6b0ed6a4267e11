//! Events and actions as lines.

use crate::{Action, Event, GiveUp, JobEnd, JobSpec, LossReason, Micros, Outcome, Settings, TaskEnd};
use std::fmt::{self, Display, Formatter, Write as _};
use std::time::Duration;

/// The first line of a log: what holds for the whole scheduler.
pub fn settings(to: &mut String, settings: &Settings) {
    let rule = &settings.ejection;
    line(
        to,
        format_args!(
            "history 1 max_in_flight={} losses={} probe_ns={} probe_cap_ns={} percent={} stale_ns={}",
            settings.max_in_flight,
            rule.consecutive_losses,
            rule.base.as_nanos(),
            rule.cap.as_nanos(),
            rule.max_percent,
            settings.stale.unwrap_or_default().as_nanos(),
        ),
    );
}

/// The line of an event with everything that the scheduler may look at.
pub fn event(to: &mut String, now: Micros, event: &Event) {
    line(to, format_args!("{now} {}{}", told(event), Details(event)));
}

/// The line of an action.
pub fn action(to: &mut String, now: Micros, action: &Action) {
    line(to, format_args!("{now} {}", words_of(action)));
}

fn line(to: &mut String, words: fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = to.write_fmt(words);
    to.push('\n');
}

/// An event in short, without its time.
pub fn told(event: &Event) -> impl Display {
    fmt::from_fn(move |to| match event {
        Event::NodeListed { node } => write!(to, "listed n{}", node.0),
        Event::NodeRestarted { node, facts } => write!(to, "restarted n{} slots={}", node.0, facts.slots),
        Event::NodeResumed { node } => write!(to, "resumed n{}", node.0),
        Event::JobPaused { job } => write!(to, "paused j{}", job.0),
        Event::JobResumed { job } => write!(to, "continued j{}", job.0),
        Event::NodeJoined { node, facts } => write!(to, "joined n{} slots={}", node.0, facts.slots),
        Event::NodeLeft { node } => write!(to, "left n{}", node.0),
        Event::NodeSilent { node } => write!(to, "silent n{}", node.0),
        Event::NodeDraining { node } => write!(to, "draining n{}", node.0),
        Event::ProbeEnded { node, alive } => {
            write!(to, "probed n{} {}", node.0, if *alive { "alive" } else { "silent" })
        }
        Event::JobSubmitted { job, spec } => {
            let (strategy, seed) = (&spec.strategy, spec.seed.0);
            let admission = strategy.admission;
            write!(
                to,
                "submitted j{} tasks={} strategy={strategy} admission={admission} seed={seed}",
                job.0, spec.tasks
            )
        }
        Event::TasksArrived { job, count } => write!(to, "arrived j{} tasks={count}", job.0),
        Event::TasksPlaced { job, homes } => {
            write!(to, "placed j{} homes=", job.0)?;
            for (number, home) in homes.iter().enumerate() {
                let comma = if number == 0 { "" } else { "," };
                match home {
                    Some(node) => write!(to, "{comma}{}", node.0)?,
                    None => write!(to, "{comma}-")?,
                }
            }
            Ok(())
        }
        Event::JobSealed { job } => write!(to, "sealed j{}", job.0),
        Event::JobCancelled { job } => write!(to, "cancelled j{}", job.0),
        Event::AttemptEnded { attempt, observation } => {
            let (job, task, number, node) = (attempt.job.0, attempt.task.0, attempt.number, attempt.node.0);
            write!(to, "ended j{job} t{task} a{number} n{node} {}", outcome(observation.outcome))
        }
        Event::TimerFired => to.write_str("timer"),
    })
}

/// An action in short, without its time.
pub fn words_of(action: &Action) -> impl Display {
    fmt::from_fn(move |to| match action {
        Action::Start(attempt) => {
            let (job, task, number, node) = (attempt.job.0, attempt.task.0, attempt.number, attempt.node.0);
            write!(to, "start j{job} t{task} a{number} n{node}")
        }
        Action::Cancel { attempt, node } => write!(to, "cancel #{attempt} n{}", node.0),
        Action::Probe { node } => write!(to, "probe n{}", node.0),
        Action::WakeAt(at) => write!(to, "wake {at}"),
        Action::TaskEnded { job, task, end } => {
            let how = match end {
                TaskEnd::Done => "done",
                TaskEnd::Failed => "failed",
                TaskEnd::GaveUp(reason) => reason.words(),
            };
            write!(to, "task j{} t{} {how}", job.0, task.0)
        }
        Action::JobEnded { job, end, counts } => {
            let how = match end {
                JobEnd::Done => "done",
                JobEnd::Partial => "partial",
                JobEnd::NoNode => "no node",
                JobEnd::Cancelled => "cancelled",
            };
            write!(to, "job j{} {how} attempts={}", job.0, counts.begun)
        }
        Action::JobDrained { job, .. } => write!(to, "drained j{}", job.0),
    })
}

/// What the short form of an event leaves out.
struct Details<'a>(&'a Event);

impl Display for Details<'_> {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Event::NodeJoined { facts, .. } | Event::NodeRestarted { facts, .. } => {
                match facts.load_probability {
                    Some(load) => write!(to, " load={load}"),
                    None => Ok(()),
                }
            }
            Event::JobSubmitted { spec, .. } => rules(to, spec),
            Event::AttemptEnded { observation, .. } => {
                write!(to, " total_ns={}", observation.round_trip.as_nanos())?;
                let Some(times) = observation.node else { return Ok(()) };
                let ns = |time: Duration| time.as_nanos();
                let (queue, delay, service) = (ns(times.queue), ns(times.delay), ns(times.service));
                write!(to, " queue_ns={queue} delay_ns={delay} service_ns={service}")
            }
            _ => Ok(()),
        }
    }
}

fn rules(to: &mut Formatter<'_>, spec: &JobSpec) -> fmt::Result {
    let rule = &spec.retry;
    write!(
        to,
        " max_in_flight={} max_attempts={} max_losses={} backoff_ns={} backoff_cap_ns={} patience_ns={} \
         budget_share={} budget_reserve={} sealed={}",
        spec.max_in_flight,
        rule.max_attempts,
        rule.max_losses,
        rule.backoff_base.as_nanos(),
        rule.backoff_cap.as_nanos(),
        rule.patience.as_nanos(),
        rule.budget.share,
        rule.budget.reserve_per_second,
        spec.sealed,
    )?;
    // Only a job that is resumed has any.
    for (number, (task, end)) in spec.ended.iter().enumerate() {
        write!(to, "{}{}:{}", if number == 0 { " earlier=" } else { "," }, task.0, end_letter(*end))?;
    }
    Ok(())
}

const fn end_letter(end: TaskEnd) -> char {
    match end {
        TaskEnd::Done => 'd',
        TaskEnd::Failed => 'f',
        TaskEnd::GaveUp(GiveUp::Rejections) => 'r',
        TaskEnd::GaveUp(GiveUp::Losses) => 'l',
        TaskEnd::GaveUp(GiveUp::NoNode) => 'n',
        TaskEnd::GaveUp(GiveUp::Cancelled) => 'c',
    }
}

/// The end of that letter.
pub(super) fn end_of(letter: &str) -> Option<TaskEnd> {
    let given_up =
        [GiveUp::Rejections, GiveUp::Losses, GiveUp::NoNode, GiveUp::Cancelled].map(TaskEnd::GaveUp);
    let mut all = [TaskEnd::Done, TaskEnd::Failed].into_iter().chain(given_up);
    all.find(|end| end_letter(*end).to_string() == letter)
}

const fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "done",
        Outcome::Rejected => "rejected",
        Outcome::Failed => "failed",
        Outcome::Lost(LossReason::Unreachable) => "unreachable",
        Outcome::Lost(LossReason::Broken) => "broken",
        Outcome::Lost(LossReason::Fault) => "fault",
        Outcome::TimedOut => "timed_out",
        Outcome::Cancelled => "cancelled",
    }
}

/// The outcome of that name.
pub(super) fn outcome_of(name: &str) -> Option<Outcome> {
    const ALL: [Outcome; 8] = [
        Outcome::Done,
        Outcome::Rejected,
        Outcome::Failed,
        Outcome::Lost(LossReason::Unreachable),
        Outcome::Lost(LossReason::Broken),
        Outcome::Lost(LossReason::Fault),
        Outcome::TimedOut,
        Outcome::Cancelled,
    ];
    ALL.into_iter().find(|known| outcome(*known) == name)
}
