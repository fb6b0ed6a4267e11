//! A wire that misbehaves on request: a TCP proxy on loopback that can cut, silence, slow and shorten what it carries.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How long the far side may take to be reached.
const CONNECT_TIME: Duration = Duration::from_secs(1);

/// Bytes carried at once.
const CHUNK_BYTES: usize = 16 << 10;

/// A direction of travel. The near side is whoever connects to the proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From whoever connected: requests.
    Out,
    /// To whoever connected: answers.
    Back,
}

/// What the wire does at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weather {
    /// It carries.
    Clear,
    /// Every connection is reset, and new ones too.
    Cut,
    /// Nothing arrives and nothing is refused: a partition without a sign.
    Silent,
    /// One direction is silent, the other one carries: a one-way partition.
    SilentOn(Way),
    /// Every piece comes so much later.
    Late(Duration),
    /// Half of every piece on this way arrives, then the connection breaks.
    Half(Way),
}

/// A proxy that runs until it is dropped.
#[derive(Debug)]
pub struct FaultProxy {
    address: SocketAddr,
    wire: Arc<Wire>,
    acceptor: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Wire {
    state: Mutex<State>,
    changed: Condvar,
    closing: AtomicBool,
}

#[derive(Debug)]
struct State {
    weather: Weather,
    far: SocketAddr,
    /// Both ends of every connection, to break them.
    live: HashMap<u64, [TcpStream; 2]>,
}

impl FaultProxy {
    /// A proxy in front of `far`, at a free port of the loopback.
    ///
    /// # Errors
    /// If there is no port or no thread.
    pub fn start(far: SocketAddr) -> io::Result<FaultProxy> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let state = State { weather: Weather::Clear, far, live: HashMap::new() };
        let wire = Arc::new(Wire {
            state: Mutex::new(state),
            changed: Condvar::new(),
            closing: AtomicBool::new(false),
        });
        let shared = Arc::clone(&wire);
        let acceptor = thread::Builder::new()
            .name(format!("wire-{}", address.port()))
            .spawn(move || accept(&listener, &shared))?;
        Ok(FaultProxy { address, wire, acceptor: Some(acceptor) })
    }

    /// Where it listens; stays the same when the far side moves.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on it leads to `far`.
    pub fn lead_to(&self, far: SocketAddr) {
        self.wire.lock().far = far;
    }

    /// Changes what the wire does, for connections that exist too.
    pub fn set(&self, weather: Weather) {
        let mut state = self.wire.lock();
        state.weather = weather;
        if weather == Weather::Cut {
            state.cut();
        }
        drop(state);
        self.wire.changed.notify_all();
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.wire.closing.store(true, Ordering::Release);
        self.set(Weather::Cut);
        // Wakes the acceptor; if it cannot be reached it is not waiting.
        let _ = TcpStream::connect_timeout(&self.address, CONNECT_TIME);
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
    }
}

impl State {
    fn cut(&mut self) {
        for ends in self.live.values() {
            // One that is down already needs no more.
            ends.iter().for_each(|end| drop(end.shutdown(Shutdown::Both)));
        }
    }
}

impl Wire {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change to the state is one call, so that it is whole after a panic elsewhere.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits as long as nothing may pass; how many of `bytes` may, none if the connection has to end.
    fn admit(&self, way: Way, bytes: usize) -> Option<usize> {
        let silent = |state: &State| match state.weather {
            Weather::Silent => true,
            Weather::SilentOn(silent) => silent == way,
            _ => false,
        };
        let state = self.lock();
        let state =
            self.changed.wait_while(state, |state| silent(state)).unwrap_or_else(PoisonError::into_inner);
        match state.weather {
            Weather::Cut => None,
            Weather::Half(short) if short == way => Some(bytes / 2),
            Weather::Late(time) => {
                drop(state);
                thread::sleep(time);
                Some(bytes)
            }
            _ => Some(bytes),
        }
    }

    /// Carries one direction of a connection until it ends or is broken.
    fn carry(&self, way: Way, mut from: &TcpStream, mut to: &TcpStream) {
        let mut chunk = vec![0; CHUNK_BYTES];
        while let Ok(read @ 1..) = from.read(&mut chunk) {
            let Some(admitted) = self.admit(way, read) else { break };
            if to.write_all(&chunk[..admitted]).is_err() || admitted < read {
                break;
            }
        }
        // Whoever waits on the other direction is to see the end too.
        let _ = from.shutdown(Shutdown::Both);
        let _ = to.shutdown(Shutdown::Both);
    }
}

fn accept(listener: &TcpListener, wire: &Arc<Wire>) {
    for (id, near) in (0..).zip(listener.incoming()) {
        if wire.closing.load(Ordering::Acquire) {
            return;
        }
        // What cannot be connected is dropped, and so closed: its caller tries again.
        if let Ok(near) = near {
            let _ = join(wire, id, near);
        }
    }
}

/// Connects the far side and starts the two threads that carry.
fn join(wire: &Arc<Wire>, id: u64, near: TcpStream) -> io::Result<()> {
    let (far, weather) = {
        let state = wire.lock();
        (state.far, state.weather)
    };
    if weather == Weather::Cut {
        return Ok(());
    }
    let far = TcpStream::connect_timeout(&far, CONNECT_TIME)?;
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    let ends = [near.try_clone()?, far.try_clone()?];
    {
        let mut state = wire.lock();
        if state.weather == Weather::Cut {
            return Ok(());
        }
        state.live.insert(id, ends);
    }
    let (back_near, back_far) = (near.try_clone()?, far.try_clone()?);
    let shared = Arc::clone(wire);
    thread::Builder::new().name(format!("back-{id}")).spawn(move || {
        shared.carry(Way::Back, &back_far, &back_near);
    })?;
    let shared = Arc::clone(wire);
    thread::Builder::new().name(format!("out-{id}")).spawn(move || {
        shared.carry(Way::Out, &near, &far);
        shared.lock().live.remove(&id);
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A far side that sends back what it gets.
    fn echo() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                thread::spawn(move || io::copy(&mut &stream, &mut &stream));
            }
        });
        address
    }

    /// What comes back for four bytes.
    fn ask(stream: &mut TcpStream) -> Vec<u8> {
        let mut answer = vec![0; 4];
        let mut count = 0;
        if stream.write_all(b"ping").is_ok() {
            while count < answer.len() {
                match stream.read(&mut answer[count..]) {
                    Ok(read @ 1..) => count += read,
                    _ => break,
                }
            }
        }
        answer.truncate(count);
        answer
    }

    #[test]
    fn it_carries_and_breaks_and_carries_again() {
        let proxy = FaultProxy::start(echo()).unwrap();
        let mut stream = TcpStream::connect(proxy.address()).unwrap();
        assert_eq!(ask(&mut stream), b"ping");
        proxy.set(Weather::Late(Duration::from_millis(1)));
        assert_eq!(ask(&mut stream), b"ping");
        proxy.set(Weather::Cut);
        assert_eq!(ask(&mut stream), b"", "cut, also for what was connected");
        let mut stream = TcpStream::connect(proxy.address()).unwrap();
        assert_eq!(ask(&mut stream), b"", "nothing passes");
        proxy.set(Weather::Clear);
        let mut stream = TcpStream::connect(proxy.address()).unwrap();
        assert_eq!(ask(&mut stream), b"ping");
        proxy.set(Weather::Half(Way::Back));
        assert_eq!(ask(&mut stream), b"pi");
    }

    #[test]
    fn what_was_silent_arrives_when_the_wire_heals() {
        let proxy = FaultProxy::start(echo()).unwrap();
        for silent in [Weather::Silent, Weather::SilentOn(Way::Out), Weather::SilentOn(Way::Back)] {
            proxy.set(silent);
            let mut stream = TcpStream::connect(proxy.address()).unwrap();
            stream.write_all(b"ping").unwrap();
            stream.set_nonblocking(true).unwrap();
            assert_eq!(stream.read(&mut [0; 4]).unwrap_err().kind(), io::ErrorKind::WouldBlock);
            stream.set_nonblocking(false).unwrap();
            proxy.set(Weather::Clear);
            let mut answer = [0; 4];
            stream.read_exact(&mut answer).unwrap();
            assert_eq!(&answer, b"ping", "{silent:?}");
        }
    }

    #[test]
    fn the_far_side_may_move() {
        let proxy = FaultProxy::start("127.0.0.1:1".parse().unwrap()).unwrap();
        assert_eq!(ask(&mut TcpStream::connect(proxy.address()).unwrap()), b"");
        proxy.lead_to(echo());
        assert_eq!(ask(&mut TcpStream::connect(proxy.address()).unwrap()), b"ping");
    }
}
