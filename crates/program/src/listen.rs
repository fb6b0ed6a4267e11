//! Takes a port that the command line names.

use std::io::{self, ErrorKind};
use std::net::TcpListener;

/// A port that cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("{}", sentence(address, cause))]
pub struct ListenError {
    address: String,
    cause: io::Error,
}

/// Listens at `address`, a `host:port`; port 0 takes any free one.
///
/// # Errors
/// If the port is taken, the address is not this machine's, or the system refuses.
pub fn listen(address: &str) -> Result<TcpListener, ListenError> {
    TcpListener::bind(address).map_err(|cause| ListenError { address: address.to_owned(), cause })
}

/// Reads the `host:port` of a command line.
///
/// # Errors
/// A sentence that shows the right form.
pub fn parse(text: &str) -> Result<String, String> {
    match text.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok() => Ok(text.to_owned()),
        _ => Err("not a host and a port; write 127.0.0.1:5001".to_owned()),
    }
}

fn sentence(address: &str, cause: &io::Error) -> String {
    let remedy = match cause.kind() {
        ErrorKind::AddrInUse => {
            return format!(
                "{address} is taken by another program: stop that one, or listen at another port (0 takes any free one)"
            );
        }
        ErrorKind::PermissionDenied => "ports below 1024 need privileges, take a higher one",
        _ => "listen at an address of this machine, such as 127.0.0.1:5001",
    };
    format!("cannot listen at {address} ({cause}): {remedy}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_taken_is_told_with_a_remedy() {
        let taken = listen("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap().to_string();
        let error = listen(&address).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{address} is taken by another program")), "{error}");
    }

    #[test]
    fn addresses_have_a_host_and_a_port() {
        assert_eq!(parse("localhost:0").as_deref(), Ok("localhost:0"));
        for bad in ["localhost", ":5000", "host:99999", "host:"] {
            assert!(parse(bad).unwrap_err().contains("write 127.0.0.1:5001"), "{bad}");
        }
    }
}
