//! From the command line to a node that listens, and to its exit status.

use crate::args::Args;
use crate::figures::NodeFigures;
use crate::files::{BadRoot, DataRoots};
use crate::node::Node;
use crate::register;
use crate::settings::{NoLoad, Settings};
use crate::stop::{End, StopSignals};
use clap::Parser as _;
use cluster::machines::LoadError;
use cluster::{Machine, Machines, OwnEntryError, Role, own_entry};
use imaging::operation::OperationError;
use log::LevelFilter;
use program::chance::draw;
use program::door::{BadKeys, OpenDoor};
use program::listen::{ListenError, listen};
use program::logging::LogError;
use program::probe::{self, OpenFigures};
use program::ready::announce;
use std::ffi::OsString;
use std::io;
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
    #[error("{0}")]
    Listen(#[from] ListenError),
    #[error("{0}")]
    Keys(#[from] BadKeys),
    #[error("{0}")]
    Open(#[from] OpenDoor),
    #[error("{0}")]
    Figures(#[from] OpenFigures),
    #[error("{0}")]
    Root(#[from] BadRoot),
    #[error("{0}")]
    Log(#[from] LogError),
    #[error("the original's operation is missing: {0}")]
    Operation(#[from] OperationError),
    #[error("the system refuses a thread or a signal handler: {0}")]
    System(#[source] io::Error),
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
    args.log.start(LevelFilter::Info)?;
    let credentials = args.door.keys.credentials()?;
    let roots = if args.data_root.is_empty() { vec![PathBuf::from(".")] } else { args.data_root.clone() };
    let roots = DataRoots::open(&roots)?;
    let (listener, entry) = take_port(args)?;
    let address = listener.local_addr().map_err(StartError::System)?;
    args.door.check(address, &credentials)?;
    let name = entry.as_ref().map(|entry| entry.name.clone()).or_else(|| args.name.clone());
    let name = name.unwrap_or_else(|| format!("node-{}", address.port()));
    let settings = Settings::new(args, name, entry.as_ref(), draw())?;

    let monitors = args.metrics.as_deref().map(listen).transpose()?;
    let metrics = match &monitors {
        Some(port) => {
            let address = port.local_addr().map_err(StartError::System)?;
            probe::check(address, args.metrics_token.as_deref(), args.door.insecure)?;
            format!(", metrics on http://{address}/metrics")
        }
        None => String::new(),
    };
    let ready = format!(
        "computenode {} listening on {address} ({}, delay {}, {} slots{metrics})",
        settings.name,
        settings.shown_load(),
        humantime::format_duration(settings.load.delay_time),
        settings.slots
    );
    let limits = Limits {
        connections: args
            .door
            .connections(settings.slots.saturating_add(settings.queue).saturating_add(SPARE_CONNECTIONS)),
        rates: args.door.rates(),
        credentials: credentials.clone(),
        stack_bytes: STACK_BYTES,
        ..Limits::default()
    };
    let node = Arc::new(Node::new(settings, roots, draw())?);
    let signals = StopSignals::listen().map_err(StartError::System)?;
    let port = serve_node(listener, Arc::<Node>::clone(&node), limits).map_err(StartError::System)?;
    if let Some(monitors) = monitors {
        probe::serve(
            monitors,
            args.metrics_token.clone(),
            NodeFigures { node: Arc::clone(&node), port: port.watch() },
        )
        .map_err(StartError::System)?;
    }
    announce(&ready);
    let servers: Vec<String> = args.server.iter().map(ToString::to_string).collect();
    register::start(&node, &servers, address, args.advertise.as_deref(), &credentials)
        .map_err(StartError::System)?;
    Ok(signals.wait_and_end(&node, port, args.grace))
}

/// The port to listen at, and the line of `machine.txt` that names it, if one does.
fn take_port(args: &Args) -> Result<(TcpListener, Option<Machine>), StartError> {
    if let Some(address) = &args.listen {
        return Ok((listen(address)?, None));
    }
    if let Some(server) = args.server.first() {
        let own = register::way_to(&server.to_string()).map_err(StartError::System)?;
        return Ok((listen(&SocketAddr::new(own, 0).to_string())?, None));
    }
    let machines = Machines::load(&args.machines)?;
    machines.notes().for_each(|note| log::info!("{note}"));
    let own = own_entry(&machines, Role::Node, args.name.as_deref())?;
    Ok((own.port, Some(own.machine)))
}
