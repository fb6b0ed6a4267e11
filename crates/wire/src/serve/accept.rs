//! The accept loop: a thread a connection, within bounds, until it is told to stop.

use super::Running;
use super::connection::Port;
use super::counters::count;
use super::links::Entry;
use super::rates::{Meter, TooMany};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

/// First pause after a failed accept; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(200);
/// Connections that may wait to be accepted; the system may set a lower bound. The standard library asks for 128: when a
/// server sends a node more attempts at once, the connections beyond are dropped and tried again by TCP a second later.
const BACKLOG: i32 = 4_096;

/// Time between two words about floods of connections.
const BETWEEN_WORDS: Duration = Duration::from_secs(10);

/// Begins to serve.
pub(super) fn start(listener: TcpListener, port: Port) -> io::Result<Running> {
    let address = listener.local_addr()?;
    // On a socket that listens already this changes the length of the queue.
    rustix::net::listen(&listener, BACKLOG)?;
    let port = Arc::new(port);
    let shared = Arc::clone(&port);
    let acceptor = thread::Builder::new()
        .name(format!("accept-{}", address.port()))
        .spawn(move || run(&listener, &shared))?;
    Ok(Running { address, port, acceptor: Some(acceptor) })
}

fn run(listener: &TcpListener, port: &Arc<Port>) {
    let mut pause = FIRST_PAUSE;
    let mut next_id = 0;
    let mut told = Told::default();
    loop {
        let accepted = listener.accept();
        if port.stopping.load(Ordering::Acquire) {
            return;
        }
        match accepted {
            Ok((stream, peer)) => {
                pause = FIRST_PAUSE;
                next_id += 1;
                count(&port.counting.accepted);
                match port.meters.connect(peer.ip(), port.links.now_ns()) {
                    Ok(meter) => admit(port, next_id, stream, meter),
                    Err(TooMany { rate }) => {
                        // Counted before its peer sees it end. Nothing is said: the flood would gain by every answer.
                        count(&port.counting.refused_connections);
                        drop(stream);
                        told.tell(peer.ip(), rate);
                    }
                }
            }
            Err(error) if is_the_peers(error.kind()) => {}
            Err(error) => {
                // Out of descriptors, most likely. Asking again at once would burn a core; an idle connection less helps.
                count(&port.counting.accept_errors);
                log::warn!("no connection can be accepted: {error}");
                if port.links.evict_one() {
                    count(&port.counting.evicted);
                }
                thread::sleep(pause);
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

/// Errors that concern one connection only, which was gone before it was accepted.
fn is_the_peers(kind: io::ErrorKind) -> bool {
    matches!(
        kind,
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted
    )
}

fn admit(port: &Arc<Port>, id: u64, stream: TcpStream, meter: Option<Arc<Meter>>) {
    let link = match port.links.enter(id, stream, meter) {
        Entry::Entered(link) => link,
        Entry::EnteredForAnother(link) => {
            count(&port.counting.evicted);
            link
        }
        Entry::Full(stream) => {
            count(&port.counting.turned_away);
            drop(stream);
            log::debug!("a connection was turned away: all {} are at work", port.limits.connections);
            return;
        }
    };
    let shared = Arc::clone(port);
    let thread = thread::Builder::new().name(format!("peer-{id}")).stack_size(port.limits.stack_bytes);
    let spawned = thread.spawn(move || {
        let present = Present { port: &shared, id };
        shared.serve(&link);
        drop(present);
    });
    if let Err(error) = spawned {
        count(&port.counting.accept_errors);
        log::warn!("no thread for a connection: {error}");
        port.links.leave(id);
    }
}

/// When a flood was told of last: the log does not grow with it.
#[derive(Debug, Default)]
struct Told(Option<Instant>);

impl Told {
    fn tell(&mut self, peer: IpAddr, rate: u32) {
        if self.0.is_none_or(|last| last.elapsed() >= BETWEEN_WORDS) {
            self.0 = Some(Instant::now());
            log::warn!(
                "{peer} connects more than {rate} times a second: connections beyond that are closed unheard \
                 (--max-connection-rate)"
            );
        }
    }
}

/// A connection's thread takes its link away however it ends.
struct Present<'a> {
    port: &'a Port,
    id: u64,
}

impl Drop for Present<'_> {
    fn drop(&mut self) {
        self.port.links.leave(self.id);
    }
}

/// Where a listener on `address` can be reached from this process.
pub(super) fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}
