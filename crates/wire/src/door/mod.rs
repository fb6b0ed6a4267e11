//! Who may come in: what both ends of a connection prove to each other before the first message.
//!
//! Reading order: [`secret`] (what is shared), `proof` (how it is proven without being sent); [`tls`] (certificates
//! instead), `seal` (how they are shown), `words` (what is said when that fails).

pub(crate) mod proof;
pub(crate) mod seal;
mod secret;
mod tls;
pub(crate) mod words;

pub use secret::{BadSecret, Secret};
pub use tls::{BadCertificates, Tls};

use crate::message::arrival::NoMessage;
use std::io;
use std::sync::Arc;

/// What a port asks of its callers, and what a caller shows to the ports that it calls. By default nothing: everybody
/// may come in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credentials {
    secret: Option<Arc<Secret>>,
    tls: Option<Tls>,
}

impl Credentials {
    /// Both ends must know `secret`.
    pub fn of_secret(secret: Secret) -> Credentials {
        Credentials { secret: Some(Arc::new(secret)), tls: None }
    }

    /// Both ends must show a certificate, and what travels is sealed.
    pub fn of_certificates(tls: Tls) -> Credentials {
        Credentials { secret: None, tls: Some(tls) }
    }

    /// What is asked for by these, and by `other` too.
    #[must_use]
    pub fn and(self, other: Credentials) -> Credentials {
        Credentials { secret: self.secret.or(other.secret), tls: self.tls.or(other.tls) }
    }

    /// Whether everybody may come in.
    pub fn is_open(&self) -> bool {
        self.secret.is_none() && self.tls.is_none()
    }

    /// Whether what travels is sealed.
    pub fn is_sealed(&self) -> bool {
        self.tls.is_some()
    }

    pub(crate) fn secret(&self) -> Option<&Secret> {
        self.secret.as_deref()
    }

    pub(crate) fn tls(&self) -> Option<&Tls> {
        self.tls.as_ref()
    }
}

/// Why the other end is not let in, or not talked to.
#[derive(Debug)]
pub(crate) enum Refused {
    /// The caller said something else than the greeting. What it is told.
    NoProof(&'static str),
    /// It knows another secret.
    WrongProof,
    /// Its certificate does not do. A sentence.
    NotSealed(String),
    /// It went away or was silent.
    Missing(NoMessage),
    /// The connection broke, or the system gave no random bytes.
    Io(io::Error),
}

impl From<NoMessage> for Refused {
    fn from(none: NoMessage) -> Refused {
        Refused::Missing(none)
    }
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Refused {
        Refused::Io(error)
    }
}
