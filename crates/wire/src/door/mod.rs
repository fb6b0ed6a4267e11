//! Who may come in: what both ends of a connection prove to each other before the first message.
//!
//! Reading order: [`secret`] (what is shared), `proof` (how it is proven without being sent).

pub(crate) mod proof;
mod secret;

pub use secret::{BadSecret, Secret};

use std::sync::Arc;

/// What a port asks of its callers, and what a caller shows to the ports that it calls. By default nothing: everybody
/// may come in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credentials {
    secret: Option<Arc<Secret>>,
}

impl Credentials {
    /// Both ends must know `secret`.
    pub fn of_secret(secret: Secret) -> Credentials {
        Credentials { secret: Some(Arc::new(secret)) }
    }

    /// Whether everybody may come in.
    pub fn is_open(&self) -> bool {
        self.secret.is_none()
    }

    pub(crate) fn secret(&self) -> Option<&Secret> {
        self.secret.as_deref()
    }
}
