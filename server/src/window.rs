//! The console beside the server: started with it, asking it like any other client.

use crate::args::Args;
use cluster::Machines;
use console::{Console, Settings, Target};
use std::net::{SocketAddr, TcpListener};
use wire::Credentials;

/// The console, if one is wanted and its port can be had. The server goes on without it. `machines` are lines of
/// `machine.txt`.
pub(crate) fn open(
    args: &Args,
    name: &str,
    own: SocketAddr,
    machines: &str,
    credentials: Credentials,
) -> Option<Console> {
    let address = args.console.as_deref().filter(|address| *address != "off")?;
    let listener = match TcpListener::bind(address) {
        Ok(listener) => listener,
        Err(error) => {
            log::warn!(
                "no console: {address} cannot be had ({error}); name another with --console HOST:PORT, or --console off"
            );
            return None;
        }
    };
    let settings = Settings {
        listener,
        servers: servers(name, own, Machines::parse(machines).ok().as_ref()),
        data_root: args.console_data.clone(),
        results: args.results.clone(),
        token: args.console_token.clone(),
        limits: console::settings::UploadLimits::default(),
        credentials,
    };
    Console::start(settings).map_err(|error| log::warn!("no console: {error}")).ok()
}

/// Every server of `machine.txt` in its order, this one at the port that it has.
fn servers(name: &str, own: SocketAddr, machines: Option<&Machines>) -> Vec<Target> {
    let mut reachable = own;
    if own.ip().is_unspecified() {
        reachable.set_ip(if own.is_ipv4() {
            [127, 0, 0, 1].into()
        } else {
            std::net::Ipv6Addr::LOCALHOST.into()
        });
    }
    let own = Target { name: name.to_owned(), address: reachable.to_string() };
    let listed = machines.into_iter().flat_map(Machines::servers);
    let mut servers: Vec<Target> = listed
        .map(|machine| Target { name: machine.name.clone(), address: machine.address.to_string() })
        .map(|target| if target.name == name { own.clone() } else { target })
        .collect();
    if !servers.contains(&own) {
        servers.insert(0, own);
    }
    servers
}

/// The value of `--console`.
pub(crate) fn parse(text: &str) -> Result<String, String> {
    if text == "off" { Ok(text.to_owned()) } else { program::listen::parse(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_server_is_asked_at_the_port_that_it_has() {
        let machines = Machines::parse("server 10.0.0.1\nserver2 10.0.0.2\nnode0 10.0.0.3\n").unwrap();
        let at = |name: &str, own: &str, machines| {
            let servers = servers(name, own.parse().unwrap(), machines);
            servers.into_iter().map(|server| server.address).collect::<Vec<_>>()
        };
        assert_eq!(at("server2", "10.0.0.2:5000", Some(&machines)), ["10.0.0.1:5000", "10.0.0.2:5000"]);
        assert_eq!(at("server", "0.0.0.0:7", None), ["127.0.0.1:7"]);
        assert_eq!(at("mine", "127.0.0.1:9", Some(&machines))[0], "127.0.0.1:9");
    }

    #[test]
    fn off_is_an_answer() {
        assert_eq!(parse("off").as_deref(), Ok("off"));
        assert!(parse("on").is_err());
    }
}
