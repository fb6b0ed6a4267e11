//! `ADDRESS[:PORT]`: an IPv4 address, an IPv6 address in brackets, or a host name.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;
use std::str::FromStr;

/// The port where none is given: the original's.
pub const DEFAULT_PORT: u16 = 5000;

/// A fault and the range of the characters that it is in.
type Placed = (AddressFault, Range<usize>);

/// Longest host name that the domain name system has.
const MAX_HOST_NAME: usize = 253;

/// Where a machine listens: a host and a port. Nothing is looked up.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    host: String,
    port: u16,
}

impl Address {
    /// An IPv4 or IPv6 address without brackets, or a host name.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The TCP port, never 0.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Host and port as the standard library's connect and bind take them.
    pub fn pair(&self) -> (&str, u16) {
        (&self.host, self.port)
    }

    /// Reads `ADDRESS[:PORT]`.
    pub(super) fn read(text: &str) -> Result<Address, Placed> {
        let (host, port) = split(text)?;
        let end = text.chars().count();
        let port_at = end - port.map_or(0, |port| port.chars().count())..end;
        let port = match port {
            None => DEFAULT_PORT,
            Some(text) => match read_port(text) {
                Some(port) => port,
                None => return Err((AddressFault::Port(text.to_owned()), port_at)),
            },
        };
        Ok(Address { host: read_host(host)?, port })
    }
}

/// Host (with brackets, if any) and port of an address, neither checked yet.
fn split(text: &str) -> Result<(&str, Option<&str>), Placed> {
    let whole = 0..text.chars().count();
    if text.starts_with('[') {
        let Some(end) = text.find(']') else {
            return Err((AddressFault::Bracket(text.to_owned()), whole));
        };
        let (host, rest) = text.split_at(end + 1);
        return match rest.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if rest.is_empty() => Ok((host, None)),
            None => Err((AddressFault::Bracket(text.to_owned()), whole)),
        };
    }
    if text.matches(':').count() > 1 {
        return Err((AddressFault::NoBrackets(text.to_owned()), whole));
    }
    Ok(text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))))
}

fn read_port(text: &str) -> Option<u16> {
    // `parse` alone would take "+5000".
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|&port| digits && port != 0)
}

fn read_host(text: &str) -> Result<String, Placed> {
    let whole = 0..text.chars().count();
    let ip = if let Some(inner) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        let ip: Ipv6Addr = inner.parse().map_err(|_| (AddressFault::Ip(inner.to_owned()), whole.clone()))?;
        Some(IpAddr::V6(ip))
    } else if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        let ip: Ipv4Addr = text.parse().map_err(|_| (AddressFault::Ip(text.to_owned()), whole.clone()))?;
        Some(IpAddr::V4(ip))
    } else {
        check_host_name(text)?;
        None
    };
    match ip {
        Some(ip) if ip.is_unspecified() || ip.is_multicast() => Err((AddressFault::NotOneMachine(ip), whole)),
        Some(ip) => Ok(ip.to_string()),
        None => Ok(text.to_owned()),
    }
}

fn check_host_name(text: &str) -> Result<(), Placed> {
    let allowed = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.');
    if let Some(at) = text.chars().position(|character| !allowed(character)) {
        return Err((AddressFault::HostName(text.to_owned()), at..at + 1));
    }
    let dangling = text.starts_with(['-', '.']) || text.contains("..");
    if dangling || text.len() > MAX_HOST_NAME {
        return Err((AddressFault::HostName(text.to_owned()), 0..text.len()));
    }
    Ok(())
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(formatter, "[{}]:{}", self.host, self.port)
        } else {
            write!(formatter, "{}:{}", self.host, self.port)
        }
    }
}

impl FromStr for Address {
    type Err = AddressFault;

    fn from_str(text: &str) -> Result<Address, AddressFault> {
        Address::read(text.trim()).map_err(|(fault, _)| fault)
    }
}

/// What is wrong with an address, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressFault {
    /// Not a port number.
    #[error("bad port '{}': a port is a whole number from 1 to 65535, such as 5000", .0.escape_debug())]
    Port(String),
    /// Two or more colons without brackets.
    #[error("bad address '{}': an IPv6 address stands in brackets, such as [::1]:5000", .0.escape_debug())]
    NoBrackets(String),
    /// A bracket without its partner, or something between bracket and port.
    #[error("bad address '{}': write [IPv6 address]:port, such as [::1]:5000", .0.escape_debug())]
    Bracket(String),
    /// Digits that are no address.
    #[error("bad address '{}': write an IP address such as 10.0.0.1 or [::1], or a host name", .0.escape_debug())]
    Ip(String),
    /// Not a host name.
    #[error("bad host name '{}': it has ASCII letters, digits, '-', '_' and single dots", .0.escape_debug())]
    HostName(String),
    /// An address that means all machines or none.
    #[error(
        "'{0}' is not the address of one machine: write the one by which the others reach it, such as 127.0.0.1"
    )]
    NotOneMachine(IpAddr),
}
