//! Nodes and a server as processes of their own on this machine's loopback, which never outlive the lab.
//!
//! The processes are the lab's own executable under another verb (`lab computenode …`), so that one build starts all.
//! Each holds the reading end of a pipe whose writing end is the lab's ([`tether`]): when the lab ends, in whatever
//! way, the pipe closes and the process stops.
//!
//! Reading order: [`plan`] (pure: what to start), [`process`] (one process), [`tether`].

pub mod console;
pub mod plan;
pub mod process;
pub mod tether;

pub use plan::{ClusterPlan, NodePlan};
pub use process::{Process, ProcessError};

use std::net::SocketAddr;
use std::path::PathBuf;
use std::{fs, io};

/// Why the processes could not be started.
#[derive(Debug, thiserror::Error)]
pub enum LocalClusterError {
    /// One of them failed.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// The list of machines could not be written for the server to read.
    #[error("cannot write '{}': {source}; make room in the folder for temporary files", path.display())]
    MachineFile {
        /// Where.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
    /// The lab does not know its own executable.
    #[error("cannot find the lab's own executable to start the programs from: {0}")]
    NoExecutable(io::Error),
}

/// A running cluster. Dropping it stops the server first and then the nodes, and waits for their ends.
#[derive(Debug)]
pub struct LocalCluster {
    // Fields are dropped in this order: the server must be gone before its nodes.
    server: Process,
    nodes: Vec<Process>,
    _folder: tempfile::TempDir,
}

impl LocalCluster {
    /// Starts the nodes, then the server, and returns when all are ready.
    ///
    /// # Errors
    /// If one does not get ready; those that run already are stopped.
    pub fn start(plan: &ClusterPlan) -> Result<LocalCluster, LocalClusterError> {
        let executable = std::env::current_exe().map_err(LocalClusterError::NoExecutable)?;
        let folder = tempfile::tempdir()
            .map_err(|source| LocalClusterError::MachineFile { path: std::env::temp_dir(), source })?;
        // All nodes get ready at the same time; collecting first starts every process before waiting for one.
        let starting = plan
            .nodes
            .iter()
            .map(|node| Process::spawn(&executable, "computenode", &node.name, plan.node_arguments(node)))
            .collect::<Result<Vec<_>, _>>()?;
        let nodes = starting.into_iter().map(process::Starting::ready).collect::<Result<Vec<_>, _>>()?;
        let addresses: Vec<(&str, SocketAddr)> =
            nodes.iter().map(|node| (node.name(), node.address())).collect();
        let path = folder.path().join("machine.txt");
        fs::write(&path, plan::machine_file(&addresses))
            .map_err(|source| LocalClusterError::MachineFile { path: path.clone(), source })?;
        let server =
            Process::spawn(&executable, "server", "server", plan.server_arguments(&path))?.ready()?;
        Ok(LocalCluster { server, nodes, _folder: folder })
    }

    /// Where the server listens.
    pub fn server_address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The server's process.
    pub fn server(&self) -> &Process {
        &self.server
    }

    /// The nodes' processes.
    pub fn nodes(&self) -> &[Process] {
        &self.nodes
    }
}
