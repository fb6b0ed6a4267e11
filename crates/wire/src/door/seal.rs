//! How both ends show each other their certificates, by TLS 1.3, before the first message.
//!
//! A port that asks for certificates speaks nothing else, and refuses before it reads any message. A caller whose
//! certificate is refused learns it with its first answer, because its own part of TLS 1.3 ends earlier.

use super::words;
use super::{Refused, Tls};
use crate::channel::{Channel, NotSealed};
use crate::message::arrival::{Patience, Reading};
use crate::message::dialect::SNIFFED_BYTES;
use crate::message::walk::WalkError;
use rustls::{ClientConnection, ServerConnection};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a caller that speaks plain Thrift is told.
const ASKS_FOR_TLS: &str = "this port asks for a certificate: start this program with --tls FOLDER, with certificates \
                            of the same authority";

/// The port's side: lets in who shows a certificate of our authorities.
pub(crate) fn demand(
    tls: &Tls,
    reading: &mut Reading<'_>,
    channel: &mut Channel,
    patience: Patience,
) -> Result<(), Refused> {
    let head: [u8; SNIFFED_BYTES] = reading.peek(channel, patience)?;
    if head[..2] != [0x16, 0x03] {
        return Err(Refused::NoProof(ASKS_FOR_TLS));
    }
    let connection = ServerConnection::new(Arc::clone(&tls.port))
        .map_err(|error| Refused::NotSealed(format!("TLS cannot begin ({error})")))?;
    let deadline = Instant::now() + patience.rest;
    channel.seal(connection, &reading.take_arrived(), deadline).map_err(|not_sealed| match not_sealed {
        NotSealed::TooSlow => Refused::Missing(WalkError::TooSlow.into()),
        other => Refused::NotSealed(words::of_caller(&other)),
    })
}

/// The caller's side: makes sure of the port at `address`. What is wrong is told in a sentence.
pub(crate) fn show(tls: &Tls, address: &str, channel: &mut Channel, longest: Duration) -> Result<(), String> {
    let name = Tls::name_of(address)?;
    let connection = ClientConnection::new(Arc::clone(&tls.caller), name)
        .map_err(|error| format!("TLS cannot begin ({error})"))?;
    channel
        .seal(connection, &[], Instant::now() + longest)
        .map_err(|not_sealed| words::of_port(&not_sealed, address))
}
