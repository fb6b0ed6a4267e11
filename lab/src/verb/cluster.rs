//! `lab drain`, `lab resume`: an operator's words to a running server.

use super::say::{answer, failure};
use super::whom::Whom;
use std::process::ExitCode;
use std::time::Duration;
use wire::ServerClient;

/// How long the server may take to answer.
const ANSWER: Duration = Duration::from_secs(10);
/// Time between two looks at a node that finishes what it has.
const LOOK: Duration = Duration::from_millis(200);

/// Let a node finish what it has and get nothing new, until it is resumed or started anew
#[derive(Debug, clap::Args)]
pub(super) struct Drain {
    /// Name of the node, as `lab nodes` shows it
    node: String,
    #[command(flatten)]
    whom: Whom,
    /// Come back when nothing is in flight on the node any more: then it can be stopped without loss
    #[arg(long, env = "BALLAST_WAIT")]
    wait: bool,
}

/// Give a drained node work again
#[derive(Debug, clap::Args)]
pub(super) struct Resume {
    /// Name of the node
    node: String,
    #[command(flatten)]
    whom: Whom,
}

pub(super) fn drain(arguments: &Drain) -> ExitCode {
    tell(arguments.whom.client(ANSWER).and_then(|server| wait(&server, &arguments.node, arguments.wait)))
}

pub(super) fn resume(arguments: &Resume) -> ExitCode {
    tell(arguments.whom.client(ANSWER).and_then(|server| {
        let answered = server.resume(&arguments.node, ANSWER).map_err(|error| error.to_string())?;
        answered.map_err(|error| error.to_string())?;
        Ok(format!("{} gets work again", arguments.node))
    }))
}

fn wait(server: &ServerClient, node: &str, wait: bool) -> Result<String, String> {
    let answered = server.drain(node, ANSWER).map_err(|error| error.to_string())?;
    answered.map_err(|error| error.to_string())?;
    loop {
        let nodes = server.describe(ANSWER).map_err(|error| error.to_string())?.nodes;
        let Some(view) = nodes.iter().find(|view| view.name == node) else {
            return Ok(format!("{node} has left"));
        };
        if view.in_flight == 0 {
            return Ok(format!("{node} has nothing in flight and gets nothing new: it can be stopped"));
        }
        if !wait {
            return Ok(format!("{node} gets nothing new; {} attempts are in flight", view.in_flight));
        }
        std::thread::sleep(LOOK);
    }
}

fn tell(said: Result<String, String>) -> ExitCode {
    match said {
        Ok(text) => answer(&(text + "\n")),
        Err(why) => failure(&why),
    }
}
