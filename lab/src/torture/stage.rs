//! The processes under torture: nodes and servers, each behind a wire that misbehaves on request, and the user.

use super::TortureError;
use super::fault::{Kind, Role};
use super::network::{Link, Network, NetworkError};
use super::proxy::{FaultProxy, Weather};
use super::user::User;
use crate::local_cluster::Process;
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::OsString;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Load probabilities of the nodes in turn: most refuse or delay something.
const LOADS: [&str; 4] = ["0.5", "0.2", "0.6", "0"];

/// One program, which may be gone for a while.
#[derive(Debug)]
pub struct Actor {
    name: String,
    role: Role,
    arguments: Vec<OsString>,
    wire: Wire,
    process: Mutex<Option<Process>>,
}

/// What carries messages to a program.
#[derive(Debug)]
enum Wire {
    /// A proxy on loopback.
    Bytes(FaultProxy),
    /// A network namespace.
    Packets(Link),
}

impl Wire {
    /// Where the program is reached over it.
    fn address(&self) -> SocketAddr {
        match self {
            Wire::Bytes(proxy) => proxy.address(),
            Wire::Packets(link) => link.address(),
        }
    }

    /// What the program is told of where to listen.
    fn listen(&self) -> Vec<OsString> {
        match self {
            Wire::Bytes(_) => words(&["--listen", "127.0.0.1:0"]),
            // Nobody else is in that network.
            Wire::Packets(link) => words(&["--listen", &link.address().to_string(), "--insecure"]),
        }
    }

    /// The fault of the wire that is possible instead of `kind`.
    fn kind(&self, kind: Kind, role: Role) -> Kind {
        match self {
            Wire::Bytes(_) => kind,
            Wire::Packets(_) => kind.of_packets(role),
        }
    }

    fn suffer(&self, kind: Kind) -> Result<(), NetworkError> {
        match self {
            Wire::Bytes(proxy) => proxy.set(kind.weather().unwrap_or(Weather::Clear)),
            Wire::Packets(link) => link.suffer(kind)?,
        }
        Ok(())
    }

    fn heal(&self, kind: Kind) -> Result<(), NetworkError> {
        match self {
            Wire::Bytes(proxy) => proxy.set(Weather::Clear),
            Wire::Packets(link) => link.heal(kind)?,
        }
        Ok(())
    }

    fn link(&self) -> Option<&Link> {
        match self {
            Wire::Bytes(_) => None,
            Wire::Packets(link) => Some(link),
        }
    }

    /// Does something where the program is.
    fn there<T: Send>(&self, work: impl FnOnce() -> T + Send) -> Result<T, NetworkError> {
        match self {
            Wire::Bytes(_) => Ok(work()),
            Wire::Packets(link) => link.namespace().inside(work),
        }
    }
}

/// All programs.
#[derive(Debug)]
pub struct Stage {
    executable: PathBuf,
    folder: PathBuf,
    actors: Vec<Actor>,
    user: User,
    network: Option<Network>,
}

/// Where a wire leads whose process has not started yet: to nobody.
const NOWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 1);

impl Stage {
    /// Starts `nodes` nodes and `servers` servers that work inside `folder`, over `network` or over proxies on loopback.
    /// Each server stands by for all before it.
    ///
    /// # Errors
    /// If one does not get ready.
    pub fn start(
        folder: &Path,
        nodes: usize,
        servers: usize,
        mut network: Option<Network>,
    ) -> Result<Stage, TortureError> {
        let executable = std::env::current_exe().map_err(TortureError::System)?;
        let at = network.as_mut().map(|network| network.join(Vec::new())).transpose()?;
        let user = User::new(folder, at);
        let mut stage = Stage { executable, folder: folder.to_owned(), actors: Vec::new(), user, network };
        for number in 0..nodes {
            let arguments = stage.node_arguments(number);
            stage.enter(format!("node{number}"), Role::Node, arguments)?;
        }
        let entries: String =
            stage.actors.iter().map(|actor| format!("{} {}\n", actor.name, actor.wire.address())).collect();
        stage.write("machine.txt", &(entries + "server 127.0.0.1\n"))?;
        for number in 0..servers {
            let arguments = stage.server_arguments(number);
            stage.enter(format!("server{number}"), Role::Server, arguments)?;
        }
        // For clients: the servers as they are reached over their wires, in failover order.
        let entries: String =
            stage.servers().map(|server| format!("{} {}\n", server.name, server.address())).collect();
        stage.write("servers.txt", &format!("{entries}node 127.0.0.1:1\n"))?;
        Ok(stage)
    }

    fn write(&self, name: &str, text: &str) -> Result<(), TortureError> {
        let path = self.folder.join(name);
        fs::write(&path, text).map_err(|source| TortureError::File { path, source })
    }

    fn node_arguments(&self, number: usize) -> Vec<OsString> {
        let name = format!("node{number}");
        let mut arguments = words(&[LOADS[number % LOADS.len()], "--name", &name, "--delay", "40ms"]);
        arguments.extend(words(&["--slots", "2", "--grace", "1s"]));
        arguments.extend(words(&["--log-level", "warn", "--data-root"]));
        arguments.push(self.folder.clone().into_os_string());
        arguments
    }

    fn server_arguments(&self, number: usize) -> Vec<OsString> {
        let name = format!("server{number}");
        let mut arguments = words(&["--name", &name, "--label", &name]);
        arguments.extend(words(&["--log-level", "warn"]));
        // Silence short enough that a stopped node is noticed, patience long enough that no job is given up.
        arguments.extend(words(&["--silence", "300ms", "--attempt-timeout", "5s", "--patience", "60s"]));
        arguments.extend(words(&[
            "--max-losses",
            "1000",
            "--max-attempts",
            "100000",
            "--grace",
            "20s",
            "--fan-out",
            "64",
        ]));
        arguments.extend(words(&["--console", "off"]));
        // As short as the faults are, so that jobs are taken over from servers that are only cut off, too.
        arguments.extend(words(&["--takeover-after", "400ms"]));
        for before in self.servers() {
            arguments.extend(words(&["--standby-of", &before.address().to_string()]));
        }
        arguments.push("--machines".into());
        arguments.push(self.folder.join("machine.txt").into_os_string());
        arguments.push("--results".into());
        arguments.push(self.folder.join("results").into_os_string());
        arguments
    }

    fn enter(&mut self, name: String, role: Role, arguments: Vec<OsString>) -> Result<(), TortureError> {
        let wire = match &mut self.network {
            None => Wire::Bytes(FaultProxy::start(NOWHERE).map_err(TortureError::System)?),
            Some(network) => {
                let servers = self.actors.iter().filter(|actor| actor.role == Role::Server);
                let servers = servers.filter_map(|actor| actor.wire.link()).map(Link::number);
                Wire::Packets(
                    network.join(self.user.link().map(Link::number).into_iter().chain(servers).collect())?,
                )
            }
        };
        let arguments = [wire.listen(), arguments].concat();
        let actor = Actor { name, role, arguments, wire, process: Mutex::new(None) };
        actor.begin(&self.executable)?;
        self.actors.push(actor);
        Ok(())
    }

    /// Whom faults may befall.
    pub fn actors(&self) -> &[Actor] {
        &self.actors
    }

    /// The servers, in failover order.
    pub fn servers(&self) -> impl Iterator<Item = &Actor> {
        self.actors.iter().filter(|actor| actor.role == Role::Server)
    }

    /// Whose client faults may befall too.
    pub fn user(&self) -> &User {
        &self.user
    }

    /// The folder in which everything happens.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The lab's own executable, which is every program.
    pub fn executable(&self) -> &Path {
        &self.executable
    }

    /// Ends all programs, the server first, and waits for their ends.
    pub fn end(&self) {
        for actor in self.actors.iter().rev() {
            drop(actor.lock().take());
        }
    }
}

impl Actor {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is in the cluster.
    pub fn role(&self) -> Role {
        self.role
    }

    /// Where it is reached, over its wire.
    pub fn address(&self) -> SocketAddr {
        self.wire.address()
    }

    /// Starts its process.
    fn begin(&self, executable: &Path) -> Result<(), TortureError> {
        let verb = if self.role == Role::Server { "server" } else { "computenode" };
        let start = || Process::spawn(executable, verb, &self.name, self.arguments.clone())?.ready();
        let started = self.wire.there(start)??;
        if let Wire::Bytes(proxy) = &self.wire {
            proxy.lead_to(started.address());
        }
        *self.lock() = Some(started);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Option<Process>> {
        // A process is put in or taken out whole.
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The fault that befalls it instead of `kind`, as its wire can.
    pub fn kind(&self, kind: Kind) -> Kind {
        self.wire.kind(kind, self.role)
    }

    /// The fault begins.
    ///
    /// # Errors
    /// If the operating system refuses a signal.
    pub fn suffer(&self, kind: Kind) -> Result<(), TortureError> {
        if kind.is_of_the_wire() {
            return Ok(self.wire.suffer(kind)?);
        }
        let mut process = self.lock();
        match kind {
            Kind::Stop => send(process.as_ref(), Signal::STOP),
            Kind::Kill => {
                if let Some(process) = process.as_mut() {
                    process.kill().map_err(TortureError::System)?;
                }
                // Reaps it.
                drop(process.take());
                Ok(())
            }
            _ => {
                // Lets it go, which it takes for SIGTERM, and waits for its end.
                drop(process.take());
                Ok(())
            }
        }
    }

    /// The fault is over.
    ///
    /// # Errors
    /// If a process does not come up again.
    pub fn heal(&self, kind: Kind, executable: &Path) -> Result<(), TortureError> {
        match kind {
            Kind::Kill | Kind::Terminate => self.begin(executable),
            Kind::Stop => send(self.lock().as_ref(), Signal::CONT),
            _ => Ok(self.wire.heal(kind)?),
        }
    }

    /// The end of its log, if it is there.
    pub fn last_words(&self) -> String {
        self.lock().as_ref().map(Process::last_words).unwrap_or_default()
    }

    /// Its process id, if it is there.
    pub fn id(&self) -> Option<u32> {
        self.lock().as_ref().map(Process::id)
    }
}

fn send(process: Option<&Process>, signal: Signal) -> Result<(), TortureError> {
    let id = process.and_then(|process| i32::try_from(process.id()).ok()).and_then(Pid::from_raw);
    match id {
        Some(id) => kill_process(id, signal).map_err(|error| TortureError::System(error.into())),
        None => Ok(()),
    }
}

fn words(texts: &[&str]) -> Vec<OsString> {
    texts.iter().map(OsString::from).collect()
}
