//! What the testbed itself costs, as ratios within one run: absolute times depend on the machine and its mood, ratios
//! of things measured side by side do not.
//!
//! Reading order: [`figure`] (a measured ratio and its target), then one measurement a file: [`empty_tasks`],
//! [`flood`], [`port`], [`photographs`] with its rivals [`plain_loop`] and [`original`];
//! [`eight_k`]; [`takeover`]; [`usage`].

pub mod eight_k;
pub mod empty_tasks;
pub mod figure;
pub mod flood;
pub mod original;
pub mod photographs;
pub mod plain_loop;
pub mod port;
pub mod takeover;
pub mod usage;

pub use figure::{Figure, Goal, render};

use crate::experiment::jobs::RunError;
use crate::local_cluster::{ClusterPlan, LocalClusterError};
use cluster::Probability;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use wire::job::{JobRequest, JobSource};

/// Nodes of every measurement.
const NODES: usize = 4;

/// Why a measurement did not go through.
#[derive(Debug, thiserror::Error)]
pub enum BenchmarkError {
    /// The processes could not be started.
    #[error(transparent)]
    Cluster(#[from] LocalClusterError),
    /// A job did not go through.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A call of the bare wire failed.
    #[error(transparent)]
    Call(#[from] wire::CallError),
    /// A folder or a file of the measurement cannot be used.
    #[error("cannot use '{}': {source}; make room in the folder for temporary files", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
    /// A job did not go on at another server.
    #[error("the job did not go on elsewhere: {0}")]
    NotTakenOver(String),
    /// The operating system refuses a process or a signal.
    #[error("the system refuses a process or a signal: {0}")]
    System(#[source] io::Error),
    /// The photographs could not be made.
    #[error(transparent)]
    Dataset(#[from] crate::dataset::DatasetError),
    /// The plain loop failed on an image.
    #[error("the plain loop failed on '{}': {why}", path.display())]
    PlainLoop {
        /// Which image.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The job ended with images undone, so that its time says nothing.
    #[error("{failed} of {tasks} tasks failed: the measurement says nothing")]
    Incomplete {
        /// Tasks without a result.
        failed: u64,
        /// All tasks.
        tasks: u64,
    },
}

/// Four nodes of `load` with `slots` slots, delays of `delay`, and a server, all inside `folder`.
fn plan(folder: &Path, load: Probability, slots: usize, delay: Duration) -> ClusterPlan {
    ClusterPlan {
        nodes: ClusterPlan::nodes_with(&[load; NODES]),
        delay,
        slots,
        data_root: folder.to_owned(),
        results: folder.join("results"),
        label: "bench".to_owned(),
        decisions: false,
        console: None,
        go_on: None,
    }
}

/// A job under a fixed seed.
fn request(source: JobSource, strategy: &str, max_in_flight: u32) -> JobRequest {
    JobRequest {
        seed: Some(1),
        max_in_flight: Some(max_in_flight),
        ..JobRequest::new(String::new(), source, strategy, "edges")
    }
}

/// A temporary folder by its real path, as processes see it.
fn temporary_folder() -> Result<(tempfile::TempDir, PathBuf), BenchmarkError> {
    let fault = |source| BenchmarkError::File { path: std::env::temp_dir(), source };
    let folder = tempfile::tempdir().map_err(fault)?;
    let path = folder.path().canonicalize().map_err(fault)?;
    Ok((folder, path))
}
