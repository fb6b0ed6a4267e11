//! `machine.txt`: who is in the cluster and where, one machine a line.
//!
//! ```text
//! # NAME ADDRESS[:PORT] [key=value …]
//! node0   10.0.20.1
//! node1   10.0.20.2:5001  slots=4 p=0.3   # a comment
//! node2   [2001:db8::7]:5000
//! server  10.0.40.0
//! ```
//!
//! A name that begins with `node` is a compute node, one that begins with `server` a server, in failover order;
//! several lines may say plain `server`. Other names (some courses have a `client` line) are kept, not used. A port
//! that is not given is [`DEFAULT_PORT`]. `slots` and `p` (load probability) are optional settings of a node.

mod address;
mod errors;
mod parse;
#[cfg(test)]
mod tests;

use crate::Probability;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub use address::{Address, AddressFault, DEFAULT_PORT};
pub use errors::{MachineError, MachineErrors, Problem};

/// What a machine is for, by the beginning of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// A compute node: `node…`.
    Node,
    /// A server: `server…`.
    Server,
    /// Anything else: kept, not used.
    Other,
}

impl Role {
    /// The role that a name tells.
    pub fn of(name: &str) -> Role {
        if name.starts_with("node") {
            Role::Node
        } else if name.starts_with("server") {
            Role::Server
        } else {
            Role::Other
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Role::Node => "compute node",
            Role::Server => "server",
            Role::Other => "machine",
        })
    }
}

/// One line of `machine.txt`.
#[derive(Clone, Debug, PartialEq)]
pub struct Machine {
    /// Its name, unique among nodes and servers.
    pub name: String,
    /// Where it listens.
    pub address: Address,
    /// `slots=`: attempts that a node works on at once, if the file says so.
    pub slots: Option<u32>,
    /// `p=`: the load probability of a node, if the file says so.
    pub load_probability: Option<Probability>,
}

impl Machine {
    /// What the machine is for.
    pub fn role(&self) -> Role {
        Role::of(&self.name)
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.name, self.address)?;
        if let Some(slots) = self.slots {
            write!(formatter, " slots={slots}")?;
        }
        if let Some(probability) = self.load_probability {
            write!(formatter, " p={probability}")?;
        }
        Ok(())
    }
}

/// A checked `machine.txt`: at least one server, in the order of the file. Nodes that it does not name may come by
/// themselves.
#[derive(Clone, Debug, PartialEq)]
pub struct Machines {
    list: Vec<Machine>,
}

impl Machines {
    /// Reads the text of a `machine.txt`. Further lines of plain `server` are named `server2`, `server3`, ….
    ///
    /// # Errors
    /// Every fault of the text at once, each with its line, its column and a remedy.
    pub fn parse(text: &str) -> Result<Machines, MachineErrors> {
        parse::parse(text).map(|list| Machines { list })
    }

    /// Reads the file at `path`.
    ///
    /// # Errors
    /// If there is no such file, if it cannot be read, and for the faults of its text.
    pub fn load(path: &Path) -> Result<Machines, LoadError> {
        let bytes = fs::read(path).map_err(|cause| LoadError::unreadable(path, cause))?;
        let named = |errors: MachineErrors| LoadError::Faulty(errors.in_file(path));
        let text = std::str::from_utf8(&bytes)
            .map_err(|cause| named(MachineErrors::not_text(&bytes, cause.valid_up_to())))?;
        Machines::parse(text).map_err(named)
    }

    /// Every machine, in the order of the file.
    pub fn all(&self) -> &[Machine] {
        &self.list
    }

    /// The machines of one role, in the order of the file.
    pub fn of_role(&self, role: Role) -> impl Iterator<Item = &Machine> {
        self.list.iter().filter(move |machine| machine.role() == role)
    }

    /// The compute nodes, in the order of the file.
    pub fn nodes(&self) -> impl Iterator<Item = &Machine> {
        self.of_role(Role::Node)
    }

    /// The servers, in failover order.
    pub fn servers(&self) -> impl Iterator<Item = &Machine> {
        self.of_role(Role::Server)
    }

    /// The machine of a name.
    pub fn find(&self, name: &str) -> Option<&Machine> {
        self.list.iter().find(|machine| machine.name == name)
    }

    /// A sentence for each machine that has no part in the cluster, for the log.
    pub fn notes(&self) -> impl Iterator<Item = String> {
        self.of_role(Role::Other).map(|machine| {
            format!(
                "machine.txt: '{}' is not used: names of nodes begin with 'node', of servers with 'server'",
                machine.name
            )
        })
    }
}

/// The same dialect back: one machine a line, the port always given.
impl fmt::Display for Machines {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.list.iter().try_for_each(|machine| writeln!(formatter, "{machine}"))
    }
}

impl std::str::FromStr for Machines {
    type Err = MachineErrors;

    fn from_str(text: &str) -> Result<Machines, MachineErrors> {
        Machines::parse(text)
    }
}

/// Why a `machine.txt` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// There is no such file.
    #[error(
        "there is no file '{}': write one with lines such as 'node0 127.0.0.1:5001' and 'server 127.0.0.1:5000', \
         or name another one with --machines",
        path.display()
    )]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The file is there and cannot be read.
    #[error("cannot read '{}': {cause}; see to it that it is a file which you may read", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// The text has faults.
    #[error("{0}")]
    Faulty(MachineErrors),
}

impl LoadError {
    fn unreadable(path: &Path, cause: io::Error) -> LoadError {
        let path = path.to_owned();
        if cause.kind() == io::ErrorKind::NotFound {
            LoadError::Missing { path }
        } else {
            LoadError::Unreadable { path, cause }
        }
    }
}
