//! Which running server a verb speaks to, and what it shows to be let in.

use cluster::{Address, Machines};
use std::path::PathBuf;
use std::time::Duration;
use wire::{PoolSettings, ServerClient};

/// Where a server is when nothing names one.
const USUAL: &str = "127.0.0.1:5000";

/// Which server is meant.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Whom {
    /// The server [default: the first server of machine.txt; without a machine.txt 127.0.0.1:5000]
    #[arg(long, value_name = "HOST[:PORT]", env = "BALLAST_SERVER")]
    server: Option<Address>,
    /// The list of machines
    #[arg(long, value_name = "FILE", default_value = "machine.txt", env = "BALLAST_MACHINES")]
    machines: PathBuf,
    /// What is shown to the server.
    #[command(flatten)]
    keys: program::door::Keys,
}

impl Whom {
    /// What is shown, on one connection that has to be there within `connect_time`.
    pub(super) fn settings(&self, connect_time: Duration) -> Result<PoolSettings, String> {
        let credentials = self.keys.credentials().map_err(|error| error.to_string())?;
        Ok(PoolSettings { connections: 1, connect_time, credentials, ..PoolSettings::default() })
    }

    /// The server; it is called with the first question.
    pub(super) fn client(&self, connect_time: Duration) -> Result<ServerClient, String> {
        Ok(ServerClient::new(self.address()?, self.settings(connect_time)?))
    }

    fn address(&self) -> Result<String, String> {
        if let Some(address) = &self.server {
            return Ok(address.to_string());
        }
        if !self.machines.exists() {
            return Ok(USUAL.to_owned());
        }
        let machines = Machines::load(&self.machines).map_err(|error| error.to_string())?;
        let first = machines.servers().next().map(|server| server.address.to_string());
        first.ok_or_else(|| "machine.txt names no server: give --server HOST:PORT".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        whom: Whom,
    }

    #[test]
    fn the_server_is_named_or_the_first_or_the_usual_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("machine.txt");
        let words = ["lab", "--machines", file.to_str().unwrap()];
        let address = |more: &[&str]| Line::parse_from([&words[..], more].concat()).whom.address();
        assert_eq!(address(&[]).as_deref(), Ok("127.0.0.1:5000"));
        std::fs::write(&file, "node0 127.0.0.1:5001\nserver 10.0.0.1:5000\nserver2 10.0.0.2:5000\n").unwrap();
        assert_eq!(address(&[]).as_deref(), Ok("10.0.0.1:5000"));
        assert_eq!(address(&["--server", "10.0.0.3:6000"]).as_deref(), Ok("10.0.0.3:6000"));
    }
}
