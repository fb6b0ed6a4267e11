//! One port among strangers: a thousand idle connections, sixty-four that trickle and one that sends nonsense, while
//! honest calls want their answers.

use super::usage::memory_kib;
use super::{BenchmarkError, Figure, Goal, plan, temporary_folder};
use crate::local_cluster::LocalCluster;
use cluster::Probability;
use luck::{Coin, Purpose, Seed};
use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use wire::{NodeClient, PoolSettings};

/// Connections that say nothing.
const IDLE: usize = 1_000;
/// Connections that send a byte of a message now and then.
const TRICKLING: usize = 64;
/// Time between two bytes of a trickling connection.
const TRICKLE: Duration = Duration::from_millis(20);
/// Honest calls.
const CALLS: usize = 2_000;
/// Time between two honest calls: their latency is asked for, not the port's rate.
const PACE: Duration = Duration::from_millis(2);
/// How long an honest call may take before it counts as unanswered.
const PATIENCE: Duration = Duration::from_secs(5);

/// A message that is good until it is changed: a call of `describe` in Thrift's strict binary encoding.
const MESSAGE: &[u8] = b"\x80\x01\x00\x01\x00\x00\x00\x08describe\x00\x00\x00\x01\x00";

/// What strangers did to a port, and what it cost.
#[derive(Debug)]
pub struct Siege {
    /// Latencies of the honest calls that were answered, the shortest first.
    pub latencies: Vec<Duration>,
    /// Honest calls without an answer.
    pub unanswered: usize,
    /// Nonsense messages sent.
    pub nonsense: u64,
}

impl Siege {
    /// The latency that this share of the answered calls did not pass.
    pub fn quantile(&self, share: f64) -> Duration {
        let last = self.latencies.len().saturating_sub(1);
        self.latencies.get((last as f64 * share).round() as usize).copied().unwrap_or(PATIENCE)
    }
}

/// Besieges the port at `address` while `calls` honest calls are made; `meanwhile` is asked at the end of them, when
/// all strangers are still there.
///
/// # Errors
/// If the strangers cannot be made.
pub fn besiege<T>(
    address: SocketAddr,
    calls: usize,
    pace: Duration,
    meanwhile: impl FnOnce() -> T,
) -> io::Result<(Siege, T)> {
    let idle = (0..IDLE).map(|_| TcpStream::connect(address)).collect::<io::Result<Vec<_>>>()?;
    let over = AtomicBool::new(false);
    let nonsense = AtomicU64::new(0);
    let answer = thread::scope(|scope| {
        scope.spawn(|| trickle(address, &over));
        scope.spawn(|| talk_nonsense(address, &over, &nonsense));
        let client = NodeClient::new(address.to_string(), PoolSettings::default());
        let mut siege = Siege { latencies: Vec::with_capacity(calls), unanswered: 0, nonsense: 0 };
        for call in 0..calls {
            // Every other call comes in by the door like anybody else, and not over a pooled connection.
            let fresh;
            let caller = if call % 2 == 0 {
                &client
            } else {
                fresh = NodeClient::new(address.to_string(), PoolSettings::default());
                &fresh
            };
            let begun = Instant::now();
            match caller.ping(PATIENCE) {
                Ok(()) => siege.latencies.push(begun.elapsed()),
                Err(_) => siege.unanswered += 1,
            }
            thread::sleep(pace);
        }
        let found = meanwhile();
        over.store(true, Ordering::Relaxed);
        (siege, found)
    });
    drop(idle);
    let (mut siege, found) = answer;
    siege.latencies.sort_unstable();
    siege.nonsense = nonsense.into_inner();
    Ok((siege, found))
}

/// Sixty-four connections that get a byte each in turn; whoever was closed comes again.
fn trickle(address: SocketAddr, over: &AtomicBool) {
    let mut peers: Vec<Option<TcpStream>> = (0..TRICKLING).map(|_| None).collect();
    for round in 0.. {
        for peer in &mut peers {
            let sent = peer.as_mut().map(|stream| stream.write_all(&MESSAGE[round % 4..=round % 4]));
            if !matches!(sent, Some(Ok(()))) {
                *peer = TcpStream::connect(address).ok();
            }
        }
        if over.load(Ordering::Relaxed) {
            return;
        }
        thread::sleep(TRICKLE);
    }
}

/// One changed message after the other, each on a connection of its own.
fn talk_nonsense(address: SocketAddr, over: &AtomicBool, sent: &AtomicU64) {
    for number in 0.. {
        if over.load(Ordering::Relaxed) {
            return;
        }
        let mut message = MESSAGE.to_vec();
        let mut coin = Seed(1).coin(Purpose::Fault, number, 0);
        for _ in 0..=coin.below(3) {
            let mut flip = || -> Coin {
                coin = coin.next();
                coin
            };
            let place = flip().below(message.len());
            message[place] = flip().below(256) as u8;
        }
        // Whatever comes back, and however it ends, is the port's affair; the next one waits for it.
        if let Ok(mut stream) = TcpStream::connect(address)
            && stream.write_all(&message).is_ok()
            && stream.shutdown(Shutdown::Write).is_ok()
        {
            let _ = stream.read_to_end(&mut Vec::new());
            sent.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Measures a node's port among strangers. Without `/proc` there is no figure of memory.
///
/// # Errors
/// If the node or the strangers cannot be started.
pub fn measure() -> Result<Vec<Figure>, BenchmarkError> {
    let (_guard, folder) = temporary_folder()?;
    let cluster = LocalCluster::start(&plan(&folder, Probability::ZERO, 2, Duration::ZERO))?;
    let node = &cluster.nodes()[0];
    let before = memory_kib(node.id(), "VmRSS:");
    let (siege, _) = besiege(node.address(), CALLS, PACE, || ())
        .map_err(|source| BenchmarkError::File { path: folder.clone(), source })?;
    let peak = memory_kib(node.id(), "VmHWM:");
    let strangers = format!(
        "beside {IDLE} idle and {TRICKLING} trickling connections and {} nonsense messages",
        siege.nonsense
    );
    let mut figures = vec![
        Figure {
            name: "a besieged port: honest calls without an answer".to_owned(),
            value: siege.unanswered as f64,
            unit: "",
            goal: Goal::AtMost(0.0),
            detail: format!("{CALLS} calls, every other one over a new connection, {strangers}"),
        },
        Figure {
            name: "a besieged port: p99 of an honest call".to_owned(),
            value: siege.quantile(0.99).as_secs_f64() * 1e3,
            unit: "ms",
            goal: Goal::AtMost(50.0),
            detail: format!("median {:.2} ms", siege.quantile(0.5).as_secs_f64() * 1e3),
        },
    ];
    if let (Some(before), Some(peak)) = (before, peak) {
        figures.push(Figure {
            name: "a besieged port: memory above idle".to_owned(),
            value: peak.saturating_sub(before) as f64 / 1024.0,
            unit: "MiB",
            goal: Goal::AtMost(64.0),
            detail: format!("from {} to at most {} MiB resident", before / 1024, peak / 1024),
        });
    }
    Ok(figures)
}
