//! From the command line to a server that listens, and to its exit status.

use crate::args::Args;
use crate::decisions::Decisions;
use crate::divided::Speeds;
use crate::election::{self, Election, Leadership};
use crate::engine::Engine;
use crate::greet;
use crate::held_up::HeldUp;
use crate::journal::{Journal, OpenError};
use crate::means::Means;
use crate::peer::Peer;
use crate::peers::Peers;
use crate::recorder::Recorder;
use crate::resume;
use crate::service::{Service, Terms};
use crate::standby;
use crate::stop::{End, StopSignals};
use crate::watch::{self, Silence};
use crate::window;
use clap::Parser as _;
use cluster::machines::LoadError;
use cluster::{Machines, OwnEntryError, Role, own_entry};
use log::LevelFilter;
use luck::Seed;
use program::chance::draw;
use program::door::{BadKeys, OpenDoor};
use program::listen::{ListenError, listen};
use program::logging::LogError;
use program::ready::announce;
use records::manifest::{Host, Manifest, SCHEMA_VERSION};
use records::{RecordsError, RunWriter, Text};
use scheduler::{RetryRule, Settings};
use std::ffi::OsString;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;
use wire::{Credentials, Limits, PoolSettings, serve_server};

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
enum StartError {
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
    Records(#[from] RecordsError),
    #[error(
        "{0} is no address by which other servers and clients find the leader: listen at one address of this machine, \
         as with --listen 10.0.0.1:5000"
    )]
    Nowhere(SocketAddr),
    #[error("{0}")]
    Journal(#[from] OpenError),
    #[error("{0}")]
    Log(#[from] LogError),
    #[error("the system refuses a thread or a signal handler: {0}")]
    System(#[source] io::Error),
}

/// Who the server is, where it listens, and over which nodes it rules.
struct Place {
    name: String,
    listener: TcpListener,
    peers: Vec<Arc<Peer>>,
    /// Lines of `machine.txt`, for the manifest.
    machines: Vec<String>,
    /// Servers whose jobs go on here when they are lost.
    before: Vec<String>,
}

/// Runs `server` with `arguments`, the program's name first, until a signal ends it. Answers the exit status.
///
/// This is the whole program: it prints, logs, and takes over SIGINT and SIGTERM of the process.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let args = match Args::try_parse_from(&arguments) {
        Ok(args) => args,
        Err(error) => {
            // Help goes to standard output, faults to standard error; if neither can be written nobody reads.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let command_line = arguments.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    match start_and_serve(&args, command_line) {
        Ok(End::Drained | End::Left) => ExitCode::SUCCESS,
        Ok(End::Abandoned) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("server: {error}");
            ExitCode::FAILURE
        }
    }
}

fn start_and_serve(args: &Args, command_line: Vec<String>) -> Result<End, StartError> {
    args.log.start(LevelFilter::Info)?;
    let credentials = args.door.keys.credentials()?;
    let pool = pool(args, &credentials);
    let Place { name, listener, peers, machines, before } = take_place(args, &pool)?;
    let lines = machines.join("\n");
    let address = listener.local_addr().map_err(StartError::System)?;
    check_port(args, address, &credentials)?;
    let seed = args.seed.unwrap_or_else(draw);
    let (journal, book) = Journal::open(&args.state_folder(&name), args.durability)?;
    let writer = match &args.go_on {
        Some(folder) => RunWriter::go_on(folder)?,
        None => create_run(args, command_line, seed, machines)?,
    };
    let rules = Settings { max_in_flight: args.fan_out, ..Settings::default() };
    let decisions = args.decisions.then(|| Arc::new(Decisions::new(&rules)));
    let run_folder = std::path::absolute(writer.folder()).unwrap_or_else(|_| writer.folder().to_owned());
    let run = writer.name();
    let count = peers.len();
    let means = Means {
        speeds: Speeds::default(),
        peers: Peers::new(peers),
        events: Arc::default(),
        pool,
        recorder: Recorder::start(writer, decisions.clone()).map_err(StartError::System)?,
        decisions,
        rules,
        journal,
        durability: args.durability,
        shelves: Mutex::default(),
        held_up: HeldUp::default(),
        fan_out: args.fan_out,
        attempt_timeout: args.attempt_timeout,
        incarnation: draw(),
        run,
        nothing: Text::from(""),
    };
    let engine = Engine::start(means, resume::head_start(&book)).map_err(StartError::System)?;
    let up = meet_nodes(args, &engine)?;
    let ready =
        format!("server {name} listening on {address} ({up} of {count} nodes up, records in {run_folder:?})");
    let terms = Terms {
        name: name.clone(),
        run_folder,
        state: args.state_folder(&name),
        retry: retry(args),
        standby_of: before,
        seed: Seed(seed),
        leaves_jobs: args.state.is_some(),
        leadership: (!args.etcd.is_empty()).then(|| Arc::new(Leadership::new())),
    };
    let service = Arc::new(Service::new(Arc::clone(&engine), terms));
    service.remember(&book);
    if args.etcd.is_empty() {
        service.go_on_with(&book);
    }
    let signals = StopSignals::listen().map_err(StartError::System)?;
    let port = serve_server(listener, Arc::<Service>::clone(&service), limits(args, credentials.clone()))
        .map_err(StartError::System)?;
    let election = stand_beside_others(args, &service, address, &credentials, book)?;
    let console = window::open(args, &name, address, &lines, credentials);
    let shown = console.as_ref().map(|console| format!("; console at {}", console.url()));
    announce(&format!("{ready}{}", shown.unwrap_or_default()));
    let end = signals.wait_and_end(&service, &engine, port, args.grace);
    // Now another one may lead.
    drop(election);
    Ok(end)
}

/// Makes sure that the port is not open by accident, and that others find a leader there.
fn check_port(args: &Args, address: SocketAddr, credentials: &Credentials) -> Result<(), StartError> {
    args.door.check(address, credentials)?;
    if !args.etcd.is_empty() && address.ip().is_unspecified() {
        return Err(StartError::Nowhere(address));
    }
    Ok(())
}

/// Begins to look after the nodes; answers how many are up.
fn meet_nodes(args: &Args, engine: &Arc<Engine>) -> Result<usize, StartError> {
    // Before the first job: which nodes are up must not depend on which thread was faster.
    let up = greet::first_round(engine);
    greet::keep_greeting(engine).map_err(StartError::System)?;
    watch::start(engine, Silence { suspected: args.silence, removed: args.remove_after })
        .map_err(StartError::System)?;
    Ok(up)
}

/// Watches the servers before this one, or takes part in the election.
fn stand_beside_others(
    args: &Args,
    service: &Arc<Service>,
    address: SocketAddr,
    credentials: &Credentials,
    book: journal::book::Book,
) -> Result<Option<Election>, StartError> {
    let Some(leadership) = service.terms.leadership.clone() else {
        standby::start(service, &service.terms.standby_of, args.takeover_after, credentials)
            .map_err(StartError::System)?;
        return Ok(None);
    };
    let place = election::Place { endpoints: args.etcd.clone(), election: args.election.clone() };
    let me = election::Me { name: service.terms.name.clone(), address: address.to_string() };
    let election = election::start((service, leadership), (place, me), credentials.clone(), book);
    election.map(Some).map_err(StartError::System)
}

/// When a task is tried again, and when it is given up.
fn retry(args: &Args) -> RetryRule {
    RetryRule {
        max_attempts: args.max_attempts,
        max_losses: args.max_losses,
        patience: args.patience,
        ..RetryRule::default()
    }
}

/// How connections to one node are made and kept.
fn pool(args: &Args, credentials: &Credentials) -> PoolSettings {
    PoolSettings {
        connections: args.connections(),
        credentials: credentials.clone(),
        ..PoolSettings::default()
    }
}

/// What callers may cost, and what they must prove.
fn limits(args: &Args, credentials: Credentials) -> Limits {
    let limits = Limits::default();
    Limits {
        connections: args.door.connections(limits.connections),
        rates: args.door.rates(),
        credentials,
        ..limits
    }
}

/// A new run folder.
fn create_run(
    args: &Args,
    command_line: Vec<String>,
    seed: u64,
    machines: Vec<String>,
) -> Result<RunWriter, RecordsError> {
    let manifest = Manifest {
        schema_version: SCHEMA_VERSION,
        program: "server".to_owned(),
        program_version: env!("CARGO_PKG_VERSION").to_owned(),
        git_revision: records::manifest::revision(),
        command_line,
        label: args.label.clone(),
        seed,
        started_utc: records::utc::text(SystemTime::now()),
        host: Host::here(),
        machines,
        settings: args.settings(),
    };
    let writer = RunWriter::create(&args.results, SystemTime::now(), &manifest)?.with_nodes()?;
    if args.decisions { writer.with_decisions() } else { Ok(writer) }
}

/// The port to listen at and the nodes, from `machine.txt` or from the command line.
fn take_place(args: &Args, pool: &PoolSettings) -> Result<Place, StartError> {
    let can_do_without = args.machines == Path::new("machine.txt") && !args.machines.exists();
    if let (Some(address), true) = (&args.listen, !args.node.is_empty() || can_do_without) {
        let peer = |(number, node): (usize, &String)| {
            Arc::new(Peer::new(&format!("node{number}"), node, pool.clone()))
        };
        let peers: Vec<_> = args.node.iter().enumerate().map(peer).collect();
        if peers.is_empty() {
            log::info!("no node is named: jobs wait for nodes that register with --server");
        }
        let machines = peers.iter().map(|peer| format!("{} {}", peer.name, peer.address())).collect();
        let name = args.name.clone().unwrap_or_else(|| "server".to_owned());
        return Ok(Place { name, listener: listen(address)?, peers, machines, before: named_before(args) });
    }
    let machines = Machines::load(&args.machines)?;
    machines.notes().for_each(|note| log::info!("{note}"));
    if machines.nodes().next().is_none() {
        log::info!("machine.txt names no compute node: jobs wait for nodes that register with --server");
    }
    let peers = machines
        .nodes()
        .map(|node| Arc::new(Peer::new(&node.name, &node.address.to_string(), pool.clone())))
        .collect();
    let lines = machines.all().iter().map(ToString::to_string).collect();
    let (name, listener) = match &args.listen {
        Some(address) => (args.name.clone().unwrap_or_else(|| "server".to_owned()), listen(address)?),
        None => {
            let own = own_entry(&machines, Role::Server, args.name.as_deref())?;
            (own.machine.name, own.port)
        }
    };
    let mut before = named_before(args);
    if before.is_empty() && args.listen.is_none() {
        let earlier = machines.servers().take_while(|server| server.name != name);
        before = earlier.map(|server| server.address.to_string()).collect();
    }
    Ok(Place { name, listener, peers, machines: lines, before })
}

/// The servers that the command line names.
fn named_before(args: &Args) -> Vec<String> {
    args.standby_of.iter().map(ToString::to_string).collect()
}
