//! `lab health`: whether a server or a node answers, as an exit status for probes.

use super::say::{answer, tell};
use super::whom::Whom;
use std::process::ExitCode;
use std::time::Duration;
use wire::NodeClient;
use wire::job::NodeState;

/// Ask a server, or a node, whether it lives: exit status 0 if so, 1 if not
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lab health                            the first server of machine.txt, or that at 127.0.0.1:5000, and whether a node takes work
  lab health --node 127.0.0.1:5001      a node")]
pub(super) struct Arguments {
    #[command(flatten)]
    whom: Whom,
    /// A node to ask instead
    #[arg(long, value_name = "HOST:PORT", env = "BALLAST_NODE")]
    node: Option<String>,
    /// How long an answer may take
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = humantime::parse_duration, env = "BALLAST_TIMEOUT")]
    timeout: Duration,
}

pub(super) fn run(arguments: &Arguments) -> ExitCode {
    let health = match &arguments.node {
        Some(name) => node(name, arguments),
        None => server(arguments),
    };
    match health {
        Ok(sentence) => answer(&(sentence + "\n")),
        Err(why) => {
            tell(&format!("lab: {why}"));
            ExitCode::FAILURE
        }
    }
}

fn node(name: &str, arguments: &Arguments) -> Result<String, String> {
    let client = NodeClient::new(name, arguments.whom.settings(arguments.timeout)?);
    let status = client.status(arguments.timeout).map_err(|error| error.to_string())?;
    Ok(format!("{name} lives: {} running, {} queued, {} done", status.running, status.queued, status.done))
}

fn server(arguments: &Arguments) -> Result<String, String> {
    let client = arguments.whom.client(arguments.timeout)?;
    let told = client.describe(arguments.timeout).map_err(|error| error.to_string())?;
    let up = told.nodes.iter().filter(|node| node.state == NodeState::Up).count();
    if up == 0 {
        return Err(format!(
            "{} lives, and no node takes work: start nodes with `computenode 0.2`",
            told.name
        ));
    }
    Ok(format!(
        "{} lives: {up} of {} nodes up, {} jobs running",
        told.name,
        told.nodes.len(),
        told.jobs_running
    ))
}
