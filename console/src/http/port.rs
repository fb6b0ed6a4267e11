//! The port: bounded in connections, and rid of those on which nothing moves.

use axum::serve::Listener;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep};

/// Connections at once.
const CONNECTIONS: usize = 256;
/// A connection on which no byte moved for so long is closed: an idle one, or one whose browser has vanished.
const STILL: Duration = Duration::from_secs(30);

/// Accepts browsers.
#[derive(Debug)]
pub(crate) struct Port {
    listener: TcpListener,
    places: Arc<Semaphore>,
    patience: Duration,
}

impl Port {
    pub(crate) fn new(listener: TcpListener) -> Port {
        Port::with(listener, CONNECTIONS, STILL)
    }

    fn with(listener: TcpListener, connections: usize, patience: Duration) -> Port {
        Port { listener, places: Arc::new(Semaphore::new(connections)), patience }
    }
}

impl Listener for Port {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        loop {
            // The semaphore is never closed; the system's own queue holds whoever must wait.
            let Ok(place) = Arc::clone(&self.places).acquire_owned().await else { continue };
            match self.listener.accept().await {
                Ok((stream, address)) => {
                    let (moved, patience) = (Instant::now(), self.patience);
                    let still = Box::pin(tokio::time::sleep(patience));
                    return (Connection { stream, moved, patience, still, _place: place }, address);
                }
                Err(error) => {
                    log::debug!("the console could not accept a connection: {error}");
                    // Out of descriptors, perhaps: some will be free again.
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A browser's connection.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    moved: Instant,
    patience: Duration,
    still: Pin<Box<Sleep>>,
    _place: OwnedSemaphorePermit,
}

impl Connection {
    /// An error when nothing has moved for too long.
    fn watch<T>(&mut self, context: &mut Context<'_>, moved: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if moved.is_ready() {
            self.moved = Instant::now();
            return moved;
        }
        while self.still.as_mut().poll(context).is_ready() {
            let until = self.moved + self.patience;
            if until <= Instant::now() {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            self.still.as_mut().reset(until);
        }
        Poll::Pending
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.watch(context, read)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watch(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, pieces);
        self.watch(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use std::io::Read as _;
    use std::net::TcpStream as Browser;
    use std::task::Waker;

    fn with_port(connections: usize, patience: Duration, test: impl AsyncFnOnce(Port, SocketAddr)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            test(Port::with(listener, connections, patience), address).await;
        });
    }

    #[test]
    fn a_browser_that_says_nothing_is_sent_away() {
        with_port(1, Duration::from_millis(20), async |mut port, address| {
            let mut browser = Browser::connect(address).unwrap();
            let (mut connection, _) = port.accept().await;
            let mut byte = [0];
            let mut buffer = ReadBuf::new(&mut byte);
            let read = poll_fn(|context| Pin::new(&mut connection).poll_read(context, &mut buffer));
            let error = read.await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::TimedOut);
            drop(connection);
            assert_eq!(browser.read(&mut [0]).unwrap(), 0, "the connection is closed");
        });
    }

    #[test]
    fn a_browser_that_stops_reading_is_sent_away() {
        with_port(1, Duration::from_millis(20), async |mut port, address| {
            let _browser = Browser::connect(address).unwrap();
            let (mut connection, _) = port.accept().await;
            let piece = vec![0; 1 << 20];
            let error = loop {
                // Until no buffer of the system takes more.
                let written = poll_fn(|context| Pin::new(&mut connection).poll_write(context, &piece));
                if let Err(error) = written.await {
                    break error;
                }
            };
            assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        });
    }

    #[test]
    fn one_more_waits_until_another_one_goes() {
        with_port(1, STILL, async |mut port, address| {
            let (_one, _two) = (Browser::connect(address).unwrap(), Browser::connect(address).unwrap());
            let (first, _) = port.accept().await;
            {
                let mut second = std::pin::pin!(port.accept());
                let mut context = Context::from_waker(Waker::noop());
                assert!(second.as_mut().poll(&mut context).is_pending(), "there is one place");
            }
            drop(first);
            port.accept().await;
        });
    }
}
