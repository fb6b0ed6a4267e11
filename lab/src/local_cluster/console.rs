//! A free port for the console of a cluster that people watch.

use std::net::{SocketAddr, TcpListener};

/// Ports that are tried from the wanted one on.
const TRIED: u16 = 20;

/// The address at which a console can be had: the wanted one, or the next with a free port; none if it is to be off.
pub fn free_address(wanted: &str) -> Option<String> {
    let wanted: SocketAddr = wanted.parse().ok()?;
    let ports = (0..TRIED).filter_map(|step| wanted.port().checked_add(step));
    // Somebody may take it before the server does, which then goes on without a console and says so.
    let free = |port: &u16| TcpListener::bind((wanted.ip(), *port)).is_ok();
    ports.into_iter().find(free).map(|port| SocketAddr::new(wanted.ip(), port).to_string())
}

/// The value of an option that names a console.
///
/// # Errors
/// A sentence that shows the right form.
pub fn parse(text: &str) -> Result<String, String> {
    match text.parse::<SocketAddr>() {
        Ok(_) => Ok(text.to_owned()),
        Err(_) if text == "off" => Ok(text.to_owned()),
        Err(_) => Err("not an address; write 127.0.0.1:5005, or off".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_port_is_taken_if_the_wanted_one_is_not_free() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let wanted = taken.local_addr().unwrap().to_string();
        assert_ne!(free_address(&wanted), Some(wanted));
        assert_eq!(free_address("off"), None);
        assert!(parse("5005").unwrap_err().contains("127.0.0.1:5005"));
    }
}
