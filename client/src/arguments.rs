//! The command line, and the job that it asks for.

use crate::ClientError;
use crate::division::DivisionArguments;
use clap::builder::FalseyValueParser;
use clap::{Parser, ValueEnum};
use cluster::{Address, Admission};
use std::hash::{BuildHasher as _, RandomState};
use std::path::{Path, PathBuf};
use std::time::Duration;
use wire::job::{JobRequest, JobSource, Transfer};

/// Hand a folder of images and a strategy to a server, and follow the job
#[derive(Debug, Parser)]
#[command(name = "client", version, after_help = AFTER_HELP, max_term_width = 110)]
pub struct Arguments {
    /// Folder whose `input_dir` holds the images; the results appear in its `output_dir`. With --synthetic it is not
    /// looked at: write `-`
    #[arg(value_name = "DATA", env = "BALLAST_DATA")]
    pub data: PathBuf,
    /// How to choose nodes: random, load_balancing, round_robin, least_connections, weighted_response_time,
    /// power_of_two, load_aware, …; an unknown name makes the server list the ones it knows
    #[arg(value_name = "STRATEGY", env = "BALLAST_STRATEGY")]
    pub strategy: String,
    /// What to do with each image: an operation, a chain `a | b`, or several `a; b` of which the seed draws one for each
    #[arg(long, value_name = "NAME", default_value = "edges", env = "BALLAST_OPERATION")]
    pub operation: String,
    /// Whether nodes may refuse work: may-reject or must-accept; not given: what the strategy's name implies
    #[arg(long, value_name = "RULE", env = "BALLAST_ADMISSION")]
    pub admission: Option<Admission>,
    /// Names the luck of the job: the same seed, the same coins; not given: the server draws one and tells it
    #[arg(long, value_name = "N", env = "BALLAST_SEED")]
    pub seed: Option<u64>,
    /// The server; not given: the servers of machine.txt, in their order
    #[arg(long, value_name = "HOST[:PORT]", env = "BALLAST_SERVER")]
    pub server: Option<Address>,
    /// The list of machines
    #[arg(long, value_name = "FILE", default_value = "machine.txt", env = "BALLAST_MACHINES")]
    pub machines: PathBuf,
    /// Also images in the folders below `input_dir`
    #[arg(long, env = "BALLAST_RECURSIVE", value_parser = FalseyValueParser::new())]
    pub recursive: bool,
    /// How images reach the nodes
    #[arg(long, value_enum, default_value_t = TransferName::Shared, env = "BALLAST_TRANSFER")]
    pub transfer: TransferName,
    /// How images become tasks
    #[command(flatten)]
    pub division: DivisionArguments,
    /// Most attempts in flight at once
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), env = "BALLAST_MAX_IN_FLIGHT")]
    pub max_in_flight: Option<u32>,
    /// Attempts after which an image is given up
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), env = "BALLAST_MAX_ATTEMPTS")]
    pub max_attempts: Option<u32>,
    /// Key of the job, unique for ever; the same key and request again follow the same job
    #[arg(long, value_name = "KEY", env = "BALLAST_JOB_KEY")]
    pub job_key: Option<String>,
    /// Label of the run in the records
    #[arg(long, value_name = "TEXT", env = "BALLAST_LABEL")]
    pub label: Option<String>,
    /// So many made-up tasks instead of images
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), env = "BALLAST_SYNTHETIC")]
    pub synthetic: Option<u64>,
    /// How long a made-up task takes, without burning a processor
    #[arg(
        long,
        value_name = "TIME",
        default_value = "10ms",
        value_parser = humantime::parse_duration,
        env = "BALLAST_SERVICE"
    )]
    pub service: Duration,
    /// What is shown to servers.
    #[command(flatten)]
    pub keys: program::door::Keys,
    /// How long to look for a server that goes on with the job when its server is lost, such as 30s
    #[arg(
        long,
        value_name = "TIME",
        default_value = "30s",
        value_parser = humantime::parse_duration,
        env = "BALLAST_SERVER_WAIT"
    )]
    pub server_wait: Duration,
    /// Where the log goes.
    #[command(flatten)]
    pub log: program::logging::Log,
    /// No progress bar
    #[arg(long, short, env = "BALLAST_QUIET", value_parser = FalseyValueParser::new())]
    pub quiet: bool,
}

const AFTER_HELP: &str = "\
Examples:
  client data random                    uniform choice, every node must accept
  client data load_balancing            uniform choice, nodes may reject, retried
  client photos power_of_two --seed 7 --label p2c
  client data load_aware --operation grayscale --server 127.0.0.1:5000
  client poster load_aware --segments auto    one image over all nodes
  client photos random --operation normalize --data-set --batch 16
  client photos random --operation 'crop; noise; grayscale'    one of these for each image, drawn by the seed
  client - round_robin --synthetic 10000 --service 2ms

Exit status: 0 every image is done, 1 failure, 2 wrong usage, 3 some images
failed, 4 no usable node, 130 interrupted. Ctrl-C cancels the job; a second one
leaves at once.";

/// Names of the ways in which images reach the nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TransferName {
    /// By path, on a folder that server and nodes share
    Shared,
    /// Inline in the messages, for nodes that share no folder with the server
    Inline,
}

impl From<TransferName> for Transfer {
    fn from(name: TransferName) -> Transfer {
        match name {
            TransferName::Shared => Transfer::Shared,
            TransferName::Inline => Transfer::Inline,
        }
    }
}

impl Arguments {
    /// The job asked for. `job_key` is used if the command line has none, relative paths begin at `here`.
    ///
    /// # Errors
    /// If the path of the data is not UTF-8, as paths on the wire are.
    pub fn request(&self, job_key: String, here: &Path) -> Result<JobRequest, ClientError> {
        let source = match self.synthetic {
            Some(tasks) => JobSource::Synthetic { tasks, service: self.service },
            None => JobSource::Folder {
                path: absolute(&self.data, here)?,
                recursive: self.recursive,
                transfer: self.transfer.into(),
                division: self.division.division(),
            },
        };
        Ok(JobRequest {
            job_key: self.job_key.clone().unwrap_or(job_key),
            epoch: 1,
            source,
            strategy: self.strategy.clone(),
            admission: self.admission,
            operation: self.operation.clone(),
            seed: self.seed,
            max_in_flight: self.max_in_flight,
            max_attempts: self.max_attempts,
            label: self.label.clone(),
        })
    }
}

/// The path as the server can open it. Whether there is such a folder is for the server to say: it opens it.
fn absolute(path: &Path, here: &Path) -> Result<String, ClientError> {
    let path = here.join(path);
    // Without `.` parts, for the sake of messages; `..` stays, because it means another place behind a link.
    let tidy: PathBuf = path.components().collect();
    tidy.into_os_string()
        .into_string()
        .map_err(|path| ClientError::PathNotText(path.to_string_lossy().into_owned()))
}

/// A key that nobody else draws: 64 bits from the system's entropy, which every process gets its own share of.
pub(crate) fn draw_job_key() -> String {
    format!("{:016x}", RandomState::new().hash_one(std::process::id()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;
    use clap::error::ErrorKind;
    use wire::division::Division;

    fn parse(line: &str) -> Result<Arguments, clap::Error> {
        Arguments::try_parse_from(line.split(' '))
    }

    #[test]
    fn the_originals_words_are_enough() {
        let request =
            parse("client data random").unwrap().request("key".to_owned(), Path::new("/home")).unwrap();
        let source = JobSource::Folder {
            path: "/home/data".to_owned(),
            recursive: false,
            transfer: Transfer::Shared,
            division: Division::default(),
        };
        assert_eq!(request, JobRequest::new("key", source, "random", "edges"));
    }

    #[test]
    fn every_option_reaches_the_request() {
        let line = "client ./a/./b/../c round_robin --operation grayscale --admission must-accept --seed 7 --recursive \
                    --transfer inline --max-in-flight 9 --max-attempts 3 --job-key k --label l";
        let request = parse(line).unwrap().request("other".to_owned(), Path::new("/home")).unwrap();
        let source = JobSource::Folder {
            path: "/home/a/b/../c".to_owned(),
            recursive: true,
            transfer: Transfer::Inline,
            division: Division::default(),
        };
        assert_eq!(request.source, source);
        assert_eq!((request.job_key.as_str(), request.seed, request.max_in_flight), ("k", Some(7), Some(9)));
        assert_eq!((request.max_attempts, request.label.as_deref()), (Some(3), Some("l")));
        assert_eq!(
            (request.admission, request.operation.as_str()),
            (Some(Admission::MustAccept), "grayscale")
        );

        let made_up = parse("client - random --synthetic 5 --service 1500us").unwrap();
        let request = made_up.request(String::new(), Path::new("/")).unwrap();
        assert_eq!(request.source, JobSource::Synthetic { tasks: 5, service: Duration::from_micros(1_500) });
    }

    #[test]
    fn wrong_usage() {
        for line in [
            "client",
            "client data",
            "client data random more",
            "client data random --seed -1",
            "client data random --admission maybe",
            "client data random --server host:0",
            "client data random --max-in-flight 0",
            "client data random --synthetic 0",
            "client data random --transfer post",
            "client data random --segments 0",
            "client data random --segments 4 --batch 2",
            "client data random --batch 0",
            "client data random --cut diagonal",
        ] {
            assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line}");
        }
        assert_eq!(parse("client --help").unwrap_err().kind(), ErrorKind::DisplayHelp);
    }

    #[test]
    fn every_argument_has_an_environment_variable_and_a_help_text() {
        Arguments::command().debug_assert();
        for argument in Arguments::command().get_arguments() {
            let name = argument.get_id().as_str();
            let wanted = format!("BALLAST_{}", name.to_uppercase());
            assert_eq!(argument.get_env().and_then(|name| name.to_str()), Some(wanted.as_str()));
            assert!(argument.get_help().is_some(), "{name}");
        }
    }

    #[test]
    fn keys_differ() {
        assert_ne!(draw_job_key(), draw_job_key());
        assert_eq!(draw_job_key().len(), 16);
    }

    #[cfg(unix)]
    #[test]
    fn paths_on_the_wire_are_text() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt as _;
        let path = Path::new(OsStr::from_bytes(b"/a\xff"));
        assert!(matches!(absolute(path, Path::new("/")), Err(ClientError::PathNotText(_))));
    }
}
