//! Between the generated clients and the pool: a call is encoded in memory, sent whole, and its answer decoded from
//! memory.
//!
//! A generated client writes the request and then reads the answer, which is the moment when the request is sent. A
//! pooled connection that turns out to be dead is replaced, and the same bytes go over a fresh one; the generated
//! client does not notice.

use super::connection::{Connection, Trouble};
use super::error::{Breakage, CallError};
use super::pool::Pool;
use crate::door::words;
use crate::message::arrival::Message;
use crate::message::checked::Checked;
use crate::message::walk::LargeField;
use std::cell::RefCell;
use std::error::Error;
use std::io::{self, Read, Write};
use std::time::Duration;
use thrift::protocol::{TBinaryInputProtocol, TBinaryOutputProtocol};
use thrift::{ApplicationErrorKind, TConfiguration};

/// What a generated client reads from.
pub(super) type Input<'r, 'e> = Checked<TBinaryInputProtocol<Receiver<'r, 'e>>>;
/// What a generated client writes to.
pub(super) type Output<'r, 'e> = TBinaryOutputProtocol<Sender<'r, 'e>>;

/// What is known of a call beside its arguments.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    pub(super) method: &'static str,
    pub(super) time_out: Duration,
    /// Whether the call may reach the peer twice without harm.
    pub(super) repeatable: bool,
    /// The field of the answer that may be large.
    pub(super) large: Option<LargeField>,
}

/// What came instead of an answer.
#[derive(Debug)]
pub(super) enum Raised {
    /// An exception of the interface, for the caller to downcast.
    User(Box<dyn Error + Send + Sync>),
    Call(CallError),
}

impl From<CallError> for Raised {
    fn from(error: CallError) -> Raised {
        Raised::Call(error)
    }
}

impl Pool {
    /// One call by a generated client, which `invoke` makes from the two protocols.
    pub(super) fn call<T>(
        &self,
        terms: Terms,
        invoke: impl for<'r, 'e> FnOnce(Input<'r, 'e>, Output<'r, 'e>) -> thrift::Result<T>,
    ) -> Result<T, Raised> {
        let mut lease = self.lease(terms.time_out)?;
        lease.connection.outgoing.clear();
        let exchange = RefCell::new(Exchange {
            pool: self,
            connection: &mut lease.connection,
            terms,
            answer: None,
            place: 0,
            failure: None,
        });
        let input = TBinaryInputProtocol::with_config(Receiver(&exchange), true, TConfiguration::no_limits());
        let output = TBinaryOutputProtocol::new(Sender(&exchange), true);
        let returned = invoke(Checked::new(input), output);
        let Exchange { connection, answer, failure, .. } = exchange.into_inner();
        if let Some(message) = answer {
            connection.reading.consume(&message);
        }
        let clean = connection.is_clean();
        match returned {
            Ok(value) => {
                if clean {
                    lease.keep();
                }
                Ok(value)
            }
            Err(error) => {
                let (raised, usable) = self.explain(terms.method, error, failure);
                if usable && clean {
                    lease.keep();
                }
                Err(raised)
            }
        }
    }

    /// What an error of a generated client means, and whether its connection can be used further.
    fn explain(
        &self,
        method: &'static str,
        error: thrift::Error,
        failure: Option<CallError>,
    ) -> (Raised, bool) {
        if let Some(failure) = failure {
            return (failure.into(), false);
        }
        let address = self.address.clone();
        match error {
            thrift::Error::User(exception) => (Raised::User(exception), true),
            thrift::Error::Application(answered) => match answered.kind {
                // Some servers leave the arguments of an unknown method in the stream.
                ApplicationErrorKind::UnknownMethod => {
                    (CallError::UnknownMethod { address, method }.into(), false)
                }
                ApplicationErrorKind::InternalError | ApplicationErrorKind::Unknown => {
                    (CallError::Refused { address, why: answered.message }.into(), true)
                }
                ApplicationErrorKind::UnsupportedClientType => {
                    (CallError::NotAdmitted { address, why: answered.message }.into(), false)
                }
                ApplicationErrorKind::ProtocolError => {
                    (CallError::Refused { address, why: answered.message }.into(), false)
                }
                // Mostly of our own side's making: the answer does not belong to the call.
                _ => (CallError::Garbled { address, why: answered.message }.into(), false),
            },
            other => (CallError::Garbled { address, why: other.to_string() }.into(), false),
        }
    }
}

/// One call on its way.
#[derive(Debug)]
pub(super) struct Exchange<'a> {
    pool: &'a Pool,
    connection: &'a mut Connection,
    terms: Terms,
    answer: Option<Message>,
    /// How much of the answer has been decoded.
    place: usize,
    failure: Option<CallError>,
}

impl Exchange<'_> {
    /// Sends the request and waits for the answer, over a fresh connection if a pooled one is dead.
    fn perform(&mut self) -> Result<Message, CallError> {
        let Pool { address, settings, .. } = self.pool;
        let bytes = self.connection.outgoing.bytes().len();
        let limit = settings.shape.message_bytes;
        if bytes > limit {
            return Err(CallError::TooLarge { address: address.clone(), bytes, limit });
        }
        if self.connection.is_stale() {
            self.reopen()?;
        }
        let pooled = self.connection.is_used();
        let first = self.connection.exchange(self.terms.time_out, &settings.shape, self.terms.large);
        let outcome = match first {
            Err(Trouble::Broken(how)) if pooled && self.may_repeat_after(how) => {
                log::debug!("a pooled connection to {address} was dead ({how}); another one takes its place");
                self.reopen()?;
                self.connection.exchange(self.terms.time_out, &settings.shape, self.terms.large)
            }
            other => other,
        };
        outcome.map_err(|trouble| {
            let address = address.clone();
            match trouble {
                Trouble::Broken(how) => CallError::Broken { address, how },
                Trouble::TimedOut => CallError::TimedOut { address, waited: self.terms.time_out },
                Trouble::Garbled(why) => CallError::Garbled { address, why },
                Trouble::NotAdmitted(error) => {
                    let why = words::of_error(&error, &address);
                    CallError::NotAdmitted { address, why }
                }
            }
        })
    }

    /// Whether the call can go over another connection. A reset comes from a peer that closed the connection without
    /// having read the request, so it has not begun; one that closed in good order may have read it and died.
    fn may_repeat_after(&self, how: Breakage) -> bool {
        match how {
            Breakage::Sending(_) | Breakage::Reset(_) => true,
            Breakage::Closed => self.terms.repeatable,
            Breakage::Midway => false,
        }
    }

    fn reopen(&mut self) -> Result<(), CallError> {
        let Pool { address, settings, .. } = self.pool;
        self.connection.reopen(address, settings).map_err(|why| self.pool.not_open(why))
    }
}

/// Writes the request into the connection's buffer.
#[derive(Debug)]
pub(super) struct Sender<'r, 'e>(&'r RefCell<Exchange<'e>>);

impl Write for Sender<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().connection.outgoing.append(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads the answer, for which the first read sends the request.
#[derive(Debug)]
pub(super) struct Receiver<'r, 'e>(&'r RefCell<Exchange<'e>>);

impl Read for Receiver<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut exchange = self.0.borrow_mut();
        if exchange.failure.is_some() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        if exchange.answer.is_none() {
            let performed = exchange.perform();
            exchange.connection.outgoing.clear();
            match performed {
                Ok(answer) => exchange.answer = Some(answer),
                Err(failure) => {
                    exchange.failure = Some(failure);
                    return Err(io::ErrorKind::BrokenPipe.into());
                }
            }
        }
        let place = exchange.place;
        let Some(answer) = &exchange.answer else { return Ok(0) };
        let read = (&exchange.connection.reading.bytes(answer)[place..]).read(buffer)?;
        exchange.place += read;
        Ok(read)
    }
}
