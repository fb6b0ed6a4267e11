//! What a call costs: bare Thrift round trips beside ours, plain and by TLS, on loopback, at one call in flight and at 32.
//!
//! `cargo run --release -p wire --example ping_pong [-- SECONDS]` (default 1 second a cell)
//!
//! Bare is the stock library and nothing else: the generated processor and client over `BufReader` and `BufWriter`, a
//! thread a connection. Both ends share this process and its cores, so read the ratios, not the rates. The cells take
//! turns, and each figure is the median of three.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot run should say where")]

use idl::ballast::BallastServerSyncClient;
use idl::client_server::{ClientServerSyncHandler, ClientServerSyncProcessor, TClientServerSyncClient};
use std::io::{BufReader, BufWriter};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use thrift::protocol::{TBinaryInputProtocol, TBinaryOutputProtocol};
use thrift::server::TProcessor;
use wire::node::*;
use wire::{Credentials, Limits, NodeClient, PoolSettings, Tls};

const TIME_OUT: Duration = Duration::from_secs(10);
const ROUNDS: usize = 3;

struct Node;

impl NodeService for Node {
    fn describe(&self) -> NodeDescription {
        unreachable!("not called here")
    }

    fn status(&self) -> NodeStatus {
        NodeStatus::default()
    }

    fn attempt(&self, _request: AttemptRequest) -> Result<AttemptReply, AttemptError> {
        Ok(AttemptReply {
            timings: AttemptTimings::default(),
            bytes_in: 0,
            bytes_out: 0,
            width: 0,
            height: 0,
            result: AttemptResult::Nothing,
            checksum: None,
        })
    }

    fn execute(&self, _admission: cluster::Admission, _file: SharedFile) -> Result<CompatibleAnswer, String> {
        Ok(CompatibleAnswer::Success)
    }
}

/// Answers `ping` as the stock library does.
struct Bare;

impl ClientServerSyncHandler for Bare {
    fn handle_submit_request(&self, _source_folder: String, _is_random: bool) -> thrift::Result<String> {
        Ok(String::new())
    }

    fn handle_ping(&self) -> thrift::Result<()> {
        Ok(())
    }
}

/// Serves until the process ends.
fn serve_bare() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let processor = Arc::new(ClientServerSyncProcessor::new(Bare));
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, processor) = (stream.unwrap(), Arc::clone(&processor));
            thread::spawn(move || {
                stream.set_nodelay(true).unwrap();
                let mut input = TBinaryInputProtocol::new(BufReader::new(stream.try_clone().unwrap()), true);
                let mut output = TBinaryOutputProtocol::new(BufWriter::new(stream), true);
                while processor.process(&mut input, &mut output).is_ok() {}
            });
        }
    });
    address
}

/// A way to make one call, over and over, from one thread.
type Caller<'a> = Box<dyn FnMut() + Send + 'a>;

fn bare(address: SocketAddr) -> Caller<'static> {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut client = BallastServerSyncClient::new(
        TBinaryInputProtocol::new(BufReader::new(stream.try_clone().unwrap()), true),
        TBinaryOutputProtocol::new(BufWriter::new(stream), true),
    );
    Box::new(move || client.ping().unwrap())
}

fn our_ping(client: &NodeClient) -> Caller<'_> {
    Box::new(|| client.ping(TIME_OUT).unwrap())
}

fn our_attempt(client: &NodeClient) -> Caller<'_> {
    let request = AttemptRequest {
        job_key: "01J9Z3V5K8W2-ping-pong".to_owned(),
        epoch: 1,
        server_incarnation: u64::MAX,
        task: 123_456,
        attempt: 1,
        seed: 42,
        admission: cluster::Admission::MayReject,
        operation: "edges".to_owned(),
        strategy: None,
        work: Work::Synthetic(Duration::ZERO),
        durable: false,
        folder_made: false,
    };
    Box::new(move || drop(client.attempt(&request, TIME_OUT).unwrap().unwrap()))
}

/// A certificate for both ends, and its authority.
fn certificates() -> Credentials {
    let mut params = rcgen::CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority = rcgen::KeyPair::generate().unwrap();
    let authorities = params.self_signed(&authority).unwrap().pem();
    let issuer = rcgen::Issuer::new(params, authority);
    let key = rcgen::KeyPair::generate().unwrap();
    let member = rcgen::CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    let certificate = member.signed_by(&key, &issuer).unwrap().pem();
    let key = key.serialize_pem();
    Credentials::of_certificates(
        Tls::new(authorities.as_bytes(), certificate.as_bytes(), key.as_bytes()).unwrap(),
    )
}

/// Calls a second with as many threads.
fn rate<'a>(threads: usize, time: Duration, caller: impl Fn() -> Caller<'a>) -> f64 {
    let (calls, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        for _ in 0..threads {
            let mut call = caller();
            call();
            let (calls, stop) = (&calls, &stop);
            scope.spawn(move || {
                let mut mine = 0;
                while !stop.load(Ordering::Relaxed) {
                    call();
                    mine += 1;
                }
                calls.fetch_add(mine, Ordering::Relaxed);
            });
        }
        let begun = Instant::now();
        thread::sleep(time);
        stop.store(true, Ordering::Relaxed);
        begun
    });
    calls.load(Ordering::Relaxed) as f64 / time.as_secs_f64()
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

fn main() {
    let seconds = std::env::args().nth(1).map_or(1.0, |text| text.parse().unwrap());
    let time = Duration::from_secs_f64(seconds);
    let bare_address = serve_bare();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let running = wire::serve_node(listener, Arc::new(Node), Limits::default()).unwrap();
    let client = NodeClient::new(running.local_addr().to_string(), PoolSettings::default());
    let credentials = certificates();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let limits = Limits { credentials: credentials.clone(), ..Limits::default() };
    let sealing = wire::serve_node(listener, Arc::new(Node), limits).unwrap();
    let settings = PoolSettings { credentials, ..PoolSettings::default() };
    let sealed = NodeClient::new(sealing.local_addr().to_string(), settings);
    println!("{:>8} {:>14} {:>10} {:>12} {:>8}", "threads", "call", "calls/s", "us at once", "to bare");
    for threads in [1, 32] {
        let mut figures = [const { Vec::new() }; 4];
        for _ in 0..ROUNDS {
            figures[0].push(rate(threads, time, || bare(bare_address)));
            figures[1].push(rate(threads, time, || our_ping(&client)));
            figures[2].push(rate(threads, time, || our_attempt(&client)));
            figures[3].push(rate(threads, time, || our_attempt(&sealed)));
        }
        let [bare, ping, attempt, tls] = figures.map(median);
        let cells =
            [("bare ping", bare), ("our ping", ping), ("our attempt", attempt), ("attempt by TLS", tls)];
        for (call, figure) in cells {
            let us = threads as f64 * 1e6 / figure;
            println!("{threads:>8} {call:>14} {figure:>10.0} {us:>12.1} {:>8.2}", bare / figure);
        }
    }
}
