//! `lab drain`, `lab resume`, `lab nodes`, `lab events`: an operator's words to a running server.

use cluster::{Address, Machines};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};
use wire::job::{NodeState, NodeView};
use wire::{PoolSettings, ServerClient};

/// How long the server may take to answer.
const ANSWER: Duration = Duration::from_secs(10);
/// Time between two looks at a node that finishes what it has.
const LOOK: Duration = Duration::from_millis(200);

/// Which server is meant.
#[derive(Debug, clap::Args)]
pub(super) struct Whom {
    /// The server; not given: the first server of machine.txt
    #[arg(long, value_name = "HOST[:PORT]", env = "BALLAST_SERVER")]
    server: Option<Address>,
    /// The list of machines
    #[arg(long, value_name = "FILE", default_value = "machine.txt", env = "BALLAST_MACHINES")]
    machines: PathBuf,
    /// What is shown to the server.
    #[command(flatten)]
    keys: program::door::Keys,
}

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

/// Show the nodes of a running server and what they do
#[derive(Debug, clap::Args)]
pub(super) struct Nodes {
    #[command(flatten)]
    whom: Whom,
}

/// Show what happened to nodes and jobs of a running server of late
#[derive(Debug, clap::Args)]
pub(super) struct Events {
    #[command(flatten)]
    whom: Whom,
    /// Only events with higher numbers
    #[arg(long, value_name = "NUMBER", default_value = "0", env = "BALLAST_AFTER")]
    after: u64,
}

/// A running server that was asked.
struct Server(ServerClient);

fn server(whom: &Whom) -> Result<Server, String> {
    let address = match &whom.server {
        Some(address) => address.to_string(),
        None => {
            let machines = Machines::load(&whom.machines).map_err(|error| error.to_string())?;
            let first = machines.servers().next().map(|server| server.address.to_string());
            first.ok_or("machine.txt names no server")?
        }
    };
    let credentials = whom.keys.credentials().map_err(|error| error.to_string())?;
    Ok(Server(ServerClient::new(
        address,
        PoolSettings { connections: 1, credentials, ..PoolSettings::default() },
    )))
}

impl Server {
    fn nodes(&self) -> Result<Vec<NodeView>, String> {
        self.0.describe(ANSWER).map(|server| server.nodes).map_err(|error| error.to_string())
    }

    fn drain(&self, node: &str, wait: bool) -> Result<String, String> {
        let answer = self.0.drain(node, ANSWER).map_err(|error| error.to_string())?;
        answer.map_err(|error| error.to_string())?;
        loop {
            let nodes = self.nodes()?;
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

    fn resume(&self, node: &str) -> Result<String, String> {
        let answer = self.0.resume(node, ANSWER).map_err(|error| error.to_string())?;
        answer.map_err(|error| error.to_string())?;
        Ok(format!("{node} gets work again"))
    }

    fn events(&self, after: u64) -> Result<String, String> {
        let events = self.0.events(after, ANSWER).map_err(|error| error.to_string())?.events;
        let line = |event: &wire::membership::ClusterEvent| {
            let since = event.at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            let at = humantime::format_rfc3339_millis(SystemTime::UNIX_EPOCH + since);
            format!("{:>5}  {at}  {}\n", event.number, event.text.escape_debug())
        };
        Ok(events.iter().map(line).collect::<String>().trim_end().to_owned())
    }
}

fn table(nodes: &[NodeView]) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header([
        "node",
        "address",
        "state",
        "in flight",
        "done",
        "rejected",
        "lost",
        "running",
        "queued",
    ]);
    for node in nodes {
        let told = |get: fn(&wire::node::NodeStatus) -> u32| {
            node.status.as_ref().map_or_else(String::new, |(status, _)| get(status).to_string())
        };
        table.add_row([
            node.name.clone(),
            node.address.clone(),
            state(node.state).to_owned(),
            node.in_flight.to_string(),
            node.done.to_string(),
            node.rejected.to_string(),
            node.lost.to_string(),
            told(|status| status.running),
            told(|status| status.queued),
        ]);
    }
    table.trim_fmt()
}

const fn state(state: NodeState) -> &'static str {
    match state {
        NodeState::Up => "up",
        NodeState::Down => "down",
        NodeState::Ejected => "ejected",
        NodeState::Draining => "draining",
        NodeState::Suspected => "suspected",
    }
}

fn tell(what: &str, said: Result<String, String>) -> ExitCode {
    match said {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("lab {what}: {why}");
            ExitCode::FAILURE
        }
    }
}

pub(super) fn drain(arguments: &Drain) -> ExitCode {
    tell("drain", server(&arguments.whom).and_then(|server| server.drain(&arguments.node, arguments.wait)))
}

pub(super) fn resume(arguments: &Resume) -> ExitCode {
    tell("resume", server(&arguments.whom).and_then(|server| server.resume(&arguments.node)))
}

pub(super) fn nodes(arguments: &Nodes) -> ExitCode {
    tell("nodes", server(&arguments.whom).and_then(|server| Ok(table(&server.nodes()?))))
}

pub(super) fn events(arguments: &Events) -> ExitCode {
    tell("events", server(&arguments.whom).and_then(|server| server.events(arguments.after)))
}
