//! Two servers of which etcd says who leads. Debian's package etcd-server has it; without it these tests say so.

use crate::membership::{begin_at, client_of, goes_on_at, registering, wait_for};
use crate::world::{Program, Said, World};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use wire::membership::EventKind;

const PATIENCE: Duration = Duration::from_secs(60);

/// A real etcd of one member, which ends with the test.
struct Etcd {
    child: Child,
    port: u16,
    peer: u16,
    data: PathBuf,
}

impl Drop for Etcd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Etcd {
    /// None if there is no etcd on this machine.
    fn start(world: &World) -> Option<Etcd> {
        if Command::new("etcd").arg("--version").output().is_err() {
            println!("skipped: no etcd (Debian's package etcd-server has it)");
            return None;
        }
        // Somebody else may take a port before etcd does.
        (0..10).find_map(|_| Etcd::at(free_port(), free_port(), world.path().join("etcd")))
    }

    fn at(port: u16, peer: u16, data: PathBuf) -> Option<Etcd> {
        let url = |port: u16| format!("http://127.0.0.1:{port}");
        let mut command = Command::new("etcd");
        command.arg("--data-dir").arg(&data).args(["--log-level", "error"]);
        command.args(["--listen-client-urls", &url(port), "--advertise-client-urls", &url(port)]);
        command.args(["--listen-peer-urls", &url(peer), "--initial-advertise-peer-urls", &url(peer)]);
        command.args(["--initial-cluster", &format!("default={}", url(peer))]);
        command.env("ETCD_UNSUPPORTED_ARCH", std::env::consts::ARCH.replace("aarch64", "arm64"));
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let mut etcd = Etcd { child, port, peer, data };
        while !etcd.answers() {
            if etcd.child.try_wait().unwrap().is_some() {
                return None;
            }
        }
        Some(etcd)
    }

    fn answers(&self) -> bool {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) else { return false };
        let question = "GET /health HTTP/1.0\r\n\r\n";
        let mut answer = String::new();
        stream.write_all(question.as_bytes()).is_ok()
            && stream.read_to_string(&mut answer).is_ok()
            && answer.contains("\"true\"")
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Kills it and starts it again with what it knows, as `between` is over.
    fn away_while(mut self, between: impl FnOnce()) -> Etcd {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        between();
        Etcd::at(self.port, self.peer, self.data.clone()).unwrap()
    }
}

fn server(world: &World, etcd: &Etcd, name: &str) -> Program {
    world.server([], &["--etcd", &etcd.url(), "--name", name, "--patience", "10m"])
}

/// A node that both servers know, on which every task sleeps: a job is not over before it is paused.
fn node(world: &World, servers: &[&Program]) -> Program {
    let addresses: Vec<&str> = servers.iter().map(|server| server.address.as_str()).collect();
    let node =
        registering(world, &addresses.join(","), "both", &["--slots", "2", "--delay-probability", "1"]);
    for server in servers {
        wait_for(&client_of(server), 0, |event| event.kind == EventKind::NodeUp);
    }
    node
}

#[test]
fn one_server_leads_and_another_goes_on_with_its_jobs() {
    let world = World::new();
    world.multiply(100);
    let Some(etcd) = Etcd::start(&world) else { return };
    let first = server(&world, &etcd, "first");
    let second = server(&world, &etcd, "second");
    let _node = node(&world, &[&first, &second]);
    let said: Said = world.client(&second, &["data", "random"]);
    assert_eq!(said.status, Some(1), "{said:?}");
    assert!(said.err.contains(&format!("{} leads: ask that one", first.address)), "{said:?}");
    begin_at(&world, &first, &second);
    drop(first);
    goes_on_at(&world, &second);
}

#[test]
fn a_leader_whose_lease_is_lost_lets_go_and_goes_on_when_it_leads_again() {
    let world = World::new();
    world.multiply(100);
    let Some(etcd) = Etcd::start(&world) else { return };
    let server = server(&world, &etcd, "first");
    let _node = node(&world, &[&server]);
    // What is in flight at the pause still ends: it must not be everything.
    let job = ["data", "random", "--job-key", "watched", "--max-in-flight", "2"];
    let mut client = world.client_command(&server, &job);
    let mut client = client.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let asked = client_of(&server);
    wait_for(&asked, 0, |event| event.kind == EventKind::JobTaken);
    asked.pause_job("watched", PATIENCE).unwrap().unwrap();
    client.kill().unwrap();
    client.wait().unwrap();
    let _etcd = etcd.away_while(|| {
        wait_for(&asked, 0, |event| event.kind == EventKind::JobDeposed);
        let said: Said = world.client(&server, &["data", "random", "--server-wait", "10ms"]);
        assert!(said.err.contains("no server leads"), "{said:?}");
    });
    let again = wait_for(&asked, 0, |event| event.kind == EventKind::JobFailedOver);
    wait_for(&asked, again, |event| event.kind == EventKind::JobEnded);
    world.check_results(&world.images(), "edges");
}

#[test]
fn a_server_that_ends_in_order_leaves_the_lead_at_once() {
    let world = World::new();
    let Some(etcd) = Etcd::start(&world) else { return };
    let first = server(&world, &etcd, "first");
    let second = server(&world, &etcd, "second");
    let _node = node(&world, &[&first, &second]);
    first.signal("TERM");
    assert_eq!(first.end(), Some(0));
    let said = loop {
        let said = world.client(&second, &["data", "random"]);
        if !said.err.contains("lead") {
            break said;
        }
    };
    assert_eq!(said.status, Some(0), "{said:?}");
    world.check_results(&world.images(), "edges");
}
