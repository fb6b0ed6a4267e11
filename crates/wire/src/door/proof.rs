//! How both ends prove that they know the secret, before the first message and without sending it.
//!
//! The caller sends a word that no Thrift dialect begins with, and a nonce. The port answers with a nonce of its own and
//! its proof over both, and only then gets the caller's. The caller's proof travels with its first request, so that a
//! connection costs one round trip more and a call none. It proves who is at the other end when the connection begins;
//! it does not encrypt what follows.

use super::Refused;
use super::secret::{PROOF_BYTES, Secret};
use crate::channel::Channel;
use crate::message::arrival::{Patience, Reading};
use crate::message::dialect::SNIFFED_BYTES;
use std::io;

/// The first bytes of a caller that proves itself; the last one is the version of this handshake.
const GREETING: [u8; SNIFFED_BYTES] = *b"BLST\x00\x01";
const NONCE_BYTES: usize = 32;
const HELLO_BYTES: usize = SNIFFED_BYTES + NONCE_BYTES;
const ANSWER_BYTES: usize = NONCE_BYTES + PROOF_BYTES;

const OF_CALLER: &[u8] = b"ballast caller 1";
const OF_PORT: &[u8] = b"ballast port 1";

/// What a caller without a proof is told.
const ASKS_FOR_SECRET: &str =
    "this port asks for the cluster's secret: start this program with the same --secret-file";

fn nonce() -> io::Result<[u8; NONCE_BYTES]> {
    let mut nonce = [0; NONCE_BYTES];
    getrandom::fill(&mut nonce).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(nonce)
}

/// The port's side: lets the caller in if it knows the secret.
pub(crate) fn demand(
    secret: &Secret,
    reading: &mut Reading<'_>,
    channel: &mut Channel,
    patience: Patience,
) -> Result<(), Refused> {
    let head: [u8; SNIFFED_BYTES] = reading.peek(channel, patience)?;
    if head != GREETING {
        return Err(Refused::NoProof(ASKS_FOR_SECRET));
    }
    let hello: [u8; HELLO_BYTES] = reading.take(channel, patience)?;
    let (callers, ports) = (&hello[SNIFFED_BYTES..], nonce()?);
    let mut answer = [0; ANSWER_BYTES];
    answer[..NONCE_BYTES].copy_from_slice(&ports);
    answer[NONCE_BYTES..].copy_from_slice(&secret.prove(OF_PORT, [callers, &ports]));
    channel.write_all(&answer)?;
    let proof: [u8; PROOF_BYTES] = reading.take(channel, patience)?;
    if secret.verify(OF_CALLER, [callers, &ports], &proof) { Ok(()) } else { Err(Refused::WrongProof) }
}

/// The caller's side: makes sure of the port. Answers the proof to send before the first request.
pub(crate) fn show(
    secret: &Secret,
    reading: &mut Reading<'_>,
    channel: &mut Channel,
    patience: Patience,
) -> Result<(), Refused> {
    let callers = nonce()?;
    let mut hello = [0; HELLO_BYTES];
    hello[..SNIFFED_BYTES].copy_from_slice(&GREETING);
    hello[SNIFFED_BYTES..].copy_from_slice(&callers);
    channel.write_all(&hello)?;
    let answer: [u8; ANSWER_BYTES] = reading.take(channel, patience)?;
    let (ports, proof) = answer.split_at(NONCE_BYTES);
    if !secret.verify(OF_PORT, [&callers, ports], proof) {
        return Err(Refused::WrongProof);
    }
    Ok(channel.write_all(&secret.prove(OF_CALLER, [&callers, ports]))?)
}
