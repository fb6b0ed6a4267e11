//! Everything that can go wrong, each in one sentence with its cause and a remedy, and the exit statuses.

use crate::show::harmless;
use cluster::machines::LoadError;
use std::process::ExitCode;

/// How the client ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Every image is done.
    Done,
    /// Something failed.
    Failure,
    /// The command line, or what it names, is wrong.
    Usage,
    /// The job ended with failed images.
    SomeFailed,
    /// No node took work.
    NoNode,
    /// Ctrl-C.
    Interrupted,
}

impl Status {
    /// The number that the shell sees.
    pub const fn code(self) -> u8 {
        match self {
            Status::Done => 0,
            Status::Failure => 1,
            Status::Usage => 2,
            Status::SomeFailed => 3,
            Status::NoNode => 4,
            Status::Interrupted => 130,
        }
    }
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> ExitCode {
        ExitCode::from(status.code())
    }
}

/// Why there is no job, or nothing is known of its end.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// `machine.txt` cannot be used.
    #[error("{0}")]
    Machines(#[from] LoadError),
    /// The log cannot be written.
    #[error("{0}")]
    Log(#[from] program::logging::LogError),
    /// What proves who we are cannot be used.
    #[error("{0}")]
    Keys(#[from] program::door::BadKeys),
    /// The path of the data is not text.
    #[error("the path '{0}' is not UTF-8, as paths on the wire are: rename the folder, or make a link to it")]
    PathNotText(String),
    /// The current folder cannot be told.
    #[error("cannot tell the current folder: {0}; give the data's path from the root on")]
    NoCurrentFolder(std::io::Error),
    /// No server can be used: a sentence for each.
    #[error("{}start it with `server`, or name another one with --server HOST:PORT", each(.0))]
    NoServer(Vec<String>),
    /// The server does not take the job as it stands.
    #[error("{}", harmless(why))]
    Invalid {
        /// The field at fault, as the interface names it.
        field: String,
        /// The server's sentence.
        why: String,
    },
    /// Every server was lost after it had taken the job.
    #[error(
        "the server was lost in the middle of the job: {}; what is done stays done. Start the server again, then \
         the same command with --job-key {}",
        harmless(why),
        harmless(job_key)
    )]
    Lost {
        /// What is known of it.
        why: String,
        /// The job.
        job_key: String,
    },
    /// A signal handler cannot be set up.
    #[error("cannot listen to Ctrl-C: {0}")]
    Signals(std::io::Error),
    /// The summary cannot be printed.
    #[error("cannot print the summary: {0}; see the records of the run")]
    Print(std::io::Error),
}

impl ClientError {
    /// The exit status that tells this error.
    pub const fn status(&self) -> Status {
        match self {
            ClientError::PathNotText(_) | ClientError::Invalid { .. } => Status::Usage,
            ClientError::Machines(_)
            | ClientError::Keys(_)
            | ClientError::Log(_)
            | ClientError::NoCurrentFolder(_)
            | ClientError::NoServer(_)
            | ClientError::Lost { .. }
            | ClientError::Signals(_)
            | ClientError::Print(_) => Status::Failure,
        }
    }
}

fn each(sentences: &[String]) -> String {
    sentences.iter().map(|sentence| harmless(sentence) + "; ").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_sentences() {
        let refused = "cannot reach the server at 127.0.0.1:5000: connection refused".to_owned();
        let stopping = "the server at [::1]:9 takes no job now: it is\nshutting\u{1b}[31m down".to_owned();
        insta::assert_snapshot!(ClientError::NoServer(vec![refused.clone()]), @"cannot reach the server at 127.0.0.1:5000: connection refused; start it with `server`, or name another one with --server HOST:PORT");
        insta::assert_snapshot!(ClientError::NoServer(vec![refused, stopping]), @"cannot reach the server at 127.0.0.1:5000: connection refused; the server at [::1]:9 takes no job now: it is shutting�[31m down; start it with `server`, or name another one with --server HOST:PORT");
        let why = "127.0.0.1:5000 did not answer within 5s".to_owned();
        insta::assert_snapshot!(ClientError::Lost { why, job_key: "k".to_owned() }, @"the server was lost in the middle of the job: 127.0.0.1:5000 did not answer within 5s; what is done stays done. Start the server again, then the same command with --job-key k");
        insta::assert_snapshot!(ClientError::PathNotText("a\u{fffd}".to_owned()), @"the path 'a�' is not UTF-8, as paths on the wire are: rename the folder, or make a link to it");
    }

    #[test]
    fn statuses_are_as_documented() {
        let all = [
            Status::Done,
            Status::Failure,
            Status::Usage,
            Status::SomeFailed,
            Status::NoNode,
            Status::Interrupted,
        ];
        assert_eq!(all.map(Status::code), [0, 1, 2, 3, 4, 130]);
    }
}
