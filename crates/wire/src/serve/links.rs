//! The connections of a port: who is at work, who is longest idle, and how all are ended.

use super::rates::Meter;
use std::collections::HashMap;
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Waiting for a message, or in the middle of one: may be evicted.
const IDLE: u8 = 0;
/// The service works on its call.
const AT_WORK: u8 = 1;
/// Closed to make place.
const EVICTED: u8 = 2;
/// Has not proven yet who it is: goes first.
const STRANGER: u8 = 3;

/// Strangers that a port bears at once even if it serves few connections.
const LEAST_STRANGERS: usize = 64;

/// One connection, shared by its thread and by whoever may end it.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) stream: Arc<TcpStream>,
    /// How often its machine calls, where that is bounded.
    pub(super) meter: Option<Arc<Meter>>,
    state: AtomicU8,
    /// When it last ended a call, in microseconds of the port's life. Bytes that trickle in do not count as life.
    last_call: AtomicU64,
}

impl Link {
    /// Its peer has proven who it is. False if it has been evicted.
    pub(super) fn admit(&self) -> bool {
        self.state.compare_exchange(STRANGER, IDLE, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// The service is about to work for this connection. False if it has been evicted.
    pub(super) fn begin_work(&self) -> bool {
        self.state.compare_exchange(IDLE, AT_WORK, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// The call's answer is on its way.
    pub(super) fn end_work(&self, now_us: u64) {
        self.last_call.store(now_us, Ordering::Relaxed);
        self.state.store(IDLE, Ordering::Release);
    }

    fn evict(&self) -> bool {
        let from = |state| self.state.compare_exchange(state, EVICTED, Ordering::AcqRel, Ordering::Acquire);
        let evicted = from(IDLE).or_else(|_| from(STRANGER)).is_ok();
        if evicted {
            self.end(Shutdown::Both);
        }
        evicted
    }

    /// Wakes its thread. A connection that is already down needs no more.
    fn end(&self, how: Shutdown) {
        let _ = self.stream.shutdown(how);
    }
}

/// All connections of a port.
#[derive(Debug)]
pub(super) struct Links {
    by_id: Mutex<HashMap<u64, Arc<Link>>>,
    gone: Condvar,
    opened: Instant,
    /// Connections at once.
    most: usize,
    /// Whether who comes has to prove who it is.
    guarded: bool,
}

/// What became of a new connection.
#[derive(Debug)]
pub(super) enum Entry {
    Entered(Arc<Link>),
    /// As above, but another one had to go.
    EnteredForAnother(Arc<Link>),
    /// All others are at work. The connection comes back, so that it is counted before its peer sees it end.
    Full(TcpStream),
}

impl Links {
    pub(super) fn new(most: usize, guarded: bool) -> Links {
        Links { by_id: Mutex::default(), gone: Condvar::new(), opened: Instant::now(), most, guarded }
    }

    pub(super) fn now_us(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    pub(super) fn now_ns(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Arc<Link>>> {
        // The map is whole after a panic elsewhere: every change to it is one call.
        self.by_id.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a connection in, if need be in the place of another: of the stranger that has been there longest, else of
    /// the longest-idle one. Strangers take at most half of the places, so that they do not drive out who has proven
    /// who it is.
    pub(super) fn enter(&self, id: u64, stream: TcpStream, meter: Option<Arc<Meter>>) -> Entry {
        let mut links = self.lock();
        let crowded = self.guarded && strangers(&links) >= (self.most / 2).max(LEAST_STRANGERS);
        let full = crowded || links.len() >= self.most;
        if full && !evict_longest_idle(&mut links) {
            return Entry::Full(stream);
        }
        let last_call = AtomicU64::new(self.now_us());
        let state = AtomicU8::new(if self.guarded { STRANGER } else { IDLE });
        let link = Arc::new(Link { stream: Arc::new(stream), meter, state, last_call });
        links.insert(id, Arc::clone(&link));
        if full { Entry::EnteredForAnother(link) } else { Entry::Entered(link) }
    }

    /// Ends the longest-idle connection. False if all are at work.
    pub(super) fn evict_one(&self) -> bool {
        evict_longest_idle(&mut self.lock())
    }

    /// A connection's thread is through with it.
    pub(super) fn leave(&self, id: u64) {
        self.lock().remove(&id);
        self.gone.notify_all();
    }

    pub(super) fn count(&self) -> usize {
        self.lock().len()
    }

    /// Lets no connection read any more: idle ones end, those at work end after their answer.
    pub(super) fn end_reading(&self) {
        for link in self.lock().values() {
            link.end(Shutdown::Read);
        }
    }

    /// Waits until all connections have ended, at most `grace`, and cuts the rest. Answers how many were cut.
    pub(super) fn drain(&self, grace: Duration) -> usize {
        let links = self.lock();
        let (links, _) = self
            .gone
            .wait_timeout_while(links, grace, |links| !links.is_empty())
            .unwrap_or_else(PoisonError::into_inner);
        for link in links.values() {
            link.end(Shutdown::Both);
        }
        links.len()
    }
}

fn strangers(links: &HashMap<u64, Arc<Link>>) -> usize {
    links.values().filter(|link| link.state.load(Ordering::Acquire) == STRANGER).count()
}

fn evict_longest_idle(links: &mut HashMap<u64, Arc<Link>>) -> bool {
    // A connection that begins to work between the search and the eviction is left alone, and the next one tried.
    for _ in 0..links.len() {
        let idle = links.iter().filter_map(|(id, link)| match link.state.load(Ordering::Acquire) {
            state @ (IDLE | STRANGER) => Some((state == IDLE, link.last_call.load(Ordering::Relaxed), *id)),
            _ => None,
        });
        let Some((_, _, id)) = idle.min() else { return false };
        if links.get(&id).is_some_and(|link| link.evict()) {
            links.remove(&id);
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    /// Both ends of a connection.
    fn pair(listener: &TcpListener) -> (TcpStream, TcpStream) {
        let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (near, listener.accept().unwrap().0)
    }

    fn entered(entry: Entry) -> Arc<Link> {
        match entry {
            Entry::Entered(link) | Entry::EnteredForAnother(link) => link,
            Entry::Full(_) => panic!("no place"),
        }
    }

    #[test]
    fn the_longest_idle_goes_and_workers_stay() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let links = Links::new(3, false);
        let pairs: Vec<_> = (0..4).map(|_| pair(&listener)).collect();
        let link: Vec<_> = pairs
            .iter()
            .take(3)
            .enumerate()
            .map(|(id, (_, far))| entered(links.enter(id as u64, far.try_clone().unwrap(), None)))
            .collect();
        link[0].last_call.store(30, Ordering::Relaxed);
        link[1].last_call.store(10, Ordering::Relaxed);
        link[2].last_call.store(20, Ordering::Relaxed);
        assert!(link[1].begin_work(), "the longest idle, but at work");
        let entry = links.enter(3, pairs[3].1.try_clone().unwrap(), None);
        assert!(matches!(entry, Entry::EnteredForAnother(..)), "{entry:?}");
        assert!(!link[2].begin_work(), "evicted: its call must not begin");
        assert!(link[0].begin_work());
        assert!(entered(entry).begin_work());
        assert!(matches!(links.enter(4, pairs[3].0.try_clone().unwrap(), None), Entry::Full(_)));
        assert!(!links.evict_one(), "all at work");
        link[0].end_work(99);
        assert!(links.evict_one());
        assert_eq!(links.count(), 2);
    }

    #[test]
    fn strangers_go_before_who_has_proven_who_it_is() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let links = Links::new(3, true);
        let (_near, far) = pair(&listener);
        let enter = |id| links.enter(id, far.try_clone().unwrap(), None);
        let link: Vec<_> = (0..3).map(|id| entered(enter(id))).collect();
        assert!(link[0].admit() && link[1].admit());
        assert!(!link[2].begin_work(), "nobody works for a stranger");
        [3, 1, 9].iter().zip(&link).for_each(|(at, link)| link.last_call.store(*at, Ordering::Relaxed));
        let next = entered(enter(3));
        assert!(!link[2].admit(), "evicted, though it was not idle for as long as the others");
        assert!(next.admit());
        entered(enter(4));
        assert!(!link[1].begin_work(), "no stranger was left, and this one was idle for longest");
        assert!(link[0].begin_work());
    }

    #[test]
    fn strangers_take_half_of_the_places() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (_near, far) = pair(&listener);
        let links = Links::new(4 * LEAST_STRANGERS, true);
        for id in 0..10 * LEAST_STRANGERS as u64 {
            entered(links.enter(id, far.try_clone().unwrap(), None));
        }
        assert_eq!(links.count(), 2 * LEAST_STRANGERS);
    }

    #[test]
    fn draining_tells_what_it_cut() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let links = Links::new(8, false);
        let (_near, far) = pair(&listener);
        entered(links.enter(1, far, None));
        assert_eq!(links.drain(Duration::ZERO), 1);
        links.leave(1);
        assert_eq!(links.drain(Duration::from_secs(60)), 0);
    }
}
