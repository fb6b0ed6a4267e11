//! The command line of `server`; every option can also be given as an environment variable.

use crate::journal::Durability;
use clap::Parser;
use clap::builder::TypedValueParser;
use cluster::Address;
use std::path::PathBuf;
use std::time::Duration;

const EXAMPLES: &str = "\
Examples:
  server
      Be the first free server of ./machine.txt on this machine, over the nodes that it names.
  server --listen 127.0.0.1:0 --node 127.0.0.1:5001 --node 127.0.0.1:5002
      No machine.txt: any free port (the ready line tells which), two nodes.
  server --listen 127.0.0.1:5000
      Without a machine.txt: nodes come by themselves, as
      `computenode 0.2 --server 127.0.0.1:5000`.
  server --results /data/runs --seed 7 --patience 30s
      Records elsewhere; jobs without a seed of their own meet the same luck in every run; wait longer for nodes.

Nodes need not be up when the server starts: they get work as soon as they answer. Nodes of the original system's kind
are recognised and used as they are.

The server prints one line when it is ready, logs to standard error, writes the CSV files of its run into a folder of
their own below --results, and ends on Ctrl-C or SIGTERM when its jobs are done (a second signal ends it at once).

Exit status: 0 ended as asked, 1 could not start or had to give up work, 2 wrong usage.";

/// The server: takes jobs from clients and fans their images out to the compute nodes.
#[derive(Clone, Debug, Parser)]
#[command(name = "server", version, after_help = EXAMPLES, max_term_width = 110)]
pub(crate) struct Args {
    /// Name of the server's entry in machine.txt [default: the first server entry on this machine whose port is free]
    #[arg(long, env = "BALLAST_NAME", value_name = "NAME")]
    pub(crate) name: Option<String>,

    /// The file that says who is in the cluster
    #[arg(long, env = "BALLAST_MACHINES", value_name = "FILE", default_value = "machine.txt")]
    pub(crate) machines: PathBuf,

    /// Listen here instead of at an entry of machine.txt; port 0 takes any free one
    #[arg(long, env = "BALLAST_LISTEN", value_name = "HOST:PORT", value_parser = program::listen::parse)]
    pub(crate) listen: Option<String>,

    /// A compute node, instead of those of machine.txt; may be given several times
    #[arg(long, env = "BALLAST_NODE", value_name = "HOST:PORT", value_delimiter = ',', requires = "listen")]
    pub(crate) node: Vec<String>,

    /// The folder below which each run gets a folder for its CSV files
    #[arg(long, env = "BALLAST_RESULTS", value_name = "FOLDER", default_value = "results")]
    pub(crate) results: PathBuf,

    /// Where the server keeps what must survive it: jobs that it accepted and results that it published
    /// [default: beside --results, NAME below the folder `RESULTS.state`]
    #[arg(long, env = "BALLAST_STATE", value_name = "FOLDER")]
    pub(crate) state: Option<PathBuf>,

    /// What accepted jobs and published results survive
    #[arg(long, env = "BALLAST_DURABILITY", value_name = "WHAT", value_enum, default_value_t = Durability::Power)]
    pub(crate) durability: Durability,

    /// Label of the run, a part of its folder's name
    #[arg(long, env = "BALLAST_LABEL", value_name = "TEXT", default_value = "server")]
    pub(crate) label: String,

    /// Go on in this run folder instead of making a new one: its rows are kept and new ones follow
    #[arg(long, env = "BALLAST_GO_ON", value_name = "FOLDER")]
    pub(crate) go_on: Option<PathBuf>,

    /// Write the decision log too: what the scheduler was told and what it decided, for `lab replay`
    #[arg(long, env = "BALLAST_DECISIONS")]
    pub(crate) decisions: bool,

    /// Luck of jobs that bring no seed of their own [default: drawn at the start]
    #[arg(long, env = "BALLAST_SEED", value_name = "N", value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    pub(crate) seed: Option<u64>,

    /// Most attempts in flight at once, over all jobs; each has a thread
    #[arg(long, env = "BALLAST_FAN_OUT", value_name = "N", default_value = "1024", value_parser = count(1..=30_000))]
    pub(crate) fan_out: u32,

    /// Attempts after which a task that is rejected again and again is given up
    #[arg(long, env = "BALLAST_MAX_ATTEMPTS", value_name = "N", default_value = "200", value_parser = count(1..=1_000_000))]
    pub(crate) max_attempts: u32,

    /// Attempts lost to nodes or wires after which a task is given up
    #[arg(long, env = "BALLAST_MAX_LOSSES", value_name = "N", default_value = "8", value_parser = count(1..=1_000))]
    pub(crate) max_losses: u32,

    /// How long a job waits while no node takes any work before it gives up, such as 10s
    #[arg(long, env = "BALLAST_PATIENCE", value_name = "TIME", default_value = "10s", value_parser = program::time::parse)]
    pub(crate) patience: Duration,

    /// How long an attempt may take, queue and delay included, such as 5m
    #[arg(long, env = "BALLAST_ATTEMPT_TIMEOUT", value_name = "TIME", default_value = "5m", value_parser = program::time::parse)]
    pub(crate) attempt_timeout: Duration,

    /// How long a node may give no sign of life before its tasks go elsewhere, such as 5s
    #[arg(long, env = "BALLAST_SILENCE", value_name = "TIME", default_value = "5s", value_parser = program::time::parse)]
    pub(crate) silence: Duration,

    /// How long a node may be away before it is no member any more, such as 30s; it may come back at any time
    #[arg(long, env = "BALLAST_REMOVE_AFTER", value_name = "TIME", default_value = "30s", value_parser = program::time::parse)]
    pub(crate) remove_after: Duration,

    /// A server whose running jobs go on here when it does not answer any more; may be given several times [default: the
    /// servers before this one in machine.txt]
    #[arg(long, env = "BALLAST_STANDBY_OF", value_name = "HOST[:PORT]", value_delimiter = ',')]
    pub(crate) standby_of: Vec<Address>,

    /// How long such a server may give no answer before its jobs go on here, such as 3s
    #[arg(long, env = "BALLAST_TAKEOVER_AFTER", value_name = "TIME", default_value = "3s", value_parser = program::time::parse)]
    pub(crate) takeover_after: Duration,

    /// Members of etcd that say which server leads, by HTTP; may be given several times. Only the leader takes jobs, and who
    /// leads next goes on with them
    #[arg(long, env = "BALLAST_ETCD", value_name = "URL", value_delimiter = ',', value_parser = endpoint, conflicts_with = "standby_of")]
    pub(crate) etcd: Vec<String>,

    /// Name of the election, the same for all servers of a cluster
    #[arg(long, env = "BALLAST_ELECTION", value_name = "NAME", default_value = "ballast")]
    pub(crate) election: String,

    /// How long jobs may go on after Ctrl-C or SIGTERM, such as 10s. What is left then goes on at the next start if --state
    /// is given, and is cancelled otherwise
    #[arg(long, env = "BALLAST_GRACE", value_name = "TIME", default_value = "10s", value_parser = program::time::parse)]
    pub(crate) grace: Duration,

    /// Where the console is served to browsers, or off
    #[arg(long, env = "BALLAST_CONSOLE", value_name = "HOST:PORT", default_value = "127.0.0.1:5005", value_parser = crate::window::parse)]
    pub(crate) console: Option<String>,

    /// The folder inside which the console may submit jobs, keep uploads and show results
    #[arg(long, env = "BALLAST_CONSOLE_DATA", value_name = "FOLDER", default_value = ".")]
    pub(crate) console_data: PathBuf,

    /// What the console asks of whoever comes [default: nothing on loopback, elsewhere one that is drawn and printed]
    #[arg(long, env = "BALLAST_CONSOLE_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    pub(crate) console_token: Option<String>,

    /// Who may come in.
    #[command(flatten)]
    pub(crate) door: program::door::Door,

    /// Where the log goes.
    #[command(flatten)]
    pub(crate) log: program::logging::Log,
}

/// A whole number in `range`.
fn count(range: std::ops::RangeInclusive<i64>) -> impl TypedValueParser<Value = u32> {
    clap::value_parser!(u32).range(range)
}

/// The HTTP address of a member of etcd.
fn endpoint(text: &str) -> Result<String, String> {
    let host = text.strip_prefix("http://").map(|rest| rest.trim_end_matches('/'));
    match host {
        Some(host) if !host.is_empty() && !host.contains(['/', '@', ' ']) => Ok(text.to_owned()),
        _ => Err(
            "write http://HOST:PORT; for etcd by TLS take a proxy on this machine, such as `etcd grpc-proxy`"
                .to_owned(),
        ),
    }
}

/// Connections of the pool to a node beyond one for each attempt in flight: for probes.
const SPARE_CONNECTIONS: usize = 4;

impl Args {
    /// Bound of the pool of connections to one node.
    pub(crate) const fn connections(&self) -> usize {
        self.fan_out as usize + SPARE_CONNECTIONS
    }

    /// The folder of the journal of the server called `name`.
    pub(crate) fn state_folder(&self, name: &str) -> PathBuf {
        self.state.clone().unwrap_or_else(|| {
            let mut beside = self.results.clone().into_os_string();
            beside.push(".state");
            PathBuf::from(beside).join(cluster::encode_component(name))
        })
    }

    /// Every setting by name, for the manifest.
    pub(crate) fn settings(&self) -> std::collections::BTreeMap<String, String> {
        let time = |time: Duration| humantime::format_duration(time).to_string();
        [
            ("decisions", self.decisions.to_string()),
            ("fan_out", self.fan_out.to_string()),
            ("max_attempts", self.max_attempts.to_string()),
            ("max_losses", self.max_losses.to_string()),
            ("patience", time(self.patience)),
            ("attempt_timeout", time(self.attempt_timeout)),
            ("silence", time(self.silence)),
            ("takeover_after", time(self.takeover_after)),
            ("remove_after", time(self.remove_after)),
            ("grace", time(self.grace)),
            ("durability", self.durability.to_string()),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_definition_is_sound_and_every_option_has_a_variable() {
        Args::command().debug_assert();
        let own = |id: &str| !["help", "version"].contains(&id);
        for argument in Args::command().get_arguments().filter(|known| own(known.get_id().as_str())) {
            let variable = argument.get_env().map(|name| name.to_string_lossy().into_owned());
            let wanted = format!("BALLAST_{}", argument.get_id().as_str().to_ascii_uppercase());
            assert_eq!(variable.as_deref(), Some(wanted.as_str()));
        }
    }

    #[test]
    fn wrong_values_are_refused() {
        let error = |words: &[&str]| Args::try_parse_from(words).unwrap_err().to_string();
        assert!(error(&["server", "--patience", "soon"]).contains("write 50ms, 3s or 1m"));
        assert!(error(&["server", "--fan-out", "0"]).contains("0 is not in 1..=30000"));
        assert!(error(&["server", "--node", "h:1"]).contains("--listen"));
    }
}
