//! What a server answers instead of a job: why it takes none, and why it knows none.

use std::time::Duration;

/// Why a server does not take a job.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// The request cannot be served as it stands.
    #[error("{why}")]
    Invalid {
        /// The field at fault.
        field: String,
        /// What is wrong and what would be right.
        why: String,
    },
    /// The server takes no new work.
    #[error("{why}")]
    Unavailable {
        /// One sentence.
        why: String,
    },
    /// The server takes no new work now, and soon another one or the same will: as while no server leads.
    #[error("{why}")]
    NotNow {
        /// One sentence.
        why: String,
        /// When to ask again.
        again_after: Duration,
    },
}

/// A key that the server does not know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.told())]
pub struct UnknownJob {
    /// The key asked for.
    pub job_key: String,
    /// What the server knows of it all the same; a sentence.
    pub why: Option<String>,
}

impl UnknownJob {
    /// A key of which nothing is known.
    pub fn of(job_key: &str) -> UnknownJob {
        UnknownJob { job_key: job_key.to_owned(), why: None }
    }

    fn told(&self) -> String {
        let nothing =
            || format!("the server has no job '{}'; it may have been restarted since", self.job_key);
        self.why.clone().unwrap_or_else(nothing)
    }
}
