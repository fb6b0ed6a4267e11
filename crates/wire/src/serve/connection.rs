//! One connection from its first byte to its last: messages in, calls dispatched, answers out.

use super::counters::{Counting, count};
use super::links::{Link, Links};
use crate::message::arrival::{Message, NoMessage, Patience, Reading, is_time_out};
use crate::message::checked::Checked;
use crate::message::dialect::{Dialect, EncodingName, SNIFFED_BYTES};
use crate::message::limits::Limits;
use crate::message::outgoing::Outgoing;
use crate::message::walk::{LargeField, MessageKind, Unwalked, WalkError};
use std::io::Read;
use std::net::{Shutdown, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use thrift::protocol::{
    TBinaryInputProtocol, TCompactInputProtocol, TInputProtocol, TMessageIdentifier, TMessageType,
};
use thrift::server::TProcessor;
use thrift::{ApplicationError, ApplicationErrorKind, TConfiguration};

/// What all connections of a port share.
pub(super) struct Port {
    pub(super) processor: Box<dyn TProcessor + Send + Sync>,
    pub(super) large: Option<LargeField>,
    pub(super) limits: Limits,
    pub(super) links: Links,
    pub(super) counting: Counting,
    pub(super) stopping: AtomicBool,
}

/// Why a connection ended by our side. Its peer's leaving needs no reason.
enum Ending {
    Left,
    Stopped,
    Evicted,
    Idle,
    TooSlow,
    Foreign(String),
    Malformed(String),
    Broken(String),
}

impl From<NoMessage> for Ending {
    fn from(none: NoMessage) -> Ending {
        match none {
            NoMessage::Closed => Ending::Left,
            NoMessage::Silent => Ending::Idle,
            NoMessage::Unwalked(unwalked) => match unwalked.error {
                WalkError::TooSlow => Ending::TooSlow,
                WalkError::Io(kind) => Ending::Broken(kind.to_string()),
                error => Ending::Malformed(error.to_string()),
            },
        }
    }
}

impl Port {
    /// Serves a connection until it ends.
    pub(super) fn serve(&self, link: &Link) {
        let ending = match self.converse(link) {
            Ok(()) => Ending::Left,
            Err(ending) => ending,
        };
        let counting = &self.counting;
        let why = match ending {
            // Whoever evicts or stops has counted it, and its thread sees an end of the stream.
            Ending::Left | Ending::Stopped | Ending::Evicted => return,
            Ending::Idle => {
                count(&counting.idle_closed);
                "silent for too long".to_owned()
            }
            Ending::TooSlow => {
                count(&counting.too_slow);
                "too slow".to_owned()
            }
            Ending::Foreign(why) => {
                count(&counting.foreign);
                format!("speaks something else than Thrift: {why}")
            }
            Ending::Malformed(why) => {
                count(&counting.malformed);
                format!("malformed message: {why}")
            }
            Ending::Broken(why) => why,
        };
        let peer =
            link.stream.peer_addr().map_or_else(|_| "a peer".to_owned(), |address| address.to_string());
        log::debug!("connection of {peer} ended: {why}");
    }

    fn converse(&self, link: &Link) -> Result<(), Ending> {
        // Without these two a connection is slower or holds its thread longer; it still works.
        let _ = link.stream.set_nodelay(true);
        let _ = link.stream.set_write_timeout(Some(self.limits.write_time));
        let mut reading = Reading::default();
        let mut outgoing = Outgoing::default();
        let patience = Patience {
            first: self.limits.idle,
            rest: self.limits.message_time,
            slowest_bytes_per_second: self.limits.slowest_bytes_per_second,
            deadline: None,
        };
        let head: [u8; SNIFFED_BYTES] = reading.peek(&link.stream, patience)?;
        let dialect = Dialect::sniff(head, self.limits.shape.message_bytes)
            .map_err(|foreign| Ending::Foreign(format!("{foreign:?}")))?;
        while !self.stopping.load(Ordering::Acquire) {
            let arrived = reading.message(&link.stream, dialect, patience, &self.limits.shape, self.large);
            let message = arrived.inspect_err(|none| refuse(link, dialect, none, &mut outgoing))?;
            if !link.begin_work() {
                return Err(Ending::Evicted);
            }
            let answered = self.answer(dialect, &message, reading.bytes(&message), &mut outgoing);
            reading.consume(&message);
            let sent = outgoing.send(&link.stream);
            link.end_work(self.links.now_us());
            answered?;
            sent.map_err(|error| match is_time_out(error.kind()) {
                true => Ending::TooSlow,
                false => Ending::Broken(error.to_string()),
            })?;
        }
        Err(Ending::Stopped)
    }

    /// Makes the answer to one message. An error ends the connection after the answer is sent.
    fn answer(
        &self,
        dialect: Dialect,
        message: &Message,
        bytes: &[u8],
        outgoing: &mut Outgoing,
    ) -> Result<(), Ending> {
        let header = &message.header;
        if !matches!(header.kind, MessageKind::Call | MessageKind::OneWay) {
            // An answer to an answer could go on for ever between two confused peers.
            return Err(Ending::Malformed("neither a call nor one-way".to_owned()));
        }
        count(&self.counting.calls);
        let dispatched = catch_unwind(AssertUnwindSafe(|| match dialect.encoding {
            EncodingName::Binary => {
                let input = TBinaryInputProtocol::with_config(bytes, true, TConfiguration::no_limits());
                self.dispatch(input, dialect, outgoing)
            }
            EncodingName::Compact => {
                let input = TCompactInputProtocol::with_config(bytes, TConfiguration::no_limits());
                self.dispatch(input, dialect, outgoing)
            }
        }));
        let refused = match dispatched {
            Ok(Ok(())) => None,
            Ok(Err(Dispatch::WrongTypes(why))) => {
                count(&self.counting.wrong_types);
                Some((ApplicationErrorKind::ProtocolError, why))
            }
            Ok(Err(Dispatch::Undecodable(why))) => return Err(Ending::Malformed(why)),
            Err(_) => {
                count(&self.counting.panics);
                log::error!(
                    "the service panicked in a call; the caller gets an error and the process goes on"
                );
                Some((ApplicationErrorKind::InternalError, "the service panicked in this call".to_owned()))
            }
        };
        if header.kind == MessageKind::OneWay {
            // Nobody waits for an answer, and one would be taken for the next call's.
            outgoing.clear();
        } else if let Some((kind, why)) = refused {
            let name = String::from_utf8_lossy(&bytes[header.name.clone()]).into_owned();
            compose_exception(outgoing, dialect, name, header.sequence, ApplicationError::new(kind, why))
                .map_err(|error| Ending::Broken(error.to_string()))?;
        }
        Ok(())
    }

    /// Has the generated code decode the message, call the service and encode its answer.
    fn dispatch(
        &self,
        input: impl TInputProtocol,
        dialect: Dialect,
        outgoing: &mut Outgoing,
    ) -> Result<(), Dispatch> {
        let mut input = Checked::new(input);
        let processed = outgoing.compose(dialect, |out| self.processor.process(&mut input, out));
        if let Some(why) = input.refused() {
            return Err(Dispatch::WrongTypes(why.to_owned()));
        }
        processed.map_err(|error| Dispatch::Undecodable(error.to_string()))
    }
}

/// Why a message did not reach the service.
enum Dispatch {
    /// The message is whole, so the connection can go on.
    WrongTypes(String),
    Undecodable(String),
}

fn compose_exception(
    outgoing: &mut Outgoing,
    dialect: Dialect,
    method: String,
    sequence: i32,
    error: ApplicationError,
) -> thrift::Result<()> {
    let identifier = TMessageIdentifier::new(method, TMessageType::Exception, sequence);
    outgoing.compose(dialect, |out| {
        out.write_message_begin(&identifier)?;
        thrift::Error::write_application_error_to_out_protocol(&error, out)?;
        out.write_message_end()?;
        out.flush()
    })
}

/// Tells the caller of a message that breaks the bounds why its connection is about to end, as far as that can be.
fn refuse(link: &Link, dialect: Dialect, none: &NoMessage, outgoing: &mut Outgoing) {
    let NoMessage::Unwalked(Unwalked { caller: Some((method, sequence)), error }) = none else { return };
    let kind = match error {
        WalkError::TooLarge { .. } | WalkError::Malformed(_) => ApplicationErrorKind::ProtocolError,
        WalkError::Ended | WalkError::TooSlow | WalkError::Io(_) => return,
    };
    let error = ApplicationError::new(kind, error.to_string());
    if compose_exception(outgoing, dialect, method.clone(), *sequence, error).is_ok()
        && outgoing.send(&link.stream).is_ok()
    {
        swallow(&link.stream);
    }
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
