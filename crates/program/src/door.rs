//! Who may come in at a program's port: options that all programs share, and the rule that a port beyond this machine
//! is never open to everybody by accident.

use clap::builder::FalseyValueParser;
use std::net::SocketAddr;
use std::path::PathBuf;
use wire::{BadCertificates, BadSecret, Credentials, Rates, Secret, Tls};

/// What a program shows to others, and asks of them.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Keys {
    /// File with the secret that all programs of the cluster share; only who knows it is talked to. Make one with
    /// `head -c 32 /dev/urandom | base64 > FILE; chmod 600 FILE`
    #[arg(long, env = "BALLAST_SECRET_FILE", value_name = "FILE")]
    pub secret_file: Option<PathBuf>,

    /// Folder with authorities.pem, certificate.pem and key.pem: only who shows a certificate of the same authorities is
    /// talked to, and what travels is encrypted. `lab certificates FOLDER` makes some
    #[arg(long, env = "BALLAST_TLS", value_name = "FOLDER")]
    pub tls: Option<PathBuf>,
}

/// What proves who we are cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadKeys {
    /// The secret.
    #[error("{0}")]
    Secret(#[from] BadSecret),
    /// The certificates.
    #[error("{0}")]
    Certificates(#[from] BadCertificates),
}

impl Keys {
    /// Reads the secret and the certificates that are named. Where both are, both are asked for.
    ///
    /// # Errors
    /// If a file cannot be used; with a remedy.
    pub fn credentials(&self) -> Result<Credentials, BadKeys> {
        let mut credentials = Credentials::default();
        if let Some(path) = &self.secret_file {
            credentials = Credentials::of_secret(Secret::load(path)?);
        }
        if let Some(folder) = &self.tls {
            credentials = credentials.and(Credentials::of_certificates(Tls::load(folder)?));
        }
        Ok(credentials)
    }
}

/// What a program that listens asks of its callers.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Door {
    /// What is shown and asked.
    #[command(flatten)]
    pub keys: Keys,

    /// Let everybody in at an address that other machines reach; without this, --tls or --secret-file such an
    /// address is refused
    #[arg(long, env = "BALLAST_INSECURE", value_parser = FalseyValueParser::new())]
    pub insecure: bool,

    /// Connections served at once; one more takes the place of the longest idle one, or is turned away while all are
    /// at work [default: enough for what the program works on, and some]
    #[arg(long, env = "BALLAST_MAX_CONNECTIONS", value_name = "N", value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub max_connections: Option<u32>,

    /// New connections a second that one machine may make, and as many at once; more are closed unheard [default: 2000,
    /// and no bound for this machine itself]
    #[arg(long, env = "BALLAST_MAX_CONNECTION_RATE", value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_connection_rate: Option<u32>,

    /// Calls a second that one machine may make, and as many at once; more are answered by an error [default:
    /// 200000, and no bound for this machine itself]
    #[arg(long, env = "BALLAST_MAX_CALL_RATE", value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_call_rate: Option<u32>,
}

/// Far above what a server does to a node or a client to a server: a thousand attempts may begin at once.
const CONNECTION_RATE: u32 = 2_000;
/// Above what one port answers.
const CALL_RATE: u32 = 200_000;

/// A port that everybody could use, and nobody said that this is wanted.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0} can be reached from other machines, and nothing would ask callers who they are: give every program --tls with \
     certificates of one authority (`lab certificates FOLDER`), or the same --secret-file (`head -c 32 /dev/urandom | \
     base64 > ballast.secret; chmod 600 ballast.secret`), or say --insecure in a network that you trust"
)]
pub struct OpenDoor(SocketAddr);

impl Door {
    /// Checks that the port at `address` is not open to everybody by accident, and notes how it is guarded.
    ///
    /// # Errors
    /// If others than this machine reach it, callers need no secret, and nobody said that this is wanted.
    pub fn check(&self, address: SocketAddr, credentials: &Credentials) -> Result<(), OpenDoor> {
        let is_local = address.ip().to_canonical().is_loopback();
        match (is_local, credentials.is_open(), self.insecure) {
            (true, ..) => {}
            (false, true, false) => return Err(OpenDoor(address)),
            (false, true, true) => {
                log::warn!(
                    "{address} can be reached from other machines, and callers are not asked who they are"
                );
            }
            (false, false, _) if credentials.is_sealed() => {
                log::info!("{address} can be reached from other machines; callers must show a certificate");
            }
            (false, false, _) => log::info!(
                "{address} can be reached from other machines; callers must know the secret, what they send is not \
                 encrypted"
            ),
        }
        Ok(())
    }

    /// How often one machine may connect and call. Without a word this machine's own programs, which share an address,
    /// may as often as they like.
    pub fn rates(&self) -> Rates {
        Rates {
            connections: Some(self.max_connection_rate.unwrap_or(CONNECTION_RATE)),
            calls: Some(self.max_call_rate.unwrap_or(CALL_RATE)),
            loopback: self.max_connection_rate.is_some() || self.max_call_rate.is_some(),
        }
    }

    /// The bound on connections, or `otherwise`.
    pub fn connections(&self, otherwise: usize) -> usize {
        self.max_connections.map_or(otherwise, |bound| bound as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_beyond_this_machine_needs_a_secret_or_a_word() {
        let secret = Credentials::of_secret(wire::Secret::new(&[7; 32]).unwrap());
        let open = Credentials::default();
        let (closed, said) = (Door::default(), Door { insecure: true, ..Door::default() });
        for local in ["127.0.0.1:5000", "127.9.9.9:5000", "[::1]:5000", "[::ffff:127.0.0.1]:5000"] {
            assert_eq!(closed.check(local.parse().unwrap(), &open), Ok(()), "{local}");
        }
        for reachable in ["10.0.0.7:5000", "0.0.0.0:5000", "[::]:5000", "[fe80::1]:5000"] {
            let address = reachable.parse().unwrap();
            assert_eq!(closed.check(address, &open), Err(OpenDoor(address)), "{reachable}");
            assert_eq!(closed.check(address, &secret), Ok(()), "{reachable}");
            assert_eq!(said.check(address, &open), Ok(()), "{reachable}");
        }
        let told = OpenDoor("10.0.0.7:5000".parse().unwrap()).to_string();
        assert!(["--tls", "--secret-file", "--insecure"].iter().all(|way| told.contains(way)), "{told}");
    }
}
