//! `lab torture`: faults at random while jobs run, and whether anything was lost.

use super::say::{answer, failure, tell};
use crate::torture::soak::quarters;
use crate::torture::{self, Plan, Verdict};
use luck::Seed;
use std::fmt::Write as _;
use std::process::ExitCode;

/// Kill, stop, cut and slow nodes, servers, clients and wires at random while jobs run; tell whether anything was lost
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lab torture                          200 faults, about a minute
  lab torture --faults 2000            ten times as many
  lab torture --tasks 100000 --images 500 --nodes 16 --keep-servers
                                       a soak: faults until so many tasks are done, and whether the servers grew
  lab torture --network namespaces     each program in a network namespace of its own; packets are dropped
  lab torture --seed 7                 other faults; a failure prints the seed that it happened under

Every job's results are compared byte for byte with those of an undisturbed run; every task must have exactly one
final row; no temporary file and no process may be left.

Exit status: 0 nothing was lost, 1 something was, or the run could not be carried out.")]
pub(super) struct Arguments {
    /// How many faults
    #[arg(long, value_name = "N", default_value_t = 200, env = "BALLAST_TORTURE_FAULTS")]
    faults: u64,
    /// Names the faults, their victims and their lengths
    #[arg(long, value_name = "S", default_value_t = 1, env = "BALLAST_SEED")]
    seed: u64,
    /// Compute nodes
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=64), env = "BALLAST_TORTURE_NODES")]
    nodes: u64,
    /// Servers, each standing by for those before it
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=8), env = "BALLAST_TORTURE_SERVERS")]
    servers: u64,
    /// What carries messages: proxies on loopback that misbehave, or a network of namespaces that drops packets (as
    /// root, with iproute2 and nftables)
    #[arg(long, value_enum, default_value_t = NetworkName::Proxies, env = "BALLAST_TORTURE_NETWORK")]
    network: NetworkName,
    /// Images of every job
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=10_000), env = "BALLAST_TORTURE_IMAGES")]
    images: u64,
    /// Go on, with more faults if need be, until so many tasks are done
    #[arg(long, value_name = "N", default_value_t = 0, env = "BALLAST_TORTURE_TASKS")]
    tasks: u64,
    /// Never end a server, so that its growth is seen over the whole run
    #[arg(long, env = "BALLAST_TORTURE_KEEP_SERVERS")]
    keep_servers: bool,
    /// Strategies, job by job in turn
    #[arg(long, value_delimiter = ',', value_name = "NAMES", default_values_t = ["random", "load_balancing", "round_robin", "ballast"].map(str::to_owned), env = "BALLAST_STRATEGIES")]
    strategies: Vec<String>,
}

/// What carries messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum NetworkName {
    /// Proxies on loopback
    Proxies,
    /// Network namespaces
    Namespaces,
}

pub(super) fn run(arguments: &Arguments) -> ExitCode {
    match rack(arguments) {
        Ok(verdict) => {
            let printed = answer(&render(&verdict));
            if verdict.wrong.is_empty() {
                return printed;
            }
            let Arguments { faults, seed, servers, network, .. } = arguments;
            let network = if *network == NetworkName::Namespaces { " --network namespaces" } else { "" };
            tell(&format!(
                "lab: under these faults again: lab torture --faults {faults} --seed {seed} --servers {servers}{network}"
            ));
            ExitCode::FAILURE
        }
        Err(error) => failure(&*error),
    }
}

fn rack(arguments: &Arguments) -> Result<Verdict, Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().canonicalize()?;
    let plan = Plan {
        seed: Seed(arguments.seed),
        faults: arguments.faults,
        nodes: usize::try_from(arguments.nodes)?,
        servers: usize::try_from(arguments.servers)?,
        images: usize::try_from(arguments.images)?,
        strategies: arguments.strategies.clone(),
        tasks: arguments.tasks,
        namespaces: arguments.network == NetworkName::Namespaces,
        keep_servers: arguments.keep_servers,
    };
    Ok(torture::run(&plan, &path)?)
}

/// What happened and what was found, a line each.
fn render(verdict: &Verdict) -> String {
    let mut text = String::new();
    let total: u64 = verdict.tally.values().sum();
    // Writing into a string cannot fail.
    let _ = writeln!(text, "{total} faults");
    for ((role, kind), count) in &verdict.tally {
        let _ = writeln!(text, "{count:6} {role:6} {kind}");
    }
    let Verdict { jobs, compared, rows, wrong, usage, clients_killed, ended_alone, .. } = verdict;
    let _ = writeln!(text, "{jobs} jobs, {compared} results compared byte for byte, {rows} final rows");
    let _ = writeln!(
        text,
        "{clients_killed} clients were killed at work; {ended_alone} jobs ended without one, the others had another one"
    );
    for (server, usage) in usage {
        if let Some([early, late]) = quarters(usage) {
            let _ = writeln!(text, "{server} in the third quarter: {early}; in the last one: {late}");
        }
    }
    if wrong.is_empty() {
        text.push_str("nothing was lost, nothing is left\n");
    }
    for complaint in wrong {
        let _ = writeln!(text, "WRONG: {complaint}");
    }
    text
}
