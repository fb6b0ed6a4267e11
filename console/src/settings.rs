//! What a console is started with.

use std::net::TcpListener;
use std::path::PathBuf;

/// A server that the console asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its name in `machine.txt`.
    pub name: String,
    /// `host:port` of its Thrift port.
    pub address: String,
}

/// Bounds on what browsers may hand in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UploadLimits {
    /// Bytes of one file.
    pub file_bytes: u64,
    /// Bytes of one upload, all files together.
    pub total_bytes: u64,
    /// Files of one upload.
    pub files: usize,
    /// Width times height of one image.
    pub pixels: u64,
}

impl Default for UploadLimits {
    /// Files that still travel inline (48 MiB), 4 GiB and 10,000 files an upload, 40 million pixels an image.
    fn default() -> UploadLimits {
        UploadLimits { file_bytes: 48 << 20, total_bytes: 4 << 30, files: 10_000, pixels: 40_000_000 }
    }
}

/// What a console is started with.
#[derive(Debug)]
pub struct Settings {
    /// Where browsers come in.
    pub listener: TcpListener,
    /// The servers in the order in which clients try them; the first that answers leads.
    pub servers: Vec<Target>,
    /// The folder inside which jobs may be submitted, uploads are kept, and results are read.
    pub data_root: PathBuf,
    /// Where run folders are, and the history beside them.
    pub results: PathBuf,
    /// Asked of everybody when the console can be reached from other machines.
    pub token: Option<String>,
    /// Bounds on uploads.
    pub limits: UploadLimits,
    /// What is shown to the servers.
    pub credentials: wire::Credentials,
}
