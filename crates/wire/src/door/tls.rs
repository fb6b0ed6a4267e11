//! Certificates by which the programs of a cluster know each other: who shows one that its authorities signed is let
//! in, and what travels is sealed.

use rustls::client::Resumption;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Certificates of the authorities whose word counts.
const AUTHORITIES: &str = "authorities.pem";
/// This program's certificate, and those between it and its authority.
const CERTIFICATE: &str = "certificate.pem";
/// The certificate's private key.
const KEY: &str = "key.pem";

/// A program's certificate with its key, and the authorities that it believes.
#[derive(Clone)]
pub struct Tls {
    /// For calls that come in.
    pub(crate) port: Arc<ServerConfig>,
    /// For calls that go out.
    pub(crate) caller: Arc<ClientConfig>,
}

/// Why a folder holds no usable certificates.
#[derive(Debug, thiserror::Error)]
pub enum BadCertificates {
    /// A file cannot be read.
    #[error(
        "cannot read {path:?} ({cause}): --tls takes a folder with {AUTHORITIES}, {CERTIFICATE} and {KEY}; \
         `lab certificates FOLDER` makes some"
    )]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// The system's answer.
        cause: io::Error,
    },
    /// Others on this machine may read the key.
    #[error("others may read the key {path:?} (mode {mode:o}): chmod 600 {}", path.display())]
    Exposed {
        /// Which file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// What is in the files is of no use.
    #[error("the certificates in {folder:?} are of no use: {why}")]
    Unfit {
        /// Which folder.
        folder: PathBuf,
        /// What is wrong with them, with a remedy.
        why: String,
    },
}

impl Tls {
    /// Reads `authorities.pem`, `certificate.pem` and `key.pem` of a folder, and makes sure that others who read the
    /// same authorities would let this program in today.
    ///
    /// # Errors
    /// If a file cannot be read, the key is open to others, or the certificate is not good for this.
    pub fn load(folder: &Path) -> Result<Tls, BadCertificates> {
        let read = |name: &str| {
            let path = folder.join(name);
            fs::read(&path).map_err(|cause| BadCertificates::Unreadable { path, cause })
        };
        let (authorities, certificate, key) = (read(AUTHORITIES)?, read(CERTIFICATE)?, read(KEY)?);
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            let path = folder.join(KEY);
            let unreadable = |cause| BadCertificates::Unreadable { path: path.clone(), cause };
            let mode = fs::metadata(&path).map_err(unreadable)?.mode() & 0o777;
            if mode & 0o077 != 0 {
                return Err(BadCertificates::Exposed { path, mode });
            }
        }
        let unfit = |why| BadCertificates::Unfit { folder: folder.to_owned(), why };
        let tls = Tls::new(&authorities, &certificate, &key).map_err(unfit)?;
        check_own(&authorities, &certificate).map_err(unfit)?;
        Ok(tls)
    }

    /// The same from the files' contents, without the look at today's date.
    ///
    /// # Errors
    /// What is wrong with them, in a sentence.
    pub fn new(authorities: &[u8], certificate: &[u8], key: &[u8]) -> Result<Tls, String> {
        let roots = roots(authorities)?;
        let chain = chain(certificate)?;
        let key = PrivateKeyDer::from_pem_slice(key)
            .map_err(|error| format!("{KEY} holds no private key in PEM ({error})"))?;
        let provider = Arc::new(ring::default_provider());
        let callers = verifier(&roots, &provider)?;
        let words = |error: rustls::Error| format!("{CERTIFICATE} and {KEY} do not go together ({error})");
        let mut port = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(words)?
            .with_client_cert_verifier(callers)
            .with_single_cert(chain.clone(), key.clone_key())
            .map_err(words)?;
        // Nobody comes in by what was shown earlier: each connection is asked anew, as certificates expire.
        port.session_storage = Arc::new(NoServerSessionStorage {});
        port.send_tls13_tickets = 0;
        let mut caller = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(words)?
            .with_root_certificates(roots)
            .with_client_auth_cert(chain, key)
            .map_err(words)?;
        caller.resumption = Resumption::disabled();
        Ok(Tls { port: Arc::new(port), caller: Arc::new(caller) })
    }

    /// The name that a port at `address`, a `host:port`, must have in its certificate.
    pub(crate) fn name_of(address: &str) -> Result<ServerName<'static>, String> {
        let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        ServerName::try_from(host.to_owned())
            .map_err(|_| format!("'{host}' is no name that a certificate can have"))
    }
}

type CallerVerifier = Arc<dyn rustls::server::danger::ClientCertVerifier>;

fn verifier(roots: &RootCertStore, provider: &Arc<CryptoProvider>) -> Result<CallerVerifier, String> {
    WebPkiClientVerifier::builder_with_provider(Arc::new(roots.clone()), Arc::clone(provider))
        .build()
        .map_err(|error| format!("{AUTHORITIES} is of no use ({error})"))
}

fn roots(authorities: &[u8]) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for authority in CertificateDer::pem_slice_iter(authorities) {
        let bad =
            |error: &dyn fmt::Display| format!("{AUTHORITIES} holds a certificate that is none ({error})");
        let authority = authority.map_err(|error| bad(&error))?;
        roots.add(authority).map_err(|error| bad(&error))?;
    }
    if roots.is_empty() { Err(format!("{AUTHORITIES} holds no certificate in PEM")) } else { Ok(roots) }
}

fn chain(certificate: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificate).collect();
    let chain = chain.map_err(|error| format!("{CERTIFICATE} holds a certificate that is none ({error})"))?;
    if chain.is_empty() { Err(format!("{CERTIFICATE} holds no certificate in PEM")) } else { Ok(chain) }
}

/// Whether others with the same authorities would let the certificate in.
fn check_own(authorities: &[u8], certificate: &[u8]) -> Result<(), String> {
    let verifier = verifier(&roots(authorities)?, &Arc::new(ring::default_provider()))?;
    let chain = chain(certificate)?;
    let Some((own, between)) = chain.split_first() else { return Ok(()) };
    let checked = verifier.verify_client_cert(own, between, UnixTime::now());
    checked.map(|_| ()).map_err(|error| format!("{CERTIFICATE}: {}", super::words::of_own(&error)))
}

impl PartialEq for Tls {
    /// Two are the same only if they were loaded together.
    fn eq(&self, other: &Tls) -> bool {
        Arc::ptr_eq(&self.port, &other.port)
    }
}

impl Eq for Tls {}

impl fmt::Debug for Tls {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Tls(…)")
    }
}
