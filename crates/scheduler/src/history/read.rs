//! Lines as events.

use super::write::{end_of, outcome_of};
use crate::health::EjectionRule;
use crate::{
    Attempt, Event, JobId, JobSpec, Micros, NodeFacts, NodeId, NodeTimes, Observation, RetryBudget,
    RetryRule, Settings, Strategy, TaskEnd, TaskIndex,
};
use luck::Seed;
use std::str::{FromStr, SplitAsciiWhitespace};
use std::time::Duration;

/// Names an attempt: job, task, number.
pub(super) type Key = (u64, u32, u32);

/// Reads one word of a line after the other; a fault is a sentence.
#[derive(Debug)]
pub(super) struct Words<'a> {
    words: SplitAsciiWhitespace<'a>,
}

impl<'a> Words<'a> {
    pub(super) fn of(line: &'a str) -> Words<'a> {
        Words { words: line.split_ascii_whitespace() }
    }

    pub(super) fn word(&mut self, what: &str) -> Result<&'a str, String> {
        self.words.next().ok_or_else(|| format!("{what} is missing"))
    }

    /// The value of the next word, which begins with `prefix`.
    pub(super) fn value<T: FromStr>(&mut self, prefix: &str) -> Result<T, String> {
        let word = self.word(prefix)?;
        let value = word.strip_prefix(prefix).and_then(|value| value.parse().ok());
        value.ok_or_else(|| format!("'{word}' stands where '{prefix}…' should"))
    }

    fn time(&mut self, prefix: &str) -> Result<Duration, String> {
        let nanoseconds: u128 = self.value(prefix)?;
        let seconds =
            u64::try_from(nanoseconds / 1_000_000_000).map_err(|_| format!("{prefix} is too long"))?;
        Ok(Duration::new(seconds, (nanoseconds % 1_000_000_000) as u32))
    }

    fn is_at_end(&self) -> bool {
        self.words.clone().next().is_none()
    }

    fn node(&mut self) -> Result<NodeId, String> {
        self.value("n").map(NodeId)
    }

    fn job(&mut self) -> Result<JobId, String> {
        self.value("j").map(JobId)
    }
}

/// The settings of a log's first line.
pub(super) fn settings(line: &str) -> Result<Settings, String> {
    let mut words = Words::of(line);
    if words.word("'history'")? != "history" || words.word("the version")? != "1" {
        return Err("the first line does not begin with 'history 1'".to_owned());
    }
    let max_in_flight = words.value("max_in_flight=")?;
    let ejection = EjectionRule {
        consecutive_losses: words.value("losses=")?,
        base: words.time("probe_ns=")?,
        cap: words.time("probe_cap_ns=")?,
        max_percent: words.value("percent=")?,
    };
    let stale = Some(words.time("stale_ns=")?).filter(|span| !span.is_zero());
    Ok(Settings { max_in_flight, ejection, stale })
}

/// The time at the beginning of a line.
pub(super) fn time(words: &mut Words<'_>) -> Result<Micros, String> {
    words.value("").map(Micros)
}

/// The event of a line whose time was read. `take` gives the attempt of a key, which is in flight.
pub(super) fn event(
    words: &mut Words<'_>,
    mut take: impl FnMut(Key) -> Option<Attempt>,
) -> Result<Event, String> {
    Ok(match words.word("an event")? {
        "listed" => Event::NodeListed { node: words.node()? },
        "joined" => Event::NodeJoined { node: words.node()?, facts: facts(words)? },
        "restarted" => Event::NodeRestarted { node: words.node()?, facts: facts(words)? },
        "resumed" => Event::NodeResumed { node: words.node()? },
        "paused" => Event::JobPaused { job: words.job()? },
        "continued" => Event::JobResumed { job: words.job()? },
        "left" => Event::NodeLeft { node: words.node()? },
        "silent" => Event::NodeSilent { node: words.node()? },
        "draining" => Event::NodeDraining { node: words.node()? },
        "probed" => {
            let node = words.node()?;
            Event::ProbeEnded { node, alive: words.word("the answer")? == "alive" }
        }
        "submitted" => Event::JobSubmitted { job: words.job()?, spec: spec(words)? },
        "arrived" => Event::TasksArrived { job: words.job()?, count: words.value("tasks=")? },
        "placed" => {
            Event::TasksPlaced { job: words.job()?, homes: homes(&words.value::<String>("homes=")?)? }
        }
        "sealed" => Event::JobSealed { job: words.job()? },
        "cancelled" => Event::JobCancelled { job: words.job()? },
        "ended" => {
            let key = (words.value("j")?, words.value("t")?, words.value("a")?);
            words.node()?;
            let observation = observation(words)?;
            let attempt = take(key).ok_or("no such attempt is in flight")?;
            Event::AttemptEnded { attempt, observation }
        }
        "timer" => Event::TimerFired,
        other => return Err(format!("'{other}' is no event")),
    })
}

/// The home of each task, `-` for none.
fn homes(text: &str) -> Result<Vec<Option<NodeId>>, String> {
    let home = |word: &str| match word {
        "-" => Ok(None),
        number => {
            number.parse().map(|number| Some(NodeId(number))).map_err(|_| format!("'{number}' is no node"))
        }
    };
    text.split(',').map(home).collect()
}

fn facts(words: &mut Words<'_>) -> Result<NodeFacts, String> {
    let slots = words.value("slots=")?;
    let load_probability = if words.is_at_end() { None } else { Some(words.value("load=")?) };
    Ok(NodeFacts { slots, load_probability })
}

fn spec(words: &mut Words<'_>) -> Result<JobSpec, String> {
    let tasks = words.value("tasks=")?;
    let strategy = words.word("the strategy")?.trim_start_matches("strategy=");
    let strategy: Strategy = strategy.parse().map_err(|error| format!("{error}"))?;
    let strategy = strategy.with_admission(words.value("admission=")?);
    let seed = Seed(words.value("seed=")?);
    let max_in_flight = words.value("max_in_flight=")?;
    let retry = RetryRule {
        max_attempts: words.value("max_attempts=")?,
        max_losses: words.value("max_losses=")?,
        backoff_base: words.time("backoff_ns=")?,
        backoff_cap: words.time("backoff_cap_ns=")?,
        patience: words.time("patience_ns=")?,
        budget: RetryBudget {
            share: words.value("budget_share=")?,
            reserve_per_second: words.value("budget_reserve=")?,
        },
    };
    let sealed = words.value("sealed=")?;
    let ended = if words.is_at_end() { Vec::new() } else { earlier(words.word("earlier ends")?)? };
    Ok(JobSpec { tasks, strategy, seed, max_in_flight, retry, sealed, ended })
}

/// Tasks that ended before a resumed job was submitted.
fn earlier(word: &str) -> Result<Vec<(TaskIndex, TaskEnd)>, String> {
    let pairs = word.strip_prefix("earlier=").ok_or("only 'earlier=' may follow")?.split(',');
    let pair = |pair: &str| {
        let (task, end) = pair.split_once(':')?;
        Some((TaskIndex(task.parse().ok()?), end_of(end)?))
    };
    pairs.map(|text| pair(text).ok_or_else(|| format!("'{text}' is no task and its end"))).collect()
}

fn observation(words: &mut Words<'_>) -> Result<Observation, String> {
    let name = words.word("the outcome")?;
    let outcome = outcome_of(name).ok_or_else(|| format!("'{name}' is no outcome"))?;
    let round_trip = words.time("total_ns=")?;
    let node = match words.is_at_end() {
        true => None,
        false => Some(NodeTimes {
            queue: words.time("queue_ns=")?,
            delay: words.time("delay_ns=")?,
            service: words.time("service_ns=")?,
        }),
    };
    Ok(Observation { outcome, round_trip, node })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::GiveUp;

    #[test]
    fn a_resumed_job_brings_the_ends_of_its_earlier_life() {
        let ended = "earlier=0:d,7:f,9:n";
        let read = earlier(ended).unwrap();
        let wanted = [TaskEnd::Done, TaskEnd::Failed, TaskEnd::GaveUp(GiveUp::NoNode)];
        assert_eq!(read, [0, 7, 9].map(TaskIndex).into_iter().zip(wanted).collect::<Vec<_>>());
        assert!(earlier("earlier=0:x").is_err() && earlier("0:d").is_err());
    }
}
