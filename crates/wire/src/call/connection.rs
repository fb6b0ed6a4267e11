//! One connection to a peer: a request out, its answer in.

use super::error::Breakage;
use super::settings::PoolSettings;
use crate::channel::Channel;
use crate::door::{Refused, proof, seal};
use crate::message::arrival::{Message, NoMessage, Patience, Reading};
use crate::message::dialect::Dialect;
use crate::message::limits::Shape;
use crate::message::outgoing::Outgoing;
use crate::message::walk::{LargeField, WalkError};
use rustix::io::Errno;
use rustix::net::RecvFlags;
use std::io::{self, Read as _};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// One connection to a peer, with its buffers.
#[derive(Debug)]
pub(super) struct Connection {
    channel: Channel,
    pub(super) reading: Reading<'static>,
    pub(super) outgoing: Outgoing,
    /// Whether a call has gone over it before.
    used: bool,
    /// When the last call over it ended.
    pub(super) idle_since: Instant,
}

/// Why there is no connection.
#[derive(Debug)]
pub(super) enum NotOpen {
    /// Nobody was reached.
    Unreachable(io::Error),
    /// One of the two ends does not prove what the other one asks for. A sentence.
    NotAdmitted(String),
}

impl From<io::Error> for NotOpen {
    fn from(error: io::Error) -> NotOpen {
        NotOpen::Unreachable(error)
    }
}

/// Why an exchange brought no answer.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Trouble {
    Broken(Breakage),
    TimedOut,
    Garbled(String),
    /// The peer does not accept our certificate.
    NotAdmitted(rustls::Error),
}

impl Connection {
    /// Connects to the first of the address's meanings that answers.
    pub(super) fn open(address: &str, settings: &PoolSettings) -> Result<Connection, NotOpen> {
        let mut reading = Reading::default();
        Ok(Connection {
            channel: connect(address, settings, &mut reading)?,
            reading,
            outgoing: Outgoing::default(),
            used: false,
            idle_since: Instant::now(),
        })
    }

    /// Puts another connection in this one's place; the request in the buffer stays.
    pub(super) fn reopen(&mut self, address: &str, settings: &PoolSettings) -> Result<(), NotOpen> {
        self.reading.reset();
        self.channel = connect(address, settings, &mut self.reading)?;
        self.used = false;
        Ok(())
    }

    /// Whether a call has gone over it before, so that the peer may have closed it between.
    pub(super) fn is_used(&self) -> bool {
        self.used
    }

    /// Whether the peer has closed the connection while it was idle, or has sent what nobody asked for. The look costs
    /// one system call and spares a call that would be lost with the connection.
    pub(super) fn is_stale(&self) -> bool {
        let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
        self.used && !matches!(rustix::net::recv(self.channel.socket(), &mut [0], flags), Err(Errno::AGAIN))
    }

    /// Sends the request in the buffer and waits for a whole answer.
    pub(super) fn exchange(
        &mut self,
        time_out: Duration,
        shape: &Shape,
        large: Option<LargeField>,
    ) -> Result<Message, Trouble> {
        let sent = Instant::now();
        let patience = Patience {
            first: time_out,
            rest: time_out,
            slowest_bytes_per_second: 0,
            deadline: sent.checked_add(time_out),
        };
        let first = !self.used;
        if let Err(error) = self.outgoing.write_to(&mut self.channel) {
            return Err(match self.hear_farewell(first) {
                Some(refused) => refused,
                None => Trouble::Broken(Breakage::Sending(error.kind())),
            });
        }
        self.used = true;
        let answered = self.reading.message(&mut self.channel, Dialect::PLAIN_BINARY, patience, shape, large);
        answered.map_err(|none| {
            let broken = self.broken_seal(first);
            broken.unwrap_or_else(|| trouble(none, self.reading.has_leftovers()))
        })
    }

    /// What a peer said before it hung up upon our first request, if it was a refusal.
    fn hear_farewell(&mut self, first: bool) -> Option<Trouble> {
        // What had come before the end is there without waiting.
        self.channel.wait_at_most(Duration::ZERO).ok()?;
        let _ = self.channel.read(&mut [0]);
        self.broken_seal(first)
    }

    /// What it means that the seal broke, if it did.
    fn broken_seal(&self, first: bool) -> Option<Trouble> {
        let error = self.channel.broken()?;
        Some(match error {
            // Our own part of the handshake ends before the peer has judged our certificate.
            rustls::Error::AlertReceived(_) if first => Trouble::NotAdmitted(error.clone()),
            other => Trouble::Garbled(format!("TLS failed: {other}")),
        })
    }

    /// Whether the last answer left nothing behind, so that the connection can carry another call.
    pub(super) fn is_clean(&mut self) -> bool {
        !self.reading.has_leftovers() && !self.channel.has_leftovers()
    }
}

fn trouble(none: NoMessage, answer_begun: bool) -> Trouble {
    match none {
        NoMessage::Closed => Trouble::Broken(Breakage::Closed),
        NoMessage::Silent => Trouble::TimedOut,
        NoMessage::Unwalked(unwalked) => match unwalked.error {
            WalkError::TooSlow => Trouble::TimedOut,
            WalkError::Ended => Trouble::Broken(Breakage::Midway),
            WalkError::Io(_) if answer_begun => Trouble::Broken(Breakage::Midway),
            WalkError::Io(kind) => Trouble::Broken(Breakage::Reset(kind)),
            error @ (WalkError::Malformed(_) | WalkError::TooLarge { .. } | WalkError::Crowded) => {
                Trouble::Garbled(error.to_string())
            }
        },
    }
}

fn connect(
    address: &str,
    settings: &PoolSettings,
    reading: &mut Reading<'static>,
) -> Result<Channel, NotOpen> {
    let mut channel = Channel::plain(Arc::new(dial(address, settings)?));
    if let Some(tls) = settings.credentials.tls() {
        seal::show(tls, address, &mut channel, settings.connect_time).map_err(NotOpen::NotAdmitted)?;
    }
    if let Some(secret) = settings.credentials.secret() {
        let patience = Patience {
            first: settings.connect_time,
            rest: settings.connect_time,
            slowest_bytes_per_second: 0,
            deadline: None,
        };
        proof::show(secret, reading, &mut channel, patience).map_err(not_admitted)?;
    }
    Ok(channel)
}

/// Why a port that asks for a secret is not talked to.
fn not_admitted(refused: Refused) -> NotOpen {
    NotOpen::NotAdmitted(match refused {
        Refused::WrongProof => {
            "it knows another secret than ours: give both ends the same --secret-file".to_owned()
        }
        Refused::Missing(NoMessage::Silent) => "it did not prove in time that it knows the secret".to_owned(),
        Refused::Missing(_) | Refused::NoProof(_) | Refused::NotSealed(_) => {
            "it hung up instead of proving that it knows the secret: start it with the same --secret-file"
                .to_owned()
        }
        Refused::Io(error) => format!("it hung up before it proved that it knows the secret ({error})"),
    })
}

fn dial(address: &str, settings: &PoolSettings) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for meaning in address.to_socket_addrs()? {
        match TcpStream::connect_timeout(&meaning, settings.connect_time) {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                stream.set_write_timeout(Some(settings.write_time))?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}
