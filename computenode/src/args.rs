//! The command line of `computenode`; every option can also be given as an environment variable.

use clap::Parser;
use clap::builder::TypedValueParser;
use cluster::load::BadProfile;
use cluster::{Address, BadProbability, Profile};
use std::path::PathBuf;
use std::time::Duration;

const EXAMPLES: &str = "\
Examples:
  computenode 0.8
      Take the first free entry of ./machine.txt that is on this machine.
      Reject 80 % of the attempts that may be rejected; start 80 % of the
      others 3 s late.
  computenode 0.2 --name node3 --delay 50ms
      Be node3 of machine.txt, with short delays.
  computenode 0 --listen 127.0.0.1:0 --name spare --data-root /data/photos
      No machine.txt: any free port of this machine (the ready line tells
      which), images of /data/photos only.
  computenode 0.2 --server 127.0.0.1:5000
      No machine.txt: any free port, and work from that server at once, also
      in the middle of a job.
  computenode 0.5 --reject-probability 0 --delay-probability 0.9 --seed 7
      Never reject, often delay; calls of the original's interface meet the
      same luck in every run.

A load that changes is steps[levels=0.1/0.9,period_s=60],
sine[mean=0.5,amplitude=0.4,period_s=60], in_flight[idle=0,full=0.9,from=2,
to=8] (by the attempts at the node) or markov[calm=0.1,busy=0.9,calm_s=60,
busy_s=20] (two states of random length).

A delayed attempt sleeps in its slot and uses no core. The node reads and
writes inside its data roots only. It prints one line when it is ready, logs
to standard error, and ends on Ctrl-C or SIGTERM when its attempts in flight
are done; a second signal ends it at once.

Exit status: 0 ended as asked, 1 could not start or had to give up work,
2 wrong usage.";

/// A compute node: takes one image at a time in each of its slots, rejects and delays by its load probability.
#[derive(Clone, Debug, Parser)]
#[command(name = "computenode", version, after_help = EXAMPLES, max_term_width = 110)]
pub(crate) struct Args {
    /// How loaded the node pretends to be, from 0 (never rejects, never delays) to 1 (always does), or a load that
    /// changes, see below [default: p= of its entry in machine.txt]
    #[arg(env = "BALLAST_LOAD_PROBABILITY", value_name = "LOAD_PROBABILITY", value_parser = parse_load,
          allow_negative_numbers = true)]
    pub(crate) load_probability: Option<Profile>,

    /// Name of the node's entry in machine.txt [default: the first node entry on this machine whose port is free]
    #[arg(long, env = "BALLAST_NAME", value_name = "NAME")]
    pub(crate) name: Option<String>,

    /// The file that says who is in the cluster
    #[arg(long, env = "BALLAST_MACHINES", value_name = "FILE", default_value = "machine.txt")]
    pub(crate) machines: PathBuf,

    /// Listen here instead of at an entry of machine.txt; port 0 takes any free one
    #[arg(long, env = "BALLAST_LISTEN", value_name = "HOST:PORT", value_parser = program::listen::parse)]
    pub(crate) listen: Option<String>,

    /// Register with this server and get work from it, with no entry in machine.txt; may be given several times. Listens
    /// at any free port unless --listen says otherwise
    #[arg(long, env = "BALLAST_SERVER", value_name = "HOST[:PORT]", value_delimiter = ',')]
    pub(crate) server: Vec<Address>,

    /// Where servers are to call the node, if not where it listens (behind a forwarded port)
    #[arg(long, env = "BALLAST_ADVERTISE", value_name = "HOST:PORT", requires = "server", value_parser = program::listen::parse)]
    pub(crate) advertise: Option<String>,

    /// How late a delayed attempt starts, such as 50ms or 3s
    #[arg(long, env = "BALLAST_DELAY", value_name = "TIME", default_value = "3s", value_parser = program::time::parse)]
    pub(crate) delay: Duration,

    /// Probability of a rejection [default: the load probability]
    #[arg(long, env = "BALLAST_REJECT_PROBABILITY", value_name = "P", value_parser = parse_load,
          allow_negative_numbers = true)]
    pub(crate) reject_probability: Option<Profile>,

    /// Probability of a delay [default: the load probability]
    #[arg(long, env = "BALLAST_DELAY_PROBABILITY", value_name = "P", value_parser = parse_load,
          allow_negative_numbers = true)]
    pub(crate) delay_probability: Option<Profile>,

    /// Attempts worked on at once, sleeping ones included [default: slots= of the node's entry in machine.txt, or 10]
    #[arg(long, env = "BALLAST_SLOTS", value_name = "N", value_parser = count(1..=65_536))]
    pub(crate) slots: Option<usize>,

    /// Attempts that may wait for a slot; one more is rejected
    #[arg(long, env = "BALLAST_QUEUE", value_name = "N", default_value = "1024", value_parser = count(0..=65_536))]
    pub(crate) queue: usize,

    /// Images worked on at once; the other slots wait [default: the processors that this program may use]
    #[arg(long, env = "BALLAST_CORES", value_name = "N", value_parser = count(1..=4_096))]
    pub(crate) cores: Option<usize>,

    /// Luck of calls of the original's interface, which bring no seed of their own, and of a load that changes
    /// [default: drawn at the start]
    #[arg(long, env = "BALLAST_SEED", value_name = "N")]
    pub(crate) seed: Option<u64>,

    /// A folder inside which the node may read and write; may be given several times [default: the current folder]
    #[arg(long, env = "BALLAST_DATA_ROOT", value_name = "FOLDER", value_delimiter = ':')]
    pub(crate) data_root: Vec<PathBuf>,

    /// Largest image file that is taken, in bytes [default: 268435456]
    #[arg(long, env = "BALLAST_MAX_IMAGE_BYTES", value_name = "N")]
    pub(crate) max_image_bytes: Option<u64>,

    /// Largest image that is taken, in pixels (width times height) [default: 40000000]
    #[arg(long, env = "BALLAST_MAX_IMAGE_PIXELS", value_name = "N")]
    pub(crate) max_image_pixels: Option<u64>,

    /// Memory for the images that are worked on at once, in bytes; an image waits until there is enough for it, and one that
    /// needs more than all of it fails [default: half of what this process may use]
    #[arg(long, env = "BALLAST_MAX_MEMORY", value_name = "N")]
    pub(crate) max_memory: Option<u64>,

    /// How long attempts in flight may go on after Ctrl-C or SIGTERM, such as 10s
    #[arg(long, env = "BALLAST_GRACE", value_name = "TIME", default_value = "10s", value_parser = program::time::parse)]
    pub(crate) grace: Duration,

    /// Answer /metrics, /healthz and /readyz here over plain HTTP; a port alone is one of this machine, 0 any free one
    /// [default: nowhere]
    #[arg(long, env = "BALLAST_METRICS", value_name = "[HOST:]PORT", value_parser = program::probe::parse)]
    pub(crate) metrics: Option<String>,

    /// What /metrics asks of whoever comes, as 'Authorization: Bearer TOKEN'; needed, unless --insecure is said, where
    /// other machines reach it [default: nothing]
    #[arg(long, env = "BALLAST_METRICS_TOKEN", value_name = "TOKEN", requires = "metrics", hide_env_values = true,
          value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(crate) metrics_token: Option<String>,

    /// Who may come in.
    #[command(flatten)]
    pub(crate) door: program::door::Door,

    /// Where the log goes.
    #[command(flatten)]
    pub(crate) log: program::logging::Log,
}

/// A number is told as a bad number; only what looks like a changing load is told as one.
fn parse_load(text: &str) -> Result<Profile, String> {
    if text.contains('[') {
        text.parse().map_err(|error: BadProfile| error.to_string())
    } else {
        text.parse().map(Profile::Constant).map_err(|error: BadProbability| error.to_string())
    }
}

/// A whole number in `range`.
fn count(range: std::ops::RangeInclusive<u64>) -> impl TypedValueParser<Value = usize> {
    // The ranges above end far below what a `usize` holds on every platform.
    clap::value_parser!(u64).range(range).map(|number| usize::try_from(number).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    fn parse(arguments: &[&str]) -> Result<Args, String> {
        let arguments = std::iter::once("computenode").chain(arguments.iter().copied());
        Args::try_parse_from(arguments).map_err(|error| error.to_string())
    }

    #[test]
    fn the_definition_is_sound_and_every_option_has_a_variable() {
        Args::command().debug_assert();
        for argument in Args::command()
            .get_arguments()
            .filter(|known| !["help", "version"].contains(&known.get_id().as_str()))
        {
            let variable = argument.get_env().map(|name| name.to_string_lossy().into_owned());
            let wanted = format!("BALLAST_{}", argument.get_id().as_str().to_ascii_uppercase());
            assert_eq!(variable.as_deref(), Some(wanted.as_str()));
        }
    }

    #[test]
    fn the_cards_way_needs_one_argument() {
        let args = parse(&["0.8"]).unwrap();
        assert_eq!(args.load_probability.unwrap().to_string(), "0.8");
        assert_eq!(
            (args.delay, args.grace, args.queue),
            (Duration::from_secs(3), Duration::from_secs(10), 1_024)
        );
        assert_eq!(args.machines, PathBuf::from("machine.txt"));
    }

    #[test]
    fn wrong_values_are_refused_with_the_right_form() {
        let cases: [(&[&str], &str); 11] = [
            (&["1.5"], "not a number from 0 to 1"),
            (&["-3"], "not a number from 0 to 1"),
            (&["NaN"], "not a number from 0 to 1"),
            (&["much"], "not a number from 0 to 1"),
            (&["sine[mean=2]"], "mean cannot be '2'"),
            (&["0.5", "--delay-probability", "often"], "not a number from 0 to 1"),
            (&["0.5", "--delay", "3"], "write 50ms, 3s or 1m"),
            (&["0.5", "--delay", "900y"], "longer than ten years"),
            (&["0.5", "--slots", "0"], "1..=65536"),
            (&["0.5", "--listen", "localhost"], "write 127.0.0.1:5001"),
            (&["0.5", "--log-level", "loud"], "--log-level"),
        ];
        for (arguments, wanted) in cases {
            let error = parse(arguments).unwrap_err();
            assert!(error.contains(wanted), "{arguments:?}: {error}");
        }
    }

    #[test]
    fn options_can_be_given_several_roots() {
        let args = parse(&["0", "--data-root", "/a", "--data-root", "/b:/c"]).unwrap();
        assert_eq!(args.data_root, ["/a", "/b", "/c"].map(PathBuf::from));
    }
}
