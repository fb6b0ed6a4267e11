//! The bytes of one connection, both ways: as they are, or sealed by TLS.

use rustls::Connection;
use std::io::{self, Read, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// One connection's bytes. Its socket may be known elsewhere too, to be shut down there.
#[derive(Debug)]
pub(crate) struct Channel {
    socket: Arc<TcpStream>,
    seal: Option<Box<Connection>>,
    /// Read time-out that the socket has now, to set it no more often than needed.
    in_force: Option<Duration>,
    /// Why the seal is broken, if it is.
    broken: Option<rustls::Error>,
}

/// Why a connection could not be sealed.
#[derive(Debug)]
pub(crate) enum NotSealed {
    /// What one end showed was not accepted, or was no TLS.
    Refused(rustls::Error),
    /// The other end hung up.
    HungUp,
    /// It took too long.
    TooSlow,
    Io(io::Error),
}

impl Channel {
    /// A connection that is not sealed.
    pub(crate) fn plain(socket: Arc<TcpStream>) -> Channel {
        Channel { socket, seal: None, in_force: None, broken: None }
    }

    pub(crate) fn socket(&self) -> &TcpStream {
        &self.socket
    }

    /// Why the other end broke the seal, if it did: refused certificates are told so.
    pub(crate) fn broken(&self) -> Option<&rustls::Error> {
        self.broken.as_ref()
    }

    /// Lets the next reads wait no longer than `time_out`.
    pub(crate) fn wait_at_most(&mut self, time_out: Duration) -> io::Result<()> {
        // The kernel takes a zero for "for ever".
        let time_out = time_out.max(Duration::from_millis(1));
        if self.in_force != Some(time_out) {
            self.socket.set_read_timeout(Some(time_out))?;
            self.in_force = Some(time_out);
        }
        Ok(())
    }

    /// Sends all of it, by one system call if the socket has room and nothing is sealed.
    pub(crate) fn write_all(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        let Some(seal) = &mut self.seal else { return (&*self.socket).write_all(bytes) };
        while !bytes.is_empty() {
            let taken = seal.writer().write(bytes)?;
            bytes = &bytes[taken..];
            flush(seal, &self.socket)?;
        }
        Ok(())
    }

    /// Whether bytes were unsealed that nobody has read yet.
    pub(crate) fn has_leftovers(&mut self) -> bool {
        let state = self.seal.as_mut().map(|seal| seal.process_new_packets());
        state.is_some_and(|state| state.is_ok_and(|state| state.plaintext_bytes_to_read() > 0))
    }

    /// Seals the connection: both ends show their certificates. `arrived` is what was read of the connection already;
    /// everything has to be done by `deadline`.
    pub(crate) fn seal(
        &mut self,
        connection: impl Into<Connection>,
        mut arrived: &[u8],
        deadline: Instant,
    ) -> Result<(), NotSealed> {
        let mut seal = Box::new(connection.into());
        while seal.is_handshaking() {
            flush(&mut seal, &self.socket)?;
            let read = if arrived.is_empty() {
                let left = deadline.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return Err(NotSealed::TooSlow);
                }
                self.wait_at_most(left)?;
                seal.read_tls(&mut &*self.socket)
            } else {
                seal.read_tls(&mut arrived)
            };
            match read {
                Ok(0) => return Err(NotSealed::HungUp),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
            if let Err(error) = seal.process_new_packets() {
                // The other end is told by an alert, if it still listens.
                let _ = flush(&mut seal, &self.socket);
                return Err(NotSealed::Refused(error));
            }
        }
        flush(&mut seal, &self.socket)?;
        self.seal = Some(seal);
        Ok(())
    }
}

impl From<io::Error> for NotSealed {
    fn from(error: io::Error) -> NotSealed {
        match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => NotSealed::TooSlow,
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => NotSealed::HungUp,
            _ => NotSealed::Io(error),
        }
    }
}

impl Read for Channel {
    /// One read of the socket at most. `Interrupted` means that bytes came which are not yet whole enough to be
    /// unsealed.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(seal) = &mut self.seal else { return (&*self.socket).read(buffer) };
        if let Some(outcome) = unsealed(seal, buffer) {
            return outcome;
        }
        seal.read_tls(&mut &*self.socket)?;
        if let Err(error) = seal.process_new_packets() {
            let _ = flush(seal, &self.socket);
            let told = io::Error::new(io::ErrorKind::InvalidData, error.clone());
            self.broken = Some(error);
            return Err(told);
        }
        flush(seal, &self.socket)?;
        unsealed(seal, buffer).unwrap_or_else(|| Err(io::ErrorKind::Interrupted.into()))
    }
}

/// What has been unsealed already; none if there is nothing.
fn unsealed(seal: &mut Connection, buffer: &mut [u8]) -> Option<io::Result<usize>> {
    match seal.reader().read(buffer) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
        // An end without a farewell. Every message tells its own length, so nothing can be cut off unnoticed.
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Some(Ok(0)),
        outcome => Some(outcome),
    }
}

fn flush(seal: &mut Connection, mut socket: &TcpStream) -> io::Result<()> {
    while seal.wants_write() {
        seal.write_tls(&mut socket)?;
    }
    Ok(())
}
