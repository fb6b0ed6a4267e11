//! `lab top`: the cluster as a live table in a terminal.

use super::say::{answer, failure};
use super::whom::Whom;
use evidence::comparison::render::grid;
use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::Duration;
use wire::job::{JobProgress, JobView, NodeState, NodeView, ServerDescription};

/// Watch a server's cluster in the terminal, until Ctrl-C
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lab top                               the first server of machine.txt, or the one at 127.0.0.1:5000
  lab top --server 10.0.40.0:5000       another one
  lab top --once                        one look, for scripts; `lab nodes` is its table alone")]
pub(super) struct Arguments {
    #[command(flatten)]
    whom: Whom,
    /// Time between two looks
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = humantime::parse_duration, env = "BALLAST_INTERVAL")]
    interval: Duration,
    /// Nodes that are shown at most, the busiest
    #[arg(long, value_name = "N", default_value_t = 40, env = "BALLAST_MAX_NODES")]
    max_nodes: usize,
    /// Look once and end
    #[arg(long, env = "BALLAST_ONCE")]
    once: bool,
}

/// Show the nodes of a running server and what they do: the table of `lab top`, once
#[derive(Debug, clap::Args)]
pub(super) struct Nodes {
    #[command(flatten)]
    whom: Whom,
}

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// Jobs that are shown at most.
const MOST_JOBS: usize = 8;
const COLUMNS: [&str; 11] = [
    "node",
    "address",
    "state",
    "load",
    "in flight",
    "queue",
    "done",
    "rejected",
    "delayed",
    "lost",
    "mean ms",
];
/// To the top left, without flicker: what is below is cleared after the table.
const HOME: &str = "\u{1b}[H";
const CLEAR_ALL: &str = "\u{1b}[2J";
const CLEAR_LINE: &str = "\u{1b}[K";
const CLEAR_BELOW: &str = "\u{1b}[J";

pub(super) fn run(arguments: &Arguments) -> ExitCode {
    let client = match arguments.whom.client(PATIENCE) {
        Ok(client) => client,
        Err(why) => return failure(&why),
    };
    if arguments.once {
        return match client.describe(PATIENCE) {
            Ok(told) => {
                let jobs = client.jobs(true, PATIENCE).unwrap_or_default();
                answer(&table(&told, None, &jobs, arguments))
            }
            Err(error) => failure(&error),
        };
    }
    let mut before: Option<ServerDescription> = None;
    let mut status = answer(CLEAR_ALL);
    while status == ExitCode::SUCCESS {
        let text = match client.describe(PATIENCE) {
            Ok(told) => {
                let jobs = client.jobs(true, PATIENCE).unwrap_or_default();
                let text = table(&told, before.as_ref(), &jobs, arguments);
                before = Some(told);
                text
            }
            Err(error) => format!("{error}\nIt is asked again.\n"),
        };
        let text: String = text.lines().map(|line| format!("{line}{CLEAR_LINE}\n")).collect();
        status = answer(&format!("{HOME}{text}{CLEAR_BELOW}"));
        std::thread::sleep(arguments.interval);
    }
    status
}

pub(super) fn nodes(arguments: &Nodes) -> ExitCode {
    let told = arguments.whom.client(PATIENCE).and_then(|client| {
        let told = client.describe(PATIENCE).map_err(|error| error.to_string())?;
        Ok(grid(&COLUMNS, told.nodes.iter().map(row).collect()))
    });
    match told {
        Ok(table) => answer(&table),
        Err(why) => failure(&why),
    }
}

fn table(
    told: &ServerDescription,
    before: Option<&ServerDescription>,
    jobs: &[JobView],
    arguments: &Arguments,
) -> String {
    let mut text = headline(told, before);
    for job in jobs.iter().filter(|job| !job.progress.state.is_ended()).take(MOST_JOBS) {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{}", job_line(job));
    }
    let mut nodes: Vec<&NodeView> = told.nodes.iter().collect();
    if nodes.len() > arguments.max_nodes {
        nodes.sort_by_key(|node| std::cmp::Reverse(node.in_flight));
        nodes.truncate(arguments.max_nodes);
    }
    text.push('\n');
    text.push_str(&grid(&COLUMNS, nodes.into_iter().map(row).collect()));
    if told.nodes.len() > arguments.max_nodes {
        let _ = writeln!(text, "and {} more; --max-nodes shows them", told.nodes.len() - arguments.max_nodes);
    }
    text
}

fn headline(told: &ServerDescription, before: Option<&ServerDescription>) -> String {
    let sum = |told: &ServerDescription, of: fn(&NodeView) -> u64| told.nodes.iter().map(of).sum::<u64>();
    let rate = |of: fn(&NodeView) -> u64| {
        let before = before?;
        let seconds = told.uptime.saturating_sub(before.uptime).as_secs_f64();
        (seconds > 0.0)
            .then(|| format!("{:.1}/s", sum(told, of).saturating_sub(sum(before, of)) as f64 / seconds))
    };
    let up = told.nodes.iter().filter(|node| node.state == NodeState::Up).count();
    let part = |name: &str, of: fn(&NodeView) -> u64| {
        let rate = rate(of).map(|rate| format!(" {rate}")).unwrap_or_default();
        format!("{name} {}{rate}", sum(told, of))
    };
    format!(
        "{}  up {}  nodes {up} of {}  in flight {}  {}  {}  {}  jobs {} running, {} ended\n",
        told.name,
        humantime::format_duration(Duration::from_secs(told.uptime.as_secs())),
        told.nodes.len(),
        sum(told, |node| node.in_flight),
        part("done", |node| node.done),
        part("rejected", |node| node.rejected),
        part("delayed", |node| node.delayed),
        told.jobs_running,
        told.jobs_ended,
    )
}

fn job_line(job: &JobView) -> String {
    let progress = &job.progress;
    let ended = progress.done + progress.failed;
    let filled = (20 * ended).checked_div(progress.tasks).unwrap_or(0) as usize;
    let bar = format!("{}{}", "█".repeat(filled), "░".repeat(20 - filled.min(20)));
    let left = left(progress).map(|left| format!(", {left} left")).unwrap_or_default();
    let receipt = &job.receipt;
    format!(
        "{bar} {ended} of {}{left}  {} by {}  {}",
        progress.tasks, receipt.operation, receipt.strategy, receipt.job_key
    )
}

fn left(progress: &JobProgress) -> Option<String> {
    let ended = progress.done + progress.failed;
    let open = progress.tasks.saturating_sub(ended);
    let seconds = progress.elapsed.as_secs_f64() * open as f64 / ended.max(1) as f64;
    (ended > 0).then(|| humantime::format_duration(Duration::from_secs(seconds.ceil() as u64)).to_string())
}

fn row(node: &NodeView) -> Vec<String> {
    let state = match node.state {
        NodeState::Up => "up",
        NodeState::Down => "DOWN",
        NodeState::Ejected => "EJECTED",
        NodeState::Draining => "draining",
        NodeState::Suspected => "SUSPECTED",
        NodeState::Other(_) => "UNKNOWN",
    };
    // What it told may be older than what the server knows: nothing waits where nothing is in flight.
    let waiting =
        node.status.as_ref().map(|(status, _)| u64::from(status.queued).min(node.in_flight).to_string());
    vec![
        node.name.clone(),
        node.address.clone(),
        state.to_owned(),
        node.load_probability.map_or_else(String::new, |load| format!("{:.0} %", 100.0 * load)),
        node.slots.map_or_else(|| node.in_flight.to_string(), |slots| format!("{}/{slots}", node.in_flight)),
        waiting.unwrap_or_default(),
        node.done.to_string(),
        node.rejected.to_string(),
        node.delayed.to_string(),
        node.lost.to_string(),
        if node.done > 0 {
            format!("{:.1}", node.mean_round_trip.as_secs_f64() * 1e3)
        } else {
            String::new()
        },
    ]
}
