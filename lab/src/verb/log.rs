//! `lab log`: the history of a server, in a terminal; `lab events`: what a running server remembers of it.

use super::say::{answer, failure};
use super::whom::Whom;
use console::history::{Event, EventQuery, History, HistoryError, JobQuery, PastJob};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};
use wire::membership::ClusterEvent;

/// Show what happened: events and past jobs that the console keeps beside the run folders, or what a server remembers
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lab log                            the latest events
  lab log --kind node_down           nodes that went
  lab log --search node3 --follow    what happens to a node, as it happens
  lab log --jobs --search ballast    past jobs of a strategy
  lab log --live --follow            what a running server tells, wherever its files are")]
pub(super) struct Arguments {
    /// Folder of the run folders, with the history beside them
    #[arg(long, value_name = "DIR", default_value = "results", env = "BALLAST_RESULTS")]
    results: PathBuf,
    /// Past jobs instead of events
    #[arg(long, env = "BALLAST_LOG_JOBS")]
    jobs: bool,
    /// Only what contains this text
    #[arg(long, value_name = "TEXT", env = "BALLAST_SEARCH")]
    search: Option<String>,
    /// Only events of this kind, such as node_down
    #[arg(long, value_name = "KIND", env = "BALLAST_KIND", value_parser = clap::builder::PossibleValuesParser::new(console::history::KINDS))]
    kind: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 50, env = "BALLAST_LIMIT")]
    limit: usize,
    /// Go on with what happens from now on, until Ctrl-C
    #[arg(long, env = "BALLAST_FOLLOW", conflicts_with = "jobs")]
    follow: bool,
    /// Ask a running server instead of reading files: the last thousand events that it remembers
    #[arg(long, env = "BALLAST_LIVE", conflicts_with_all = ["jobs", "kind"])]
    live: bool,
    #[command(flatten)]
    whom: Whom,
}

/// Show what a running server remembers: `lab log --live` with the events' numbers
#[derive(Debug, clap::Args)]
pub(super) struct Events {
    #[command(flatten)]
    whom: Whom,
    /// Only events with higher numbers
    #[arg(long, value_name = "NUMBER", default_value = "0", env = "BALLAST_AFTER")]
    after: u64,
}

/// How long a server may take to answer.
const ANSWER: Duration = Duration::from_secs(10);

/// Time between two looks of `--follow`.
const AGAIN: Duration = Duration::from_millis(500);

pub(super) fn run(arguments: &Arguments) -> ExitCode {
    if arguments.live {
        return live(arguments).unwrap_or_else(|why| failure(&why));
    }
    match show(arguments) {
        Ok(status) => status,
        Err(error) => failure(&error),
    }
}

fn show(arguments: &Arguments) -> Result<ExitCode, HistoryError> {
    let history = History::open_to_read(&arguments.results)?;
    if arguments.jobs {
        let query =
            JobQuery { search: arguments.search.clone(), limit: arguments.limit, ..JobQuery::default() };
        return Ok(answer(&history.jobs(&query)?.iter().rev().map(job_line).collect::<String>()));
    }
    let mut query = EventQuery {
        search: arguments.search.clone(),
        kind: arguments.kind.clone(),
        limit: arguments.limit,
        ..EventQuery::default()
    };
    loop {
        let events = history.events(&query)?;
        query.after = events.first().map(|(number, _)| *number).or(query.after);
        let status = answer(&events.iter().rev().map(|(_, event)| event_line(event)).collect::<String>());
        if !arguments.follow || status != ExitCode::SUCCESS {
            return Ok(status);
        }
        std::thread::sleep(AGAIN);
    }
}

pub(super) fn events(arguments: &Events) -> ExitCode {
    let told = arguments.whom.client(ANSWER).and_then(|server| {
        let events = server.events(arguments.after, ANSWER).map_err(|error| error.to_string())?.events;
        Ok(events
            .iter()
            .map(|event| format!("{:>5}  {}", event.number, live_line(event)))
            .collect::<String>())
    });
    told.map_or_else(|why| failure(&why), |text| answer(&text))
}

/// Prints what a running server remembers, and on request what happens from now on.
fn live(arguments: &Arguments) -> Result<ExitCode, String> {
    let server = arguments.whom.client(ANSWER)?;
    let (mut after, mut of) = (0, None);
    loop {
        let told = server.events(after, ANSWER).map_err(|error| error.to_string())?;
        if of.is_some_and(|known| known != told.server_incarnation) {
            // The server was started again, and its numbers begin anew.
            (after, of) = (0, None);
            continue;
        }
        let first = of.replace(told.server_incarnation).is_none();
        after = told.events.last().map_or(after, |event| event.number);
        let found =
            |event: &&ClusterEvent| arguments.search.as_ref().is_none_or(|text| event.text.contains(text));
        let lines: Vec<String> = told.events.iter().filter(found).map(live_line).collect();
        let most = if first { arguments.limit } else { usize::MAX };
        let status = answer(&lines[lines.len().saturating_sub(most)..].concat());
        if !arguments.follow || status != ExitCode::SUCCESS {
            return Ok(status);
        }
        std::thread::sleep(AGAIN);
    }
}

fn live_line(event: &ClusterEvent) -> String {
    let at_ms = event.at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis();
    event_line(&Event {
        at_ms: u64::try_from(at_ms).unwrap_or(u64::MAX),
        kind: event.kind.word().to_owned(),
        subject: harmless(&event.subject),
        text: harmless(&event.text),
    })
}

/// One line without what a terminal acts on. Quotes stay as they are: they have escapes too, but are harmless.
fn harmless(text: &str) -> String {
    text.split_inclusive(['\'', '"'])
        .map(|part| match part.strip_suffix(['\'', '"']) {
            Some(before) => format!("{}{}", before.escape_debug(), &part[before.len()..]),
            None => part.escape_debug().to_string(),
        })
        .collect()
}

fn moment(ms: u64) -> String {
    records::utc::text(SystemTime::UNIX_EPOCH + Duration::from_millis(ms))
}

fn event_line(event: &Event) -> String {
    format!("{}  {:<16} {:<12} {}\n", moment(event.at_ms), event.kind, event.subject, event.text)
}

fn job_line(job: &PastJob) -> String {
    let seconds = job.elapsed_us as f64 / 1e6;
    format!(
        "{}  {:<9} {:>6} of {:<6} {seconds:>9.2} s  {:<24} {:<20} {}\n",
        moment(job.submitted_ms),
        job.state,
        job.done,
        job.tasks,
        job.strategy,
        job.operation,
        job.key
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::membership::EventKind;

    #[test]
    fn a_server_and_the_history_tell_alike() {
        let event = ClusterEvent {
            number: 7,
            at: SystemTime::UNIX_EPOCH,
            kind: EventKind::JobFailedOver,
            subject: "key".to_owned(),
            text: "job 'key' goes on\nhere".to_owned(),
        };
        insta::assert_snapshot!(live_line(&event).trim_end(), @r"1970-01-01T00:00:00.000Z  failed_over      key          job 'key' goes on\nhere");
    }

    #[test]
    fn lines_begin_with_the_moment() {
        let event = Event {
            at_ms: 0,
            kind: "node_down".to_owned(),
            subject: "node3".to_owned(),
            text: "node3 at h:1 does not answer".to_owned(),
        };
        insta::assert_snapshot!(event_line(&event).trim_end(), @"1970-01-01T00:00:00.000Z  node_down        node3        node3 at h:1 does not answer");
    }
}
