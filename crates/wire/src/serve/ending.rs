//! Why a connection ends, what is counted for it, and what its peer is told.

use super::counters::{Counting, count};
use crate::channel::Channel;
use crate::door::Refused;
use crate::message::arrival::{NoMessage, is_time_out};
use crate::message::dialect::{Dialect, Foreign};
use crate::message::outgoing::Outgoing;
use crate::message::walk::WalkError;
use std::io::{self, Read};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;
use thrift::protocol::{TMessageIdentifier, TMessageType};
use thrift::{ApplicationError, ApplicationErrorKind};

/// Why a connection ends.
#[derive(Debug, thiserror::Error)]
pub(super) enum Ending {
    #[error("its peer left")]
    Left,
    #[error("the port is stopping")]
    Stopped,
    #[error("it made place for another")]
    Evicted,
    #[error("its peer was silent for too long")]
    Idle,
    #[error("its peer was too slow")]
    TooSlow,
    #[error("its peer speaks something else than Thrift ({0:?})")]
    Foreign(Foreign),
    #[error("its caller was not let in: {why}")]
    Unproven {
        why: String,
        /// Whom to tell, if it began with a message that can be answered.
        caller: Option<Caller>,
    },
    #[error("malformed message: {why}")]
    Malformed {
        why: String,
        /// Whom to tell, if the message came so far.
        caller: Option<Caller>,
    },
    #[error("it broke ({0})")]
    Broken(io::ErrorKind),
}

/// Whom an exception answers.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) dialect: Dialect,
    pub(super) method: String,
    pub(super) sequence: i32,
}

impl Ending {
    /// What the lack of a message means.
    pub(super) fn without_message(none: NoMessage, dialect: Dialect) -> Ending {
        match none {
            NoMessage::Closed => Ending::Left,
            NoMessage::Silent => Ending::Idle,
            NoMessage::Unwalked(unwalked) => match unwalked.error {
                WalkError::TooSlow => Ending::TooSlow,
                WalkError::Io(kind) => Ending::Broken(kind),
                WalkError::Ended => Ending::malformed(WalkError::Ended.to_string()),
                error @ (WalkError::Malformed(_) | WalkError::TooLarge { .. } | WalkError::Crowded) => {
                    Ending::Malformed {
                        why: error.to_string(),
                        caller: unwalked.caller.map(|(method, sequence)| Caller {
                            dialect,
                            method,
                            sequence,
                        }),
                    }
                }
            },
        }
    }

    /// What it means that a caller was not let in. `arrived` is what it said instead of a proof.
    pub(super) fn refused(refused: Refused, arrived: &[u8]) -> Ending {
        match refused {
            Refused::NoProof(told) => {
                Ending::Unproven { why: told.to_owned(), caller: plain_caller(arrived) }
            }
            Refused::WrongProof => {
                Ending::Unproven { why: "it knows another secret".to_owned(), caller: None }
            }
            Refused::NotSealed(why) => Ending::Unproven { why, caller: None },
            Refused::Missing(none) => Ending::without_message(none, Dialect::PLAIN_BINARY),
            Refused::Io(error) => Ending::unsent(&error),
        }
    }

    /// What a failed write means.
    pub(super) fn unsent(error: &io::Error) -> Ending {
        if is_time_out(error.kind()) { Ending::TooSlow } else { Ending::Broken(error.kind()) }
    }

    pub(super) fn malformed(why: impl Into<String>) -> Ending {
        Ending::Malformed { why: why.into(), caller: None }
    }

    /// Counts the ending, notes it, and tells the peer if it can be told. In this order, so that whoever sees the
    /// connection closed finds it counted.
    pub(super) fn settle(self, channel: &mut Channel, counting: &Counting) {
        match &self {
            // Whoever evicts or stops counts it, and most threads see an end of the stream then.
            Ending::Left | Ending::Stopped | Ending::Evicted => return,
            Ending::Idle => count(&counting.idle_closed),
            Ending::TooSlow => count(&counting.too_slow),
            Ending::Foreign(_) => count(&counting.foreign),
            Ending::Unproven { .. } => count(&counting.unproven),
            Ending::Malformed { .. } => count(&counting.malformed),
            Ending::Broken(_) => {}
        }
        if log::log_enabled!(log::Level::Debug) {
            let peer = channel
                .socket()
                .peer_addr()
                .map_or_else(|_| "a peer".to_owned(), |address| address.to_string());
            log::debug!("the connection of {peer} ends: {self}");
        }
        let (caller, error) = match self {
            Ending::Malformed { why, caller: Some(caller) } => {
                (caller, ApplicationError::new(ApplicationErrorKind::ProtocolError, why))
            }
            Ending::Unproven { why, caller: Some(caller) } => {
                (caller, ApplicationError::new(ApplicationErrorKind::UnsupportedClientType, why))
            }
            // An alert of TLS may be on its way.
            Ending::Unproven { .. } => return swallow(channel.socket()),
            _ => return,
        };
        let mut outgoing = Outgoing::default();
        if compose_exception(&mut outgoing, caller, &error).is_ok() && outgoing.send(channel).is_ok() {
            swallow(channel.socket());
        }
    }
}

/// Longest name of a method that is read of somebody who was not let in.
const MOST_NAME_BYTES: usize = 64;

/// Whom a sentence would reach, from the first bytes of a plain binary call. Nothing is waited for and nothing but the
/// head is looked at.
fn plain_caller(arrived: &[u8]) -> Option<Caller> {
    let rest = arrived.strip_prefix(&[0x80, 0x01, 0x00, 0x01])?;
    let (length, rest) = rest.split_first_chunk()?;
    let length =
        usize::try_from(u32::from_be_bytes(*length)).ok().filter(|&bytes| bytes <= MOST_NAME_BYTES)?;
    let (name, rest) = rest.split_at_checked(length)?;
    let (sequence, _) = rest.split_first_chunk()?;
    Some(Caller {
        dialect: Dialect::PLAIN_BINARY,
        method: std::str::from_utf8(name).ok()?.to_owned(),
        sequence: i32::from_be_bytes(*sequence),
    })
}

/// Makes an application exception out of whatever stands in the buffer.
pub(super) fn compose_exception(
    outgoing: &mut Outgoing,
    caller: Caller,
    error: &ApplicationError,
) -> thrift::Result<()> {
    let identifier = TMessageIdentifier::new(caller.method, TMessageType::Exception, caller.sequence);
    outgoing.compose(caller.dialect, |out| {
        out.write_message_begin(&identifier)?;
        thrift::Error::write_application_error_to_out_protocol(error, out)?;
        out.write_message_end()?;
        out.flush()
    })
}

/// Reads away what a refused caller still sends: closing with bytes unread would take our answer from it.
fn swallow(mut stream: &TcpStream) {
    const MOST_READS: usize = 64;
    const LONGEST_WAIT: Duration = Duration::from_millis(250);
    let mut scrap = [0; 16 * 1024];
    if stream.shutdown(Shutdown::Write).is_err() || stream.set_read_timeout(Some(LONGEST_WAIT)).is_err() {
        return;
    }
    for _ in 0..MOST_READS {
        if !matches!(stream.read(&mut scrap), Ok(1..)) {
            return;
        }
    }
}
