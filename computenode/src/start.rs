//! From the command line to a node that listens, and to its exit status.

use crate::args::Args;
use crate::files::{BadRoot, DataRoots};
use crate::logging;
use crate::node::Node;
use crate::settings::{NoLoad, Settings};
use crate::stop::{End, StopSignals};
use clap::Parser as _;
use cluster::machines::LoadError;
use cluster::{Machine, Machines, OwnEntryError, Role, own_entry};
use imaging::operation::OperationError;
use std::ffi::OsString;
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use wire::{Limits, serve_node};

/// Stack of the thread that works on an image; only what is used is ever real memory.
const STACK_BYTES: usize = 2 << 20;
/// Connections beside those whose attempts hold a slot or wait for one: for looking, and for other servers.
const SPARE_CONNECTIONS: usize = 256;

/// Why a node did not start.
#[derive(Debug, thiserror::Error)]
enum StartError {
    #[error("{0}")]
    Usage(#[from] NoLoad),
    #[error("{0}")]
    Machines(#[from] LoadError),
    #[error("{0}")]
    Entry(#[from] OwnEntryError),
    #[error("{}", cannot_listen(address, cause))]
    Listen { address: String, cause: io::Error },
    #[error("{0}")]
    Root(#[from] BadRoot),
    #[error("cannot write the log file {path:?} ({cause}): give --log-file a path that can be written")]
    Log { path: PathBuf, cause: io::Error },
    #[error("the original's operation is missing: {0}")]
    Operation(#[from] OperationError),
    #[error("the system refuses a thread or a signal handler: {0}")]
    System(#[source] io::Error),
}

fn cannot_listen(address: &str, cause: &io::Error) -> String {
    let remedy = match cause.kind() {
        io::ErrorKind::AddrInUse => {
            return format!(
                "{address} is taken by another program: stop that one, or listen at another port (0 takes any free one)"
            );
        }
        io::ErrorKind::PermissionDenied => "ports below 1024 need privileges, take a higher one",
        _ => "listen at an address of this machine, such as 127.0.0.1:5001",
    };
    format!("cannot listen at {address} ({cause}): {remedy}")
}

/// Runs `computenode` with `arguments`, the program's name first, until a signal ends it. Answers the exit status.
///
/// This is the whole program: it prints, logs, and takes over SIGINT and SIGTERM of the process.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args = match Args::try_parse_from(arguments) {
        Ok(args) => args,
        Err(error) => {
            // Help goes to standard output, faults to standard error; if neither can be written nobody reads.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match start_and_serve(&args) {
        Ok(End::Drained) => ExitCode::SUCCESS,
        Ok(End::Abandoned(attempts)) => {
            log::warn!("ended with {attempts} attempts in flight: their caller sees the connection break");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("computenode: {error}");
            ExitCode::from(if matches!(error, StartError::Usage(_)) { 2 } else { 1 })
        }
    }
}

fn start_and_serve(args: &Args) -> Result<End, StartError> {
    logging::start(args.log_level, args.log_file.as_deref()).map_err(|cause| {
        // Only the file can be at fault.
        StartError::Log { path: args.log_file.clone().unwrap_or_default(), cause }
    })?;
    let roots = if args.data_root.is_empty() { vec![PathBuf::from(".")] } else { args.data_root.clone() };
    let roots = DataRoots::open(&roots)?;
    let (listener, entry) = take_port(args)?;
    let address = listener.local_addr().map_err(StartError::System)?;
    let name = entry.as_ref().map(|entry| entry.name.clone()).or_else(|| args.name.clone());
    let name = name.unwrap_or_else(|| format!("node-{}", address.port()));
    let settings = Settings::new(args, name, entry.as_ref(), draw())?;
    warn_if_open(address);

    let ready = format!(
        "computenode {} listening on {address} ({}, delay {}, {} slots)",
        settings.name,
        settings.shown_load(),
        humantime::format_duration(settings.load.delay_time),
        settings.slots
    );
    let limits = Limits {
        connections: settings.slots.saturating_add(settings.queue).saturating_add(SPARE_CONNECTIONS),
        stack_bytes: STACK_BYTES,
        ..Limits::default()
    };
    let node = Arc::new(Node::new(settings, roots, draw())?);
    let signals = StopSignals::listen().map_err(StartError::System)?;
    let port = serve_node(listener, Arc::<Node>::clone(&node), limits).map_err(StartError::System)?;
    announce(&ready);
    Ok(signals.wait_and_end(&node, port, args.grace))
}

/// The port to listen at, and the line of `machine.txt` that names it, if one does.
fn take_port(args: &Args) -> Result<(TcpListener, Option<Machine>), StartError> {
    if let Some(address) = &args.listen {
        let listener = TcpListener::bind(address.as_str())
            .map_err(|cause| StartError::Listen { address: address.clone(), cause })?;
        return Ok((listener, None));
    }
    let machines = Machines::load(&args.machines)?;
    machines.notes().for_each(|note| log::info!("{note}"));
    let own = own_entry(&machines, Role::Node, args.name.as_deref())?;
    Ok((own.port, Some(own.machine)))
}

/// Whoever reaches the port can have files of the data roots worked on.
fn warn_if_open(address: SocketAddr) {
    if !address.ip().is_loopback() {
        log::warn!("{address} can be reached from other machines, and callers are not asked who they are");
    }
}

/// Others read the address from this line. A closed standard output is no reason to stop.
fn announce(ready: &str) {
    let mut output = io::stdout();
    if writeln!(output, "{ready}").and_then(|()| output.flush()).is_err() {
        log::info!("{ready}");
    }
}

/// A number that nobody can foresee, from the standard library's own source of randomness. It fits the wire's signed
/// 64 bits.
fn draw() -> u64 {
    RandomState::new().hash_one(std::process::id()) >> 1
}
