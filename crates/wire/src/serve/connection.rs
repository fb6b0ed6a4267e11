//! One connection from its first byte to its last: messages in, calls dispatched, answers out.

use super::counters::{Counting, count};
use super::ending::{Caller, Ending, compose_exception};
use super::links::{Link, Links};
use super::rates::{Meters, TooMany};
use crate::channel::Channel;
use crate::door::{Refused, proof, seal};
use crate::message::arrival::{Message, Patience, Reading};
use crate::message::budget::{Budget, Share};
use crate::message::checked::Checked;
use crate::message::dialect::{Dialect, EncodingName, SNIFFED_BYTES};
use crate::message::limits::Limits;
use crate::message::outgoing::Outgoing;
use crate::message::walk::{Header, LargeField, MessageKind};
use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use thrift::protocol::{TBinaryInputProtocol, TCompactInputProtocol, TInputProtocol};
use thrift::server::TProcessor;
use thrift::{ApplicationError, ApplicationErrorKind, TConfiguration};

/// What all connections of a port share.
pub(super) struct Port {
    pub(super) processor: Box<dyn TProcessor + Send + Sync>,
    pub(super) large: Option<LargeField>,
    pub(super) limits: Limits,
    pub(super) links: Links,
    pub(super) meters: Meters,
    pub(super) budget: Budget,
    pub(super) counting: Arc<Counting>,
    pub(super) stopping: AtomicBool,
}

impl Port {
    /// Serves a connection until it ends.
    pub(super) fn serve(&self, link: &Link) {
        let mut channel = Channel::plain(Arc::clone(&link.stream));
        let Err(ending) = self.converse(link, &mut channel);
        ending.settle(&mut channel, &self.counting);
    }

    fn converse(&self, link: &Link, channel: &mut Channel) -> Result<Infallible, Ending> {
        // Without these two a connection is slower or holds its thread longer; it still works.
        let _ = link.stream.set_nodelay(true);
        let _ = link.stream.set_write_timeout(Some(self.limits.write_time));
        let mut reading = Reading::sharing(Share::of(&self.budget));
        let mut outgoing = Outgoing::default();
        let patience = Patience {
            first: self.limits.idle,
            rest: self.limits.message_time,
            slowest_bytes_per_second: self.limits.slowest_bytes_per_second,
            deadline: None,
        };
        if !self.limits.credentials.is_open() {
            let patience = Patience { first: self.limits.message_time, ..patience };
            self.examine(&mut reading, channel, patience)
                .map_err(|refused| Ending::refused(refused, reading.arrived()))?;
            if !link.admit() {
                return Err(Ending::Evicted);
            }
        }
        let head: [u8; SNIFFED_BYTES] = reading
            .peek(channel, patience)
            .map_err(|none| Ending::without_message(none, Dialect::PLAIN_BINARY))?;
        let dialect = Dialect::sniff(head, self.limits.shape.message_bytes).map_err(Ending::Foreign)?;
        while !self.stopping.load(Ordering::Acquire) {
            let message = reading
                .message(channel, dialect, patience, &self.limits.shape, self.large)
                .map_err(|none| Ending::without_message(none, dialect))?;
            if !link.begin_work() {
                return Err(Ending::Evicted);
            }
            let answered = self.answer(link, dialect, &message, reading.bytes(&message), &mut outgoing);
            reading.consume(&message);
            let sent = outgoing.send(channel);
            link.end_work(self.links.now_us());
            answered?;
            sent.map_err(|error| Ending::unsent(&error))?;
        }
        Err(Ending::Stopped)
    }

    /// Lets the peer prove who it is.
    fn examine(
        &self,
        reading: &mut Reading<'_>,
        channel: &mut Channel,
        patience: Patience,
    ) -> Result<(), Refused> {
        if let Some(tls) = self.limits.credentials.tls() {
            seal::demand(tls, reading, channel, patience)?;
        }
        match self.limits.credentials.secret() {
            Some(secret) => proof::demand(secret, reading, channel, patience),
            None => Ok(()),
        }
    }

    /// Makes the answer to one message. An error ends the connection after the answer is sent.
    fn answer(
        &self,
        link: &Link,
        dialect: Dialect,
        message: &Message,
        bytes: &[u8],
        outgoing: &mut Outgoing,
    ) -> Result<(), Ending> {
        let header = &message.header;
        if !matches!(header.kind, MessageKind::Call | MessageKind::OneWay) {
            // An answer to an answer could go on for ever between two confused peers.
            return Err(Ending::malformed("neither a call nor one-way"));
        }
        count(&self.counting.calls);
        let bounded =
            link.meter.as_ref().map_or(Ok(()), |meter| self.meters.call(meter, self.links.now_ns()));
        if let Err(TooMany { rate }) = bounded {
            count(&self.counting.refused_calls);
            if header.kind == MessageKind::OneWay {
                return Ok(());
            }
            let why = format!(
                "your machine calls more than {rate} times a second, which is the bound of this port (--max-call-rate)"
            );
            let error = ApplicationError::new(ApplicationErrorKind::InternalError, why);
            return refuse(outgoing, dialect, header, bytes, &error);
        }
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
            Ok(Err(Undispatched::WrongTypes(why))) => {
                count(&self.counting.wrong_types);
                Some(ApplicationError::new(ApplicationErrorKind::ProtocolError, why))
            }
            Ok(Err(Undispatched::Undecodable(why))) => return Err(Ending::malformed(why)),
            Err(_) => {
                count(&self.counting.panics);
                log::error!(
                    "the service panicked in a call; the caller gets an error and the process goes on"
                );
                Some(ApplicationError::new(
                    ApplicationErrorKind::InternalError,
                    "the service panicked in this call",
                ))
            }
        };
        if header.kind == MessageKind::OneWay {
            // Nobody waits for an answer, and one would be taken for the next call's.
            outgoing.clear();
        } else if let Some(error) = refused {
            refuse(outgoing, dialect, header, bytes, &error)?;
        }
        Ok(())
    }

    /// Has the generated code decode the message, call the service and encode its answer.
    fn dispatch(
        &self,
        input: impl TInputProtocol,
        dialect: Dialect,
        outgoing: &mut Outgoing,
    ) -> Result<(), Undispatched> {
        let mut input = Checked::new(input);
        let processed = outgoing.compose(dialect, |out| self.processor.process(&mut input, out));
        if let Some(why) = input.refused() {
            return Err(Undispatched::WrongTypes(why.to_owned()));
        }
        processed.map_err(|error| Undispatched::Undecodable(error.to_string()))
    }
}

/// Makes an application exception the answer to a message.
fn refuse(
    outgoing: &mut Outgoing,
    dialect: Dialect,
    header: &Header,
    bytes: &[u8],
    error: &ApplicationError,
) -> Result<(), Ending> {
    let method = String::from_utf8_lossy(&bytes[header.name.clone()]).into_owned();
    compose_exception(outgoing, Caller { dialect, method, sequence: header.sequence }, error)
        .map_err(|error| Ending::malformed(error.to_string()))
}

/// Why a message did not reach the service.
enum Undispatched {
    /// The message is whole, so the connection can go on.
    WrongTypes(String),
    Undecodable(String),
}
