//! Why a connection ends, what is counted for it, and what its peer is told.

use super::counters::{Counting, count};
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

    /// What a failed write means.
    pub(super) fn unsent(error: &io::Error) -> Ending {
        if is_time_out(error.kind()) { Ending::TooSlow } else { Ending::Broken(error.kind()) }
    }

    pub(super) fn malformed(why: impl Into<String>) -> Ending {
        Ending::Malformed { why: why.into(), caller: None }
    }

    /// Counts the ending, notes it, and tells the peer if it can be told. In this order, so that whoever sees the
    /// connection closed finds it counted.
    pub(super) fn settle(self, stream: &TcpStream, counting: &Counting) {
        match &self {
            // Whoever evicts or stops counts it, and most threads see an end of the stream then.
            Ending::Left | Ending::Stopped | Ending::Evicted => return,
            Ending::Idle => count(&counting.idle_closed),
            Ending::TooSlow => count(&counting.too_slow),
            Ending::Foreign(_) => count(&counting.foreign),
            Ending::Malformed { .. } => count(&counting.malformed),
            Ending::Broken(_) => {}
        }
        if log::log_enabled!(log::Level::Debug) {
            let peer = stream.peer_addr().map_or_else(|_| "a peer".to_owned(), |address| address.to_string());
            log::debug!("the connection of {peer} ends: {self}");
        }
        if let Ending::Malformed { why, caller: Some(caller) } = self {
            let mut outgoing = Outgoing::default();
            let error = ApplicationError::new(ApplicationErrorKind::ProtocolError, why);
            if compose_exception(&mut outgoing, caller, &error).is_ok() && outgoing.send(stream).is_ok() {
                swallow(stream);
            }
        }
    }
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
