//! A network of its own: every program in a network namespace, and packets that are dropped on their way between them.
//!
//! All namespaces meet in one more, the hub, which forwards packets; its packet filter drops those that a fault wants
//! dropped. A namespace has a name only while it is made. From then on an open file is all that keeps it, so that it ends
//! with this process and the programs in it, however they end. The machine's own network is not touched.

use super::fault::Kind;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::fd::{AsFd as _, AsRawFd as _};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;

/// Where named namespaces appear.
const NAMED: &str = "/run/netns";
/// Port of every program: each has an address of its own.
const PORT: u16 = 5_000;
/// The hub's filter. Interfaces of the hub are the elements: `p3` leads to the fourth program.
const FILTER: &str = "\
table inet faults {
  set from { type ifname; }
  set to { type ifname; }
  set lossy { type ifname; }
  set apart { type ifname . ifname; }
  chain forward {
    type filter hook forward priority 0; policy accept;
    iifname @from drop
    oifname @to drop
    iifname @lossy numgen random mod 10 < 3 drop
    oifname @lossy numgen random mod 10 < 3 drop
    iifname . oifname @apart drop
  }
}
";

/// Why there is no network of our own, or a fault of it could not be made.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// A command of iproute2 or nftables failed.
    #[error("`{command}` failed: {said}")]
    Command {
        /// The command line.
        command: String,
        /// What it said.
        said: String,
    },
    /// The operating system refuses something.
    #[error("{what}: {source}")]
    System {
        /// What it refuses.
        what: String,
        /// Its answer.
        source: io::Error,
    },
}

/// Runs a command of the operator's kind, with `input`.
fn command(words: &str, input: &str) -> Result<(), NetworkError> {
    let failed = |said: String| NetworkError::Command { command: words.to_owned(), said };
    let run = || -> io::Result<_> {
        let mut parts = words.split(' ');
        let mut child = Command::new(parts.next().unwrap_or_default())
            .args(parts)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(input.as_bytes())?;
        }
        child.wait_with_output()
    };
    let output = run().map_err(|error| failed(format!("{error}; Debian has it in iproute2 or nftables")))?;
    if output.status.success() {
        return Ok(());
    }
    Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
}

/// A network namespace without a name, which lasts as long as it is kept or used.
#[derive(Debug)]
pub struct Namespace(File);

impl Namespace {
    fn new(number: usize) -> Result<Namespace, NetworkError> {
        let name = format!("ballast-{}-{number}", std::process::id());
        command(&format!("ip netns add {name}"), "")?;
        let path = format!("{NAMED}/{name}");
        let opened = File::open(&path);
        command(&format!("ip netns del {name}"), "")?;
        let namespace = Namespace(opened.map_err(|source| NetworkError::System { what: path, source })?);
        namespace.inside(|| command("ip link set lo up", ""))??;
        Ok(namespace)
    }

    /// A path under which others find it.
    fn path(&self) -> String {
        format!("/proc/{}/fd/{}", std::process::id(), self.0.as_raw_fd())
    }

    /// Does something in this namespace, on a thread of its own. Programs that are started there stay there.
    ///
    /// # Errors
    /// If the namespace cannot be entered.
    pub fn inside<T: Send>(&self, work: impl FnOnce() -> T + Send) -> Result<T, NetworkError> {
        let refused = |source| NetworkError::System { what: "a network namespace".to_owned(), source };
        let enter = || move_into_link_name_space(self.0.as_fd(), Some(LinkNameSpaceType::Network));
        thread::scope(|scope| {
            let there = thread::Builder::new().spawn_scoped(scope, || {
                enter()?;
                Ok(work())
            });
            let ended = there.map_err(refused)?.join();
            ended.unwrap_or_else(|_| Err(io::Error::other("the work in it panicked"))).map_err(refused)
        })
    }
}

/// The hub, to which every program has a link.
#[derive(Debug)]
pub struct Network {
    hub: Arc<Namespace>,
    links: usize,
}

/// The link between the hub and a program's namespace.
#[derive(Debug)]
pub struct Link {
    hub: Arc<Namespace>,
    namespace: Namespace,
    number: usize,
    /// Links to programs that this one can be cut off from.
    others: Vec<usize>,
}

impl Network {
    /// Makes the hub.
    ///
    /// # Errors
    /// If this user may not, or iproute2 or nftables is missing.
    pub fn new() -> Result<Network, NetworkError> {
        let hub = Namespace::new(0)?;
        hub.inside(|| {
            for (setting, value) in
                [("ip_forward", "1"), ("conf/all/rp_filter", "0"), ("conf/default/rp_filter", "0")]
            {
                let path = format!("/proc/sys/net/ipv4/{setting}");
                fs::write(&path, value).map_err(|source| NetworkError::System { what: path, source })?;
            }
            command("nft -f -", FILTER)
        })??;
        Ok(Network { hub: Arc::new(hub), links: 0 })
    }

    /// One more namespace, linked to the hub. `others` are the links from which it may be cut off alone.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn join(&mut self, others: Vec<usize>) -> Result<Link, NetworkError> {
        let number = self.links;
        self.links += 1;
        let namespace = Namespace::new(self.links)?;
        let link = Link { hub: Arc::clone(&self.hub), namespace, number, others };
        let (port, there) = (link.port(), link.namespace.path());
        link.hub.inside(|| {
            command(&format!("ip link add {port} type veth peer name eth0 netns {there}"), "")?;
            command(&format!("ip addr add 10.77.{number}.1/30 dev {port}"), "")?;
            command(&format!("ip link set {port} up"), "")
        })??;
        link.namespace.inside(|| {
            command(&format!("ip addr add {}/30 dev eth0", link.address().ip()), "")?;
            command("ip link set eth0 up", "")?;
            command(&format!("ip route add default via 10.77.{number}.1"), "")
        })??;
        Ok(link)
    }
}

impl Link {
    fn port(&self) -> String {
        format!("p{}", self.number)
    }

    /// Its number, for others to be cut off from it.
    pub fn number(&self) -> usize {
        self.number
    }

    /// Where the program at this link listens, as everybody else in the network finds it.
    pub fn address(&self) -> SocketAddr {
        let number = u8::try_from(self.number).unwrap_or(u8::MAX);
        SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 77, number, 2)), PORT)
    }

    /// The program's namespace.
    pub fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    /// A fault of the network begins.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn suffer(&self, kind: Kind) -> Result<(), NetworkError> {
        self.change(kind, "down", "add")
    }

    /// The fault is over.
    ///
    /// # Errors
    /// If it cannot be ended.
    pub fn heal(&self, kind: Kind) -> Result<(), NetworkError> {
        self.change(kind, "up", "delete")
    }

    fn change(&self, kind: Kind, state: &str, verb: &str) -> Result<(), NetworkError> {
        let port = self.port();
        let element = |set: &str, of: &str| format!("{verb} element inet faults {set} {{ {of} }}\n");
        let elements = match kind {
            Kind::Kill | Kind::Terminate | Kind::Stop => return Ok(()),
            Kind::Cut => {
                return self.hub.inside(|| command(&format!("ip link set {port} {state}"), ""))?;
            }
            Kind::Partition => element("from", &port) + &element("to", &port),
            Kind::LoseRequests => element("to", &port),
            Kind::LoseAnswers => element("from", &port),
            Kind::Lose | Kind::Delay | Kind::Truncate => element("lossy", &port),
            Kind::Estrange => {
                let pair = |other: &usize| {
                    element("apart", &format!("{port} . p{other}"))
                        + &element("apart", &format!("p{other} . {port}"))
                };
                self.others.iter().map(pair).collect()
            }
        };
        self.hub.inside(|| command("nft -f -", &elements))?
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::UdpSocket;
    use std::time::Duration;

    /// Whether a packet that `from` sends arrives at `to`, as it is `wanted` to or not.
    fn passes(from: &Link, to: &Link, wanted: bool) -> bool {
        let here = to.namespace().inside(|| UdpSocket::bind(to.address()).unwrap()).unwrap();
        let there = from.namespace().inside(|| UdpSocket::bind("0.0.0.0:0").unwrap()).unwrap();
        // A cut link refuses.
        let _ = there.send_to(b"x", to.address());
        if wanted {
            here.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        } else {
            // A packet that is not dropped is there before the sender's call ends: no wire is between them.
            here.set_nonblocking(true).unwrap();
        }
        here.recv(&mut [0; 4]).is_ok()
    }

    #[test]
    fn packets_are_dropped_as_the_fault_says_and_pass_again_when_it_is_over() {
        let mut network = match Network::new() {
            Ok(network) => network,
            Err(why) => return eprintln!("skipped: no network of our own: {why}"),
        };
        let a = network.join(Vec::new()).unwrap();
        let b = network.join(Vec::new()).unwrap();
        let c = network.join(vec![a.number()]).unwrap();
        let check = |wanted: [bool; 5], when: &str| {
            let ways = [(&a, &b), (&b, &a), (&c, &a), (&a, &c), (&c, &b)];
            for ((from, to), wanted) in ways.into_iter().zip(wanted) {
                let (from_number, to_number) = (from.number(), to.number());
                assert_eq!(passes(from, to, wanted), wanted, "{when}: from {from_number} to {to_number}");
            }
        };
        check([true; 5], "at first");
        for (link, kind, wanted) in [
            (&a, Kind::LoseRequests, [true, false, false, true, true]),
            (&a, Kind::LoseAnswers, [false, true, true, false, true]),
            (&a, Kind::Partition, [false, false, false, false, true]),
            (&a, Kind::Cut, [false, false, false, false, true]),
            (&c, Kind::Estrange, [true, true, false, false, true]),
            (&a, Kind::Stop, [true; 5]),
        ] {
            link.suffer(kind).unwrap();
            check(wanted, &format!("{kind}"));
            link.heal(kind).unwrap();
            check([true; 5], &format!("after {kind}"));
        }
        let names = fs::read_dir(NAMED).into_iter().flatten().flatten().map(|entry| entry.file_name());
        let own = format!("ballast-{}-", std::process::id());
        assert_eq!(names.filter(|name| name.to_string_lossy().starts_with(&own)).count(), 0);
    }
}
