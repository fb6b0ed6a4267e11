//! A node that no file names announces itself to a server, and says again and again that it is there.
//!
//! Repeating it is all there is to membership on this side: a server that was restarted knows the node again with the
//! next repetition, and so does one that was away. What the node can do and does the server asks by itself.

use crate::node::Node;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _, UdpSocket};
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use wire::membership::NodeRegistration;
use wire::{Credentials, PoolSettings, ServerClient};

/// Time between two tries while a server does not answer.
const AGAIN: Duration = Duration::from_millis(500);
/// How long a server may take to answer.
const ANSWER: Duration = Duration::from_secs(3);
/// The part of the time that the server allows after which the node registers again.
const EARLY: u32 = 2;

/// Starts a thread for each of `servers` which registers `node`, that listens at `listening`, until the node drains.
/// `advertised` is where servers are to call it, if that is another address; `credentials` are
/// shown to the servers.
///
/// # Errors
/// If the system refuses a thread.
pub(crate) fn start(
    node: &Arc<Node>,
    servers: &[String],
    listening: SocketAddr,
    advertised: Option<&str>,
    credentials: &Credentials,
) -> io::Result<()> {
    for server in servers {
        let pool =
            PoolSettings { connections: 1, credentials: credentials.clone(), ..PoolSettings::default() };
        let client = ServerClient::new(server.clone(), pool);
        let registrar = Registrar {
            client,
            listening,
            advertised: advertised.map(str::to_owned),
            node: Arc::clone(node),
            said: Said::Nothing,
        };
        thread::Builder::new().name("register".to_owned()).spawn(move || registrar.run())?;
    }
    Ok(())
}

/// What the log has been told last, so that it is not told again and again.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    Nothing,
    /// Registered with the server of that incarnation.
    Member(u64),
    Trouble(String),
}

struct Registrar {
    client: ServerClient,
    listening: SocketAddr,
    advertised: Option<String>,
    node: Arc<Node>,
    said: Said,
}

impl Registrar {
    fn run(mut self) {
        while !self.node.is_draining() {
            let wait = self.register_once();
            thread::sleep(wait);
        }
    }

    /// Answers how long to wait before the next time.
    fn register_once(&mut self) -> Duration {
        let address = match self.address() {
            Ok(address) => address,
            Err(error) => {
                return self.trouble(format!("{} has no way to it: {error}", self.client.address()));
            }
        };
        let registration = NodeRegistration {
            address,
            name: self.node.name().to_owned(),
            incarnation: self.node.incarnation(),
        };
        match self.client.register_node(&registration, ANSWER) {
            Ok(Ok(registered)) => {
                let member = Said::Member(registered.server_incarnation);
                if self.said != member {
                    let (server, address) = (self.client.address(), &registration.address);
                    log::info!(
                        "registered with the server at {server} as {}, to be called at {address}",
                        registered.name
                    );
                    self.said = member;
                }
                registered.again_within / EARLY
            }
            Ok(Err(why)) => self
                .trouble(format!("the server at {} does not take this node: {why}", self.client.address())),
            Err(error) => self.trouble(error.to_string()),
        }
    }

    fn trouble(&mut self, why: String) -> Duration {
        let said = Said::Trouble(why);
        if self.said != said {
            if let Said::Trouble(why) = &said {
                log::warn!("not registered ({why}); trying again until it works");
            }
            self.said = said;
        }
        AGAIN
    }

    /// Where the server is to call this node.
    fn address(&self) -> io::Result<String> {
        if let Some(advertised) = &self.advertised {
            return Ok(advertised.clone());
        }
        let mut own = self.listening;
        if own.ip().is_unspecified() {
            own.set_ip(way_to(self.client.address())?);
        }
        Ok(own.to_string())
    }
}

/// The own address that this machine uses towards `server`. Nothing is sent.
pub(crate) fn way_to(server: &str) -> io::Result<IpAddr> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for meaning in server.to_socket_addrs()? {
        let any: SocketAddr =
            if meaning.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0_u16; 8], 0).into() };
        match UdpSocket::bind(any).and_then(|socket| {
            socket.connect(meaning)?;
            socket.local_addr()
        }) {
            Ok(own) => return Ok(own.ip()),
            Err(error) => last = error,
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_to_loopback_is_loopback() {
        assert_eq!(way_to("127.0.0.1:5000").unwrap(), IpAddr::from([127, 0, 0, 1]));
        assert!(way_to("no port").is_err());
    }
}
