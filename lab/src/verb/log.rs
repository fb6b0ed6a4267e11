//! `lab log`: the history of a server, in a terminal.

use super::say::{answer, failure};
use console::history::{Event, EventQuery, History, HistoryError, JobQuery, PastJob};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

/// Show what happened: events and past jobs that the console keeps beside the run folders
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lab log                            the latest events
  lab log --kind node_down           nodes that went
  lab log --search node3 --follow    what happens to a node, as it happens
  lab log --jobs --search ballast    past jobs of a strategy")]
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
}

/// Time between two looks of `--follow`.
const AGAIN: Duration = Duration::from_millis(500);

pub(super) fn run(arguments: &Arguments) -> ExitCode {
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

fn moment(ms: u64) -> String {
    records::utc::text(SystemTime::UNIX_EPOCH + Duration::from_millis(ms))
}

fn event_line(event: &Event) -> String {
    format!("{}  {:<14} {:<12} {}\n", moment(event.at_ms), event.kind, event.subject, event.text)
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

    #[test]
    fn lines_begin_with_the_moment() {
        let event = Event {
            at_ms: 0,
            kind: "node_down".to_owned(),
            subject: "node3".to_owned(),
            text: "node3 at h:1 does not answer".to_owned(),
        };
        insta::assert_snapshot!(event_line(&event).trim_end(), @"1970-01-01T00:00:00.000Z  node_down      node3        node3 at h:1 does not answer");
    }
}
