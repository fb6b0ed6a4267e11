//! `lab health`: whether a server or a node answers, as an exit status for probes.

use super::say::{answer, tell};
use std::process::ExitCode;
use std::time::Duration;
use wire::job::NodeState;
use wire::{NodeClient, PoolSettings, ServerClient};

/// Ask a server, or a node, whether it lives: exit status 0 if so, 1 if not
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lab health                            the server at 127.0.0.1:5000, and whether a node takes work
  lab health --node 127.0.0.1:5001      a node")]
pub(super) struct Arguments {
    /// The server to ask
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:5000", env = "BALLAST_SERVER")]
    server: String,
    /// A node to ask instead
    #[arg(long, value_name = "HOST:PORT", env = "BALLAST_NODE")]
    node: Option<String>,
    /// How long an answer may take
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = humantime::parse_duration, env = "BALLAST_TIMEOUT")]
    timeout: Duration,
}

pub(super) fn run(arguments: &Arguments) -> ExitCode {
    let settings =
        PoolSettings { connections: 1, connect_time: arguments.timeout, ..PoolSettings::default() };
    let health = match &arguments.node {
        Some(node) => {
            let status = NodeClient::new(node.clone(), settings).status(arguments.timeout);
            status.map_err(|error| error.to_string()).map(|status| {
                format!(
                    "{node} lives: {} running, {} queued, {} done",
                    status.running, status.queued, status.done
                )
            })
        }
        None => server(arguments, settings),
    };
    match health {
        Ok(sentence) => answer(&(sentence + "\n")),
        Err(why) => {
            tell(&format!("lab: {why}"));
            ExitCode::FAILURE
        }
    }
}

fn server(arguments: &Arguments, settings: PoolSettings) -> Result<String, String> {
    let client = ServerClient::new(arguments.server.clone(), settings);
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
